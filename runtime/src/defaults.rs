//! What the scopes around a layer give its variables.

use std::fmt;
use std::rc::Rc;

use crate::init::Initializer;

/// What a scope gives the variables of the layers inside that say nothing else.
#[derive(Clone, Default)]
pub struct Defaults {
    /// `Some(None)` is `initializer = none`.
    initializer: Option<Option<Rc<dyn Initializer>>>,
    trainable: Option<bool>,
}

impl Defaults {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The initializer of variables that name none.
    #[must_use]
    pub fn initializer(mut self, initializer: impl Initializer + 'static) -> Self {
        self.initializer = Some(Some(Rc::new(initializer)));
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
}

impl fmt::Debug for Defaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let initializer = self.initializer.as_ref().map(Option::is_some);
        f.debug_struct("Defaults").field("initializer", &initializer).field("trainable", &self.trainable).finish()
    }
}

/// The defaults of the layers that are being made, one inside of the other: what is further inside counts.
#[derive(Default, Debug)]
pub struct Nested {
    list: Vec<Defaults>,
}

impl Nested {
    /// Begins a layer.
    pub fn enter(&mut self, defaults: Defaults) {
        self.list.push(defaults);
    }

    /// Ends the layer that was begun last.
    pub fn leave(&mut self) {
        self.list.pop();
    }

    /// The initializer of a variable that names none, if a scope gives one.
    pub fn initializer(&self) -> Option<Rc<dyn Initializer>> {
        self.list.iter().rev().find_map(|defaults| defaults.initializer.clone())?
    }

    /// Whether a variable that says nothing is trainable, if a scope tells.
    pub fn trainable(&self) -> Option<bool> {
        self.list.iter().rev().find_map(|defaults| defaults.trainable)
    }
}
