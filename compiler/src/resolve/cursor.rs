//! Where in the tree of scopes the reader of a model is.

use std::collections::HashMap;
use std::rc::Rc;

use proc_macro2::{Ident, Span};
use syn::Expr as Rust;

use crate::diag::{Errors, MistakeKind};
use crate::ir::{Index, PathPart, ROOT, ScopeId};
use crate::syntax::{Attrs, Getter, Reuse};

/// What a scope gives the variables inside that say nothing else.
#[derive(Clone, Default)]
pub struct Defaults {
    /// `Some(None)` is `initializer = none`.
    pub initializer: Option<Option<Rc<Rust>>>,
    pub dtype: Option<Ident>,
    pub trainable: Option<bool>,
    /// None is `collections = none`.
    pub collections: Option<Vec<String>>,
    /// `Some(None)` is `constraint = none`.
    pub constraint: Option<Option<Rc<Rust>>>,
    /// `Some(None)` is `partitioner = none`.
    pub partitioner: Option<Option<Rc<Rust>>>,
    /// Whether kernels keep packed copies.
    pub cache: Option<bool>,
    /// What reads go through, the innermost scope's first; none is `custom_getter = none`.
    pub getters: Option<Vec<Rc<Getter>>>,
    /// `Some(None)` is `regularizer = none`.
    pub regularizer: Option<Option<Rc<Rust>>>,
    /// Whether ops run as in a training step where the run is one.
    pub training: Option<bool>,
}

impl Defaults {
    /// Reads what a scope or a variable gives. What is wrong is noted, and means nothing.
    pub fn read(attrs: &Attrs, errors: &mut Errors) -> Self {
        Self {
            initializer: errors.collect(attrs.initializer()).flatten(),
            dtype: errors.collect_as(MistakeKind::ElementType, attrs.dtype()).flatten().cloned(),
            trainable: errors.collect(attrs.trainable()).flatten(),
            collections: errors.collect(attrs.collections()).flatten(),
            constraint: errors.collect(attrs.constraint()).flatten(),
            partitioner: errors.collect(attrs.partitioner()).flatten(),
            cache: errors.collect(attrs.cache()).flatten(),
            getters: errors.collect(attrs.custom_getter()).flatten().map(|getter| getter.into_iter().collect()),
            regularizer: errors.collect(attrs.regularizer()).flatten(),
            training: errors.collect(attrs.training()).flatten(),
        }
    }

    /// These defaults, with those that are given inside.
    pub fn overridden(&self, inside: &Self) -> Self {
        Self {
            initializer: inside.initializer.clone().or_else(|| self.initializer.clone()),
            dtype: inside.dtype.clone().or_else(|| self.dtype.clone()),
            trainable: inside.trainable.or(self.trainable),
            collections: inside.collections.clone().or_else(|| self.collections.clone()),
            constraint: inside.constraint.clone().or_else(|| self.constraint.clone()),
            partitioner: inside.partitioner.clone().or_else(|| self.partitioner.clone()),
            cache: inside.cache.or(self.cache),
            getters: chain(self.getters.as_ref(), inside.getters.as_ref()),
            regularizer: inside.regularizer.clone().or_else(|| self.regularizer.clone()),
            training: inside.training.or(self.training),
        }
    }
}

/// The getters of a scope and of those around it: its own come first, and `none` switches all off.
fn chain(outside: Option<&Vec<Rc<Getter>>>, inside: Option<&Vec<Rc<Getter>>>) -> Option<Vec<Rc<Getter>>> {
    match (outside, inside) {
        (Some(outside), Some(inside)) if !inside.is_empty() => Some(inside.iter().chain(outside).cloned().collect()),
        (outside, inside) => inside.or(outside).cloned(),
    }
}

/// The attributes of a scope, read.
pub struct Attributes {
    pub reuse: Option<Reuse>,
    pub unique: Option<Span>,
    /// Whether the scope stands in the names of its ops.
    pub names_ops: bool,
    pub defaults: Defaults,
}

impl Attributes {
    /// Reads the attributes of a scope. One that is wrong is noted, and means nothing.
    pub fn read(attrs: &Attrs, errors: &mut Errors) -> Self {
        // One that cannot be told is `auto`, under which no variable is a mistake.
        let reuse = errors.collect(attrs.reuse()).unwrap_or(Some((Reuse::Auto, Span::call_site())));
        let unique = errors.collect(attrs.unique()).flatten();
        let names_ops = errors.collect(attrs.name_scope()).flatten().unwrap_or(true);
        Self { reuse: reuse.map(|(reuse, _)| reuse), unique, names_ops, defaults: Defaults::read(attrs, errors) }
    }
}

/// The index of a scope in a family.
#[derive(Clone, Debug)]
pub enum Turn {
    /// A number: a turn of an unrolled loop.
    Number(usize),
    /// The variable of a loop of the graph.
    Loop(Ident),
}

/// A scope that is open.
#[derive(Clone)]
pub struct Cursor {
    pub scope: ScopeId,
    /// The name, part by part.
    pub parts: Vec<PathPart>,
    /// The index of each indexed scope on the way here.
    pub indices: Vec<Index>,
    pub reuse: Reuse,
    pub defaults: Defaults,
    /// The name scope that was opened with the scope, inside of the one at hand then; none if it opened none. It is not
    /// the scope's name: a `unique` scope opens one of the name that is written, which ops number by themselves.
    pub name_scope: Option<String>,
    /// How often each scope was opened before this one was opened by its path from the root: so it is again after it.
    pub opened_before: Option<Rc<HashMap<String, usize>>>,
}

impl Cursor {
    /// The root scope.
    pub fn root() -> Self {
        Self {
            scope: ROOT,
            parts: vec![],
            indices: vec![],
            reuse: Reuse::No,
            defaults: Defaults::default(),
            name_scope: None,
            opened_before: None,
        }
    }

    /// The scope with this label inside of this one.
    pub fn enter(&self, scope: ScopeId, part: PathPart, index: Option<Index>) -> Self {
        let mut inside = self.clone();
        inside.scope = scope;
        inside.name_scope = Some(part.to_string());
        inside.opened_before = None;
        inside.parts.push(part);
        inside.indices.extend(index);
        inside
    }

    /// The full name: `block_0/conv`; a loop's variable stands in it as `{i}`.
    pub fn name(&self) -> String {
        let parts: Vec<String> = self.parts.iter().map(PathPart::to_string).collect();
        parts.join("/")
    }

    /// The full name of something in this scope.
    pub fn name_of(&self, label: &str) -> String {
        if self.parts.is_empty() { label.to_string() } else { format!("{}/{label}", self.name()) }
    }

    /// The name of something in this scope, part by part.
    pub fn path_of(&self, part: PathPart) -> Vec<PathPart> {
        self.parts.iter().cloned().chain([part]).collect()
    }
}

impl PathPart {
    /// A name without an index that only a run knows.
    pub fn plain(label: impl Into<String>) -> Self {
        Self { label: label.into(), index: None }
    }

    /// A name in a family, in one turn: `block_0`, or `block` with a loop's variable.
    pub fn in_turn(label: &str, turn: Option<&Turn>) -> Self {
        match turn {
            None => Self::plain(label),
            Some(Turn::Number(number)) => Self::plain(format!("{label}_{number}")),
            Some(Turn::Loop(variable)) => Self { label: label.to_string(), index: Some(variable.clone()) },
        }
    }
}

impl std::fmt::Display for PathPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.index {
            None => f.write_str(&self.label),
            Some(variable) => write!(f, "{}_{{{variable}}}", self.label),
        }
    }
}
