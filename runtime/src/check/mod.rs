//! What `model!` emits to check a `fn`: a `const fn` that computes the shape of every value, with names for the sizes
//! that only a run will know.
//!
//! The same function runs three times. `cargo check` evaluates it with symbols, and one constant for each op reports
//! what is wrong at the user's own token. A model that applies the layer evaluates it with the sizes at hand. And when
//! an instance is made it runs with all hyper-parameters known, to find the shapes of the variables.

mod failure;
mod known;

pub use failure::Failure;
pub use known::{Known, Unchecked, unchecked};

use crate::element::DType;
use crate::error::{Error, Result};
use crate::op::{Kind, Signature};
use crate::shape::{Dim, Pattern, Shape, ShapeError, Shapes, Text};

/// The most mistakes that one `fn` reports at once.
const FAILURES: usize = 16;

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

/// How many of the names that the inputs of a layer bind are kept for its other `fn`s.
const SIZES: usize = 8;

/// A layer as it was applied first.
#[derive(Clone, Copy, Debug)]
pub struct Applied {
    /// A hash of the shapes of its variables; 0 where they are not known.
    variables: u64,
    /// Its first input.
    input: Shape,
    /// The sizes of the names that its inputs bind.
    pub sizes: [Dim; SIZES],
}

/// Names for sizes, where the inputs of a `fn` are made up for a check.
#[derive(Clone, Copy, Debug)]
pub struct Symbols<const DIMS: usize> {
    /// A symbol for each name.
    pub dims: [Dim; DIMS],
}

/// The shapes of a `fn`, and what is wrong with them.
#[derive(Clone, Debug)]
pub struct Check<const VALUES: usize, const DIMS: usize, const LAYERS: usize> {
    /// The shape of each value; [`Shape::ABSENT`] where it is not known.
    pub values: [Shape; VALUES],
    /// The size of each name.
    pub dims: [Dim; DIMS],
    /// The layers that were applied.
    pub layers: [Applied; LAYERS],
    mode: Mode,
    results: [Shape; RESULTS],
    result_count: usize,
    failures: [Option<Failure>; FAILURES],
    failure_count: usize,
    variables: u64,
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x100_0000_01b3;

impl<const VALUES: usize, const DIMS: usize, const LAYERS: usize> Check<VALUES, DIMS, LAYERS> {
    /// Nothing known yet.
    pub const fn new(mode: Mode) -> Self {
        Self {
            values: [Shape::ABSENT; VALUES],
            dims: [Dim::Unknown; DIMS],
            layers: [Applied { variables: 0, input: Shape::ABSENT, sizes: [Dim::Unknown; SIZES] }; LAYERS],
            mode,
            results: [Shape::ABSENT; RESULTS],
            result_count: 0,
            failures: [None; FAILURES],
            failure_count: 0,
            variables: FNV_OFFSET,
        }
    }

    /// The element type of the model.
    pub const fn element(&self) -> DType {
        self.mode.element
    }

    /// How the check is made.
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    const fn fail(&mut self, failure: Failure) {
        if self.failure_count < FAILURES {
            self.failures[self.failure_count] = Some(failure);
            self.failure_count += 1;
        }
    }

    /// Takes an input of the `fn`, which must be of its type; `names` are the numbers of the names that it binds.
    pub const fn input<const N: usize>(
        &mut self,
        node: usize,
        inputs: &[Shape],
        number: usize,
        typed: &Typed<'_>,
        names: [usize; N],
    ) {
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
            let error = ShapeError::new("it takes {} inputs, and {} are given");
            let error = error.number(count as isize).number(inputs.len() as isize);
            self.fail(Failure::new(node, function, "", &[], error));
        }
    }

    /// Holds a value against a type; the result is the value with what the type knows better.
    pub const fn bind<const N: usize>(
        &mut self,
        node: usize,
        scope: &'static str,
        value: usize,
        result: usize,
        typed: &Typed<'_>,
        names: [usize; N],
    ) {
        let shape = self.values[value];
        if shape.is_absent() {
            return;
        }
        match typed.pattern.bind::<N>(shape) {
            Ok((dims, refined)) => {
                self.values[result] = refined;
                let mut name = 0;
                while name < N {
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
    pub const fn variable(
        &mut self,
        node: usize,
        scope: &'static str,
        value: usize,
        name: &'static str,
        shape: Shape,
    ) {
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

    /// A variable that is declared before, of the shape `first`: what is written here must be that.
    pub const fn same(
        &mut self,
        node: usize,
        scope: &'static str,
        value: usize,
        name: &'static str,
        shape: Shape,
        first: Shape,
    ) {
        self.values[value] = if first.is_absent() { shape } else { first };
        if !first.is_absent() && !shape.is_absent() && !shape.agrees(&first) {
            let error = ShapeError::new("it is declared as {}, and a variable keeps its shape where it is shared");
            self.fail(Failure::new(node, name, scope, &[shape], error.shape(first)));
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

    /// The operands of a call, numbers in the type that they take there; `None`, and a note, where their types do not
    /// suit the op. `updates` are the positions of those that are marked with `&mut`.
    pub const fn operands<const N: usize>(
        &mut self,
        node: usize,
        scope: &'static str,
        signature: &Signature,
        operands: [usize; N],
        updates: &[usize],
    ) -> Option<[Shape; N]> {
        if !self.has(&operands) {
            return None;
        }
        let mut shapes = [Shape::ABSENT; N];
        let mut n = 0;
        while n < N {
            shapes[n] = self.values[operands[n]];
            n += 1;
        }
        let element = signature.element(self.mode.element, &shapes);
        if let Err(error) = signature.check(element, &shapes) {
            self.fail(Failure::new(node, signature.name, scope, &shapes, error));
            return None;
        }
        if let Err(error) = check_updates(signature, N, updates) {
            self.fail(Failure::new(node, signature.name, scope, &shapes, error));
            return None;
        }
        n = 0;
        while n < N {
            if matches!(shapes[n].dtype(), DType::Number) {
                shapes[n] = shapes[n].with_dtype(element);
            }
            n += 1;
        }
        Some(shapes)
    }

    /// The results of a call.
    pub const fn results(
        &mut self,
        node: usize,
        scope: &'static str,
        signature: &Signature,
        operands: &[Shape],
        made: Result<Shapes, ShapeError>,
        results: &[usize],
    ) {
        let shapes = match made {
            Ok(shapes) => shapes,
            Err(error) => return self.fail(Failure::new(node, signature.name, scope, operands, error)),
        };
        let shapes = shapes.results();
        if shapes.len() != results.len() {
            let error = ShapeError::new("it gives {} values, and {} are taken");
            let error = error.number(shapes.len() as isize).number(results.len() as isize);
            return self.fail(Failure::new(node, signature.name, scope, operands, error));
        }
        let mut n = 0;
        while n < results.len() {
            self.values[results[n]] = shapes[n];
            n += 1;
        }
    }

    /// The results of another `fn` that is called. What is wrong inside is noted here, unless the `fn` reports it
    /// itself.
    pub const fn call(
        &mut self,
        node: usize,
        layer: &'static str,
        inner: &Outcome,
        reports_itself: bool,
        results: &[usize],
    ) {
        if let Some(failure) = inner.failure {
            if !reports_itself {
                self.fail(failure.inside(node, layer));
            }
            return;
        }
        if inner.result_count != results.len() {
            let error = ShapeError::new("it gives {} values, and {} are taken");
            let error = error.number(inner.result_count as isize).number(results.len() as isize);
            return self.fail(Failure::new(node, layer, "", &[], error));
        }
        let mut n = 0;
        while n < results.len() {
            self.values[results[n]] = inner.results[n];
            n += 1;
        }
    }

    /// Notes that a layer is applied: the first time, what its variables are; after that, whether they are the same.
    pub const fn apply(
        &mut self,
        node: usize,
        scope: &'static str,
        layer: &'static str,
        number: usize,
        inner: &Outcome,
        input: Shape,
    ) {
        let made = self.layers[number];
        if made.input.is_absent() {
            self.layers[number] = Applied { variables: inner.variables, input, sizes: inner.sizes };
            self.note(inner.variables);
        } else if made.variables != 0 && inner.variables != 0 && made.variables != inner.variables {
            let error = ShapeError::new("its variables were made for {}, and this input needs others");
            self.fail(Failure::new(node, layer, scope, &[input], error.shape(made.input)));
        }
    }

    /// Takes over what another `fn` knows of a layer.
    pub const fn know_layer(&mut self, number: usize, layer: Applied) {
        if !layer.input.is_absent() {
            self.layers[number] = layer;
        }
    }

    /// Notes that a hyper-parameter without a default is not given.
    pub const fn missing(&mut self, node: usize, scope: &'static str, layer: &'static str, missing: Option<ShapeError>) {
        if let Some(error) = missing {
            self.fail(Failure::new(node, layer, scope, &[], error));
        }
    }

    /// The value of a branch: that of the arm which is taken, or what both have in common.
    pub const fn join(
        &mut self,
        node: usize,
        scope: &'static str,
        condition: Option<bool>,
        arms: [usize; 2],
        result: usize,
    ) {
        let (yes, no) = (self.values[arms[0]], self.values[arms[1]]);
        self.values[result] = match condition {
            Some(true) => yes,
            Some(false) => no,
            None if yes.is_absent() || no.is_absent() => Shape::ABSENT,
            None if matches!(yes.dtype(), DType::Number) && yes.rank() == no.rank() => no,
            None if matches!(no.dtype(), DType::Number) && yes.rank() == no.rank() => yes,
            None if yes.rank() != no.rank() || !yes.dtype().same(no.dtype()) => {
                let error = ShapeError::new("its two branches differ");
                self.fail(Failure::new(node, "if", scope, &[yes, no], error));
                Shape::ABSENT
            }
            None => common(yes, no),
        };
    }

    /// Whether a value that a loop carries keeps its size from turn to turn; it then has it after the loop.
    pub const fn carry(&mut self, node: usize, scope: &'static str, carried: usize, next: usize) {
        let (before, after) = (self.values[carried], self.values[next]);
        if before.is_absent() || after.is_absent() {
            self.values[carried] = Shape::ABSENT;
        } else if matches!(before.dtype(), DType::Number) && after.rank() == 0 {
            self.values[carried] = after;
        } else if !before.agrees(&after) && !matches!(after.dtype(), DType::Number) {
            let error = ShapeError::new("a value that a loop carries keeps its size, and this one becomes {}");
            self.fail(Failure::new(node, "for", scope, &[before], error.shape(after)));
            self.values[carried] = Shape::ABSENT;
        }
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

    /// What another `fn` sees of this one.
    pub const fn outcome(&self) -> Outcome {
        let mut sizes = [Dim::Unknown; SIZES];
        let mut name = 0;
        while name < DIMS && name < SIZES {
            sizes[name] = self.dims[name];
            name += 1;
        }
        Outcome {
            sizes,
            results: self.results,
            result_count: self.result_count,
            failure: self.first_failure(),
            variables: self.variables,
        }
    }

    const fn first_failure(&self) -> Option<Failure> {
        let mut first: Option<Failure> = None;
        let mut n = 0;
        while n < self.failure_count {
            if let (Some(failure), None) = (&self.failures[n], &first) {
                first = Some(*failure);
            }
            n += 1;
        }
        first
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
            message: format!("the shape of {what} is not known before the model runs: as a layer, it takes it from its input"),
        })
    }

    /// Whether nothing is wrong.
    pub const fn is_right(&self) -> bool {
        self.failure_count == 0
    }

    /// The error of the first mistake, if there is one.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] with its message.
    pub fn ok(&self, names: &[&str]) -> Result<()> {
        match self.first_failure() {
            None => Ok(()),
            Some(failure) => Err(Error::Shape { message: failure.message(names) }),
        }
    }

    /// Stops the compilation with what is wrong at these nodes, if anything is; called in a constant whose tokens are
    /// the user's, so that rustc shows it there. `names` are those of the symbols.
    #[track_caller]
    pub const fn report(&self, nodes: &[usize], names: &[&str]) {
        let mut n = 0;
        while n < self.failure_count {
            if let Some(failure) = &self.failures[n]
                && contains(nodes, failure.node)
            {
                let mut text = Text::new();
                failure.write(&mut text, names);
                panic!("{}", text.as_str());
            }
            n += 1;
        }
    }
}

/// Whether the operands that a call marks with `&mut` are those that the op updates.
const fn check_updates(signature: &Signature, count: usize, updates: &[usize]) -> Result<(), ShapeError> {
    let mut n = 0;
    while n < count {
        let (is_updated, is_marked) = (matches!(signature.kind(n), Kind::Updated), contains(updates, n));
        if is_updated && !is_marked {
            let error = ShapeError::new("it updates its operand {}, a variable: mark that with `&mut`");
            return Err(error.number(n as isize + 1));
        }
        if is_marked && !is_updated {
            let error = ShapeError::new("it does not update its operand {}: leave the `&mut` out");
            return Err(error.number(n as isize + 1));
        }
        n += 1;
    }
    Ok(())
}

const fn contains(nodes: &[usize], node: usize) -> bool {
    let mut n = 0;
    while n < nodes.len() {
        if nodes[n] == node {
            return true;
        }
        n += 1;
    }
    false
}

/// What two shapes of one rank have in common.
const fn common(a: Shape, b: Shape) -> Shape {
    let mut shape = a;
    let mut axis = 0;
    while axis < a.rank() {
        if !a.dim(axis).same(b.dim(axis)) {
            shape = shape.with(axis, Dim::Unknown);
        }
        axis += 1;
    }
    shape
}

/// What one `fn` sees of another that it calls.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    results: [Shape; RESULTS],
    result_count: usize,
    failure: Option<Failure>,
    variables: u64,
    /// The sizes of the names that the inputs bind.
    pub sizes: [Dim; SIZES],
}
