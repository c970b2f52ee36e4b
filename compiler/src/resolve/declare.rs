//! Declarations of variables and layers at a cursor.

use std::rc::Rc;

use proc_macro2::Ident;
use syn::spanned::Spanned;

use super::cursor::{Attributes, Defaults};
use super::{Cursor, Site, Tree, Turn, check, given, join_family, site};
use crate::diag::Errors;
use crate::ir::{Condition, Element, Index, Instance, Layer, LayerId, Member, PathPart, Variable, VariableId, turns};
use crate::syntax::{self, Getter, Reuse, TensorType};

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
        let unique = errors.collect(variable.attrs.unique())?;
        if let Some(unique) = unique {
            check::unique_reused(cursor, check::Kind::Variable, &variable.name, unique, errors)?;
        }
        let is_unique = unique.is_some();
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
            let given = variable
                .attrs
                .list
                .iter()
                .find(|attr| !["unique", "custom_getter", "partitioner"].iter().any(|name| attr.name == name));
            let given = given.map(|attr| (format!("`{}`", attr.name), attr.name.span()));
            let initializer = initializer.map(|(what, span)| (what.to_string(), span));
            check::given_where_shared(cursor, variable, first, initializer.or(given), errors)?;
            if self.variables[id].rank > 0 {
                let parts = parts_of(&Self::variable_defaults(cursor, variable, errors));
                given::same_parts(cursor, variable, first, parts, errors)?;
            }
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
        given::for_floats(cursor, variable, &element, errors)?;
        given::for_axes(variable, rank, errors)?;
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
        let parts = parts_of(&Self::variable_defaults(cursor, variable, errors));
        let (member, condition, span) = (Member::Variable(id), around.condition.clone(), variable.name.span());
        self.note(cursor, label, Site { member, condition, span, id: site(variable), parts });
        Some(Declared { id, is_new: true, indices: cursor.indices.clone(), path })
    }

    /// The element type of a variable: that of its type, the scope's, or the model's, by whatever name.
    pub fn element_of(&self, ty: Option<&TensorType>, cursor: &Cursor) -> Element {
        match ty.and_then(|ty| ty.element.as_ref()).or(cursor.defaults.dtype.as_ref()) {
            Some(element) if *element != self.element => Element::Named(element.clone()),
            _ => Element::Model,
        }
    }

    fn note(&mut self, cursor: &Cursor, label: &str, site: Site) {
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

    /// What a variable is read through where it stands: its own getter, in place of those of its scopes.
    pub fn getters(cursor: &Cursor, variable: &syntax::Variable, errors: &mut Errors) -> Vec<Rc<Getter>> {
        let own = Defaults::read(&variable.attrs, errors).getters;
        own.or_else(|| cursor.defaults.getters.clone()).unwrap_or_default()
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
        let unique = errors.collect(scope.attrs.unique()).flatten();
        if let Some(unique) = unique {
            check::unique_reused(cursor, check::Kind::Layer, name, unique, errors)?;
        }
        let label = if unique.is_some() { self.unique_variable(cursor, name) } else { name.to_string() };
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
                let new = NewLayer { name, label: &label, stored: &label, path: &layer.path, site: site(layer) };
                self.make_layer(cursor, &new, turn, around, errors)
            }
        }
    }

    /// A layer that a variable is read through: made with the variable, or shared with it.
    pub fn declare_getter(
        &mut self,
        cursor: &Cursor,
        asked: &Asked<'_>,
        getter: &Getter,
        around: Surroundings<'_>,
        errors: &mut Errors,
    ) -> Option<Declared<LayerId>> {
        let Asked { variable, label, number, is_new } = *asked;
        let name = &variable.name;
        let (label, stored) = match number {
            0 => (format!("{label}_getter"), label.to_string()),
            _ => (format!("{label}_getter_{number}"), format!("{label}/getter_{number}")),
        };
        check::name(self, cursor, name, &label, check::Kind::Layer, errors)?;
        let path = cursor.path_of(PathPart::plain(&stored));
        match (self.declared(&cursor.name_of(&label), around.condition).cloned(), cursor.reuse) {
            (Some(first), _) => {
                let Member::Layer(id) = first.member else { return None };
                given::same_getter(cursor, name, &self.layers[id], getter, errors)?;
                Some(Declared { id, is_new: false, indices: cursor.indices.clone(), path })
            }
            (None, Reuse::Yes) if !is_new => {
                given::no_such_getter(cursor, name, getter, errors);
                None
            }
            (None, _) => {
                let site = site(variable);
                let new = NewLayer { name, label: &label, stored: &stored, path: &getter.path, site };
                let made = self.make_layer(cursor, &new, None, around, errors)?;
                Some(Declared { path, ..made })
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
        given::layer_attributes(&scope.attrs, is_made, errors)?;
        Some(cursor.defaults.overridden(&attributes.defaults))
    }

    fn make_layer(
        &mut self,
        cursor: &Cursor,
        new: &NewLayer<'_>,
        turn: Option<&Turn>,
        around: Surroundings<'_>,
        errors: &mut Errors,
    ) -> Option<Declared<LayerId>> {
        let NewLayer { name, label, stored, path, site } = *new;
        let known = match self.member(cursor.scope, label) {
            Some(Member::Layer(id)) => {
                check::same_layer(cursor, name, &self.layers[id], path, errors)?;
                Some(id)
            }
            _ => None,
        };
        let id = known.unwrap_or_else(|| {
            self.layers.push(Layer {
                scope: cursor.scope,
                name: Ident::new(label, name.span()),
                label: label.to_string(),
                stored: stored.to_string(),
                path: path.clone(),
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
        let (member, condition) = (Member::Layer(id), around.condition.clone());
        let site = Site { member, condition, span: name.span(), id: site, parts: None };
        self.note(cursor, &part.to_string(), site);
        Some(Declared { id, is_new: true, indices, path: cursor.path_of(part) })
    }
}

/// A variable that is asked for with a layer as its getter.
pub struct Asked<'s> {
    pub variable: &'s syntax::Variable,
    pub label: &'s str,
    /// Which of the layers it is that the variable is read through.
    pub number: usize,
    /// Whether the variable is made here.
    pub is_new: bool,
}

/// A layer that is to be made.
struct NewLayer<'s> {
    name: &'s Ident,
    /// What it is called in the source.
    label: &'s str,
    /// What its scope is called in the store.
    stored: &'s str,
    path: &'s syn::Path,
    site: usize,
}

/// Into which parts a variable is divided, as it is written.
fn parts_of(defaults: &Defaults) -> Option<String> {
    let written = defaults.partitioner.as_ref()?.as_deref()?;
    Some(quote::ToTokens::to_token_stream(written).to_string())
}

fn instance(cursor: &Cursor, condition: &Condition) -> Instance {
    Instance { turns: turns(&cursor.indices), condition: condition.clone() }
}
