//! What an instance is made of, by name; and its structs, made of that.

use std::any::Any;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use ndarray::{Array, Dimension};

use crate::element::Element;
use crate::error::{Error, Result};
use crate::instance::Instance;
use crate::store::VariableStore;
use crate::variable::{AnyVariable, Variable};

/// A variable of a model.
#[derive(Clone, Debug)]
pub struct Member {
    /// The variable.
    pub variable: Arc<dyn AnyVariable>,
    /// In how many places of the model it is declared.
    pub places: usize,
}

/// A model or a layer that was made.
#[derive(Clone)]
pub struct Made {
    /// The name of its scope.
    pub path: String,
    /// Its variables among those of the whole model.
    pub variables: Range<usize>,
    /// The sizes of the names that the inputs of its `forward` bind; 0 where only a run knows them.
    pub sizes: Vec<usize>,
    /// Its hyper-parameters.
    pub hyperparameters: Arc<dyn Any + Send + Sync>,
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Made({:?}, {:?})", self.path, self.variables)
    }
}

/// The variables and layers of a model, in the order of their declarations.
#[derive(Default, Debug)]
pub struct Members {
    /// The variables.
    pub variables: Vec<Member>,
    /// The model itself, which comes last, and its layers.
    pub instances: Vec<Made>,
    by_name: HashMap<String, usize>,
}

impl Members {
    /// Adds a variable; one that is there is declared in more places.
    pub fn add(&mut self, member: Member) {
        let next = self.variables.len();
        match *self.by_name.entry(member.variable.name().to_string()).or_insert(next) {
            number if number < next => self.variables[number].places += member.places,
            _ => self.variables.push(member),
        }
    }
}

/// The structs of an instance while they are made: the code that `model!` emits goes through the scopes and asks for
/// the variables in them.
#[derive(Debug)]
pub struct Construction<'a> {
    members: &'a Arc<Members>,
    store: &'a VariableStore,
    path: String,
    /// How long the path was before each scope was entered.
    outer: Vec<usize>,
    error: Option<Error>,
}

impl<'a> Construction<'a> {
    /// Begins at the scope of this name.
    pub(crate) fn new(members: &'a Arc<Members>, store: &'a VariableStore, path: &str) -> Self {
        Self { members, store, path: path.to_string(), outer: Vec::new(), error: None }
    }

    /// Makes the structs of an instance.
    ///
    /// # Errors
    ///
    /// [`Error::Defect`] where they ask for what was not made.
    pub(crate) fn run<M>(mut self, construct: impl FnOnce(&mut Self) -> Result<M>) -> Result<M> {
        let model = construct(&mut self)?;
        self.error.map_or(Ok(model), Err)
    }

    fn full_name(&self, name: &str) -> String {
        let parts = [&self.path, name].into_iter().filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join("/")
    }

    /// Goes into the scope of this name.
    pub fn enter(&mut self, name: &str) {
        self.outer.push(self.path.len());
        self.path = self.full_name(name);
    }

    /// Goes into the scope of this name in a family.
    pub fn enter_turn(&mut self, name: &str, turn: usize) {
        self.enter(&format!("{name}_{turn}"));
    }

    /// Goes out of the scope that was entered last.
    pub fn leave(&mut self) {
        self.path.truncate(self.outer.pop().unwrap_or_default());
    }

    /// Whether there is a variable, a layer or a scope with something in it of this name; `""` is the scope at hand.
    pub fn has(&self, name: &str) -> bool {
        let full = self.full_name(name);
        let is_inside =
            |other: &str| other.strip_prefix(&full).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.members.by_name.keys().any(|name| is_inside(name))
            || self.members.instances.iter().any(|made| is_inside(&made.path))
    }

    /// Whether there is a layer of this name.
    pub fn has_layer(&self, name: &str) -> bool {
        let full = self.full_name(name);
        self.members.instances.iter().any(|made| made.path == full)
    }

    /// How many scopes or layers a family has whose turns a loop of the graph counts.
    pub fn turns(&self, name: &str) -> usize {
        let prefix = self.full_name(&format!("{name}_"));
        let turn = |full: &str| -> Option<usize> {
            let rest = full.strip_prefix(&prefix)?;
            rest.split('/').next()?.parse().ok()
        };
        let variables = self.members.by_name.keys().filter_map(|name| turn(name));
        let layers = self.members.instances.iter().filter_map(|made| turn(&made.path));
        variables.chain(layers).max().map_or(0, |last| last + 1)
    }

    /// The variable of this name.
    #[inline(never)]
    pub fn variable<T: Element, D: Dimension + 'static>(&mut self, name: &str) -> Variable<T, D> {
        let full = self.full_name(name);
        let made = self.members.by_name.get(&full).map(|&number| Arc::clone(&self.members.variables[number].variable));
        made.and_then(Variable::of).unwrap_or_else(|| {
            self.error.get_or_insert(Error::defect(format!("variable `{full}` was not made")));
            Variable::new(full, false, Array::from_shape_simple_fn(D::default(), || T::from_f64(0.0)))
        })
    }

    /// What the model or layer whose scope this is knows besides its variables.
    ///
    /// # Errors
    ///
    /// [`Error::Defect`] where it was not made, or not with such hyper-parameters.
    pub fn instance<H: Copy + Any>(&self) -> Result<Instance<H>> {
        let number = self.members.instances.iter().position(|made| made.path == self.path);
        let made =
            number.and_then(|number| Some((number, *self.members.instances[number].hyperparameters.downcast_ref()?)));
        let (number, hyperparameters) =
            made.ok_or_else(|| Error::defect(format!("layer `{}` was not made", self.path)))?;
        Ok(Instance::new(self.store.share(), Arc::clone(self.members), number, hyperparameters))
    }
}
