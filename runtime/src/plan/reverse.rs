//! The reverse pass: which nodes of the recorded order have to run backward, and how their contributions add up.

use crate::op::Update;
use crate::record::{Node, Origin, Recording, Value};

use super::stage::{Stage, is_float, operands_at, results_at};

/// The reverse pass of a recording, for some of its variables.
pub struct Reverse<'a> {
    recording: &'a Recording,
    /// Which values a wanted variable flows into.
    active: Vec<bool>,
    /// Which values have a gradient already.
    begun: Vec<bool>,
}

impl<'a> Reverse<'a> {
    /// Looks for the values that depend on the wanted variables.
    pub fn new(recording: &'a Recording, wanted: &[bool]) -> Self {
        let mut active: Vec<bool> = recording
            .values
            .iter()
            .map(|value| matches!(value.origin, Origin::Variable(number) if wanted[number]))
            .collect();
        for node in &recording.nodes {
            if differentiated_operands(node).any(|operand| active[operand.index()] && is_float(recording, operand)) {
                differentiated_results(node).for_each(|result| active[result.index()] = true);
            }
        }
        Self { recording, active, begun: vec![false; recording.values.len()] }
    }

    /// The stages, from the gradient of the first result back to the variables.
    pub fn stages(mut self, needed: &[bool]) -> Vec<Stage> {
        let mut stages = Vec::new();
        let Some(&loss) = self.recording.results.first() else { return stages };
        if !self.active[loss.index()] {
            return stages;
        }
        self.fill(loss, 1.0, &mut stages);
        for &number in &self.recording.reverse {
            let node = &self.recording.nodes[number];
            if needed[number] && differentiated_results(node).any(|result| self.begun[result.index()]) {
                self.backward(number, node, &mut stages);
            }
        }
        stages
    }

    fn fill(&mut self, value: Value, number: f64, stages: &mut Vec<Stage>) {
        self.begun[value.index()] = true;
        stages.push(Stage::Fill { value, number });
    }

    fn backward(&mut self, number: usize, node: &Node, stages: &mut Vec<Stage>) {
        if !differentiated_operands(node).any(|operand| self.active[operand.index()]) {
            return;
        }
        for result in differentiated_results(node) {
            if !self.begun[result.index()] {
                self.fill(result, 0.0, stages);
            }
        }
        let updates = differentiated_operands(node).map(|operand| self.contribute(operand)).collect();
        stages.push(Stage::Backward { node: number, updates });
    }

    /// How a node contributes to the gradient of an operand. The operands of a call are different values: the recorder
    /// sees to that.
    fn contribute(&mut self, operand: Value) -> Option<Update> {
        if !self.active[operand.index()] || !is_float(self.recording, operand) {
            return None;
        }
        let begun = std::mem::replace(&mut self.begun[operand.index()], true);
        Some(if begun { Update::Add } else { Update::Set })
    }
}

/// The operands that an op has gradients for.
fn differentiated_operands(node: &Node) -> impl Iterator<Item = Value> {
    let to = node.operation.backward.map_or(&[][..], |backward| backward.to);
    to.iter().flat_map(|&position| operands_at(node, position)).copied()
}

/// The results whose gradients an op takes.
fn differentiated_results(node: &Node) -> impl Iterator<Item = Value> {
    let from = node.operation.backward.map_or(&[][..], |backward| backward.from);
    from.iter().flat_map(|&position| results_at(node, position)).copied()
}
