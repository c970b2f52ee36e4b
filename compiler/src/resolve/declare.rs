//! Declarations of variables and layers at a cursor.

use proc_macro2::Ident;
use syn::spanned::Spanned;

use super::cursor::{Attributes, Defaults};
use super::{Cursor, Site, Tree, Turn, check, join_family, site};
use crate::diag::Errors;
use crate::ir::{Condition, Element, Index, Instance, Layer, LayerId, Member, PathPart, Variable, VariableId, turns};
use crate::syntax::{self, Reuse, TensorType};

/// What a declaration means.
pub struct Declared<Id> {
    pub id: Id,
    /// Whether it is made here, and not shared.
    pub is_new: bool,
    /// The index of each indexed scope on the way to it.
    pub indices: Vec<Index>,
    /// Its full name, part by part.
    pub path: Vec<PathPart>,
}

/// Where a declaration stands.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Under which branches.
    pub condition: &'a Condition,
    /// In which loops of the graph.
    pub loops: &'a [&'a Ident],
}

impl Tree {
    /// A variable: made, or shared if the scope reuses. `rank` is that of its type or of the array it begins with.
    pub fn declare_variable(
        &mut self,
        cursor: &Cursor,
        variable: &syntax::Variable,
        rank: Option<usize>,
        around: Surroundings<'_>,
        errors: &mut Errors,
    ) -> Option<Declared<VariableId>> {
        let is_unique = errors.collect(variable.attrs.unique())?.is_some();
        if is_unique {
            check::unique_reused(cursor, &variable.name, check::Kind::Variable, errors)?;
        }
        let label = if is_unique { self.unique_variable(cursor, &variable.name) } else { variable.name.to_string() };
        check::name(self, cursor, &variable.name, &label, check::Kind::Variable, errors)?;
        let existing = self.declared(&cursor.name_of(&label), around.condition).cloned();
        match (existing, cursor.reuse) {
            (Some(first), _) if self.is_unique(first.member) => {
                check::never_shared(cursor, &variable.name, &first, errors);
                None
            }
            (Some(first), Reuse::No) => {
                check::already_exists(cursor, variable, &first, errors);
                None
            }
            (Some(first), Reuse::Yes | Reuse::Auto) => self.share_variable(cursor, variable, rank, &first, errors),
            (None, Reuse::Yes) => {
                check::does_not_exist(self, cursor, &variable.name, errors);
                None
            }
            (None, Reuse::No | Reuse::Auto) => {
                let Some(rank) = rank else {
                    check::shape_missing(cursor, variable, errors);
                    return None;
                };
                let is_shared = cursor.reuse == Reuse::Auto;
                check::declared_each_turn(cursor, variable, is_shared, around.loops, errors)?;
                self.make_variable(cursor, variable, &label, rank, around, errors)
            }
        }
    }

    fn share_variable(
        &mut self,
        cursor: &Cursor,
        variable: &syntax::Variable,
        rank: Option<usize>,
        first: &Site,
        errors: &mut Errors,
    ) -> Option<Declared<VariableId>> {
        let Member::Variable(id) = first.member else { return None };
        if first.id != site(variable) {
            let initializer = variable.initializer.as_ref().map(|initializer| ("initializer", initializer.span()));
            let given = variable.attrs.list.iter().find(|attr| attr.name != "unique");
            let given = given.map(|attr| (format!("`{}`", attr.name), attr.name.span()));
            let initializer = initializer.map(|(what, span)| (what.to_string(), span));
            check::given_where_shared(cursor, variable, first, initializer.or(given), errors)?;
            self.variables[id].places += 1;
        }
        if let Some(rank) = rank {
            check::same_rank(cursor, variable, &self.variables[id], rank, first, errors)?;
        }
        let path = cursor.path_of(PathPart::plain(&self.variables[id].label));
        Some(Declared { id, is_new: false, indices: cursor.indices.clone(), path })
    }

    fn make_variable(
        &mut self,
        cursor: &Cursor,
        variable: &syntax::Variable,
        label: &str,
        rank: usize,
        around: Surroundings<'_>,
        errors: &mut Errors,
    ) -> Option<Declared<VariableId>> {
        let trainable = errors.collect(variable.attrs.trainable())?;
        let is_unique = errors.collect(variable.attrs.unique())?.is_some();
        let element = self.element_of(variable.ty.as_ref(), cursor);
        check::for_floats(variable, &element, errors)?;
        let written = variable.ty.as_ref().map_or_else(|| format!("of {rank} axes"), TensorType::to_string);
        let id = match self.member(cursor.scope, label) {
            Some(Member::Variable(id)) => {
                // Another turn of an unrolled loop, or the other arm of a branch: the same field.
                check::same_field(cursor, variable, &self.variables[id], rank, &element, errors)?;
                id
            }
            _ => {
                self.variables.push(Variable {
                    scope: cursor.scope,
                    name: Ident::new(label, variable.name.span()),
                    label: label.to_string(),
                    element,
                    rank,
                    written,
                    trainable: trainable.or(cursor.defaults.trainable),
                    is_unique,
                    instances: Vec::new(),
                    places: 1,
                });
                let id = self.variables.len() - 1;
                self.scopes[cursor.scope].members.push(Member::Variable(id));
                id
            }
        };
        self.variables[id].instances.push(instance(cursor, around.condition));
        let path = cursor.path_of(PathPart::plain(label));
        self.note(cursor, label, Member::Variable(id), around.condition, variable.name.span(), site(variable));
        Some(Declared { id, is_new: true, indices: cursor.indices.clone(), path })
    }

    /// The element type of a variable: that of its type, the scope's, or the model's, by whatever name.
    pub fn element_of(&self, ty: Option<&TensorType>, cursor: &Cursor) -> Element {
        match ty.and_then(|ty| ty.element.as_ref()).or(cursor.defaults.dtype.as_ref()) {
            Some(element) if *element != self.element => Element::Named(element.clone()),
            _ => Element::Model,
        }
    }

    fn note(
        &mut self,
        cursor: &Cursor,
        label: &str,
        member: Member,
        condition: &Condition,
        span: proc_macro2::Span,
        id: usize,
    ) {
        let site = Site { member, condition: condition.clone(), span, id };
        self.declarations.entry(cursor.name_of(label)).or_default().push(site);
    }

    fn is_unique(&self, member: Member) -> bool {
        matches!(member, Member::Variable(id) if self.variables[id].is_unique)
    }

    /// `v`, or `v_1` if something of that name is there. The scopes of a family have one field, and names of their own.
    fn unique_variable(&self, cursor: &Cursor, name: &Ident) -> String {
        let is_taken = |label: &str| {
            self.declarations.contains_key(&cursor.name_of(label))
                || matches!(self.member(cursor.scope, label), Some(Member::Scope(_)))
        };
        let mut label = name.to_string();
        let mut number = 0;
        while is_taken(&label) {
            number += 1;
            label = format!("{name}_{number}");
        }
        label
    }

    /// What a new variable takes from its scopes, or gives itself.
    pub fn variable_defaults(cursor: &Cursor, variable: &syntax::Variable, errors: &mut Errors) -> Defaults {
        cursor.defaults.overridden(&Defaults::read(&variable.attrs, errors))
    }

    /// A layer: made, or shared if the scope reuses.
    pub fn declare_layer(
        &mut self,
        cursor: &Cursor,
        scope: &syntax::Scope,
        layer: &syntax::Layer,
        turn: Option<&Turn>,
        around: Surroundings<'_>,
        errors: &mut Errors,
    ) -> Option<Declared<LayerId>> {
        let name = scope.path.first()?;
        let reuse = errors.collect(scope.attrs.reuse()).flatten().map_or(cursor.reuse, |(reuse, _)| reuse);
        let is_unique = errors.collect(scope.attrs.unique()).flatten().is_some();
        if is_unique {
            check::unique_reused(cursor, name, check::Kind::Layer, errors)?;
        }
        let label = if is_unique { self.unique_variable(cursor, name) } else { name.to_string() };
        check::name(self, cursor, name, &label, check::Kind::Layer, errors)?;
        let part = PathPart::in_turn(&label, turn);
        let existing = self.declared(&cursor.name_of(&part.to_string()), around.condition).cloned();
        match (existing, reuse) {
            (Some(first), Reuse::No) => {
                check::layer_exists(cursor, name, site(layer), &first, errors);
                None
            }
            (Some(first), Reuse::Yes | Reuse::Auto) => {
                let Member::Layer(id) = first.member else { return None };
                let is_new = self.layers[id].family.is_none();
                let index = join_family(&mut self.layers[id].family, is_new, turn, name, errors)?;
                self.layers[id].places += usize::from(first.id != site(layer));
                let indices = cursor.indices.iter().cloned().chain(index).collect();
                Some(Declared { id, is_new: false, indices, path: cursor.path_of(part) })
            }
            (None, Reuse::Yes) => {
                check::no_such_layer(self, cursor, name, errors);
                None
            }
            (None, Reuse::No | Reuse::Auto) => {
                check::layer_each_turn(cursor, name, &part, reuse, around.loops, errors)?;
                self.make_layer(cursor, name, &label, layer, turn, around, errors)
            }
        }
    }

    /// What a layer's variables take from the scopes that it stands in; `is_made` is whether it is made here.
    pub fn layer_defaults(
        &self,
        cursor: &Cursor,
        scope: &syntax::Scope,
        is_made: bool,
        errors: &mut Errors,
    ) -> Option<Defaults> {
        let attributes = Attributes::read(&scope.attrs, errors);
        check::layer_attributes(&scope.attrs, is_made, errors)?;
        Some(cursor.defaults.overridden(&attributes.defaults))
    }

    #[expect(clippy::too_many_arguments, reason = "a declaration, where it stands and in which turn")]
    fn make_layer(
        &mut self,
        cursor: &Cursor,
        name: &Ident,
        label: &str,
        layer: &syntax::Layer,
        turn: Option<&Turn>,
        around: Surroundings<'_>,
        errors: &mut Errors,
    ) -> Option<Declared<LayerId>> {
        let known = match self.member(cursor.scope, label) {
            Some(Member::Layer(id)) => {
                check::same_layer(cursor, name, &self.layers[id], layer, errors)?;
                Some(id)
            }
            _ => None,
        };
        let id = known.unwrap_or_else(|| {
            self.layers.push(Layer {
                scope: cursor.scope,
                name: Ident::new(label, name.span()),
                label: label.to_string(),
                path: layer.path.clone(),
                family: None,
                instances: Vec::new(),
                places: 1,
            });
            let id = self.layers.len() - 1;
            self.scopes[cursor.scope].members.push(Member::Layer(id));
            id
        });
        let index = join_family(&mut self.layers[id].family, known.is_none(), turn, name, errors)?;
        let indices: Vec<Index> = cursor.indices.iter().cloned().chain(index).collect();
        self.layers[id].instances.push(Instance { turns: turns(&indices), condition: around.condition.clone() });
        let part = PathPart::in_turn(label, turn);
        self.note(cursor, &part.to_string(), Member::Layer(id), around.condition, name.span(), site(layer));
        Some(Declared { id, is_new: true, indices, path: cursor.path_of(part) })
    }
}

fn instance(cursor: &Cursor, condition: &Condition) -> Instance {
    Instance { turns: turns(&cursor.indices), condition: condition.clone() }
}
