//! How long each tensor of a plan lives, and which share a place: an alias with what it renames, the result of a call
//! in place with the operand that dies there.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use crate::op::{Forward, Kernel, Update};
use crate::record::{Origin, Recording, Value};

use super::layout::Span;
use super::stage::{Stage, Tensor, Touched, touched};

/// Where a tensor is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Home {
    /// An input of the run.
    Input(usize),
    /// A variable.
    Variable(usize),
    /// In the arena, for a span of time.
    Span(usize),
    /// The gradient of a variable.
    Gradient(usize),
}

/// When each tensor is in use.
pub struct Lifetimes {
    /// For each value the one whose place it is in: itself, or what it is an alias of.
    roots: Vec<Value>,
    spans: Vec<Span>,
    span_of: HashMap<Tensor, usize>,
    /// The calls in place, each with the position of what it overwrites among what it reads.
    in_place: HashMap<Pass, usize>,
    /// The variables whose gradients are computed.
    gradients: HashSet<Value>,
}

/// A call: a node forward or backward.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Pass {
    Forward(usize),
    Backward(usize),
}

impl Pass {
    fn of(stage: &Stage) -> Option<Self> {
        match *stage {
            Stage::Forward(node) => Some(Self::Forward(node)),
            Stage::Backward { node, .. } => Some(Self::Backward(node)),
            Stage::Fill { .. } => None,
        }
    }
}

/// The first and the last stage that touch a tensor.
#[derive(Clone, Copy)]
struct Life {
    first: usize,
    last: usize,
}

impl Lifetimes {
    /// The lifetimes in a list of stages.
    pub fn new(recording: &Recording, stages: &[Stage]) -> Self {
        let roots = roots(recording);
        let lives = lives(recording, stages, &roots);
        let mut lifetimes = Self {
            roots,
            spans: Vec::new(),
            span_of: HashMap::new(),
            in_place: HashMap::new(),
            gradients: HashSet::new(),
        };
        lifetimes.add_numbers(recording, &lives, stages.len());
        for (time, stage) in stages.iter().enumerate() {
            let touched = touched(recording, stage);
            let position = match stage {
                Stage::Forward(node) => lifetimes.overwritten(recording, *node, time, &lives),
                Stage::Backward { node, .. } => gradient_overwritten(recording, *node, &touched, time, &lives),
                Stage::Fill { .. } => None,
            };
            if let (Some(pass), Some(position)) = (Pass::of(stage), position) {
                lifetimes.put_in_place(pass, position, &touched, &lives);
            }
            for &(tensor, _) in touched.writes.iter().flatten().flatten() {
                lifetimes.add(recording, tensor, &lives);
            }
        }
        lifetimes
    }

    /// What a tensor is an alias of, or the tensor itself.
    pub fn canonical(&self, tensor: Tensor) -> Tensor {
        canonical(&self.roots, tensor)
    }

    fn add_numbers(&mut self, recording: &Recording, lives: &HashMap<Tensor, Life>, end: usize) {
        for (index, value) in recording.values.iter().enumerate() {
            let tensor = Tensor::Value(Value(index as u32));
            if matches!(value.origin, Origin::Number(_)) && lives.contains_key(&tensor) {
                self.span_of.insert(tensor, self.spans.len());
                self.spans.push(Span { bytes: bytes(recording, tensor), first: 0, last: end });
            }
        }
    }

    fn add(&mut self, recording: &Recording, tensor: Tensor, lives: &HashMap<Tensor, Life>) {
        if let Tensor::Gradient(value) = tensor
            && matches!(recording.values[value.index()].origin, Origin::Variable(_))
        {
            self.gradients.insert(value);
            return;
        }
        let tensor = self.canonical(tensor);
        if let Some(life) = lives.get(&tensor)
            && !self.span_of.contains_key(&tensor)
        {
            self.span_of.insert(tensor, self.spans.len());
            self.spans.push(Span { bytes: bytes(recording, tensor), first: life.first, last: life.last });
        }
    }

    /// The operand in whose place a node can put its first result, if there is one: the op can, the operand is a computed
    /// value that nobody reads later, and no other operand is in that place. That is the first operand, or, where they can
    /// be exchanged, the one that was computed last, so that it is still in the caches.
    fn overwritten(
        &self,
        recording: &Recording,
        node: usize,
        time: usize,
        lives: &HashMap<Tensor, Life>,
    ) -> Option<usize> {
        let node = &recording.nodes[node];
        let Forward::Computed { in_place: Some(_), .. } = node.operation.forward else { return None };
        let result = Tensor::Value(*node.results.first()?);
        let candidates = if node.operation.commutes { 2 } else { 1 };
        let born = |position: usize| {
            let root = self.roots[node.operands[position].index()];
            let from = Tensor::Value(root);
            let same = node.operands.iter().filter(|other| self.roots[other.index()] == root);
            let life = lives.get(&from).filter(|life| life.last == time)?;
            let is_computed = matches!(recording.values[root.index()].origin, Origin::Node(_));
            let fits = bytes(recording, from) == bytes(recording, result);
            (is_computed && fits && same.count() == 1).then_some(life.first)
        };
        let found = (0..candidates.min(node.operands.len())).filter_map(|position| Some((born(position)?, position)));
        found.max_by_key(|&(born, position)| (born, Reverse(position))).map(|(_, position)| position)
    }

    fn put_in_place(&mut self, pass: Pass, position: usize, touched: &Touched, lives: &HashMap<Tensor, Life>) {
        let (Some(&[from]), Some(&[Some((to, _))])) =
            (touched.reads.get(position).map(Vec::as_slice), touched.writes.first().map(Vec::as_slice))
        else {
            return;
        };
        if let (Some(&span), Some(life)) = (self.span_of.get(&self.canonical(from)), lives.get(&to)) {
            self.spans[span].last = self.spans[span].last.max(life.last);
            self.span_of.insert(to, span);
            self.in_place.insert(pass, position);
        }
    }

    /// The spans of time for which parts of the arena are needed.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// How many variables get a gradient.
    pub fn gradients(&self) -> usize {
        self.gradients.len()
    }

    /// Whether some stage touches a tensor.
    pub fn is_used(&self, tensor: Tensor) -> bool {
        self.span_of.contains_key(&self.canonical(tensor))
    }

    /// Where a tensor is.
    pub fn home(&self, recording: &Recording, tensor: Tensor) -> Option<Home> {
        let tensor = self.canonical(tensor);
        let origin = match tensor {
            Tensor::Value(value) | Tensor::Gradient(value) => recording.values[value.index()].origin,
            Tensor::Saved(node, _) => Origin::Node(node),
        };
        match (tensor, origin) {
            (Tensor::Value(_), Origin::Input(number)) => Some(Home::Input(number)),
            (Tensor::Value(_), Origin::Variable(number)) => Some(Home::Variable(number)),
            (Tensor::Gradient(_), Origin::Variable(number)) => Some(Home::Gradient(number)),
            _ => self.span_of.get(&tensor).map(|&span| Home::Span(span)),
        }
    }

    /// Whether what a stage gives is already there: the gradient of an alias in place.
    pub fn is_done(&self, recording: &Recording, stage: &Stage) -> bool {
        self.position(stage).is_some() && self.kernel(recording, stage).is_none()
    }

    /// The kernel of a stage.
    pub fn kernel(&self, recording: &Recording, stage: &Stage) -> Option<Kernel> {
        let is_in_place = self.position(stage).is_some();
        match *stage {
            Stage::Forward(node) => match recording.nodes[node].operation.forward {
                Forward::Computed { in_place, .. } if is_in_place => in_place,
                Forward::Computed { kernel, .. } => Some(kernel),
                Forward::Alias => None,
            },
            Stage::Backward { node, .. } => {
                let backward = recording.nodes[node].operation.backward?;
                if is_in_place { backward.in_place } else { Some(backward.kernel) }
            }
            Stage::Fill { .. } => None,
        }
    }

    /// Where what a stage overwrites stands among what it reads, if it is in place.
    fn position(&self, stage: &Stage) -> Option<usize> {
        self.in_place.get(&Pass::of(stage)?).copied()
    }

    /// The tensor that a stage finds where it puts what it writes first, if it is in place.
    pub fn found_in_place(&self, recording: &Recording, stage: &Stage) -> Option<Tensor> {
        let position = self.position(stage)?;
        touched(recording, stage).reads.get(position)?.first().map(|&tensor| self.canonical(tensor))
    }

    /// What a stage touches: in place, what it overwrites is no argument.
    pub fn touched(&self, recording: &Recording, stage: &Stage) -> Touched {
        let mut touched = touched(recording, stage);
        if let Some(position) = self.position(stage) {
            touched.reads.remove(position);
        }
        touched
    }
}

/// Whether the gradient of an alias is that of what it renames, or the backward pass of an op can run in place; if so, the
/// position of the result's gradient among what it reads: nobody reads that later, and it is as large as the operand's
/// gradient, which begins with it.
fn gradient_overwritten(
    recording: &Recording,
    node: usize,
    touched: &Touched,
    time: usize,
    lives: &HashMap<Tensor, Life>,
) -> Option<usize> {
    let operation = recording.nodes[node].operation;
    let backward = operation.backward?;
    if backward.in_place.is_none() && !matches!(operation.forward, Forward::Alias) {
        return None;
    }
    let position = backward.reads.len();
    let (&[from], &[Some((to @ Tensor::Gradient(operand), Update::Set))]) =
        (touched.reads.get(position)?.as_slice(), touched.writes.first()?.as_slice())
    else {
        return None;
    };
    let is_variable = matches!(recording.values[operand.index()].origin, Origin::Variable(_));
    let dies = lives.get(&from).is_some_and(|life| life.last == time);
    (dies && !is_variable && bytes(recording, from) == bytes(recording, to)).then_some(position)
}

fn canonical(roots: &[Value], tensor: Tensor) -> Tensor {
    if let Tensor::Value(value) = tensor { Tensor::Value(roots[value.index()]) } else { tensor }
}

fn roots(recording: &Recording) -> Vec<Value> {
    let mut roots: Vec<Value> = (0..recording.values.len() as u32).map(Value).collect();
    for node in &recording.nodes {
        if let (Forward::Alias, [operand, ..], [result]) =
            (node.operation.forward, &node.operands[..], &node.results[..])
        {
            roots[result.index()] = roots[operand.index()];
        }
    }
    roots
}

fn lives(recording: &Recording, stages: &[Stage], roots: &[Value]) -> HashMap<Tensor, Life> {
    let mut lives: HashMap<Tensor, Life> = HashMap::new();
    let mut touch = |tensor, time| {
        let life = lives.entry(canonical(roots, tensor)).or_insert(Life { first: time, last: time });
        life.last = life.last.max(time);
    };
    for (time, stage) in stages.iter().enumerate() {
        let touched = touched(recording, stage);
        touched.reads.iter().flatten().for_each(|&tensor| touch(tensor, time));
        touched.writes.iter().flatten().flatten().for_each(|&(tensor, _)| touch(tensor, time));
    }
    let kept = recording.results.iter().chain(recording.updates.iter().map(|(_, value)| value));
    kept.for_each(|&value| touch(Tensor::Value(value), stages.len()));
    lives
}

fn bytes(recording: &Recording, tensor: Tensor) -> usize {
    let shape = tensor.shape(recording);
    shape.dims().iter().fold(shape.dtype().size(), |bytes, dim| bytes.saturating_mul(dim.size().unwrap_or(usize::MAX)))
}
