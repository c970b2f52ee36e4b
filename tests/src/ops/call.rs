//! A case of an op as its mapping sees it: operands by name, attributes by name and type.

use std::cell::RefCell;
use std::sync::Arc;

use varscope::op::{Axes, Padding, Paddings, Result as OpResult, Sizes};
use varscope::record::Values;
use varscope::testing::{Recorder, Value};

use super::{Graph, Mode, Operand, lists};
use crate::case::{OpCase, find};
use crate::json::{Error, Node};

/// Why there is no graph of a case.
#[derive(Clone, PartialEq, Debug)]
pub enum Problem {
    /// The library does not have this.
    NotThereYet(String),
    /// The case is not a case of its op.
    Malformed(Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::Malformed(error)
    }
}

/// The `record` of an op.
type Record<A> = fn(&mut Recorder, &'static str, &[Value], A) -> OpResult<Values>;

/// A case of an op.
#[derive(Debug)]
pub struct Call<'a> {
    /// The case.
    pub case: &'a OpCase<'a>,
    /// The attributes that the mapping has asked for.
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Call<'a> {
    /// Of this case.
    pub fn new(case: &'a OpCase<'a>) -> Self {
        Self { case, asked: RefCell::default() }
    }

    fn attr(&self, name: &'static str) -> Option<&Node<'a>> {
        self.asked.borrow_mut().push(name);
        self.case.attrs.iter().find(|(found, node)| *found == name && !node.is_null()).map(|(_, node)| node)
    }

    /// That the mapping has asked for every attribute of the case.
    ///
    /// # Errors
    ///
    /// The first one that is not known.
    pub fn all_are_known(&self) -> Result<(), Problem> {
        let asked = self.asked.borrow();
        match self.case.attrs.iter().find(|(name, _)| !asked.contains(name)) {
            Some((name, _)) => Err(Problem::NotThereYet(format!("`{}` has no attribute `{name}`", self.case.op))),
            None => Ok(()),
        }
    }

    /// What is wrong with a case that lacks an attribute which has no default here.
    pub fn without(&self, name: &str) -> Problem {
        Problem::NotThereYet(format!("`{}` without `{name}`", self.case.op))
    }

    /// A boolean attribute.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn flag(&self, name: &'static str, default: bool) -> Result<bool, Problem> {
        Ok(self.attr(name).map_or(Ok(default), Node::boolean)?)
    }

    /// An attribute that is a number.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn number(&self, name: &'static str) -> Result<Option<f64>, Problem> {
        Ok(self.attr(name).map(Node::number).transpose()?)
    }

    /// An attribute that is an integer.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn integer(&self, name: &'static str) -> Result<Option<i64>, Problem> {
        Ok(self.attr(name).map(Node::integer).transpose()?)
    }

    /// An attribute that is a list of integers, or one integer for a list of one.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn integers(&self, name: &'static str) -> Result<Option<Vec<i64>>, Problem> {
        let Some(node) = self.attr(name) else { return Ok(None) };
        let list = if node.is_list() {
            node.items()?.iter().map(Node::integer).collect()
        } else {
            node.integer().map(|n| vec![n])
        };
        Ok(Some(list?))
    }

    /// An attribute that is a list of axes; empty where it is not there.
    ///
    /// # Errors
    ///
    /// It is no such list, or a longer one than a tensor has axes.
    pub fn axes(&self, name: &'static str) -> Result<Axes, Problem> {
        let axes = self.integers(name)?.unwrap_or_default();
        lists::axes(&axes).ok_or_else(|| Problem::NotThereYet(format!("`{name}` is a list of {} axes", axes.len())))
    }

    /// An attribute that is a list of sizes, −1 being `_`.
    ///
    /// # Errors
    ///
    /// It is not there, is no such list, or is longer than a list of sizes may be.
    pub fn sizes(&self, name: &'static str) -> Result<Sizes, Problem> {
        let sizes = self.integers(name)?.ok_or_else(|| self.without(name))?;
        lists::sizes(&sizes).ok_or_else(|| Problem::NotThereYet(format!("`{name}` is a list of {} sizes", sizes.len())))
    }

    /// An attribute that is a list of pairs of sizes.
    ///
    /// # Errors
    ///
    /// It is not there, is no such list, or is a longer one than a tensor has axes.
    pub fn paddings(&self, name: &'static str) -> Result<Paddings, Problem> {
        let node = self.attr(name).ok_or_else(|| self.without(name))?;
        let pair = |node: &Node<'_>| -> Result<[i64; 2], Error> {
            let [before, after] = node.sizes()?[..] else { return Err(node.wrong("two numbers should stand here")) };
            Ok([before as i64, after as i64])
        };
        let pairs = node.items()?.iter().map(pair).collect::<Result<Vec<_>, _>>()?;
        lists::paddings(&pairs).ok_or_else(|| Problem::NotThereYet(format!("`{name}` for {} axes", pairs.len())))
    }

    /// An attribute that is two sizes, of height and width.
    ///
    /// # Errors
    ///
    /// It is something else.
    pub fn pair(&self, name: &'static str, default: [usize; 2]) -> Result<[usize; 2], Problem> {
        let Some(node) = self.attr(name) else { return Ok(default) };
        let sizes = node.sizes()?;
        Ok(sizes.try_into().map_err(|_| node.wrong("two numbers should stand here"))?)
    }

    /// The attribute `padding`, which has no default.
    ///
    /// # Errors
    ///
    /// It is not there, or is neither `SAME` nor `VALID`.
    pub fn padding(&self) -> Result<Padding, Problem> {
        let padding = self.attr("padding").ok_or_else(|| self.without("padding"))?;
        match padding.text()? {
            "SAME" => Ok(Padding::Same),
            "VALID" => Ok(Padding::Valid),
            other => Err(Problem::NotThereYet(format!("`padding` = {other}"))),
        }
    }

    /// That an attribute, if it is there, has the only value that the library has.
    ///
    /// # Errors
    ///
    /// It has another.
    pub fn only(&self, name: &'static str, value: &str) -> Result<(), Problem> {
        match self.attr(name).map_or(Ok(value), Node::text)? {
            found if found == value => Ok(()),
            other => Err(Problem::NotThereYet(format!("`{name}` = {other}"))),
        }
    }

    /// The sizes of an input.
    ///
    /// # Errors
    ///
    /// The case lacks it.
    pub fn shape(&self, name: &str) -> Result<&'a [usize], Problem> {
        let array =
            find(&self.case.inputs, name).ok_or_else(|| self.case.node.wrong(format!("`inputs` lacks `{name}`")))?;
        Ok(array.shape())
    }

    /// All inputs, in the order of the file.
    pub fn inputs(&self) -> Vec<Operand> {
        self.case.inputs.iter().map(|(name, _)| Operand::Input(name.clone())).collect()
    }

    /// One op without more ado: all inputs, in the order of the file, to all outputs.
    ///
    /// # Errors
    ///
    /// None; it is what a mapping gives.
    pub fn plain<A: Copy + Send + Sync + 'static>(&self, record: Record<A>, attrs: A) -> Result<Graph, Problem> {
        self.of(self.inputs(), record, attrs)
    }

    /// One op on these operands, to all outputs.
    ///
    /// # Errors
    ///
    /// None; it is what a mapping gives.
    pub fn of<A: Copy + Send + Sync + 'static>(
        &self,
        operands: Vec<Operand>,
        record: Record<A>,
        attrs: A,
    ) -> Result<Graph, Problem> {
        self.graph(operands, move |recorder, operands| Ok(record(recorder, "op", operands, attrs)?.into_vec()))
    }

    /// Several ops on these operands, to all outputs.
    ///
    /// # Errors
    ///
    /// None; it is what a mapping gives.
    pub fn graph(
        &self,
        operands: Vec<Operand>,
        record: impl Fn(&mut Recorder, &[Value]) -> OpResult<Vec<Value>> + Send + Sync + 'static,
    ) -> Result<Graph, Problem> {
        Ok(Graph { operands, mode: Mode::Both, record: Arc::new(record) })
    }
}

/// Inputs by name.
pub fn named<const N: usize>(names: [&str; N]) -> Vec<Operand> {
    names.map(|name| Operand::Input(name.to_string())).into()
}

/// An input that holds indices, by name.
pub fn index(name: &str) -> Operand {
    Operand::Index(name.to_string())
}
