//! Getters: what each read of a variable goes through.
//!
//! As in TensorFlow they are those of the scope in which a variable is asked for, which is where `var` stands. They are
//! applied there; what its name means further on is what they gave. Where the name stands in another `fn`, they are those
//! of the declaration.

use std::rc::Rc;

use proc_macro2::Span;
use syn::spanned::Spanned;

use super::FunctionLowering;
use super::calls::is_bare;
use crate::ir::{
    KeywordExpr, LayerId, LayerInputs, Name, NodeKind, OpName, OpNode, Operand, Place, Said, SnippetKind, Use, ValueId,
    VariableId,
};
use crate::resolve::{Surroundings, Tree, site};
use crate::syntax;

/// What reads of a variable go through, one after the other.
#[derive(Clone, Default)]
pub struct Getters {
    list: Rc<[Getter]>,
}

struct Getter {
    written: Rc<syntax::Getter>,
    kind: Kind,
}

enum Kind {
    Op {
        keywords: Vec<KeywordExpr>,
        values: Vec<Use>,
        sizes: Vec<Use>,
    },
    /// A layer that is made with the variable.
    Layer(LayerId),
}

impl Getters {
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How the values of a variable are found that was read through these getters.
    pub fn key(&self, variable: &str) -> String {
        let getters = self.list.iter().map(|getter| match &getter.kind {
            Kind::Op { values, sizes, .. } => format!("{:?} {values:?} {sizes:?}", Rc::as_ptr(&getter.written)),
            Kind::Layer(id) => format!("layer {id}"),
        });
        Self::prefix(variable) + &getters.collect::<Vec<_>>().join(", ")
    }

    /// How those of a variable begin that was read through any.
    pub fn prefix(variable: &str) -> String {
        format!("{variable} through ")
    }
}

impl FunctionLowering<'_, '_, '_> {
    /// A variable that is asked for where it is declared or shared: its value, through the getters of this place.
    pub(super) fn ask(
        &mut self,
        variable: &syntax::Variable,
        place: &Place<VariableId>,
        raw: ValueId,
        is_new: bool,
    ) -> ValueId {
        let written = Tree::getters(&self.cursor, variable, self.model.errors);
        let (mut list, mut value, mut layers) = (Vec::new(), raw, 0);
        for written in written {
            let kind = if written.is_layer() {
                let input = (value, list.is_empty());
                let kind = self.getter_layer(variable, place, &written, layers, input, is_new);
                layers += 1;
                kind
            } else {
                self.getter_op(&written)
            };
            let Some(kind) = kind else {
                self.is_wrong = true;
                continue;
            };
            let getter = Getter { written, kind };
            value = self.through(&getter, place, value, site(variable) + 1 + list.len(), is_new);
            list.push(getter);
        }
        let getters = Getters { list: list.into() };
        if is_new && let Some(origin) = self.model.variables.get_mut(place) {
            origin.getters = getters.clone();
        }
        if !getters.is_empty() {
            self.environment.note_read_through(place, &getters, value);
        }
        self.environment.note_getters(place, getters);
        value
    }

    /// What a variable is read through by its name.
    pub(super) fn getters_of(&self, place: &Place<VariableId>) -> Getters {
        let here = self.environment.getters(place);
        let getters = here.or_else(|| self.model.variables.get(place).map(|origin| &origin.getters));
        getters.cloned().unwrap_or_default()
    }

    /// The value of a variable as its getters give it.
    pub(super) fn read_through(&mut self, place: &Place<VariableId>, raw: ValueId, site: usize) -> ValueId {
        let getters = self.getters_of(place);
        if getters.is_empty() {
            return raw;
        }
        if let Some(value) = self.environment.read_through(place, &getters) {
            return value;
        }
        let each = getters.list.iter().enumerate();
        let value =
            each.fold(raw, |value, (number, getter)| self.through(getter, place, value, site + 1 + number, false));
        self.environment.note_read_through(place, &getters, value);
        value
    }

    /// Applies a getter. It belongs to the variable: so its op is named, and a mistake is shown at the declaration.
    fn through(
        &mut self,
        getter: &Getter,
        place: &Place<VariableId>,
        value: ValueId,
        site: usize,
        is_new: bool,
    ) -> ValueId {
        let Some(origin) = self.model.variables.get(place).filter(|_| self.number.is_some()) else { return value };
        let (mut path, span) = (origin.path.clone(), origin.span);
        let name_scope = path.iter().fold(OpName::default(), |name, part| name.join(part, 0));
        if matches!(getter.kind, Kind::Layer(_)) {
            path.pop();
        }
        let outside = std::mem::replace(&mut self.scopes, path);
        let value = match &getter.kind {
            Kind::Op { keywords, values, sizes } => {
                let uses = [values.clone(), sizes.clone()];
                self.getter_node(&getter.written, keywords, uses, name_scope, value, (span, site))
            }
            Kind::Layer(id) => {
                let layer = Place { id: *id, indices: place.indices.clone() };
                let name_scope = self.op_names.unique(&name_scope, "getter");
                self.layer_node(layer, name_scope, is_new, (span, site, None), vec![value], 1)[0]
            }
        };
        self.scopes = outside;
        value
    }

    fn getter_node(
        &mut self,
        written: &syntax::Getter,
        keywords: &[KeywordExpr],
        [values, sizes]: [Vec<Use>; 2],
        name_scope: OpName,
        operand: ValueId,
        (span, site): (Span, usize),
    ) -> ValueId {
        let path = self.op_path(written.path.clone(), is_bare(&written.path));
        let function = self.number.unwrap_or_default();
        let attrs = written.keywords.first().map(|first| {
            let kind = || SnippetKind::Attrs { function, op: path, keywords: keywords.to_vec() };
            self.snippet(crate::resolve::site(&first.value), written.path.span(), values, sizes, kind)
        });
        let result = self.new_value(None);
        let op = written.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        let name = self.op_names.unique(&name_scope, &op);
        self.log(span, Said::Op { name: name.clone() });
        let operands = vec![Operand::Value(operand)];
        let node = OpNode { path, name, operands, attrs, results: vec![result], updates: Vec::new() };
        self.push(span, site, NodeKind::Op(node));
        result
    }

    /// An op, with its keywords settled.
    fn getter_op(&mut self, written: &syntax::Getter) -> Option<Kind> {
        let name = &written.path.segments.last()?.ident;
        if is_bare(&written.path) && self.is_no_op(name, &written.keywords) {
            return None;
        }
        for keyword in &written.keywords {
            self.check_rest(&keyword.value);
            if self.tensor_in(&keyword.value, &format!("`{}`", keyword.name)).is_some() {
                return None;
            }
        }
        let keywords = self.keywords(&written.keywords);
        let (values, sizes) = self.uses_of_keywords(&keywords);
        self.known_everywhere(values.iter().chain(&sizes))?;
        Some(Kind::Op { keywords, values, sizes })
    }

    /// A layer: made with its variable, or shared with it. `input` is what it is applied to, and whether that is the
    /// variable itself.
    fn getter_layer(
        &mut self,
        variable: &syntax::Variable,
        place: &Place<VariableId>,
        written: &syntax::Getter,
        number: usize,
        input: (ValueId, bool),
        is_new: bool,
    ) -> Option<Kind> {
        let keywords = self.layer_snippet(&written.path, &written.keywords);
        self.known_everywhere(keywords.values.iter())?;
        let loops: Vec<_> = self.loops.iter().collect();
        let around = Surroundings { condition: &self.condition, loops: &loops };
        let label = self.model.tree.variables[place.id].label.clone();
        let asked = crate::resolve::Asked { variable, label: &label, number, is_new };
        let declared = self.model.tree.declare_getter(&self.cursor, &asked, written, around, self.model.errors)?;
        let id = declared.id;
        if declared.is_new {
            let inputs = match (self.number, input) {
                (Some(_), (value, _)) => LayerInputs::Values(vec![value]),
                (None, (_, true)) => {
                    let dims = self.model.variables.get(place).map(|origin| origin.dims.clone()).unwrap_or_default();
                    LayerInputs::Variable(place.id, dims)
                }
                (None, (_, false)) => {
                    let message = "which shape this layer gets is known where a `fn` applies the getters before it: \
                                   declare the variable in a `fn`";
                    self.error(&variable.name, message);
                    return None;
                }
            };
            let defaults = self.cursor.defaults.clone();
            self.declare_layer(declared, keywords, inputs, &defaults);
        } else {
            let layer = Place { id, indices: place.indices.clone() };
            if !written.keywords.is_empty() && !self.is_same_site(&layer, &keywords) {
                let message = "this getter is shared with its variable, and its hyper-parameters are those with which it \
                               was made: leave them out";
                self.error(&written.path, message);
                return None;
            }
        }
        Some(Kind::Layer(id))
    }

    /// Whether names mean the same wherever the variable may be read.
    fn known_everywhere<'u>(&mut self, mut uses: impl Iterator<Item = &'u Use>) -> Option<()> {
        let unlike = uses.find(|name| !matches!(name.name, Name::Hyperparameter(_) | Name::Turn(_)));
        let Some(Use { ident, .. }) = unlike else { return Some(()) };
        let message = format!(
            "a getter is applied wherever its variable is read, and `{ident}` is known only here: its keywords are made \
             of numbers, constants and hyper-parameters"
        );
        self.error(ident, message);
        None
    }
}
