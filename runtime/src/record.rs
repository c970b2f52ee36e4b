//! A recording: the ops of one run of a `fn`, with the sizes of one batch.
//!
//! `model!` emits a `record` method for each `fn`. It runs once for each size of batch, with the sizes as numbers, goes
//! through loops and branches as plain Rust, and leaves a list of nodes. The planner turns that into a plan; a step
//! only carries out the plan.

use std::any::Any;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::element::{DType, Element, Scalar};
use crate::error::{Error, Result};
use crate::op::{Forward, Kind, Operation, Signature};
use crate::ops::{again, copy};
use crate::recorded_names::RecordedNames;
use crate::shape::{Pattern, Shape, Shapes};
use crate::variable::{AnyVariable, Variable};

/// A tensor of a recording.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Value(pub(crate) u32);

impl Value {
    /// What stands for a value after something went wrong.
    const NONE: Self = Self(u32::MAX);

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The results of one call.
#[derive(Clone, Debug)]
pub struct Values {
    op: String,
    values: Vec<Value>,
}

impl Values {
    /// The only result.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] where the op has more or fewer.
    pub fn one(self) -> Result<Value> {
        self.take::<1>().map(|[value]| value)
    }

    /// The results, however many.
    pub fn into_vec(self) -> Vec<Value> {
        self.values
    }

    /// The results, `N` of them.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] where the op has more or fewer.
    pub fn take<const N: usize>(self) -> Result<[Value; N]> {
        let count = self.values.len();
        self.values
            .try_into()
            .map_err(|_| Error::Shape { message: format!("{} gives {count} values, not {N}", self.op) })
    }
}

/// Where a value comes from.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Origin {
    /// The `n`-th input.
    Input(usize),
    /// The `n`-th variable of the recording.
    Variable(usize),
    /// A number.
    Number(f64),
    /// A node's result.
    Node(usize),
}

/// What is known of a value.
#[derive(Clone, Copy, Debug)]
pub struct ValueInfo {
    /// Its shape, all sizes known.
    pub shape: Shape,
    /// Where it comes from.
    pub origin: Origin,
}

/// A call of an op.
#[derive(Debug)]
pub struct Node {
    /// The op.
    pub operation: &'static Operation,
    /// Its name with its scopes.
    pub name: String,
    /// Its operands.
    pub operands: Vec<Value>,
    /// Its results.
    pub results: Vec<Value>,
    /// The shapes of what it keeps for backward.
    pub saved: Vec<Shape>,
    /// Its keywords.
    pub attrs: Arc<dyn Any + Send + Sync>,
    /// The element type that it runs on.
    pub element: DType,
    /// Whether it runs as in a training step where the run is one.
    pub training: bool,
}

/// What was recorded in one body: the body of a `fn`, a turn of a loop, a branch.
#[derive(Debug)]
struct Body {
    entries: Vec<Entry>,
    /// The entries to differentiate, in the order of the reverse pass; `None`: all of them, last first.
    reverse: Option<&'static [usize]>,
    /// Where its names begin, if it is a turn of a loop.
    turn: Option<usize>,
}

#[derive(Debug)]
enum Entry {
    /// The nodes of one call: the op's own, and before it those that make its operands different values.
    Nodes(Range<usize>),
    Body(Body),
}

/// A finished recording.
#[derive(Debug)]
pub struct Recording {
    /// All values.
    pub values: Vec<ValueInfo>,
    /// The nodes, in the order in which they run.
    pub nodes: Vec<Node>,
    /// The numbers of the nodes in the order of the reverse pass.
    pub reverse: Vec<usize>,
    /// The variables that are read.
    pub variables: Vec<Arc<dyn AnyVariable>>,
    /// The variables that ops update, with their new values.
    pub updates: Vec<(usize, Value)>,
    /// What the `fn` gives.
    pub results: Vec<Value>,
}

/// Records the ops of a `fn`.
pub struct Recorder {
    values: Vec<ValueInfo>,
    nodes: Vec<Node>,
    variables: Vec<Arc<dyn AnyVariable>>,
    variable_values: HashMap<usize, Value>,
    updates: Vec<(usize, Value)>,
    numbers: HashMap<(u64, DType), Value>,
    names: RecordedNames,
    elements: Vec<DType>,
    bodies: Vec<Body>,
    training: bool,
    /// Whether training goes on in the scopes that are open and tell.
    modes: Vec<bool>,
    /// The first thing that went wrong; from then on nothing is recorded.
    error: Option<Error>,
}

impl Recorder {
    /// An empty recording of a model of this element type, for training or for inference.
    pub fn new(element: DType, training: bool) -> Self {
        Self {
            values: Vec::new(),
            nodes: Vec::new(),
            variables: Vec::new(),
            variable_values: HashMap::new(),
            updates: Vec::new(),
            numbers: HashMap::new(),
            names: RecordedNames::default(),
            elements: vec![element],
            bodies: vec![Body { entries: Vec::new(), reverse: None, turn: None }],
            training,
            modes: Vec::new(),
            error: None,
        }
    }

    /// Whether the run is a training step, and the scopes at hand are trained in it.
    pub fn training(&self) -> bool {
        self.training && self.modes.last().copied().unwrap_or(true)
    }

    /// Begins a scope whose ops run as in a training step, if this is one, or as in inference.
    pub fn enter_mode(&mut self, training: bool) {
        self.modes.push(training);
    }

    /// Ends the scope that was begun last so.
    pub fn leave_mode(&mut self) {
        self.modes.pop();
    }

    fn push(&mut self, shape: Shape, origin: Origin) -> Value {
        self.values.push(ValueInfo { shape, origin });
        Value(self.values.len() as u32 - 1)
    }

    /// The `n`-th input.
    pub fn input(&mut self, number: usize, shape: Shape) -> Value {
        self.push(shape, Origin::Input(number))
    }

    /// A plain number, which takes the element type of what it meets.
    pub fn number(&mut self, number: impl Scalar) -> Value {
        self.typed_number(number.to_number(), DType::Number)
    }

    fn typed_number(&mut self, number: f64, dtype: DType) -> Value {
        if let Some(&value) = self.numbers.get(&(number.to_bits(), dtype)) {
            return value;
        }
        let value = self.push(Shape::scalar(dtype), Origin::Number(number));
        self.numbers.insert((number.to_bits(), dtype), value);
        value
    }

    /// The value of a variable: after an op has updated it, the new one.
    pub fn variable<T: Element, D: ndarray::Dimension + 'static>(&mut self, variable: &Variable<T, D>) -> Value {
        self.any_variable(variable.erase())
    }

    pub(crate) fn any_variable(&mut self, variable: Arc<dyn AnyVariable>) -> Value {
        let id = variable.id();
        if let Some(&value) = self.variable_values.get(&id) {
            return value;
        }
        let shape = Shape::of(variable.dtype(), variable.shape());
        self.variables.push(variable);
        let value = self.push(shape, Origin::Variable(self.variables.len() - 1));
        self.variable_values.insert(id, value);
        value
    }

    /// Notes that an op has made a new value of a variable, to be kept if the step succeeds.
    pub fn update<T: Element, D: ndarray::Dimension + 'static>(&mut self, variable: &Variable<T, D>, value: Value) {
        if value == Value::NONE {
            return;
        }
        self.variable(variable);
        let id = variable.erase().id();
        let number = self.variables.iter().position(|known| known.id() == id).unwrap_or_default();
        self.variable_values.insert(id, value);
        self.updates.retain(|(updated, _)| *updated != number);
        self.updates.push((number, value));
    }

    /// The shape of a value.
    pub fn shape(&self, value: Value) -> Shape {
        self.values[value.index()].shape
    }

    /// Holds a value against its type, which is written so; gives the sizes of the names that the type binds.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] where they differ.
    pub fn bind<const NAMES: usize>(
        &mut self,
        what: &'static str,
        written: &'static str,
        value: Value,
        pattern: Pattern<'_>,
    ) -> Result<[usize; NAMES]> {
        self.ok()?;
        let shape = self.shape(value);
        match pattern.bind::<NAMES>(shape) {
            Ok((names, _)) => Ok(names.map(|dim| dim.size().unwrap_or(0))),
            Err(error) => {
                Err(Error::Shape { message: format!("{}: {shape} is not {written}: {error}", self.names.full(what)) })
            }
        }
    }

    /// Begins a `fn` of a model of this element type, whose nodes are differentiated in the given order.
    pub fn begin(&mut self, element: DType, reverse: &'static [usize]) {
        self.elements.push(element);
        self.names.begin();
        self.bodies.push(Body { entries: Vec::new(), reverse: Some(reverse), turn: None });
    }

    /// Ends the `fn` that was begun last.
    ///
    /// # Errors
    ///
    /// What went wrong in it.
    pub fn end(&mut self) -> Result<()> {
        self.leave();
        self.names.end();
        self.elements.pop();
        self.ok()
    }

    /// What went wrong so far, which can be asked once.
    fn ok(&mut self) -> Result<()> {
        self.error.take().map_or(Ok(()), Err)
    }

    /// The results of a call, so many of them. An error is kept until [`Recorder::end`]: the code that `model!` emits
    /// need not stop at each call.
    pub fn keep<const N: usize>(&mut self, made: Result<Values>) -> [Value; N] {
        match made.and_then(Values::take) {
            Ok(values) => values,
            Err(error) => {
                self.error.get_or_insert(error);
                [Value::NONE; N]
            }
        }
    }

    /// Begins a loop, which stands in this name scope: its turns are bodies, differentiated from the last to the first.
    pub fn enter_turns(&mut self, name_scope: &'static str) {
        self.names.enter_turns(name_scope);
        self.bodies.push(Body { entries: Vec::new(), reverse: None, turn: None });
    }

    /// Begins a body whose nodes are differentiated in the given order.
    pub fn enter(&mut self, reverse: &'static [usize]) {
        let is_turn = self.bodies.last().is_some_and(|body| body.reverse.is_none());
        let turn = is_turn.then(|| self.names.turn());
        self.bodies.push(Body { entries: Vec::new(), reverse: Some(reverse), turn });
    }

    /// Ends the body that was begun last.
    pub fn leave(&mut self) {
        let Some(body) = self.bodies.pop() else { return };
        if let Some(mark) = body.turn {
            self.names.end_turn(mark);
        }
        if let Some(outer) = self.bodies.last_mut() {
            outer.entries.push(Entry::Body(body));
        }
    }

    /// Begins a layer, whose ops are in this name scope.
    pub fn enter_layer(&mut self, name_scope: &'static str) {
        self.names.begin_layer(name_scope);
    }

    /// Ends the layer that was begun last.
    pub fn leave_layer(&mut self) {
        self.names.end();
    }

    /// Records a call.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] with what the op's `shape` finds wrong.
    pub fn op(
        &mut self,
        operation: &'static Operation,
        name: &'static str,
        operands: &[Value],
        attrs: Arc<dyn Any + Send + Sync>,
    ) -> Result<Values> {
        if operands.contains(&Value::NONE) {
            return Err(Error::defect(format!("an operand of {name} is missing")));
        }
        let name = self.names.unique(name);
        let first = self.nodes.len();
        let operands = &self.different(operation, operands);
        let shapes: Vec<Shape> = operands.iter().map(|&value| self.shape(value)).collect();
        let model = self.elements.last().copied().unwrap_or(DType::F32);
        let element = operation.signature.element(model, &shapes);
        let operands = self.typed_operands(&operation.signature, operands, element);
        let shapes: Vec<Shape> = operands.iter().map(|&value| self.shape(value)).collect();
        let made = operation
            .signature
            .check(element, &shapes)
            .and_then(|()| (operation.shape)(element, &shapes, &*attrs))
            .map_err(|error| Error::Shape { message: error.of(&name, &shapes) })?;
        if let Some(open) = made.results().iter().chain(made.saved()).find(|shape| !shape.is_known()) {
            let reason = "a size is divided by 0 or is below 0, or the op leaves it open";
            return Err(Error::Shape {
                message: format!("{name} cannot tell the sizes of its result, {open}: {reason}"),
            });
        }
        let values = self.node(
            Node {
                operation,
                name: name.clone(),
                operands,
                results: vec![],
                saved: vec![],
                attrs,
                element,
                training: self.training(),
            },
            &made,
        );
        if let Some(body) = self.bodies.last_mut() {
            body.entries.push(Entry::Nodes(first..self.nodes.len()));
        }
        Ok(Values { op: name, values })
    }

    /// Adds a node that makes these tensors.
    fn node(&mut self, node: Node, made: &Shapes) -> Vec<Value> {
        let origin = Origin::Node(self.nodes.len());
        let results: Vec<Value> = made.results().iter().map(|&shape| self.push(shape, origin)).collect();
        self.nodes.push(Node { results: results.clone(), saved: made.saved().to_vec(), ..node });
        results
    }

    /// The operands of a call, each a value of its own, so that `backward` can write a gradient for each: an operand
    /// that stands twice, as in `x * x`, is the second time a value of other name in the same place.
    fn different(&mut self, operation: &Operation, operands: &[Value]) -> Vec<Value> {
        let mut different: Vec<Value> = Vec::with_capacity(operands.len());
        for &operand in operands {
            let shape = self.shape(operand);
            if operation.backward.is_some() && shape.dtype().is_float() && different.contains(&operand) {
                let again = Node {
                    operation: &again::OPERATION,
                    name: self.names.full("again"),
                    operands: vec![operand],
                    results: vec![],
                    saved: vec![],
                    attrs: Arc::new(again::Attrs::DEFAULT),
                    element: shape.dtype(),
                    training: self.training(),
                };
                different.extend(self.node(again, &Shapes::one(shape)));
            } else {
                different.push(operand);
            }
        }
        different
    }

    /// The operands with numbers in the type that the op wants there.
    fn typed_operands(&mut self, signature: &Signature, operands: &[Value], element: DType) -> Vec<Value> {
        let wanted = |n| if let Kind::Is(dtype) = signature.kind(n) { dtype } else { element };
        operands.iter().enumerate().map(|(n, &value)| self.typed(value, wanted(n))).collect()
    }

    /// A value, in this type if it is a number that has none yet.
    fn typed(&mut self, value: Value, dtype: DType) -> Value {
        match self.values[value.index()] {
            ValueInfo { shape, origin: Origin::Number(number) } if shape.dtype() == DType::Number => {
                self.typed_number(number, dtype)
            }
            _ => value,
        }
    }

    /// The finished recording of a `fn` with these results.
    ///
    /// # Errors
    ///
    /// [`Error::Defect`] where a result cannot be copied.
    pub fn finish(mut self, results: &[Value]) -> Result<Recording> {
        let element = self.elements.first().copied().unwrap_or(DType::F32);
        let results = results.iter().map(|&value| self.own(value, element)).collect::<Result<_>>()?;
        let mut reverse = Vec::with_capacity(self.nodes.len());
        self.bodies.iter().rev().for_each(|body| flatten(body, &mut reverse));
        let Self { values, nodes, variables, updates, .. } = self;
        Ok(Recording { values, nodes, reverse, variables, updates, results })
    }

    /// A result as a value in the arena, of which the caller can make an array: an input or a variable is copied.
    fn own(&mut self, value: Value, element: DType) -> Result<Value> {
        let value = self.typed(value, element);
        let mut root = value;
        while let Origin::Node(node) = self.values[root.index()].origin
            && let (Forward::Alias, Some(&operand)) =
                (self.nodes[node].operation.forward, self.nodes[node].operands.first())
        {
            root = operand;
        }
        match self.values[root.index()].origin {
            Origin::Node(_) | Origin::Number(_) => Ok(value),
            Origin::Input(_) | Origin::Variable(_) => copy::record(self, "copy", &[value], copy::Attrs::DEFAULT)?.one(),
        }
    }
}

/// The nodes of a body in the order of the reverse pass.
fn flatten(body: &Body, reverse: &mut Vec<usize>) {
    let mut visit = |entry: &Entry| match entry {
        Entry::Nodes(nodes) => reverse.extend(nodes.clone().rev()),
        Entry::Body(body) => flatten(body, reverse),
    };
    match body.reverse {
        None => body.entries.iter().rev().for_each(visit),
        Some(order) => order.iter().filter_map(|&entry| body.entries.get(entry)).for_each(&mut visit),
    }
}
