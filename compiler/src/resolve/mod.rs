//! The scopes of a model: what is declared where, and what is shared, by TensorFlow's rules.
//!
//! A [`Tree`] grows as the model is read, in the order of its source; a [`Cursor`] is where in it the reader is.

pub mod check;
mod cursor;
mod declare;
pub mod given;
mod hints;
mod lookup;

use std::collections::HashMap;
use std::rc::Rc;

use proc_macro2::{Ident, Span};

use crate::diag::{Errors, MistakeKind};
use crate::ir::{Condition, Family, Index, Instance, Layer, Member, PathPart, Scope, ScopeId, Variable, turns};
use crate::syntax::{self, Reuse};

use cursor::Attributes;

pub use cursor::{Cursor, Defaults, Turn};
pub use declare::{Asked, Declared, Surroundings};
pub use lookup::{Found, Step};

/// Everything that is declared so far.
pub struct Tree {
    pub scopes: Vec<Scope>,
    pub variables: Vec<Variable>,
    pub layers: Vec<Layer>,
    /// The element type of the model, by its name.
    element: String,
    /// The defaults with which each scope was first opened.
    defaults: Vec<Defaults>,
    /// The declarations of each full name.
    declarations: HashMap<String, Vec<Site>>,
    /// How often a scope of a full name was opened since its parent was.
    opened: HashMap<String, usize>,
}

/// A declaration of a variable or a layer.
#[derive(Clone)]
pub struct Site {
    pub member: Member,
    /// Under which branches it stands.
    pub condition: Condition,
    pub span: Span,
    /// Which tokens it is: the turns of an unrolled loop are one site.
    pub id: usize,
    /// Into which parts it is divided, as it is written.
    pub parts: Option<String>,
}

/// A number for a part of the source, to tell whether two declarations are the same tokens.
pub fn site<T>(source: &T) -> usize {
    std::ptr::from_ref(source).addr()
}

impl Tree {
    /// A model without any scope but its root.
    pub fn new(model: &syntax::Model) -> Self {
        let name = &model.name;
        let element = match &model.element {
            syntax::Element::Default => "f32".to_string(),
            syntax::Element::Named(name) | syntax::Element::Generic(name) => name.to_string(),
        };
        let root = Scope {
            parent: None,
            name: name.clone(),
            label: String::new(),
            family: None,
            members: Vec::new(),
            instances: vec![Instance { turns: vec![], condition: Condition::new() }],
        };
        Self {
            scopes: vec![root],
            variables: Vec::new(),
            layers: Vec::new(),
            element,
            defaults: vec![Defaults::default()],
            declarations: HashMap::new(),
            opened: HashMap::new(),
        }
    }

    /// Opens a scope in the one at the cursor; `turn` is its index.
    pub fn open(
        &mut self,
        cursor: &Cursor,
        scope: &syntax::Scope,
        turn: Option<Turn>,
        condition: &Condition,
        errors: &mut Errors,
    ) -> Option<Cursor> {
        let attributes = Attributes::read(&scope.attrs, errors);
        if scope.from_root {
            return self.reopen(scope, &attributes, errors);
        }
        let name = scope.path.first()?;
        let label = match attributes.unique {
            None => name.to_string(),
            Some(unique) => self.unique_scope(cursor, name, &attributes, unique, errors)?,
        };
        check::name(self, cursor, name, &label, check::Kind::Scope, errors)?;
        let id = self.scope_named(cursor.scope, name, &label);
        let is_new = self.scopes[id].instances.is_empty();
        let index = join_family(&mut self.scopes[id].family, is_new, turn.as_ref(), name, errors)?;
        let mut inside = cursor.enter(id, PathPart::in_turn(&label, turn.as_ref()), index);
        self.scopes[id].instances.push(Instance { turns: turns(&inside.indices), condition: condition.clone() });
        if attributes.unique.is_some() {
            inside.name_scope = Some(name.to_string());
        }
        inside.name_scope.take_if(|_| !attributes.names_ops);
        inside.reuse = attributes.reuse.unwrap_or(cursor.reuse);
        inside.defaults = cursor.defaults.overridden(&attributes.defaults);
        if self.defaults.len() == id {
            self.defaults.push(inside.defaults.clone());
        }
        *self.opened.entry(inside.name()).or_insert(0) += 1;
        Some(inside)
    }

    /// Ends a scope: the scopes in it are counted anew when it is opened again. One that was opened by its path has
    /// changed no count.
    pub fn close(&mut self, cursor: &Cursor) {
        if let Some(before) = &cursor.opened_before {
            self.opened.clone_from(before);
            return;
        }
        let prefix = format!("{}/", cursor.name());
        self.opened.retain(|name, _| !name.starts_with(&prefix));
    }

    /// Opens a scope by its path from the root, as TensorFlow's scope objects are: with the defaults of when it was
    /// first opened, and the `reuse` that is written.
    fn reopen(&mut self, scope: &syntax::Scope, attributes: &Attributes, errors: &mut Errors) -> Option<Cursor> {
        let mut cursor = Cursor::root();
        for name in &scope.path {
            let Some(Member::Scope(id)) = self.member(cursor.scope, &name.to_string()) else {
                check::no_such_scope(self, &cursor, name, errors);
                return None;
            };
            cursor = cursor.enter(id, PathPart::plain(name.to_string()), None);
            cursor.defaults = self.defaults[id].clone();
        }
        cursor.name_scope.take_if(|_| !attributes.names_ops);
        cursor.reuse = attributes.reuse.unwrap_or(Reuse::No);
        cursor.defaults = cursor.defaults.overridden(&attributes.defaults);
        *self.opened.entry(cursor.name()).or_insert(0) += 1;
        cursor.opened_before = Some(Rc::new(self.opened.clone()));
        Some(cursor)
    }

    fn unique_scope(
        &self,
        cursor: &Cursor,
        name: &Ident,
        attributes: &Attributes,
        unique: Span,
        errors: &mut Errors,
    ) -> Option<String> {
        if attributes.reuse.is_some() {
            errors.rule_at(
                MistakeKind::UniqueReused,
                unique,
                "a `unique` scope is always a new one, so it cannot reuse: leave one of the two out",
            );
            return None;
        }
        check::unique_reused(cursor, check::Kind::Scope, name, unique, errors)?;
        let candidates = (0..).map(|number| if number == 0 { name.to_string() } else { format!("{name}_{number}") });
        candidates.into_iter().find(|label| !self.opened.contains_key(&cursor.name_of(label)))
    }

    fn scope_named(&mut self, parent: ScopeId, name: &Ident, label: &str) -> ScopeId {
        if let Some(Member::Scope(id)) = self.member(parent, label) {
            return id;
        }
        let name = Ident::new(label, name.span());
        let label = label.to_string();
        self.scopes.push(Scope { parent: Some(parent), name, label, family: None, members: vec![], instances: vec![] });
        let id = self.scopes.len() - 1;
        self.scopes[parent].members.push(Member::Scope(id));
        id
    }

    /// What has a label in a scope.
    pub fn member(&self, scope: ScopeId, label: &str) -> Option<Member> {
        self.scopes[scope].members.iter().copied().find(|&member| self.label(member) == label)
    }

    /// The label of a member.
    pub fn label(&self, member: Member) -> &str {
        match member {
            Member::Variable(id) => &self.variables[id].label,
            Member::Layer(id) => &self.layers[id].label,
            Member::Scope(id) => &self.scopes[id].label,
        }
    }

    /// The labels of everything in a scope.
    pub fn labels(&self, scope: ScopeId) -> Vec<&str> {
        self.scopes[scope].members.iter().map(|&member| self.label(member)).collect()
    }

    /// Everything that a path can begin with at a cursor.
    pub fn names_in_sight(&self, cursor: &Cursor) -> Vec<String> {
        let scopes = std::iter::successors(Some(cursor.scope), |&scope| self.scopes[scope].parent);
        scopes.flat_map(|scope| self.labels(scope)).map(str::to_string).collect()
    }

    /// The declaration of a full name that can stand beside one under this condition.
    pub fn declared(&self, name: &str, condition: &Condition) -> Option<&Site> {
        self.declarations.get(name)?.iter().find(|site| !check::excludes(&site.condition, condition))
    }
}

/// Notes that something is declared in a turn of its family, or alone; gives its index.
fn join_family(
    family: &mut Option<Family>,
    is_new: bool,
    turn: Option<&Turn>,
    name: &Ident,
    errors: &mut Errors,
) -> Option<Option<Index>> {
    match (family.as_mut(), turn) {
        (None, None) => return Some(None),
        (Some(Family::Turns(turns)), Some(Turn::Number(number))) => {
            let position = turns.iter().position(|known| known == number);
            let position = position.unwrap_or_else(|| {
                turns.push(*number);
                turns.len() - 1
            });
            return Some(Some(Index::Turn(position)));
        }
        (Some(Family::Loop), Some(Turn::Loop(variable))) => return Some(Some(Index::Loop(variable.clone()))),
        (None, Some(turn)) if is_new => {
            let (made, index) = match turn {
                Turn::Number(number) => (Family::Turns(vec![*number]), Index::Turn(0)),
                Turn::Loop(variable) => (Family::Loop, Index::Loop(variable.clone())),
            };
            *family = Some(made);
            return Some(Some(index));
        }
        _ => {}
    }
    errors.error(
        name,
        format!("`{name}` is declared with an index in one place and without, or by another kind of loop, in another"),
    );
    None
}
