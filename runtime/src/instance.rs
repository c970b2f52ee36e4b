//! Making, sharing and copying instances of models: what the code that `model!` emits calls.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::draft::Draft;
use crate::element::DType;
use crate::error::Result;
use crate::members::{Construction, Made, Members};
use crate::model::Variables;
use crate::record::{Recorder, Value};
use crate::regularizer::loss::record_loss;
use crate::run::Runs;
use crate::scope::Scope;
use crate::shape::ShapeError;
use crate::store::VariableStore;

/// What an instance knows besides its variables.
pub struct Instance<H> {
    store: VariableStore,
    members: Arc<Members>,
    /// Which of the instances among the members it is.
    number: usize,
    /// The hyper-parameters.
    pub hyperparameters: H,
    /// The plans of its `fn`s.
    pub runs: Runs,
}

impl<H: Copy + Any> Instance<H> {
    pub(crate) fn new(store: VariableStore, members: Arc<Members>, number: usize, hyperparameters: H) -> Self {
        Self { store, members, number, hyperparameters, runs: Runs::default() }
    }

    fn made(&self) -> &Made {
        &self.members.instances[self.number]
    }

    /// The size of the `n`-th name that the inputs of its `forward` bind; 0 where only a run knows it.
    pub fn size(&self, n: usize) -> usize {
        self.made().sizes.get(n).copied().unwrap_or(0)
    }

    /// The seed of the store.
    pub fn seed(&self) -> u64 {
        self.store.seed()
    }

    /// The variables, in the order of their declarations.
    pub fn variables(&self) -> Variables {
        Variables::new(&self.made().path, &self.members.variables[self.made().variables.clone()])
    }

    /// Records the sum of the penalties of its variables, in its element type. For the reverse pass it is one node.
    ///
    /// # Errors
    ///
    /// [`Error::Defect`](crate::Error::Defect) where one is of another type than its regularizer takes.
    pub fn regularization_loss(&self, recorder: &mut Recorder, name: &'static str, element: DType) -> Result<Value> {
        recorder.enter_turns("");
        let loss = record_loss(recorder, name, element, &self.members.variables[self.made().variables.clone()]);
        recorder.leave();
        loss
    }

    /// Another handle on the same variables.
    ///
    /// # Errors
    ///
    /// [`Error::Defect`](crate::Error::Defect) where `construct` asks for what is not there.
    pub fn share<M>(&self, construct: impl FnOnce(&mut Construction<'_>) -> Result<M>) -> Result<M> {
        Construction::new(&self.members, &self.store, &self.made().path).run(construct)
    }

    /// A copy, with variables of its own in a scope.
    ///
    /// # Errors
    ///
    /// A name in that scope is taken.
    #[track_caller]
    pub fn copy_into<M>(&self, scope: &Scope, construct: impl FnOnce(&mut Construction<'_>) -> Result<M>) -> Result<M> {
        let mut draft = Draft::new(scope)?;
        let (made, from) = (self.made(), self.variables());
        let inside = |path: &str| path.strip_prefix(&made.path).unwrap_or(path).trim_start_matches('/').to_string();
        for member in &self.members.variables[made.variables.clone()] {
            draft.copy(&inside(member.variable.name()), member)?;
        }
        let is_inside = |other: &Made| {
            other
                .path
                .strip_prefix(&made.path)
                .is_some_and(|rest| rest.is_empty() || made.path.is_empty() || rest.starts_with('/'))
        };
        for other in self.members.instances.iter().filter(|other| is_inside(other)) {
            draft.copy_made(&inside(&other.path), other, made.variables.start);
        }
        let members = Arc::new(draft.commit()?);
        Variables::new("", &members.variables).assign_from(&from)?;
        Construction::new(&members, scope.store(), scope.name()).run(construct)
    }
}

impl<H> fmt::Debug for Instance<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Instance({:?})", self.members.instances[self.number].path)
    }
}

/// The hyper-parameters of a model that has none.
#[derive(Clone, Copy, Debug)]
pub struct NoHyperparameters;

impl NoHyperparameters {
    /// None is missing.
    pub const fn __missing(&self) -> Option<ShapeError> {
        None
    }

    /// No values.
    ///
    /// # Errors
    ///
    /// None; as other hyper-parameters have some.
    pub fn __values(&self) -> Result<()> {
        Ok(())
    }
}

/// Makes an instance in a scope: all of its variables, or none if one of them cannot be made. `make` makes the
/// variables, and `construct` the structs of them.
///
/// # Errors
///
/// Those of `make`.
#[track_caller]
pub fn instantiate<M>(
    scope: &Scope,
    make: impl FnOnce(&mut Draft) -> Result<()>,
    construct: impl FnOnce(&mut Construction<'_>) -> Result<M>,
) -> Result<M> {
    let mut draft = Draft::new(scope)?;
    make(&mut draft)?;
    let members = Arc::new(draft.commit()?);
    Construction::new(&members, scope.store(), scope.name()).run(construct)
}
