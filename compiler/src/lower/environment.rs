//! What names mean in a `fn`: values that `let` binds, and numbers for Rust expressions.

use std::collections::{HashMap, HashSet};

use proc_macro2::Ident;

use super::getters::Getters;
use crate::ir::{Name, Operand, Place, ValueId, VariableId};
use crate::syntax::Hyperparameter;

/// What an expression gives.
#[derive(Clone, Debug)]
pub enum Value {
    Tensor(ValueId),
    /// A list of tensors.
    List(Operand),
    Tuple(Vec<Value>),
    /// Something was wrong, and has been said.
    Wrong,
}

/// A name that `let` or an input has bound.
#[derive(Clone, Debug)]
pub struct Binding {
    pub value: Value,
    pub mutable: bool,
}

/// The names of a block.
#[derive(Default)]
struct Block {
    values: HashMap<String, Binding>,
    /// Numbers: they end with loops and branches, not with scopes.
    numbers: HashMap<String, Name>,
    /// Whether numbers that are bound inside end with the block.
    ends_numbers: bool,
    /// The values of variables that were read, by their place.
    variables: HashMap<String, ValueId>,
    /// The variables that were updated inside.
    updated: Vec<String>,
    /// What variables that were asked for inside are read through, by their place.
    getters: HashMap<String, Getters>,
}

/// The names that can be seen.
pub struct Environment {
    blocks: Vec<Block>,
    /// The names of loops and branches that have ended.
    ended: HashSet<String>,
}

impl Environment {
    /// The hyper-parameters alone.
    pub fn new(hyperparameters: &[Hyperparameter]) -> Self {
        let mut outermost = Block { ends_numbers: true, ..Block::default() };
        for (number, hyperparameter) in hyperparameters.iter().enumerate() {
            outermost.numbers.insert(hyperparameter.name.to_string(), Name::Hyperparameter(number));
        }
        Self { blocks: vec![outermost], ended: HashSet::new() }
    }

    /// Begins a block. A loop or a branch `ends_numbers`; in a loop, values of variables that were read before may be
    /// old, so none is known.
    pub fn enter(&mut self, ends_numbers: bool) {
        self.blocks.push(Block { ends_numbers, ..Block::default() });
    }

    /// Ends a block.
    pub fn leave(&mut self) {
        let Some(block) = self.blocks.pop() else { return };
        if block.ends_numbers {
            self.ended.extend(block.values.keys().chain(block.numbers.keys()).cloned());
        }
        if let Some(outer) = self.blocks.last_mut() {
            for place in block.updated {
                outer.variables.remove(&place);
                outer.updated.push(place);
            }
            if !block.ends_numbers {
                outer.numbers.extend(block.numbers);
                outer.variables.extend(block.variables);
            }
        }
    }

    pub fn bind(&mut self, name: &Ident, value: Value, mutable: bool) {
        if let Some(block) = self.blocks.last_mut() {
            block.values.insert(name.to_string(), Binding { value, mutable });
        }
    }

    pub fn value(&self, name: &Ident) -> Option<&Binding> {
        self.blocks.iter().rev().find_map(|block| block.values.get(&name.to_string()))
    }

    /// Whether a loop or branch has bound a name that has ended.
    pub fn has_ended(&self, name: &Ident) -> bool {
        self.ended.contains(&name.to_string())
    }

    pub fn has_value(&self, name: &Ident) -> bool {
        self.value(name).is_some()
    }

    /// Gives a name that is bound another value.
    pub fn assign(&mut self, name: &str, value: Value) {
        if let Some(binding) = self.blocks.iter_mut().rev().find_map(|block| block.values.get_mut(name)) {
            binding.value = value;
        }
    }

    pub fn bind_number(&mut self, name: &Ident, number: Name) {
        if let Some(block) = self.blocks.last_mut() {
            block.numbers.insert(name.to_string(), number);
        }
    }

    pub fn number(&self, name: &Ident) -> Option<&Name> {
        self.blocks.iter().rev().find_map(|block| block.numbers.get(&name.to_string()))
    }

    /// The value of a variable, where it has been read since the last loop began and not been updated.
    pub fn read(&self, place: &Place<VariableId>) -> Option<ValueId> {
        let key = key(place);
        for block in self.blocks.iter().rev() {
            if let Some(&value) = block.variables.get(&key) {
                return Some(value);
            }
            if block.ends_numbers || block.updated.contains(&key) {
                return None;
            }
        }
        None
    }

    /// The value of a variable that has its shape, however old.
    pub fn shape_of(&self, place: &Place<VariableId>) -> Option<ValueId> {
        let key = key(place);
        self.blocks.iter().rev().find_map(|block| block.variables.get(&key).copied())
    }

    pub fn note_read(&mut self, place: &Place<VariableId>, value: ValueId) {
        if let Some(block) = self.blocks.last_mut() {
            block.variables.insert(key(place), value);
        }
    }

    /// Notes that an op has made a new value of a variable.
    pub fn note_update(&mut self, place: &Place<VariableId>, value: ValueId) {
        if let Some(block) = self.blocks.last_mut() {
            block.variables.insert(key(place), value);
            block.updated.push(key(place));
        }
    }

    /// Notes what a variable is read through in this block.
    pub fn note_getters(&mut self, place: &Place<VariableId>, getters: Getters) {
        if let Some(block) = self.blocks.last_mut() {
            block.getters.insert(key(place), getters);
        }
    }

    /// What a variable is read through, where it was asked for in a block around.
    pub fn getters(&self, place: &Place<VariableId>) -> Option<&Getters> {
        let key = key(place);
        self.blocks.iter().rev().find_map(|block| block.getters.get(&key))
    }

    /// What a variable was when it was read through these getters.
    pub fn read_through(&self, place: &Place<VariableId>, getters: &Getters) -> Option<ValueId> {
        let key = getters.key(&key(place));
        self.blocks.iter().rev().find_map(|block| block.variables.get(&key).copied())
    }

    /// Notes what a variable is that was read through these getters.
    pub fn note_read_through(&mut self, place: &Place<VariableId>, getters: &Getters, value: ValueId) {
        if let Some(block) = self.blocks.last_mut() {
            block.variables.insert(getters.key(&key(place)), value);
        }
    }

    /// Whether a variable was read through some getters.
    pub fn is_read_through(&self, place: &Place<VariableId>) -> bool {
        let prefix = Getters::prefix(&key(place));
        self.blocks.iter().flat_map(|block| block.variables.keys()).any(|key| key.starts_with(&prefix))
    }

    /// The names of sizes in sight.
    pub fn sizes(&self) -> Vec<String> {
        self.blocks.iter().flat_map(|block| block.numbers.keys().cloned()).collect()
    }

    /// All names in sight.
    pub fn names(&self) -> Vec<String> {
        self.blocks.iter().flat_map(|block| block.values.keys().chain(block.numbers.keys()).cloned()).collect()
    }
}

fn key(place: &Place<VariableId>) -> String {
    format!("{} {:?}", place.id, place.indices)
}
