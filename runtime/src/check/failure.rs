//! A size that does not fit, and where.

use crate::shape::{Dim, Shape, ShapeError, Text};

/// The most operands whose shapes a message shows, and the most layers it goes through.
const SHOWN: usize = 4;

/// What is wrong at one node.
#[derive(Clone, Copy, Debug)]
pub struct Failure {
    pub(super) node: usize,
    what: &'static str,
    scope: &'static str,
    layers: [&'static str; SHOWN],
    depth: u8,
    operands: [Shape; SHOWN],
    count: u8,
    /// The type that the operand should have, as it is written.
    written: &'static str,
    /// How many symbols stand for hyper-parameters, the first ones.
    hyperparameters: u32,
    error: ShapeError,
}

impl Failure {
    /// What is wrong with `what` in a scope, given its operands.
    pub(super) const fn new(
        node: usize,
        what: &'static str,
        scope: &'static str,
        operands: &[Shape],
        error: ShapeError,
    ) -> Self {
        let mut failure = Self {
            node,
            what,
            scope,
            layers: [""; SHOWN],
            depth: 0,
            operands: [Shape::ABSENT; SHOWN],
            count: 0,
            written: "",
            hyperparameters: 0,
            error,
        };
        while (failure.count as usize) < operands.len() && (failure.count as usize) < SHOWN {
            failure.operands[failure.count as usize] = operands[failure.count as usize];
            failure.count += 1;
        }
        failure
    }

    /// The failure of a value that is not of a type, which is written so.
    pub(super) const fn of_type(mut self, written: &'static str) -> Self {
        self.written = written;
        self
    }

    /// The failure in a check where so many symbols, the first ones, stand for hyper-parameters.
    pub(super) const fn with_hyperparameters(mut self, count: u32) -> Self {
        self.hyperparameters = count;
        self
    }

    /// The failure as it looks from the model that applies the layer: at the node of the application.
    pub(super) const fn inside(mut self, node: usize, layer: &'static str) -> Self {
        self.node = node;
        if (self.depth as usize) < SHOWN {
            self.layers[self.depth as usize] = layer;
            self.depth += 1;
        }
        self
    }

    /// Appends the message; `names` are those of the symbols.
    pub const fn write(&self, text: &mut Text, names: &[&str]) {
        let operands = self.operands.split_at(self.count as usize).0;
        text.str(self.what);
        text.str(": ");
        text.shapes(operands, names);
        if !self.written.is_empty() {
            text.str(" is not ");
            text.str(self.written);
        }
        text.str(if operands.is_empty() { "" } else { ": " });
        self.error.write(text, names);
        if self.written.is_empty()
            && let Some(id) = self.error.symbol_below(self.hyperparameters)
        {
            text.str("; `");
            text.dim(Dim::Symbol(id), names);
            text.str("` is a hyper-parameter, which fixes every dimension of its name");
        }
        let mut depth = self.depth as usize;
        let mut separator = ", in scope ";
        while depth > 0 {
            depth -= 1;
            if !self.layers[depth].is_empty() {
                text.str(separator);
                text.str(self.layers[depth]);
                separator = "/";
            }
        }
        if !self.scope.is_empty() {
            text.str(separator);
            text.str(self.scope);
        }
    }

    /// The message.
    pub fn message(&self, names: &[&str]) -> String {
        let mut text = Text::new();
        self.write(&mut text, names);
        text.as_str().to_string()
    }
}

/// Why so many values cannot be taken of what gives so many.
pub(super) const fn wrong_results(given: usize, taken: usize) -> ShapeError {
    match (given, taken) {
        (1, _) => ShapeError::new("it gives one value, and {} are taken").number(taken as isize),
        (_, 1) => ShapeError::new("it gives {} values: take them apart, `let (a, b) = …`").number(given as isize),
        _ => ShapeError::new("it gives {} values, and {} are taken").number(given as isize).number(taken as isize),
    }
}
