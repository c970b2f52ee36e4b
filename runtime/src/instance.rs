//! Making, sharing and copying instances of models: what the code that `model!` emits calls.

use std::fmt;
use std::sync::Arc;

use ndarray::Dimension;

use crate::element::Element;
use crate::error::{Error, Result};
use crate::run::Runs;
use crate::scope::{Draft, Scope};
use crate::shape::{Dim, ShapeError};
use crate::store::VariableStore;
use crate::variable::{AnyVariable, Variable};

/// What an instance knows besides its variables.
pub struct Instance<H> {
    store: VariableStore,
    path: String,
    /// The sizes of the names that the inputs of its `forward` bind; 0 where only a run knows them.
    sizes: Vec<usize>,
    /// The hyper-parameters.
    pub hyperparameters: H,
    /// The plans of its `fn`s.
    pub runs: Runs,
}

impl<H: Copy> Instance<H> {
    /// An instance in the scope that the draft is at.
    pub fn new(draft: &Draft, hyperparameters: H, sizes: &[Dim]) -> Self {
        let (store, path) = (draft.store().share(), draft.path().to_string());
        let sizes = sizes.iter().map(|dim| dim.size().unwrap_or(0)).collect();
        Self { store, path, sizes, hyperparameters, runs: Runs::default() }
    }

    /// Another handle on the same instance.
    #[must_use]
    pub fn share(&self) -> Self {
        self.at(self.store.share(), self.path.clone())
    }

    fn at(&self, store: VariableStore, path: String) -> Self {
        let (sizes, hyperparameters) = (self.sizes.clone(), self.hyperparameters);
        Self { store, path, sizes, hyperparameters, runs: Runs::default() }
    }

    /// The size of the `n`-th name that the inputs of its `forward` bind.
    pub fn size(&self, n: usize) -> usize {
        self.sizes.get(n).copied().unwrap_or(0)
    }

    /// The seed of the store.
    pub fn seed(&self) -> u64 {
        self.store.seed()
    }

    /// The name of the scope that the variables are in.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl<H> fmt::Debug for Instance<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Instance({:?})", self.path)
    }
}

/// Goes over the variables of a model in the order of their declarations.
pub trait Visitor {
    /// A variable that the model declares in so many places.
    fn visit(&mut self, variable: Arc<dyn AnyVariable>, places: usize);
}

impl dyn Visitor + '_ {
    /// A variable that the model declares in so many places.
    pub fn variable<T: Element, D: Dimension + 'static>(&mut self, variable: &Variable<T, D>, places: usize) {
        self.visit(variable.erase(), places);
    }
}

/// Makes another instance of a model, variable by variable.
pub enum Copier<'a> {
    /// With handles on the same variables.
    Share,
    /// With copies, made in a draft.
    Copy {
        /// Where the copies are made.
        draft: &'a mut Draft,
        /// The name of the scope whose variables are copied.
        from: &'a str,
    },
}

impl Copier<'_> {
    /// The variable of the other instance.
    ///
    /// # Errors
    ///
    /// A copy's name is taken.
    pub fn variable<T: Element, D: Dimension + 'static>(&mut self, variable: &Variable<T, D>) -> Result<Variable<T, D>> {
        match self {
            Self::Share => Ok(variable.share()),
            Self::Copy { draft, from } => {
                let name = variable.name().strip_prefix(*from).unwrap_or(variable.name()).trim_start_matches('/');
                draft.copy(name, variable)
            }
        }
    }

    /// The instance of the other model.
    pub fn instance<H: Copy>(&self, instance: &Instance<H>) -> Instance<H> {
        match self {
            Self::Share => instance.share(),
            Self::Copy { draft, from } => {
                let inside = instance.path.strip_prefix(*from).unwrap_or(&instance.path).trim_start_matches('/');
                let path = [draft.path(), inside].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
                instance.at(draft.store().share(), path.join("/"))
            }
        }
    }
}

/// The hyper-parameters of a model that has none.
#[derive(Clone, Copy, Debug)]
pub struct NoHyperparameters;

impl NoHyperparameters {
    /// None is missing.
    pub const fn missing(&self) -> Option<ShapeError> {
        None
    }

    /// No values.
    ///
    /// # Errors
    ///
    /// None; as other hyper-parameters have some.
    pub fn values(&self) -> Result<()> {
        Ok(())
    }
}

/// Makes an instance in a scope: all of its variables, or none if one of them cannot be made.
///
/// # Errors
///
/// Those of `make`.
#[track_caller]
pub fn instantiate<M>(scope: &Scope, make: impl FnOnce(&mut Draft) -> Result<M>) -> Result<M> {
    let mut draft = Draft::new(scope)?;
    let model = make(&mut draft)?;
    draft.commit()?;
    Ok(model)
}

/// Copies an instance, whose variables are under `from`, into a scope.
///
/// # Errors
///
/// A name in that scope is taken.
#[track_caller]
pub fn copy_into<M>(scope: &Scope, from: &str, copy: impl FnOnce(&mut Copier<'_>) -> Result<M>) -> Result<M> {
    instantiate(scope, |draft| copy(&mut Copier::Copy { draft, from }))
}

/// The sizes of a variable's shape, all of which must be known.
///
/// # Errors
///
/// [`Error::Shape`] where one is not.
pub fn known_sizes(dims: &[Dim], name: &str) -> Result<Vec<usize>> {
    let size = |dim: &Dim| dim.size().ok_or_else(|| Error::Shape { message: format!("the shape of `{name}` is not known") });
    dims.iter().map(size).collect()
}

/// An array of what each element of another becomes.
///
/// # Errors
///
/// The first of `map`.
pub fn try_map<T, U, const N: usize>(array: &[T; N], map: impl FnMut(&T) -> Result<U>) -> Result<[U; N]> {
    let list: Vec<U> = array.iter().map(map).collect::<Result<_>>()?;
    list.try_into().map_err(|_| Error::defect("an array has changed its length"))
}
