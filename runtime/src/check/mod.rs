//! What `model!` emits to check a `fn`: a `const fn` that computes the shape of every value, with names for the sizes
//! that only a run will know.
//!
//! The same function runs three times. `cargo check` evaluates it with symbols, and one constant for each op reports
//! what is wrong at the user's own token. A model that applies the layer evaluates it with the sizes at hand. And when
//! an instance is made it runs with all hyper-parameters known, to find the shapes of the variables.

mod call;
mod control;
mod failure;
mod findings;
mod known;
mod layer;

pub use call::Call;
pub use findings::Findings;
pub use known::{Known, Unchecked, unchecked};
pub use layer::{Applied, Outcome};

use crate::element::DType;
use crate::error::{Error, Result};
use crate::partition::Partitioner;
use crate::shape::{Dim, MAX_RANK, Pattern, Shape, ShapeError};
use failure::Failure;

/// The most results a `fn` may have.
const RESULTS: usize = 8;

/// How a check is made.
#[derive(Clone, Copy, Debug)]
pub struct Mode {
    /// The element type of the model.
    pub element: DType,
    /// Whether a layer is checked by itself: the sizes of its inputs are names, and so may those of its variables be.
    pub by_itself: bool,
    /// How many symbols stand for hyper-parameters, the first ones: an instance knows these.
    pub known: u32,
}

/// A tensor type where a value is held against it.
#[derive(Clone, Copy, Debug)]
pub struct Typed<'a> {
    /// What has the type, for messages: `` `images` ``.
    pub what: &'static str,
    /// The type as it is written.
    pub written: &'static str,
    /// The type.
    pub pattern: Pattern<'a>,
}

/// Names for sizes, where the inputs of a `fn` are made up for a check.
#[derive(Clone, Copy, Debug)]
pub struct Symbols<const DIMS: usize> {
    /// A symbol for each name.
    pub dims: [Dim; DIMS],
}

/// The room for the check of one `fn`: so many values, names for sizes and layers.
#[derive(Clone, Copy, Debug)]
pub struct Room<const VALUES: usize, const DIMS: usize, const LAYERS: usize> {
    /// The shape of each value; [`Shape::ABSENT`] where it is not known.
    pub values: [Shape; VALUES],
    /// The size of each name.
    pub dims: [Dim; DIMS],
    /// The layers that were applied.
    pub layers: [Applied; LAYERS],
}

/// What a part of a check has come to.
#[derive(Debug)]
pub struct Part<const VALUES: usize, const DIMS: usize, const LAYERS: usize> {
    /// The shapes of the values that it makes.
    pub values: [Shape; VALUES],
    /// The sizes of the names that it binds.
    pub dims: [Dim; DIMS],
    /// The layers that it applies.
    pub layers: [Applied; LAYERS],
    /// What is wrong in it.
    pub findings: Findings,
}

impl<const VALUES: usize, const DIMS: usize, const LAYERS: usize> Part<VALUES, DIMS, LAYERS> {
    /// Whether nothing is wrong in it.
    pub const fn is_right(&self) -> bool {
        self.findings.is_right()
    }

    /// Stops the compilation with what is wrong at a node, if anything is.
    #[track_caller]
    pub const fn report(&self, node: usize) {
        self.findings.report(node);
    }
}

impl<const VALUES: usize, const DIMS: usize, const LAYERS: usize> Room<VALUES, DIMS, LAYERS> {
    /// Nothing known yet.
    #[expect(clippy::new_without_default, reason = "`default` could not be called in constants")]
    pub const fn new() -> Self {
        Self { values: [Shape::ABSENT; VALUES], dims: [Dim::Unknown; DIMS], layers: [Applied::NOT_YET; LAYERS] }
    }

    /// A check that begins here; `names` are those of the symbols, for messages.
    pub const fn check(&mut self, mode: Mode, names: &'static [&'static str]) -> Check<'_> {
        Check {
            values: &mut self.values,
            dims: &mut self.dims,
            layers: &mut self.layers,
            mode,
            results: [Shape::ABSENT; RESULTS],
            result_count: 0,
            findings: Findings::new(names),
            variables: FNV_OFFSET,
        }
    }
}

/// The shapes of a `fn`, and what is wrong with them.
#[derive(Debug)]
pub struct Check<'a> {
    /// The shape of each value; [`Shape::ABSENT`] where it is not known.
    pub values: &'a mut [Shape],
    /// The size of each name.
    pub dims: &'a mut [Dim],
    /// The layers that were applied.
    pub layers: &'a mut [Applied],
    mode: Mode,
    results: [Shape; RESULTS],
    result_count: usize,
    findings: Findings,
    variables: u64,
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x100_0000_01b3;

impl Check<'_> {
    /// The element type of the model.
    pub const fn element(&self) -> DType {
        self.mode.element
    }

    /// How the check is made.
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    const fn fail(&mut self, failure: Failure) {
        self.findings.note(failure.with_hyperparameters(self.mode.known));
    }

    /// Takes an input of the `fn`, which must be of its type; `names` are the numbers of the names that it binds.
    pub const fn input(&mut self, node: usize, inputs: &[Shape], number: usize, typed: &Typed<'_>, names: &[usize]) {
        if number >= inputs.len() {
            let error = ShapeError::new("{} inputs are given, and this is one more").number(inputs.len() as isize);
            return self.fail(Failure::new(node, typed.what, "", &[], error));
        }
        self.values[number] = inputs[number];
        self.bind(node, "", number, number, typed, names);
    }

    /// Notes that more inputs were given than the `fn` takes.
    pub const fn inputs_end(&mut self, node: usize, function: &'static str, inputs: &[Shape], count: usize) {
        if inputs.len() > count {
            let error = match count {
                1 => ShapeError::new("it takes one input, not {}"),
                _ => ShapeError::new("it takes {} inputs, not {}").number(count as isize),
            };
            let error = error.number(inputs.len() as isize);
            self.fail(Failure::new(node, function, "", &[], error));
        }
    }

    /// Holds a value against a type; the result is the value with what the type knows better.
    pub const fn bind(
        &mut self,
        node: usize,
        scope: &'static str,
        value: usize,
        result: usize,
        typed: &Typed<'_>,
        names: &[usize],
    ) {
        let shape = self.values[value];
        if shape.is_absent() {
            return;
        }
        match typed.pattern.bind::<{ MAX_RANK }>(shape) {
            Ok((dims, refined)) => {
                self.values[result] = refined;
                let mut name = 0;
                while name < names.len() {
                    self.dims[names[name]] = dims[name];
                    name += 1;
                }
            }
            Err(error) => {
                self.values[result] = Shape::ABSENT;
                self.fail(Failure::new(node, typed.what, scope, &[shape], error).of_type(typed.written));
            }
        }
    }

    /// A variable of this shape.
    pub const fn variable(&mut self, node: usize, scope: &'static str, value: usize, name: &'static str, shape: Shape) {
        let mut axis = 0;
        while axis < shape.rank() {
            let dim = shape.dim(axis);
            if matches!(dim, Dim::Symbol(id) if id >= self.mode.known) && !self.mode.by_itself {
                let error = ShapeError::new(
                    "the size {} is known only when the model runs; a variable's shape must be known before: write a \
                     number, a constant or a hyper-parameter",
                );
                return self.fail(Failure::new(node, name, scope, &[shape], error.with(dim)));
            }
            axis += 1;
        }
        self.values[value] = shape;
        self.note_variable(shape);
    }

    /// How a variable is divided into parts, which its shape must allow.
    pub const fn divided(
        &mut self,
        node: usize,
        scope: &'static str,
        value: usize,
        name: &'static str,
        partitioner: &Partitioner,
    ) {
        let shape = self.values[value];
        if shape.is_absent() {
            return;
        }
        if let Some(error) = partitioner.refuses(&shape) {
            self.fail(Failure::new(node, name, scope, &[shape], error));
        }
    }

    /// A variable that is declared before, of a shape and at a place: what is written here must be that.
    pub const fn same(
        &mut self,
        node: usize,
        scope: &'static str,
        value: usize,
        name: &'static str,
        shape: Shape,
        (first, declared): (Shape, &'static str),
    ) {
        if first.is_absent() || shape.is_absent() || shape.agrees(&first) {
            self.values[value] = if first.is_absent() { shape } else { first };
        } else {
            // The value stays unknown: which of the two is meant decides what is wrong after it.
            let error = ShapeError::new("a variable keeps its shape where it is shared, and this one has {}");
            self.fail(Failure::new(node, name, scope, &[shape], error.shape(first)).of_type(declared));
        }
    }

    /// Takes a variable's shape into the hash of all.
    const fn note_variable(&mut self, shape: Shape) {
        let mut axis = 0;
        while axis < shape.rank() {
            self.note(match shape.dim(axis).size() {
                Some(size) => size as u64 + 1,
                None => 0,
            });
            axis += 1;
        }
        self.note(u64::MAX);
    }

    const fn note(&mut self, number: u64) {
        if number == 0 || self.variables == 0 {
            self.variables = 0;
        } else {
            self.variables = (self.variables ^ number).wrapping_mul(FNV_PRIME) | 1;
        }
    }

    /// A number that stands among tensors.
    pub const fn number(&mut self, value: usize) {
        self.values[value] = Shape::scalar(DType::Number);
    }

    /// Whether all of these values are known.
    pub const fn has(&self, values: &[usize]) -> bool {
        let mut n = 0;
        while n < values.len() {
            if self.values[values[n]].is_absent() {
                return false;
            }
            n += 1;
        }
        true
    }

    /// A result of the `fn`, which must be of its type.
    pub const fn result(&mut self, node: usize, scope: &'static str, value: usize, typed: &Typed<'_>) {
        let mut shape = self.values[value];
        if matches!(shape.dtype(), DType::Number) && !shape.is_absent() {
            shape = shape.with_dtype(self.mode.element);
        }
        if !shape.is_absent() {
            match typed.pattern.bind::<0>(shape) {
                Ok((_, refined)) => shape = refined,
                Err(error) => {
                    self.fail(Failure::new(node, typed.what, scope, &[shape], error).of_type(typed.written));
                    shape = Shape::ABSENT;
                }
            }
        }
        if self.result_count < RESULTS {
            self.results[self.result_count] = shape;
            self.result_count += 1;
        }
    }

    /// A result that has been said to be wrong.
    pub const fn wrong_result(&mut self) {
        self.result_count += 1;
    }

    /// The sizes of a value, all of which must be known.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] where they are not.
    pub fn sizes(&self, value: usize, what: &str) -> Result<Vec<usize>> {
        let shape = self.values[value];
        if shape.is_known() {
            return Ok(shape.sizes());
        }
        Err(Error::Shape {
            message: format!(
                "the shape of {what} is not known before the model runs: as a layer, it takes it from its input"
            ),
        })
    }

    /// What is wrong.
    pub const fn into_findings(self) -> Findings {
        self.findings
    }

    /// The error of the first mistake, if there is one.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] with its message.
    pub fn ok(&self) -> Result<()> {
        self.findings.ok()
    }
}
