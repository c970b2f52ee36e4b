//! A variable that is asked for by name, without a model.

use std::sync::Arc;

use ndarray::{ArrayBase, Data, Dimension, Ix0, Ix1, Ix2, Ix3, Ix4, Ix5, Ix6, IxDyn};

use crate::constraint::Constraint;
use crate::defaults::Defaults;
use crate::draft::Draft;
use crate::element::{DType, Element, with_element};
use crate::error::{Error, Result};
use crate::init::{self, Elements, Initializer};
use crate::model::VariableInfo;
use crate::names;
use crate::op_names::join;
use crate::partition::{PartitionError, Partitioner};
use crate::regularizer::Regularizer;
use crate::scope::{Reuse, Scope};
use crate::store::{About, Entry, Kind};
use crate::variable::{AnyVariable, Variable};

/// A variable that is asked for, and what is said about it; [`VariableRequest::get`] makes or shares it.
///
/// What is not said comes from the scope. What is said about a variable that is shared must be true of it; what only
/// counts where one is made, such as an initializer, must not be said.
///
/// ```
/// use varscope::prelude::*;
/// use varscope::init::zeros;
/// use ndarray::{Ix2, arr1};
///
/// let store = VariableStore::new(0);
/// let scope = store.scope("a");
/// let w = scope.variable("w").shape(&[2, 3]).initializer(zeros()).collection("ema").get::<f32, Ix2>()?;
/// let b = scope.variable("b").value(&arr1(&[0.5, 1.5])).get_any()?;
/// let steps = scope.variable("steps").shape(&[]).dtype(varscope::op::DType::I64).local().get_any()?;
/// assert_eq!((b.shape(), steps.trainable()), (&[2][..], false));
/// assert_eq!((store.variables().len(), store.collection("ema").len()), (2, 1));
///
/// let scope = scope.reuse();
/// assert!(scope.variable("w").get::<f32, Ix2>()?.is_same(&w));
/// let error = scope.variable("w").initializer(zeros()).get_any().unwrap_err();
/// assert!(error.to_string().starts_with("variable `a/w` is shared, and its initializer is that of where it was made"));
/// # Ok::<(), varscope::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a variable is made or shared by `get` or `get_any`"]
pub struct VariableRequest<'a> {
    scope: &'a Scope,
    name: &'a str,
    shape: Option<Vec<usize>>,
    dtype: Option<DType>,
    start: Option<Start<'a>>,
    trainable: Option<bool>,
    /// Whether a constraint is said here.
    is_constrained: bool,
    kind: Kind,
    /// What the scope gives, and what is said here instead.
    defaults: Defaults,
    /// What is said that only counts where the variable is made.
    given: Option<&'static str>,
}

/// What the variable starts as.
enum Start<'a> {
    /// Drawn by what `get_variable` is called with, which it cannot leave out.
    Borrowed(&'a dyn Initializer),
    Drawn(Arc<dyn Initializer + Send + Sync>),
    Value {
        dtype: DType,
        shape: Vec<usize>,
        elements: Elements,
    },
}

impl std::fmt::Debug for Start<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Borrowed(_) | Self::Drawn(_) => "Drawn",
            Self::Value { .. } => "Value",
        })
    }
}

/// What becomes of a request.
enum Found {
    Shared(Entry),
    New(New),
}

struct New {
    full: String,
    dtype: DType,
    shape: Vec<usize>,
    trainable: bool,
    about: About,
}

impl<'a> VariableRequest<'a> {
    pub(crate) fn new(scope: &'a Scope, name: &'a str) -> Self {
        let defaults = scope.defaults().clone();
        Self {
            scope,
            name,
            shape: None,
            dtype: None,
            start: None,
            trainable: None,
            is_constrained: false,
            kind: Kind::Global,
            defaults,
            given: None,
        }
    }

    /// Its sizes. A variable that is shared knows them.
    pub fn shape(mut self, shape: &[usize]) -> Self {
        self.shape = Some(shape.to_vec());
        self
    }

    /// Its element type; the scope's if it is not given, or `f32`.
    pub fn dtype(mut self, dtype: DType) -> Self {
        self.dtype = Some(dtype);
        self
    }

    /// How it starts.
    pub fn initializer(mut self, initializer: impl Initializer + Send + Sync + 'static) -> Self {
        self.start = Some(Start::Drawn(Arc::new(initializer)));
        self.made_with("initializer")
    }

    /// How it starts, if it does.
    pub(crate) fn start(mut self, initializer: &'a dyn Initializer) -> Self {
        self.start = Some(Start::Borrowed(initializer));
        self
    }

    /// What it starts as. Its shape and element type are those of the array.
    pub fn value<T: Element, S: Data<Elem = T>, D: Dimension>(mut self, value: &ArrayBase<S, D>) -> Self {
        let elements = init::elements(value.iter().map(|&element| element.as_f64()));
        self.start = Some(Start::Value { dtype: T::DTYPE, shape: value.shape().to_vec(), elements });
        self.made_with("value")
    }

    /// Whether gradients are computed for it; if it is not said, they are for a float.
    pub fn trainable(mut self, trainable: bool) -> Self {
        self.trainable = Some(trainable);
        self.made_with("`trainable`")
    }

    /// What holds for it after each update by any optimizer.
    pub fn constraint(mut self, constraint: impl Constraint + 'static) -> Self {
        self.defaults = self.defaults.constraint(constraint);
        self.is_constrained = true;
        self.made_with("constraint")
    }

    /// No constraint, whatever the scope has.
    pub fn no_constraint(mut self) -> Self {
        self.defaults = self.defaults.no_constraint();
        self.is_constrained = false;
        self
    }

    /// Its regularizer.
    pub fn regularizer(mut self, regularizer: impl Regularizer + 'static) -> Self {
        self.defaults = self.defaults.regularizer(regularizer);
        self.made_with("regularizer")
    }

    /// No regularizer, whatever the scope has.
    pub fn no_regularizer(mut self) -> Self {
        self.defaults = self.defaults.no_regularizer();
        self
    }

    /// Divides it into parts.
    pub fn partitioner(mut self, partitioner: Partitioner) -> Self {
        self.defaults = self.defaults.partitioner(partitioner);
        self
    }

    /// In one piece, whatever the scope has.
    pub fn no_partitioner(mut self) -> Self {
        self.defaults = self.defaults.no_partitioner();
        self
    }

    /// Puts it into a collection, besides those that it is in anyway.
    pub fn collection(mut self, name: &str) -> Self {
        self.defaults = self.defaults.collection(name);
        self.made_with("collection")
    }

    /// A local variable: one that belongs to a run, as a counter does, is not trainable and not among
    /// [`VariableStore::variables`](crate::VariableStore::variables).
    pub fn local(mut self) -> Self {
        self.kind = Kind::Local;
        self
    }

    /// A variable that is always new, with a suffix where its name is taken, and that is never shared by name.
    pub fn unique(mut self) -> Self {
        self.kind = Kind::Unique;
        self
    }

    fn made_with(mut self, what: &'static str) -> Self {
        self.given.get_or_insert(what);
        self
    }

    /// Makes the variable, or shares it where the scope says so.
    ///
    /// # Errors
    ///
    /// What contradicts the scope's rule, the variable that is there, or itself.
    #[track_caller]
    pub fn get<T: Element, D: Dimension + 'static>(mut self) -> Result<Variable<T, D>> {
        if let Some(dtype) = self.dtype.filter(|&dtype| dtype != T::DTYPE) {
            let variable = self.full_name();
            return Err(Error::DTypeMismatch { variable, expected: T::DTYPE, found: dtype });
        }
        self.dtype = Some(T::DTYPE);
        let mut draft = Draft::new(self.scope)?;
        let variable = match self.find()? {
            Found::Shared(entry) => {
                draft.share(Arc::clone(&entry.variable));
                Variable::of(entry.variable).ok_or_else(|| Error::Shape {
                    message: format!("variable `{}` was made with another `ndarray` dimension type", self.full_name()),
                })?
            }
            Found::New(new) => self.make(&mut draft, new)?,
        };
        draft.commit()?;
        Ok(variable)
    }

    /// As [`VariableRequest::get`], where the element type or the number of axes is not known to the program.
    ///
    /// # Errors
    ///
    /// As for [`VariableRequest::get`].
    #[track_caller]
    pub fn get_any(self) -> Result<VariableInfo> {
        let mut draft = Draft::new(self.scope)?;
        let info = match self.find()? {
            Found::Shared(entry) => {
                draft.share(Arc::clone(&entry.variable));
                entry.info()
            }
            Found::New(new) => VariableInfo::new(self.make_any(&mut draft, new)?, 1),
        };
        draft.commit()?;
        Ok(info)
    }

    fn full_name(&self) -> String {
        join(self.scope.name(), self.name)
    }

    /// The shape asked for: its own, or that of its value.
    fn asked_shape(&self) -> Option<&[usize]> {
        match (&self.shape, &self.start) {
            (None, Some(Start::Value { shape, .. })) => Some(shape),
            (shape, _) => shape.as_deref(),
        }
    }

    fn asked_dtype(&self) -> DType {
        self.dtype.or(self.defaults.dtype).unwrap_or(DType::F32)
    }

    /// Finds the variable, or what it is to be. The order of the checks is TensorFlow's.
    fn find(&self) -> Result<Found> {
        if let Some(reason) = names::problem(self.name, self.scope.name().is_empty()) {
            return Err(Error::BadName { name: self.name.to_string(), reason });
        }
        let full = self.full_name();
        if let (Some(expected), Some(Start::Value { dtype: found, .. })) = (self.dtype, &self.start)
            && expected != *found
        {
            return Err(Error::ValueDType { variable: full, expected, found: *found });
        }
        if self.kind == Kind::Unique {
            return self.find_unique(full);
        }
        let existing = self.scope.store().lock().shareable(&full).cloned();
        let parts = if self.is_divided() { Some(self.parts(&full, existing.as_ref())?) } else { None };
        if parts.is_none() {
            self.check_whole(&full, existing.as_ref())?;
        }
        match (existing, self.scope.rule()) {
            (Some(entry), Reuse::No) => Err(Error::AlreadyExists { variable: full, first: entry.first }),
            (Some(entry), rule) => self.shared(full, entry, parts, rule),
            (None, Reuse::Yes) => {
                let nearest = self.scope.store().lock().nearest(&full);
                Err(Error::DoesNotExist { variable: full, nearest })
            }
            (None, _) => self.new_variable(full),
        }
    }

    /// Whether the variable is to be in parts.
    fn is_divided(&self) -> bool {
        self.defaults.has_partitioner() && self.shape.as_ref().is_none_or(|shape| !shape.is_empty())
    }

    /// The number of parts along each axis of a variable in parts.
    fn parts(&self, full: &str, existing: Option<&Entry>) -> Result<Vec<usize>> {
        let variable = || full.to_string();
        let wrong = |problem| Error::Partition { variable: variable(), problem };
        if existing.is_some_and(|entry| entry.about().partition.is_none()) {
            return Err(wrong(PartitionError::Whole));
        }
        if let (Some(asked), Some(Start::Value { shape, .. })) = (&self.shape, &self.start)
            && asked != shape
        {
            let reason = format!("its shape is to be {asked:?}, and its value has the shape {shape:?}");
            return Err(Error::Initializer { variable: variable(), reason });
        }
        let shape = self.asked_shape().ok_or_else(|| Error::ShapeMissing { variable: variable() })?;
        let Some(partitioner) = self.defaults.given_partitioner() else { return Ok(Vec::new()) };
        partitioner.parts(shape, self.asked_dtype()).map_err(wrong)
    }

    /// What a variable in one piece must not be.
    fn check_whole(&self, full: &str, existing: Option<&Entry>) -> Result<()> {
        let is_divided = existing.is_some_and(|entry| entry.about().partition.is_some());
        let takes_parts = self.scope.rule() == Reuse::Yes && !self.defaults.has_partitioner();
        if is_divided && !takes_parts {
            return Err(Error::Partition { variable: full.to_string(), problem: PartitionError::Divided });
        }
        if self.shape.is_some() && matches!(self.start, Some(Start::Value { .. })) {
            return Err(Error::ShapeAndValue { variable: full.to_string() });
        }
        Ok(())
    }

    /// An existing variable, if what is said is true of it.
    fn shared(&self, variable: String, entry: Entry, parts: Option<Vec<usize>>, rule: Reuse) -> Result<Found> {
        let (shape, dtype) = (entry.variable.shape(), entry.variable.dtype());
        if let Some(expected) = self.shape.as_ref().filter(|asked| asked[..] != *shape) {
            return Err(Error::ShapeMismatch { variable, expected: expected.clone(), found: shape.to_vec() });
        }
        if self.asked_dtype() != dtype {
            return Err(Error::DTypeMismatch { variable, expected: self.asked_dtype(), found: dtype });
        }
        let found = entry.about().partition.as_ref().map(|partition| &partition.parts);
        if let (Some(expected), Some(found)) = (parts, found)
            && expected != *found
        {
            let problem = PartitionError::Differs { expected, found: found.clone() };
            return Err(Error::Partition { variable, problem });
        }
        match self.given {
            // Where a scope makes what is missing, it is no mistake to say how.
            Some(what) if rule == Reuse::Yes => Err(Error::GivenWhereShared { variable, what, first: entry.first }),
            _ => Ok(Found::Shared(entry)),
        }
    }

    fn find_unique(&self, full: String) -> Result<Found> {
        if self.scope.reuses() {
            return Err(Error::UniqueReused { name: full });
        }
        if self.is_divided() {
            self.parts(&full, None)?;
        } else {
            self.check_whole(&full, None)?;
        }
        let free = self.scope.store().lock().free_name(&full);
        self.new_variable(free)
    }

    fn new_variable(&self, full: String) -> Result<Found> {
        let dtype = match &self.start {
            Some(Start::Value { dtype, .. }) => *dtype,
            _ => self.asked_dtype(),
        };
        let shape = self.asked_shape().ok_or_else(|| Error::ShapeMissing { variable: full.clone() })?.to_vec();
        let for_floats = [
            (self.defaults.has_regularizer(), "a regularizer"),
            (self.is_constrained, "a constraint"),
            (self.trainable == Some(true), "gradients, as `trainable` says"),
        ];
        if let Some((_, what)) = for_floats.iter().find(|(given, _)| *given && !dtype.is_float()) {
            return Err(Error::NotFloat { variable: full, what, dtype });
        }
        let mut about = self.defaults.about(&full, dtype, &shape)?;
        about.kind = self.kind;
        let trainable = match self.kind {
            Kind::Local => false,
            _ => dtype.is_float() && self.trainable.or(self.defaults.given_trainable()).unwrap_or(true),
        };
        Ok(Found::New(New { full, dtype, shape, trainable, about }))
    }

    fn make<T: Element, D: Dimension + 'static>(&self, draft: &mut Draft, new: New) -> Result<Variable<T, D>> {
        let initializer: &dyn Initializer = match &self.start {
            Some(Start::Borrowed(initializer)) => *initializer,
            Some(Start::Drawn(initializer)) => &**initializer,
            Some(Start::Value { elements, .. }) => elements,
            None => match self.defaults.given_initializer() {
                Some(initializer) => &**initializer,
                None => init::default_for(T::DTYPE),
            },
        };
        draft.make(new.full, &new.shape, initializer, new.trainable, new.about)
    }

    fn make_any(&self, draft: &mut Draft, new: New) -> Result<Arc<dyn AnyVariable>> {
        with_element!(new.dtype, T => Ok(match new.shape.len() {
            0 => self.make::<T, Ix0>(draft, new)?.erase(),
            1 => self.make::<T, Ix1>(draft, new)?.erase(),
            2 => self.make::<T, Ix2>(draft, new)?.erase(),
            3 => self.make::<T, Ix3>(draft, new)?.erase(),
            4 => self.make::<T, Ix4>(draft, new)?.erase(),
            5 => self.make::<T, Ix5>(draft, new)?.erase(),
            6 => self.make::<T, Ix6>(draft, new)?.erase(),
            _ => self.make::<T, IxDyn>(draft, new)?.erase(),
        }))
    }
}
