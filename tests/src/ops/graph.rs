//! Running a graph of ops on the operands of a case.

use std::fmt;
use std::sync::Arc;

use ndarray::ArrayD;
use varscope::op::{DType, Result as OpResult};
use varscope::testing::{Recorder, Tensor, Value, differentiate, run};

use crate::case::{OpCase, find};
use crate::compare::{Comparison, Tolerances};
use crate::json::Error;
use crate::report::Verdict;

/// An operand of a graph.
#[derive(Clone, PartialEq, Debug)]
pub enum Operand {
    /// The input of this name.
    Input(String),
    /// The input of this name as indices, which are `u32` here and `int32` in the file.
    Index(String),
    /// A tensor that the file does not have, and whose gradient nobody asks for.
    Constant(Tensor),
}

/// How a graph is run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// In inference, and in a training step with the gradients.
    Both,
    /// In a training step with the gradients; in inference it gives something else.
    Training,
    /// In inference, without gradients: in training it gives something else.
    Inference,
}

/// Records ops: from operands to results.
pub type Record = dyn Fn(&mut Recorder, &[Value]) -> OpResult<Vec<Value>> + Send + Sync;

/// Ops that compute what a case says.
pub struct Graph {
    /// The operands.
    pub operands: Vec<Operand>,
    /// How it is run.
    pub mode: Mode,
    /// Records the ops: from the operands to as many values as the case has outputs, in their order.
    pub record: Arc<Record>,
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Graph({:?}, {:?})", self.operands, self.mode)
    }
}

/// Runs the graph of a case and compares the results and the gradients.
///
/// # Errors
///
/// The case lacks an operand, or has arrays that do not belong together.
pub fn judge(case: &OpCase<'_>, graph: &Graph, tolerances: &Tolerances) -> Result<Verdict, Error> {
    let Some(operands) =
        graph.operands.iter().map(|operand| tensor(case, operand)).collect::<Result<Option<Vec<_>>, _>>()?
    else {
        return Ok(Verdict::NotThereYet("an operand is of a type that no tensor here has".into()));
    };
    let name = if case.is_single() { "ops float32" } else { "ops float64" };
    let tolerance = case.noted("compare to ").map_or_else(|| tolerances.of(name), Ok)?;
    let mut comparison = Comparison::new(tolerance);
    if graph.mode != Mode::Training {
        let record = Arc::clone(&graph.record);
        match run(&operands, move |recorder, operands| record(recorder, operands)) {
            Ok(results) => compare_results(case, "", &results, &mut comparison),
            Err(error) => comparison.fail(error.to_string()),
        }
    }
    if graph.mode != Mode::Inference && !case.upstream.is_empty() {
        train(case, graph, &operands, &mut comparison)?;
    }
    Ok(match comparison.verdict() {
        Verdict::Ok if graph.mode == Mode::Inference && !case.grads.is_empty() => {
            Verdict::NotThereYet("the results are right, but a gradient in inference cannot be asked for".into())
        }
        verdict => verdict,
    })
}

/// An operand as ops take it; none if the library has no such element type.
fn tensor(case: &OpCase<'_>, operand: &Operand) -> Result<Option<Tensor>, Error> {
    let input = |name: &str| {
        find(&case.inputs, name).ok_or_else(|| case.node.wrong(format!("`{}` needs an input `{name}`", case.op)))
    };
    Ok(match operand {
        Operand::Constant(tensor) => Some(tensor.clone()),
        Operand::Input(name) => input(name)?.tensor(),
        Operand::Index(name) => {
            let array = &input(name)?.array;
            if let Some(index) = array.iter().find(|index| **index < 0.0 || index.fract() != 0.0) {
                return Err(case.node.wrong(format!("{index} in `{name}` is no index")));
            }
            Some(Tensor { dtype: DType::U32, array: array.clone() })
        }
    })
}

fn train(case: &OpCase<'_>, graph: &Graph, operands: &[Tensor], comparison: &mut Comparison) -> Result<(), Error> {
    let upstream: Vec<Option<ArrayD<f64>>> = case
        .outputs
        .iter()
        .map(|(name, output)| match find(&case.upstream, name) {
            Some(upstream) if upstream.shape() != output.shape() => {
                Err(case.node.wrong(format!("the upstream gradient of `{name}` does not have its shape")))
            }
            upstream => Ok(upstream.map(|upstream| upstream.array.clone())),
        })
        .collect::<Result<_, _>>()?;
    let record = Arc::clone(&graph.record);
    let count = upstream.len();
    let checked = move |recorder: &mut Recorder, operands: &[Value]| {
        let results = record(recorder, operands)?;
        let message = format!("there are {} results, not {count}", results.len());
        if results.len() == count { Ok(results) } else { Err(varscope::Error::Shape { message }) }
    };
    let found = match differentiate(operands, &upstream, checked) {
        Ok(found) => found,
        Err(error) => {
            comparison.fail(format!("in training, {error}"));
            return Ok(());
        }
    };
    compare_results(case, "in training, ", &found.results, comparison);
    for (name, wanted) in &case.grads {
        let is_it =
            |operand: &Operand| matches!(operand, Operand::Input(input) | Operand::Index(input) if input == name);
        let Some(number) = graph.operands.iter().position(is_it) else {
            comparison.fail(format!("there is no gradient of `{name}`"));
            continue;
        };
        let what = format!("the gradient of `{name}`");
        let found = &found.gradients[number];
        match wanted {
            Some(wanted) => comparison.arrays(&what, found, &wanted.array),
            // Where TensorFlow has no gradient, ours is zero.
            None => comparison.arrays(&what, found, &ArrayD::zeros(found.raw_dim())),
        }
    }
    Ok(())
}

fn compare_results(case: &OpCase<'_>, when: &str, results: &[Tensor], comparison: &mut Comparison) {
    if results.len() != case.outputs.len() {
        return comparison.fail(format!("{when}there are {} results, not {}", results.len(), case.outputs.len()));
    }
    for (result, (name, wanted)) in results.iter().zip(&case.outputs) {
        comparison.arrays(&format!("{when}{name}"), &result.array, &wanted.array);
    }
}
