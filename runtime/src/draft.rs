//! Variables that are being made together: either all of them get into the store, or none.

use std::any::Any;
use std::collections::HashMap;
use std::panic::Location;
use std::sync::Arc;

use ndarray::{Array, Dimension};

use crate::defaults::{Defaults, Nested};
use crate::element::Element;
use crate::error::{Error, Result};
use crate::init::{self, Initializer};
use crate::members::{Made, Member, Members};
use crate::names;
use crate::random::Random;
use crate::scope::{Reuse, Scope};
use crate::shape::{Dim, Shape};
use crate::store::{About, Entry, VariableStore};
use crate::variable::{AnyVariable, Variable};

/// Variables that are being made.
#[derive(Debug)]
pub struct Draft {
    store: VariableStore,
    path: String,
    reuse: Reuse,
    new: Vec<Entry>,
    /// The variables that are shared, once for each time they were found.
    found: Vec<Arc<dyn AnyVariable>>,
    /// Where in `new` a name is.
    numbers: HashMap<String, usize>,
    caller: &'static Location<'static>,
    members: Members,
    /// How many variables there were when each layer began that is being made.
    begins: Vec<usize>,
    /// What the scopes around these layers give their variables.
    defaults: Nested,
    /// The first thing that went wrong.
    error: Option<Error>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} made at {}", self.variable, self.first)
    }
}

impl Draft {
    /// Begins to make variables in a scope; the caller is where they are said to be made.
    ///
    /// # Errors
    ///
    /// [`Error::BadName`] where the scope has a name that no scope can have.
    #[track_caller]
    pub fn new(scope: &Scope) -> Result<Self> {
        if let Some(problem) = &scope.problem {
            return Err(problem.clone());
        }
        Ok(Self {
            store: scope.store().share(),
            path: scope.name().to_string(),
            reuse: scope.rule(),
            new: Vec::new(),
            found: Vec::new(),
            numbers: HashMap::new(),
            caller: Location::caller(),
            members: Members::default(),
            begins: vec![0],
            defaults: Nested::new(scope.defaults().clone()),
            error: None,
        })
    }

    /// The store that the variables go to.
    pub fn store(&self) -> &VariableStore {
        &self.store
    }

    /// The name of the scope that is being filled.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Makes a layer, whose scope has this name; its variables take what they do not say from `defaults`.
    ///
    /// # Errors
    ///
    /// Those of `inside`.
    pub fn layer(
        &mut self,
        name: &str,
        defaults: Defaults,
        inside: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let outer = self.path.len();
        self.path = self.full_name(name);
        self.begins.push(self.members.variables.len());
        self.defaults.enter(defaults);
        let result = inside(self);
        self.defaults.leave();
        self.begins.pop();
        self.path.truncate(outer);
        result
    }

    /// Makes variables that take what they do not say from `defaults`.
    pub fn giving(&mut self, defaults: Defaults, inside: impl FnOnce(&mut Self)) {
        self.defaults.enter(defaults);
        inside(self);
        self.defaults.leave();
    }

    /// A variable of the model that is being made. What goes wrong is kept until [`Draft::finish`]: the code that
    /// `model!` emits need not stop at each variable.
    #[inline(never)]
    pub fn variable<T: Element, D: Dimension + 'static>(
        &mut self,
        name: &str,
        shape: Shape,
        initializer: Option<&dyn Initializer>,
        trainable: Option<bool>,
        places: usize,
    ) {
        if self.error.is_some() {
            return;
        }
        if !shape.is_known() {
            let message = format!(
                "the shape of `{name}` is not known before the model runs: as a layer, it takes it from its input"
            );
            self.error = Some(Error::Shape { message });
            return;
        }
        let given = self.defaults.initializer();
        let given = given.as_deref().map(|given| given as &dyn Initializer);
        let initializer = initializer.or(given).unwrap_or(init::default_for(T::DTYPE));
        let trainable = T::DTYPE.is_float() && trainable.or(self.defaults.trainable()).unwrap_or(true);
        match self.get::<T, D>(name, &shape.sizes(), initializer, trainable) {
            Ok(variable) => self.members.add(Member { variable: variable.erase(), places }),
            Err(error) => self.error = Some(error),
        }
    }

    /// Ends the model or layer that is being made.
    ///
    /// # Errors
    ///
    /// What went wrong with its variables.
    pub fn finish<H: Any + Send + Sync>(&mut self, hyperparameters: H, sizes: &[Dim]) -> Result<()> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let begin = self.begins.last().copied().unwrap_or_default();
        self.members.instances.push(Made {
            path: self.path.clone(),
            variables: begin..self.members.variables.len(),
            sizes: sizes.iter().map(|dim| dim.size().unwrap_or(0)).collect(),
            hyperparameters: Arc::new(hyperparameters),
        });
        Ok(())
    }

    /// The variable of this name, new or shared by the scope's rule. The name may have scopes in it.
    ///
    /// # Errors
    ///
    /// As for [`Scope::get_variable`].
    pub fn get<T: Element, D: Dimension + 'static>(
        &mut self,
        name: &str,
        shape: &[usize],
        initializer: &dyn Initializer,
        trainable: bool,
    ) -> Result<Variable<T, D>> {
        let full = self.full_name(name);
        match self.existing(&full)? {
            Some(existing) => {
                existing.check_like(T::DTYPE, shape)?;
                let handle = Variable::of(Arc::clone(&existing)).ok_or_else(|| Error::Shape {
                    message: format!("variable `{full}` was made with another `ndarray` dimension type"),
                })?;
                self.found.push(existing);
                Ok(handle)
            }
            None => {
                let about = self.defaults.about(&full, T::DTYPE, shape)?;
                self.make(full, shape, initializer, trainable, about)
            }
        }
    }

    /// Notes that an existing variable is shared.
    pub(crate) fn share(&mut self, existing: Arc<dyn AnyVariable>) {
        self.found.push(existing);
    }

    /// A variable with the name, and in the end the value, of another.
    ///
    /// # Errors
    ///
    /// As for [`Scope::get_variable`].
    pub fn copy(&mut self, name: &str, member: &Member) -> Result<()> {
        let full = self.full_name(name);
        let variable = match self.existing(&full)? {
            Some(existing) => {
                existing.check_like(member.variable.dtype(), member.variable.shape())?;
                self.found.push(Arc::clone(&existing));
                existing
            }
            None => {
                let variable = member.variable.copy(full.clone(), member.variable.about().clone());
                self.check_new(&full, variable.about())?;
                self.add(Arc::clone(&variable));
                variable
            }
        };
        self.members.add(Member { variable, places: member.places });
        Ok(())
    }

    /// Takes over a layer of another model, whose variables were copied from the `begin`-th on.
    pub fn copy_made(&mut self, name: &str, made: &Made, begin: usize) {
        let path = if name.is_empty() { self.path.clone() } else { self.full_name(name) };
        let variables = made.variables.start - begin..made.variables.end - begin;
        let (sizes, hyperparameters) = (made.sizes.clone(), Arc::clone(&made.hyperparameters));
        self.members.instances.push(Made { path, variables, sizes, hyperparameters });
    }

    /// The variable of this name that the scope's rule says to share; `None` where it says to make one.
    fn existing(&self, full: &str) -> Result<Option<Arc<dyn AnyVariable>>> {
        let existing = self.store.lock().shareable(full).cloned();
        match (existing, self.reuse) {
            (Some(entry), Reuse::No) => Err(Error::AlreadyExists { variable: full.to_string(), first: entry.first }),
            (Some(entry), Reuse::Yes | Reuse::Auto) => Ok(Some(entry.variable)),
            (None, Reuse::Yes) => {
                let nearest = self.store.lock().nearest(full);
                Err(Error::DoesNotExist { variable: full.to_string(), nearest })
            }
            (None, Reuse::No | Reuse::Auto) => match self.numbers.get(full) {
                Some(&number) if self.reuse == Reuse::Auto => Ok(Some(Arc::clone(&self.new[number].variable))),
                Some(_) => Err(Error::AlreadyExists { variable: full.to_string(), first: self.caller }),
                None => Ok(None),
            },
        }
    }

    fn check_new(&self, full: &str, about: &About) -> Result<()> {
        for (at, part) in full.split('/').enumerate() {
            if let Some(reason) = names::problem(part, at == 0) {
                return Err(Error::BadName { name: full.to_string(), reason });
            }
        }
        self.store.lock().check_new(full, about)
    }

    pub(crate) fn make<T: Element, D: Dimension + 'static>(
        &mut self,
        full: String,
        shape: &[usize],
        initializer: &dyn Initializer,
        trainable: bool,
        about: About,
    ) -> Result<Variable<T, D>> {
        self.check_new(&full, &about)?;
        if let Some(constraint) = &about.constraint {
            let wrong = |reason| Error::Constraint { variable: full.clone(), reason };
            constraint.check(shape).map_err(wrong)?;
        }
        if let Some(regularizer) = &about.regularizer {
            let wrong = |reason| Error::Regularizer { variable: full.clone(), reason };
            regularizer.check(shape).map_err(wrong)?;
        }
        let wrong = |reason: String| Error::Initializer { variable: full.clone(), reason };
        let mut random = Random::new(self.store.seed(), &full, 0);
        let mut elements = Vec::new();
        let length = shape.iter().try_fold(1_usize, |length, &size| length.checked_mul(size));
        elements
            .try_reserve_exact(length.unwrap_or(usize::MAX))
            .map_err(|_| Error::TooLarge { what: format!("variable `{full}` of shape {shape:?}") })?;
        initializer
            .draw(T::DTYPE, shape, &mut random, &mut |number| elements.push(T::from_f64(number)))
            .map_err(wrong)?;
        let count = elements.len();
        let value = Array::from_shape_vec(shape, elements)
            .and_then(Array::into_dimensionality::<D>)
            .map_err(|_| wrong(format!("it has the shape {shape:?}, and {count} elements were drawn")))?;
        let variable = Variable::with(full, trainable, about, value);
        self.add(variable.erase());
        Ok(variable)
    }

    fn add(&mut self, variable: Arc<dyn AnyVariable>) {
        self.numbers.insert(variable.name().to_string(), self.new.len());
        self.new.push(Entry { variable, first: self.caller });
    }

    fn full_name(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_string() } else { format!("{}/{name}", self.path) }
    }

    /// Puts what was made into the store; gives what the model is made of.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`] where another thread has made one of the variables meanwhile; none is then added.
    pub fn commit(self) -> Result<Members> {
        let mut entries = self.store.lock();
        for entry in &self.new {
            if let Some(existing) = entries.get(entry.variable.name()) {
                let variable = entry.variable.name().to_string();
                return Err(Error::AlreadyExists { variable, first: existing.first });
            }
        }
        entries.extend(self.new);
        // Only now: a draft that fails is no owner.
        self.found.iter().for_each(|variable| variable.add_owner());
        Ok(self.members)
    }
}
