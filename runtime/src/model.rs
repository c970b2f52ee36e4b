//! What every model has, whatever `model!` was given.

use std::sync::Arc;

use crate::element::{DType, Float};
use crate::error::{Error, Result};
use crate::members::Member;
use crate::store::Kind;
use crate::summary::Summary;
use crate::variable::AnyVariable;

/// A model that [`model!`](macro@crate::model) has made.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a model, so it cannot be a layer",
    note = "a layer is a struct that `model!` has made, with a `fn forward`"
)]
pub trait Model: Sized {
    /// This model with another element type; a model that is not generic is the same for all.
    type For<T: Float>;

    /// Its hyper-parameters as keywords of a layer.
    #[doc(hidden)]
    type Keywords: Copy;

    /// The keywords before any is given.
    #[doc(hidden)]
    const KEYWORDS: Self::Keywords;
}

/// A list of variables, in the order of their declarations.
///
/// ```
/// use varscope::prelude::*;
///
/// model! {
///     struct Net {
///         scope encoder { var w: [3, 2]; }
///         scope decoder { var w: [2, 3]; }
///     }
/// }
///
/// # fn main() -> Result<(), varscope::Error> {
/// let net = Net::seeded(0)?;
/// let names: Vec<_> = net.variables().iter().map(|v| v.name().to_string()).collect();
/// assert_eq!(names, ["encoder/w", "decoder/w"]);
/// net.variables().in_scope("encoder").freeze();
/// assert_eq!(net.trainable_variables().len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Variables {
    list: Vec<VariableInfo>,
    /// The scope of the model that they are of.
    path: String,
}

/// A variable of any element type and rank.
#[derive(Clone, Debug)]
pub struct VariableInfo {
    variable: Arc<dyn AnyVariable>,
    places: usize,
}

impl VariableInfo {
    pub(crate) fn new(variable: Arc<dyn AnyVariable>, places: usize) -> Self {
        Self { variable, places }
    }

    /// The name with its scopes: `layer1/weights`.
    pub fn name(&self) -> &str {
        self.variable.name()
    }

    /// The sizes.
    pub fn shape(&self) -> &[usize] {
        self.variable.shape()
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.shape().iter().product()
    }

    /// Whether it has no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.variable.dtype()
    }

    /// Whether gradients are computed for it.
    pub fn trainable(&self) -> bool {
        self.variable.trainable()
    }

    /// In how many places of its model it is declared, `reuse` included.
    pub fn places(&self) -> usize {
        self.places
    }

    /// How many models and handles made by name share it.
    pub fn owners(&self) -> usize {
        self.variable.owners()
    }

    /// Whether it is one that is never shared by its name.
    pub fn is_unique(&self) -> bool {
        self.variable.about().kind == Kind::Unique
    }

    /// Whether both are one variable.
    pub fn is_same(&self, other: &Self) -> bool {
        self.variable.id() == other.variable.id()
    }

    /// The names and shapes of its parts; empty for a variable in one piece.
    pub fn parts(&self) -> Vec<(String, Vec<usize>)> {
        let Some(partition) = &self.variable.about().partition else { return Vec::new() };
        let shapes = partition.shapes(self.shape()).into_iter().enumerate();
        shapes.map(|(n, shape)| (format!("{}/part_{n}", self.name()), shape)).collect()
    }

    pub(crate) fn variable(&self) -> &Arc<dyn AnyVariable> {
        &self.variable
    }

    /// A copy of its elements, the last axis fastest.
    pub fn to_vec(&self) -> Vec<f64> {
        self.variable.snapshot().slice().to_vec()
    }
}

impl Variables {
    /// The variables of the model whose scope has this name.
    pub(crate) fn new(path: &str, members: &[Member]) -> Self {
        let info = |Member { variable, places }: &Member| VariableInfo::new(Arc::clone(variable), *places);
        Self { list: members.iter().map(info).collect(), path: path.to_string() }
    }

    /// Variables of a store.
    pub(crate) fn listed(list: Vec<VariableInfo>) -> Self {
        Self { list, path: String::new() }
    }

    /// The variables.
    pub fn iter(&self) -> std::slice::Iter<'_, VariableInfo> {
        self.list.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Those that are trainable.
    #[must_use]
    pub fn trainable(&self) -> Self {
        self.filter(VariableInfo::trainable)
    }

    /// Those in the scope of this name, which is given from the model or from the root of the store. Only whole names
    /// count: the scope `model`, or `model/`, has nothing of `model_2`.
    #[must_use]
    pub fn in_scope(&self, scope: &str) -> Self {
        let scope = scope.strip_suffix('/').unwrap_or(scope);
        let within =
            |name: &str| name.strip_prefix(scope).is_some_and(|rest| scope.is_empty() || rest.starts_with('/'));
        let relative =
            |name: &'_ str| name.strip_prefix(&self.path).map(|rest| rest.trim_start_matches('/')).is_some_and(within);
        self.filter(|variable| within(variable.name()) || relative(variable.name()))
    }

    /// Those that were put into the collection of this name.
    #[must_use]
    pub fn collection(&self, name: &str) -> Self {
        self.filter(|variable| variable.variable.about().collections.iter().any(|collection| collection == name))
    }

    fn filter(&self, keep: impl Fn(&VariableInfo) -> bool) -> Self {
        Self { list: self.list.iter().filter(|variable| keep(variable)).cloned().collect(), path: self.path.clone() }
    }

    /// Computes no gradients for them from now on, in any model that has them.
    pub fn freeze(&self) {
        self.list.iter().for_each(|variable| variable.variable.set_trainable(false));
    }

    /// Computes gradients for them again, where they are floats.
    pub fn unfreeze(&self) {
        let floats = self.list.iter().filter(|variable| variable.dtype().is_float());
        floats.for_each(|variable| variable.variable.set_trainable(true));
    }

    /// Takes over the values of as many other variables.
    #[doc(hidden)]
    pub fn assign_from(&self, other: &Self) -> Result<()> {
        if self.len() != other.len() {
            let message = format!("{} variables cannot take over the values of {}", self.len(), other.len());
            return Err(Error::Gradients { message });
        }
        let pairs = || self.list.iter().zip(&other.list);
        for (to, from) in pairs() {
            to.variable.check_like(from.dtype(), from.shape())?;
        }
        for (to, from) in pairs() {
            let value = from.variable.snapshot();
            to.variable.change(&mut |elements| elements.copy_from(value.slice()));
        }
        Ok(())
    }

    /// The name of one of them in its model.
    pub(crate) fn name_in_model<'a>(&self, variable: &'a VariableInfo) -> &'a str {
        let name = variable.name();
        name.strip_prefix(&self.path).map_or(name, |rest| rest.trim_start_matches('/'))
    }

    pub(crate) fn ids(&self) -> Vec<usize> {
        self.list.iter().map(|variable| variable.variable.id()).collect()
    }

    /// The table of them.
    #[doc(hidden)]
    pub fn summary(&self) -> Summary {
        Summary::new(self)
    }
}

impl<'a> IntoIterator for &'a Variables {
    type Item = &'a VariableInfo;
    type IntoIter = std::slice::Iter<'a, VariableInfo>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
