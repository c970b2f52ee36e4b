//! What scopes give the variables inside.

use std::fmt;
use std::sync::Arc;

use crate::element::DType;
use crate::error::{Error, Result};
use crate::init::Initializer;
use crate::partition::{Partition, Partitioner};
use crate::regularizer::Regularizer;
use crate::store::About;

/// What a scope gives the variables inside that say nothing else.
#[derive(Clone, Default)]
pub struct Defaults {
    /// `Some(None)` is `initializer = none`.
    initializer: Option<Option<Arc<dyn Initializer + Send + Sync>>>,
    trainable: Option<bool>,
    pub(crate) regularizer: Option<Arc<dyn Regularizer>>,
    pub(crate) partitioner: Option<Partitioner>,
    pub(crate) dtype: Option<DType>,
    pub(crate) collections: Vec<String>,
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
        self.regularizer = Some(Arc::new(regularizer));
        self
    }

    /// What scopes further outwards give is switched off.
    #[must_use]
    pub fn no_regularizer(mut self) -> Self {
        self.regularizer = None;
        self
    }

    /// Into how many parts variables are divided.
    #[must_use]
    pub fn partitioner(mut self, partitioner: Partitioner) -> Self {
        self.partitioner = Some(partitioner);
        self
    }

    /// What scopes further outwards give is switched off.
    #[must_use]
    pub fn no_partitioner(mut self) -> Self {
        self.partitioner = None;
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
        if !self.collections.iter().any(|collection| collection == name) {
            self.collections.push(name.to_string());
        }
        self
    }

    /// What a new variable gets, besides a start.
    pub(crate) fn about(&self, variable: &str, dtype: DType, shape: &[usize]) -> Result<About> {
        let wrong = |problem| Error::Partition { variable: variable.to_string(), problem };
        // As TensorFlow has it: scalars in a scope with a partitioner stay whole.
        let partitioner = self.partitioner.as_ref().filter(|_| !shape.is_empty());
        let partition = partitioner
            .map(|partitioner| partitioner.parts(shape, dtype).and_then(|parts| Partition::new(parts, shape)))
            .transpose()
            .map_err(wrong)?;
        let regularizer = self.regularizer.clone().filter(|_| dtype.is_float());
        Ok(About { collections: self.collections.clone(), partition, regularizer, ..About::default() })
    }

    /// Whether there is an initializer.
    pub fn has_initializer(&self) -> bool {
        self.given_initializer().is_some()
    }

    /// Whether there is a regularizer.
    pub fn has_regularizer(&self) -> bool {
        self.regularizer.is_some()
    }

    /// Whether there is a partitioner.
    pub fn has_partitioner(&self) -> bool {
        self.partitioner.is_some()
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
            .field("regularizer", &self.regularizer)
            .field("partitioner", &self.partitioner)
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

    /// What the scope in which a model is made gives a new variable, besides a start.
    pub(crate) fn about(&self, variable: &str, dtype: DType, shape: &[usize]) -> Result<About> {
        self.list.first().map_or_else(|| Ok(About::default()), |outermost| outermost.about(variable, dtype, shape))
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
