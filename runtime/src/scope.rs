//! Scopes at run time: where in a store variables are made, and whether existing ones are shared.

use ndarray::{Dimension, IntoDimension};

use crate::draft::Draft;
use crate::element::Element;
use crate::error::{Error, Result};
use crate::init::Initializer;
use crate::names;
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
#[derive(Debug)]
pub struct Scope {
    store: VariableStore,
    path: String,
    reuse: Reuse,
    /// A name on the way here that no scope can have.
    pub(crate) problem: Option<Error>,
}

impl Scope {
    pub(crate) fn root(store: VariableStore) -> Self {
        Self { store, path: String::new(), reuse: Reuse::No, problem: None }
    }

    /// The store.
    pub fn store(&self) -> &VariableStore {
        &self.store
    }

    /// The scope's full name; empty for the root.
    pub fn name(&self) -> &str {
        &self.path
    }

    /// The scope of this name inside. It reuses if this one does.
    ///
    /// A name that no scope can have is reported where a variable is made in it.
    pub fn enter(&self, name: &str) -> Self {
        let problem =
            names::problem(name, self.path.is_empty()).map(|reason| Error::BadName { name: name.to_string(), reason });
        Self {
            store: self.store.share(),
            path: self.full_name(name),
            reuse: self.reuse,
            problem: self.problem.clone().or(problem),
        }
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

    /// Whether variables in it are made or shared.
    pub(crate) fn rule(&self) -> Reuse {
        self.reuse
    }

    fn full_name(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_string() } else { format!("{}/{name}", self.path) }
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
        let mut draft = Draft::new(self)?;
        if let Some(reason) = names::problem(name, self.path.is_empty()) {
            return Err(Error::BadName { name: name.to_string(), reason });
        }
        let shape = shape.into_dimension();
        let variable = draft.get(name, shape.slice(), initializer, T::DTYPE.is_float())?;
        draft.commit()?;
        Ok(variable)
    }
}
