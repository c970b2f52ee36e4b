//! The order of a run: which nodes run forward, which gradients are begun, which nodes run backward, and what each
//! touches.

use crate::element::DType;
use crate::op::{Buffer, Forward, Kind, Update};
use crate::record::{Node, Origin, Recording, Value};
use crate::shape::Shape;

use super::reverse::Reverse;

/// A tensor that a plan has to put somewhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Tensor {
    /// A value of the recording.
    Value(Value),
    /// The `n`-th buffer that a node keeps for its backward pass.
    Saved(usize, usize),
    /// The gradient of a value.
    Gradient(Value),
}

impl Tensor {
    /// Its shape.
    pub fn shape(self, recording: &Recording) -> Shape {
        match self {
            Self::Value(value) | Self::Gradient(value) => recording.values[value.index()].shape,
            Self::Saved(node, number) => recording.nodes[node].saved[number],
        }
    }
}

/// One thing to do.
#[derive(Clone, PartialEq, Debug)]
pub enum Stage {
    /// A node's forward pass.
    Forward(usize),
    /// Begins the gradient of a value.
    Fill {
        /// The value.
        value: Value,
        /// What every element of its gradient is.
        number: f64,
    },
    /// A node's backward pass.
    Backward {
        /// The node.
        node: usize,
        /// How it contributes to the gradient of each operand that it has one for: `None` where nobody wants it.
        updates: Vec<Option<Update>>,
    },
}

/// What a stage reads and writes, argument by argument.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Touched {
    /// What it reads.
    pub reads: Vec<Vec<Tensor>>,
    /// What it writes.
    pub writes: Vec<Vec<Option<(Tensor, Update)>>>,
}

/// The stages of a plan that gives the results, and the gradients of the first of them by the wanted variables.
pub fn schedule(recording: &Recording, wanted: &[bool]) -> Vec<Stage> {
    let needed = needed(recording);
    let is_computed = |node: &Node| matches!(node.operation.forward, Forward::Computed { .. });
    let mut stages: Vec<Stage> = (0..recording.nodes.len())
        .filter(|&node| needed[node] && is_computed(&recording.nodes[node]))
        .map(Stage::Forward)
        .collect();
    if wanted.contains(&true) {
        stages.extend(Reverse::new(recording, wanted).stages(&needed));
    }
    stages
}

/// Which nodes a result or an update depends on.
fn needed(recording: &Recording) -> Vec<bool> {
    let mut needed = vec![false; recording.nodes.len()];
    let need = |value: Value, needed: &mut Vec<bool>| {
        if let Origin::Node(node) = recording.values[value.index()].origin {
            needed[node] = true;
        }
    };
    recording
        .results
        .iter()
        .chain(recording.updates.iter().map(|(_, value)| value))
        .for_each(|&v| need(v, &mut needed));
    for node in (0..recording.nodes.len()).rev() {
        if needed[node] {
            recording.nodes[node].operands.iter().for_each(|&operand| need(operand, &mut needed));
        }
    }
    needed
}

/// The operands at a position of an op's signature: one, or those of a list, which stands last.
pub fn operands_at(node: &Node, position: usize) -> &[Value] {
    match node.operation.signature.operands.get(position) {
        Some(Kind::List) => node.operands.get(position..).unwrap_or_default(),
        _ => node.operands.get(position..=position).unwrap_or_default(),
    }
}

/// The results at a position of an op's signature.
pub fn results_at(node: &Node, position: usize) -> &[Value] {
    match node.operation.signature.results.get(position) {
        Some(Kind::List) => node.results.get(position..).unwrap_or_default(),
        _ => node.results.get(position..=position).unwrap_or_default(),
    }
}

/// What a stage touches, nothing in place.
pub fn touched(recording: &Recording, stage: &Stage) -> Touched {
    match stage {
        Stage::Forward(node) => forward(&recording.nodes[*node], *node),
        Stage::Fill { value, .. } => {
            Touched { reads: vec![], writes: vec![vec![Some((Tensor::Gradient(*value), Update::Set))]] }
        }
        Stage::Backward { node, updates } => backward(&recording.nodes[*node], *node, updates),
    }
}

fn forward(node: &Node, number: usize) -> Touched {
    let signature = &node.operation.signature;
    let reads = (0..signature.operands.len())
        .map(|position| operands_at(node, position).iter().map(|&value| Tensor::Value(value)).collect())
        .collect();
    let set = |tensor| Some((tensor, Update::Set));
    let results = (0..signature.results.len())
        .map(|position| results_at(node, position).iter().map(|&value| set(Tensor::Value(value))).collect());
    let saved = (0..node.saved.len()).map(|saved| vec![set(Tensor::Saved(number, saved))]);
    Touched { reads, writes: results.chain(saved).collect() }
}

fn backward(node: &Node, number: usize, updates: &[Option<Update>]) -> Touched {
    let Some(backward) = &node.operation.backward else { return Touched::default() };
    let values = |values: &[Value]| values.iter().map(|&value| Tensor::Value(value)).collect();
    let kept = backward.reads.iter().map(|buffer| match *buffer {
        Buffer::Operand(position) => values(operands_at(node, position)),
        Buffer::Result(position) => values(results_at(node, position)),
        Buffer::Saved(saved) => vec![Tensor::Saved(number, saved)],
    });
    let incoming = backward
        .from
        .iter()
        .map(|&position| results_at(node, position).iter().map(|&value| Tensor::Gradient(value)).collect());
    let mut updates = updates.iter();
    let writes = backward
        .to
        .iter()
        .map(|&position| {
            let operands = operands_at(node, position).iter();
            operands
                .map(|&value| updates.next().copied().flatten().map(|update| (Tensor::Gradient(value), update)))
                .collect()
        })
        .collect();
    Touched { reads: kept.chain(incoming).collect(), writes }
}

/// Whether gradients can reach a value.
pub fn is_float(recording: &Recording, value: Value) -> bool {
    matches!(recording.values[value.index()].shape.dtype(), DType::F32 | DType::F64)
}
