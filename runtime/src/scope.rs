//! Scopes at run time: where in a store variables are made, and whether existing ones are shared.

use std::collections::HashMap;
use std::panic::Location;

use ndarray::{Array, Dimension, IntoDimension};

use crate::element::Element;
use crate::error::{Error, Result};
use crate::init::{self, Initializer};
use crate::names;
use crate::random::Random;
use crate::store::{Entry, VariableStore};
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
    problem: Option<Error>,
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
        let problem = names::problem(name, self.path.is_empty())
            .map(|reason| Error::BadName { name: name.to_string(), reason });
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
        let shape = shape.into_dimension();
        let variable = draft.variable(name, shape.slice(), initializer, T::DTYPE.is_float())?;
        draft.commit()?;
        Ok(variable)
    }
}

/// Variables that are being made together: either all of them get into the store, or none.
#[derive(Debug)]
pub struct Draft {
    store: VariableStore,
    path: String,
    reuse: Reuse,
    new: Vec<Entry>,
    /// Where in `new` a name is.
    numbers: HashMap<String, usize>,
    caller: &'static Location<'static>,
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
            store: scope.store.share(),
            path: scope.path.clone(),
            reuse: scope.reuse,
            new: Vec::new(),
            numbers: HashMap::new(),
            caller: Location::caller(),
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

    /// Does something one scope further in.
    ///
    /// # Errors
    ///
    /// Those of `inside`.
    pub fn enter<R>(&mut self, name: &str, inside: impl FnOnce(&mut Self) -> Result<R>) -> Result<R> {
        let outer = self.path.len();
        if outer > 0 {
            self.path.push('/');
        }
        self.path.push_str(name);
        let result = inside(self);
        self.path.truncate(outer);
        result
    }

    /// The variable of this name, new or shared by the scope's rule. The name may have scopes in it.
    ///
    /// # Errors
    ///
    /// As for [`Scope::get_variable`].
    pub fn variable<T: Element, D: Dimension + 'static>(
        &mut self,
        name: &str,
        shape: &[usize],
        initializer: &dyn Initializer,
        trainable: bool,
    ) -> Result<Variable<T, D>> {
        let full = if self.path.is_empty() { name.to_string() } else { format!("{}/{name}", self.path) };
        let existing = self.store.lock().get(&full).cloned();
        match (existing, self.reuse) {
            (Some(entry), Reuse::No) => Err(Error::AlreadyExists { variable: full, first: entry.first }),
            (Some(entry), Reuse::Yes | Reuse::Auto) => shared(&entry, shape),
            (None, Reuse::Yes) => {
                let nearest = self.store.lock().nearest(&full);
                Err(Error::DoesNotExist { variable: full, nearest })
            }
            (None, Reuse::No | Reuse::Auto) => match self.numbers.get(&full) {
                Some(&number) if self.reuse == Reuse::Auto => shared(&self.new[number], shape),
                Some(_) => Err(Error::AlreadyExists { variable: full, first: self.caller }),
                None => self.make(full, shape, initializer, trainable),
            },
        }
    }

    fn make<T: Element, D: Dimension + 'static>(
        &mut self,
        full: String,
        shape: &[usize],
        initializer: &dyn Initializer,
        trainable: bool,
    ) -> Result<Variable<T, D>> {
        for (at, part) in full.split('/').enumerate() {
            if let Some(reason) = names::problem(part, at == 0) {
                return Err(Error::BadName { name: full, reason });
            }
        }
        self.store.lock().check_new(&full)?;
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
        let variable = Variable::new(full.clone(), trainable, value);
        self.numbers.insert(full, self.new.len());
        self.new.push(Entry { variable: variable.erase(), first: self.caller });
        Ok(variable)
    }

    /// A new variable with the value of another.
    ///
    /// # Errors
    ///
    /// As for [`Scope::get_variable`].
    pub fn copy<T: Element, D: Dimension + 'static>(&mut self, name: &str, of: &Variable<T, D>) -> Result<Variable<T, D>> {
        let copy = self.variable(name, of.shape(), init::default_for(T::DTYPE), of.trainable())?;
        copy.assign(&*of.read())?;
        Ok(copy)
    }

    /// Puts what was made into the store.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`] where another thread has made one of the variables meanwhile; none is then added.
    pub fn commit(self) -> Result<()> {
        let mut entries = self.store.lock();
        for entry in &self.new {
            if let Some(existing) = entries.get(entry.variable.name()) {
                let variable = entry.variable.name().to_string();
                return Err(Error::AlreadyExists { variable, first: existing.first });
            }
        }
        entries.extend(self.new);
        Ok(())
    }
}

/// An existing variable, where it is of this shape and type.
fn shared<T: Element, D: Dimension + 'static>(entry: &Entry, shape: &[usize]) -> Result<Variable<T, D>> {
    let variable = &entry.variable;
    if variable.dtype() != T::DTYPE {
        return Err(Error::DTypeMismatch {
            variable: variable.name().to_string(),
            expected: T::DTYPE,
            found: variable.dtype(),
        });
    }
    if variable.shape() != shape {
        return Err(Error::ShapeMismatch {
            variable: variable.name().to_string(),
            expected: shape.to_vec(),
            found: variable.shape().to_vec(),
        });
    }
    let handle = Variable::of(variable.clone()).ok_or_else(|| Error::Shape {
        message: format!("variable `{}` was made with another `ndarray` dimension type", variable.name()),
    })?;
    variable.add_owner();
    Ok(handle)
}
