//! What scopes give the variables inside.

use std::fmt;
use std::sync::Arc;

use crate::constraint::{AnyConstraint, Constraint};
use crate::element::DType;
use crate::error::{Error, Result};
use crate::init::Initializer;
use crate::partition::{Partition, Partitioner};
use crate::regularizer::{AnyRegularizer, Regularizer};
use crate::store::About;

/// What a scope gives the variables inside that say nothing else.
#[derive(Clone, Default)]
pub struct Defaults {
    /// `Some(None)` is `initializer = none`.
    initializer: Option<Option<Arc<dyn Initializer + Send + Sync>>>,
    trainable: Option<bool>,
    /// `Some(None)` is `regularizer = none`.
    regularizer: Option<Option<Arc<dyn AnyRegularizer>>>,
    /// `Some(None)` is `constraint = none`.
    constraint: Option<Option<Arc<dyn AnyConstraint>>>,
    /// `Some(None)` is `partitioner = none`.
    partitioner: Option<Option<Partitioner>>,
    packed: Option<bool>,
    pub(crate) dtype: Option<DType>,
    /// Some that are none are `collections = none`.
    collections: Option<Vec<String>>,
}

impl Defaults {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The initializer of variables that name none.
    #[must_use]
    pub fn initializer(mut self, initializer: impl Initializer + Send + Sync + 'static) -> Self {
        self.initializer = Some(Some(Arc::new(initializer)));
        self
    }

    /// What scopes further outwards give is switched off.
    #[must_use]
    pub fn no_initializer(mut self) -> Self {
        self.initializer = Some(None);
        self
    }

    /// Whether variables that say nothing are trainable.
    #[must_use]
    pub fn trainable(mut self, trainable: bool) -> Self {
        self.trainable = Some(trainable);
        self
    }

    /// The regularizer of variables that name none.
    #[must_use]
    pub fn regularizer(mut self, regularizer: impl Regularizer + 'static) -> Self {
        self.regularizer = Some(Some(Arc::new(regularizer)));
        self
    }

    /// What scopes further outwards give is switched off.
    #[must_use]
    pub fn no_regularizer(mut self) -> Self {
        self.regularizer = Some(None);
        self
    }

    /// What holds for variables that name no constraint, after each update.
    #[must_use]
    pub fn constraint(mut self, constraint: impl Constraint + 'static) -> Self {
        self.constraint = Some(Some(Arc::new(constraint)));
        self
    }

    /// What scopes further outwards give is switched off.
    #[must_use]
    pub fn no_constraint(mut self) -> Self {
        self.constraint = Some(None);
        self
    }

    /// Into how many parts variables are divided.
    #[must_use]
    pub fn partitioner(mut self, partitioner: Partitioner) -> Self {
        self.partitioner = Some(Some(partitioner));
        self
    }

    /// What scopes further outwards give is switched off.
    #[must_use]
    pub fn no_partitioner(mut self) -> Self {
        self.partitioner = Some(None);
        self
    }

    /// Whether kernels keep packed copies of variables.
    #[must_use]
    pub fn packed(mut self, packed: bool) -> Self {
        self.packed = Some(packed);
        self
    }

    /// The element type of variables that name none.
    #[must_use]
    pub fn dtype(mut self, dtype: DType) -> Self {
        self.dtype = Some(dtype);
        self
    }

    /// A collection that variables are put into.
    #[must_use]
    pub fn collection(mut self, name: &str) -> Self {
        let collections = self.collections.get_or_insert_default();
        if !collections.iter().any(|collection| collection == name) {
            collections.push(name.to_string());
        }
        self
    }

    /// What scopes further outwards give is switched off.
    #[must_use]
    pub fn no_collections(mut self) -> Self {
        self.collections = Some(Vec::new());
        self
    }

    /// What a new variable gets, besides a start.
    pub(crate) fn about(&self, variable: &str, dtype: DType, shape: &[usize]) -> Result<About> {
        let wrong = |problem| Error::Partition { variable: variable.to_string(), problem };
        // As TensorFlow has it: scalars in a scope with a partitioner stay whole.
        let partitioner = self.given_partitioner().filter(|_| !shape.is_empty());
        let partition = partitioner
            .map(|partitioner| partitioner.parts(shape, dtype).and_then(|parts| Partition::new(parts, shape)))
            .transpose()
            .map_err(wrong)?;
        let regularizer = self.regularizer.clone().flatten().filter(|_| dtype.is_float());
        let constraint = self.constraint.clone().flatten().filter(|_| dtype.is_float());
        let collections = self.collections.clone().unwrap_or_default();
        let is_packed = self.packed.unwrap_or(false) && dtype.is_float();
        Ok(About { collections, partition, is_packed, regularizer, constraint, ..About::default() })
    }

    /// Whether there is an initializer.
    pub fn has_initializer(&self) -> bool {
        self.given_initializer().is_some()
    }

    /// Whether there is a regularizer.
    pub fn has_regularizer(&self) -> bool {
        matches!(self.regularizer, Some(Some(_)))
    }

    /// Whether there is a constraint.
    pub fn has_constraint(&self) -> bool {
        matches!(self.constraint, Some(Some(_)))
    }

    /// Whether there is a partitioner.
    pub fn has_partitioner(&self) -> bool {
        self.given_partitioner().is_some()
    }

    pub(crate) fn given_partitioner(&self) -> Option<Partitioner> {
        self.partitioner.flatten()
    }

    /// The element type, if there is one.
    pub fn element_type(&self) -> Option<DType> {
        self.dtype
    }

    pub(crate) fn given_initializer(&self) -> Option<&Arc<dyn Initializer + Send + Sync>> {
        self.initializer.as_ref()?.as_ref()
    }

    pub(crate) fn given_trainable(&self) -> Option<bool> {
        self.trainable
    }
}

impl fmt::Debug for Defaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let initializer = self.initializer.as_ref().map(Option::is_some);
        f.debug_struct("Defaults")
            .field("initializer", &initializer)
            .field("trainable", &self.trainable)
            .field("regularizer", &self.regularizer.as_ref().map(Option::is_some))
            .field("constraint", &self.constraint.as_ref().map(Option::is_some))
            .field("partitioner", &self.partitioner)
            .field("packed", &self.packed)
            .field("dtype", &self.dtype)
            .field("collections", &self.collections)
            .finish()
    }
}

/// The defaults of the layers that are being made, one inside of the other: what is further inside counts.
#[derive(Default, Debug)]
pub struct Nested {
    list: Vec<Defaults>,
}

impl Nested {
    /// Begins with what the scope gives in which a model is made.
    pub fn new(outermost: Defaults) -> Self {
        Self { list: vec![outermost] }
    }

    /// What the scopes around give a new variable, besides a start.
    pub(crate) fn about(&self, variable: &str, dtype: DType, shape: &[usize]) -> Result<About> {
        let inner_first = || self.list.iter().rev();
        let given = Defaults {
            regularizer: inner_first().find_map(|defaults| defaults.regularizer.clone()),
            constraint: inner_first().find_map(|defaults| defaults.constraint.clone()),
            collections: inner_first().find_map(|defaults| defaults.collections.clone()),
            partitioner: inner_first().find_map(|defaults| defaults.partitioner),
            packed: inner_first().find_map(|defaults| defaults.packed),
            ..Defaults::default()
        };
        given.about(variable, dtype, shape)
    }

    /// Begins a layer.
    pub fn enter(&mut self, defaults: Defaults) {
        self.list.push(defaults);
    }

    /// Ends the layer that was begun last.
    pub fn leave(&mut self) {
        self.list.pop();
    }

    /// The initializer of a variable that names none, if a scope gives one.
    pub fn initializer(&self) -> Option<Arc<dyn Initializer + Send + Sync>> {
        self.list.iter().rev().find_map(|defaults| defaults.initializer.clone())?
    }

    /// Whether a variable that says nothing is trainable, if a scope tells.
    pub fn trainable(&self) -> Option<bool> {
        self.list.iter().rev().find_map(|defaults| defaults.trainable)
    }
}
