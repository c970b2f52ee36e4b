//! Scopes at run time: where in a store variables are made, and whether existing ones are shared.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::{Dimension, IntoDimension};

use crate::constraint::Constraint;
use crate::defaults::Defaults;
use crate::element::{DType, Element};
use crate::error::{Error, Result};
use crate::init::Initializer;
use crate::model::Variables;
use crate::names;
use crate::op_names::join;
use crate::partition::Partitioner;
use crate::regularizer::Regularizer;
use crate::request::VariableRequest;
use crate::store::VariableStore;
use crate::variable::Variable;

/// Whether a scope makes variables or shares existing ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Reuse {
    /// It makes them; one that exists is an error.
    #[default]
    No,
    /// It shares them; one that does not exist is an error.
    Yes,
    /// It makes what is missing and shares what is there.
    Auto,
}

/// A place in a store, and the rule by which it makes or shares variables.
///
/// ```
/// use varscope::prelude::*;
/// use varscope::init::{zeros, ones};
///
/// let store = VariableStore::new(0);
/// let v = store.scope("a").get_variable("v", [2, 3], &zeros())?;
/// let w = store.scope("a").reuse().get_variable("v", [2, 3], &ones())?;
/// assert!(v.is_same(&w));
///
/// let error = store.scope("a").reuse().get_variable("u", [1], &zeros()).unwrap_err();
/// assert_eq!(error.to_string(), "variable `a/u` does not exist and its scope reuses; there is a `a/v`");
/// # Ok::<(), varscope::Error>(())
/// ```
///
/// A scope has defaults, which the scopes inside inherit and can override, and a name scope, in which
/// [`Scope::op_name`] names ops. Entering a scope opens a name scope: `a/`, and `a_1/` where `a` is entered again.
///
/// ```
/// use varscope::prelude::*;
/// use varscope::init::constant;
///
/// let store = VariableStore::new(0);
/// let net = store.scope("net").initializer(constant(0.5)).trainable(false);
/// let w = net.enter("layer").variable("w").shape(&[3]).get_any()?;
/// assert_eq!((w.name(), w.to_vec(), w.trainable()), ("net/layer/w", vec![0.5; 3], false));
///
/// let again = store.scope("net").reuse();
/// assert!(again.enter("layer").variable("w").get_any()?.is_same(&w));
/// assert_eq!((net.op_name("matmul")?, again.op_name("matmul")?), ("net/matmul".into(), "net_1/matmul".into()));
/// assert_eq!((net.unique("block").name(), net.unique("block").name()), ("net/block", "net/block_1"));
/// # Ok::<(), varscope::Error>(())
/// ```
#[derive(Debug)]
pub struct Scope {
    store: VariableStore,
    path: String,
    reuse: Reuse,
    /// A name on the way here that no scope can have.
    pub(crate) problem: Option<Error>,
    defaults: Defaults,
    opening: Arc<Opening>,
    /// The name scope; empty at the root.
    ops: String,
    /// The name scope that was opened with the scope, with a `/` at its end.
    original: String,
    /// Whether entering a scope opens a name scope.
    opens_name_scope: bool,
}

/// A scope from where it is entered on: a scope that is entered again counts its unique scopes anew.
#[derive(Default, Debug)]
pub(crate) struct Opening {
    path: String,
    /// The names of the scopes that were entered in it.
    entered: Mutex<HashSet<String>>,
    outer: Option<Arc<Opening>>,
}

impl Opening {
    /// Enters a scope; one that is open further outwards goes on as it is there.
    fn enter(self: &Arc<Self>, path: &str) -> Arc<Self> {
        let open = self.and_outer().find(|opening| opening.path == path);
        let entered = open.map(|opening| opening.entered().clone()).unwrap_or_default();
        Arc::new(Self { path: path.to_string(), entered: Mutex::new(entered), outer: Some(Arc::clone(self)) })
    }

    fn and_outer(self: &Arc<Self>) -> impl Iterator<Item = &Arc<Self>> {
        std::iter::successors(Some(self), |opening| opening.outer.as_ref())
    }

    fn entered(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.entered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first of `name`, `name_1`, … that was not entered; it is so from now on.
    fn unique(&self, name: &str) -> String {
        let mut entered = self.entered();
        let mut unique = name.to_string();
        let mut number = 0;
        while entered.contains(&unique) {
            number += 1;
            unique = format!("{name}_{number}");
        }
        entered.insert(unique.clone());
        unique
    }

    /// Notes that a scope was entered from anywhere.
    fn note(self: &Arc<Self>, path: &str) {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        if let Some(open) = self.and_outer().find(|opening| opening.path == parent) {
            open.entered().insert(name.to_string());
        }
    }
}

impl Scope {
    pub(crate) fn root(store: VariableStore) -> Self {
        let opening = store.opening();
        Self {
            store,
            path: String::new(),
            reuse: Reuse::No,
            problem: None,
            defaults: Defaults::new(),
            opening,
            ops: String::new(),
            original: String::new(),
            opens_name_scope: true,
        }
    }

    /// The store.
    pub fn store(&self) -> &VariableStore {
        &self.store
    }

    /// The scope's full name; empty for the root.
    pub fn name(&self) -> &str {
        &self.path
    }

    /// Another handle on the same scope.
    #[must_use]
    pub fn share(&self) -> Self {
        Self {
            store: self.store.share(),
            path: self.path.clone(),
            reuse: self.reuse,
            problem: self.problem.clone(),
            defaults: self.defaults.clone(),
            opening: Arc::clone(&self.opening),
            ops: self.ops.clone(),
            original: self.original.clone(),
            opens_name_scope: self.opens_name_scope,
        }
    }

    /// Whether variables can be made here: what is wrong with a name on the way here, if anything.
    ///
    /// # Errors
    ///
    /// [`Error::BadName`], [`Error::UniqueReused`].
    pub fn check(&self) -> Result<()> {
        self.problem.clone().map_or(Ok(()), Err)
    }

    /// The scope of this name inside. It reuses if this one does.
    ///
    /// A name that no scope can have is reported where a variable is made in it.
    pub fn enter(&self, name: &str) -> Self {
        let scope = self.prolonged(name, name);
        if scope.problem.is_none() {
            self.opening.entered().insert(name.to_string());
        }
        scope
    }

    /// A scope of this name that is new: `name`, or `name_1`, `name_2`, … where scopes of those names were entered in
    /// this one before. (Where this scope was entered anew, so are the numbers.)
    ///
    /// In a scope that reuses, it is an error that is reported where a variable is made in it.
    pub fn unique(&self, name: &str) -> Self {
        if self.reuse != Reuse::No {
            let path = join(&self.path, name);
            let problem = Error::UniqueReused { name: path.clone() };
            return Self { path, problem: self.problem.clone().or(Some(problem)), ..self.share() };
        }
        let unique = self.opening.unique(name);
        self.prolonged(&unique, name)
    }

    /// A scope whose variables have this path, and whose name scope goes by another name.
    fn prolonged(&self, name: &str, op_name: &str) -> Self {
        let wrong =
            names::problem(name, self.path.is_empty()).map(|reason| Error::BadName { name: name.to_string(), reason });
        let problem = self.problem.clone().or(wrong);
        let path = join(&self.path, name);
        let opens = self.opens_name_scope && problem.is_none();
        let ops = if opens { self.store.lock().ops.unique(&self.ops, op_name) } else { self.ops.clone() };
        let original = with_slash(&ops);
        let opening = self.opening.enter(&path);
        Self { path, problem, opening, original, ops, opens_name_scope: true, ..self.share() }
    }

    /// Another scope, entered from here: its name, defaults and rule are those that it has, wherever this is, and its
    /// name scope is opened inside of this one's.
    pub fn enter_scope(&self, other: &Self) -> Self {
        self.opening.note(&other.path);
        let last = other.path.rsplit('/').next().unwrap_or_default();
        let opens = self.opens_name_scope && !last.is_empty();
        let ops = if opens { self.store.lock().ops.unique(&self.ops, last) } else { self.ops.clone() };
        Self { ops, opening: self.opening.enter(&other.path), opens_name_scope: true, ..other.share() }
    }

    /// The same scope, in which the next scope is entered without a name scope of its own.
    #[must_use]
    pub fn without_name_scope(&self) -> Self {
        Self { opens_name_scope: false, ..self.share() }
    }

    /// The same scope with a name scope inside of the one at hand: a prefix to the names of ops, not of variables.
    ///
    /// A name with a `/` at its end is exactly that name scope, from the root; an empty one is the root.
    ///
    /// # Errors
    ///
    /// [`Error::BadName`]
    pub fn name_scope(&self, name: &str) -> Result<Self> {
        let ops = match name.strip_suffix('/') {
            Some(exact) => exact.to_string(),
            None if name.is_empty() => String::new(),
            None => self.op_name(name)?,
        };
        Ok(Self { ops, ..self.share() })
    }

    /// The name scope at hand, with a `/` at its end; empty at the root.
    pub fn current_name_scope(&self) -> String {
        with_slash(&self.ops)
    }

    /// The name scope that was opened when the scope was first entered.
    pub fn original_name_scope(&self) -> &str {
        &self.original
    }

    /// A name for an op that is made here, which no other op of the store has: with the name scope before it, and with
    /// `_1`, `_2`, … behind it where it is taken.
    ///
    /// # Errors
    ///
    /// [`Error::BadName`]
    pub fn op_name(&self, name: &str) -> Result<String> {
        if let Some(reason) = names::problem(name, self.ops.is_empty()) {
            return Err(Error::BadName { name: name.to_string(), reason });
        }
        Ok(self.store.lock().ops.unique(&self.ops, name))
    }

    /// The same scope, sharing variables that exist: one that does not is an error.
    #[must_use]
    pub fn reuse(mut self) -> Self {
        self.reuse = Reuse::Yes;
        self
    }

    /// The same scope, sharing variables that exist and making those that do not.
    #[must_use]
    pub fn auto_reuse(mut self) -> Self {
        self.reuse = Reuse::Auto;
        self
    }

    /// Whether variables that exist are shared: by [`Scope::reuse`] or [`Scope::auto_reuse`].
    pub fn reuses(&self) -> bool {
        self.reuse != Reuse::No
    }

    /// Whether variables that do not exist are made: not after [`Scope::reuse`].
    pub fn makes(&self) -> bool {
        self.reuse != Reuse::Yes
    }

    /// Whether variables in it are made or shared.
    pub(crate) fn rule(&self) -> Reuse {
        self.reuse
    }

    /// What the scope gives the variables inside.
    pub fn defaults(&self) -> &Defaults {
        &self.defaults
    }

    /// The initializer of variables inside that name none.
    #[must_use]
    pub fn initializer(mut self, initializer: impl Initializer + Send + Sync + 'static) -> Self {
        self.defaults = self.defaults.initializer(initializer);
        self
    }

    /// What holds for float variables inside that name no constraint, after each update by any optimizer.
    #[must_use]
    pub fn constraint(mut self, constraint: impl Constraint + 'static) -> Self {
        self.defaults = self.defaults.constraint(constraint);
        self
    }

    /// Switches the constraint of outer scopes off.
    #[must_use]
    pub fn no_constraint(mut self) -> Self {
        self.defaults = self.defaults.no_constraint();
        self
    }

    /// The regularizer of variables inside that name none.
    #[must_use]
    pub fn regularizer(mut self, regularizer: impl Regularizer + 'static) -> Self {
        self.defaults = self.defaults.regularizer(regularizer);
        self
    }

    /// Switches the regularizer of outer scopes off.
    #[must_use]
    pub fn no_regularizer(mut self) -> Self {
        self.defaults = self.defaults.no_regularizer();
        self
    }

    /// Divides variables inside into parts.
    #[must_use]
    pub fn partitioner(mut self, partitioner: Partitioner) -> Self {
        self.defaults = self.defaults.partitioner(partitioner);
        self
    }

    /// Switches the partitioner of outer scopes off.
    #[must_use]
    pub fn no_partitioner(mut self) -> Self {
        self.defaults = self.defaults.no_partitioner();
        self
    }

    /// The element type of variables inside that name none; that of the others is their own.
    #[must_use]
    pub fn dtype(mut self, dtype: DType) -> Self {
        self.defaults = self.defaults.dtype(dtype);
        self
    }

    /// Whether float variables inside are trainable that say nothing.
    #[must_use]
    pub fn trainable(mut self, trainable: bool) -> Self {
        self.defaults = self.defaults.trainable(trainable);
        self
    }

    /// Puts variables inside into a collection, besides those that they are in anyway.
    #[must_use]
    pub fn collection(mut self, name: &str) -> Self {
        self.defaults = self.defaults.collection(name);
        self
    }

    /// The variables in this scope and the scopes inside, in the order in which they were made; not the local ones.
    pub fn variables(&self) -> Variables {
        self.store.variables().in_scope(&self.path)
    }

    /// A variable of this name in this scope, about which more can be said before it is made or shared.
    pub fn variable<'a>(&'a self, name: &'a str) -> VariableRequest<'a> {
        VariableRequest::new(self, name)
    }

    /// The `f32` variable of this name in this scope: made, or shared where the scope reuses.
    ///
    /// # Errors
    ///
    /// It exists or does not, contrary to the scope's rule; it has another shape or element type; the name cannot be
    /// one; the initializer cannot make such a value.
    #[track_caller]
    pub fn get_variable<S: IntoDimension<Dim: 'static>>(
        &self,
        name: &str,
        shape: S,
        initializer: &dyn Initializer,
    ) -> Result<Variable<f32, S::Dim>> {
        self.get_variable_of(name, shape, initializer)
    }

    /// As [`Scope::get_variable`], of any element type.
    ///
    /// # Errors
    ///
    /// As for [`Scope::get_variable`].
    #[track_caller]
    pub fn get_variable_of<T: Element, S: IntoDimension<Dim: 'static>>(
        &self,
        name: &str,
        shape: S,
        initializer: &dyn Initializer,
    ) -> Result<Variable<T, S::Dim>> {
        let shape = shape.into_dimension();
        self.variable(name).shape(shape.slice()).start(initializer).get()
    }
}

fn with_slash(name_scope: &str) -> String {
    if name_scope.is_empty() { String::new() } else { format!("{name_scope}/") }
}
