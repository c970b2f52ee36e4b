//! Differentiation in reverse: which nodes of each body are gone through backwards, and in which order.
//!
//! A node takes part if a result of its body depends on it. The order is the opposite of the forward one, in each body
//! by itself: the turns of a loop are bodies, gone through from the last to the first, and so is the arm of a branch
//! that was taken. Whether a gradient is wanted in the end is known where a step is planned; there the nodes that lead
//! to no wanted variable drop out, and the contributions to a value that is used several times are added.

use std::collections::HashSet;

use crate::ir::{Body, Model, Node, NodeKind, Operand, ValueId, results};

/// Orders the reverse pass of each `fn`.
pub fn differentiate(model: &mut Model<'_>) {
    for function in &mut model.functions {
        let results: Vec<ValueId> = function.body.results.iter().flat_map(values).collect();
        order(&mut function.body, results);
    }
}

/// Finds the order of a body in which these values are what counts; gives the values from outside that they depend on.
fn order(body: &mut Body, counts: impl IntoIterator<Item = ValueId>) -> HashSet<ValueId> {
    let mut useful: HashSet<ValueId> = counts.into_iter().collect();
    let entries = body.nodes.iter().filter(|node| is_entry(node)).count();
    let mut entry = entries;
    let mut reverse = Vec::new();
    for node in body.nodes.iter_mut().rev() {
        let number = is_entry(node).then(|| {
            entry -= 1;
            entry
        });
        if !results(&node.kind).iter().any(|result| useful.contains(result)) {
            continue;
        }
        reverse.extend(number);
        useful.extend(depends_on(&mut node.kind));
    }
    body.reverse = reverse;
    useful
}

/// Whether the recorder has an entry for a node.
fn is_entry(node: &Node) -> bool {
    match node.kind {
        NodeKind::Op(_)
        | NodeKind::Regularization { .. }
        | NodeKind::Call { .. }
        | NodeKind::Layer(_)
        | NodeKind::Loop(_)
        | NodeKind::Branch(_) => true,
        NodeKind::Variable(_) | NodeKind::Number { .. } | NodeKind::Bind { .. } => false,
    }
}

/// The values that a node whose results count depends on; orders the bodies inside.
fn depends_on(kind: &mut NodeKind) -> Vec<ValueId> {
    match kind {
        NodeKind::Variable(_) | NodeKind::Number { .. } | NodeKind::Regularization { .. } => Vec::new(),
        NodeKind::Op(node) => node.operands.iter().flat_map(values).collect(),
        NodeKind::Call { arguments, .. } => arguments.clone(),
        NodeKind::Layer(call) => call.arguments.clone(),
        NodeKind::Bind { value, .. } => vec![*value],
        NodeKind::Loop(node) => {
            // What one turn makes, a later one may use: all that is carried counts.
            let next = node.carried.iter().map(|value| value.next).chain(node.collected.map(|(value, _)| value));
            let mut depends: Vec<ValueId> = order(&mut node.body, next.collect::<Vec<_>>()).into_iter().collect();
            depends.extend(node.carried.iter().map(|value| value.before));
            depends
        }
        NodeKind::Branch(branch) => {
            let mut depends = Vec::new();
            for (arm, body) in branch.arms.iter_mut().enumerate() {
                let ends: Vec<ValueId> = branch.results.iter().map(|(values, _)| values[arm]).collect();
                depends.extend(order(body, ends));
            }
            depends
        }
    }
}

/// The values of an operand.
fn values(operand: &Operand) -> Vec<ValueId> {
    match operand {
        Operand::Value(value) => vec![*value],
        Operand::List(values) => values.clone(),
        Operand::Collected(list, _) => vec![*list],
    }
}
