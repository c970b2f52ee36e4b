//! Batch and layer normalization. The moving statistics of the former are operands here, which the file's training
//! cases do not have.

use ndarray::{ArrayD, IxDyn};
use varscope::op::Axes;
use varscope::ops::{batch_norm, layer_norm, mean, square, sub};
use varscope::testing::{Recorder, Tensor, Value};

use super::call::named;
use super::{Call, Graph, Mapping, Mode, Operand, Problem};

pub(super) const MAPPINGS: &[Mapping] = &[
    ("batch_norm", |call| if call.flag("training", true)? { in_training(call) } else { in_inference(call) }),
    ("fused_batch_norm", |call| {
        call.only("data_format", "NHWC")?;
        if call.flag("training", true)? { in_training(call) } else { in_inference(call) }
    }),
    ("layer_norm", |call| {
        let last = call.shape("x")?.len() as i64 - 1;
        for name in ["axis", "begin_norm_axis", "begin_params_axis"] {
            if let Some(axis) = call.integer(name)?.filter(|&axis| axis != -1 && axis != last) {
                return Err(Problem::NotThereYet(format!("a layer normalization with `{name}` = {axis}")));
            }
        }
        let attrs = layer_norm::Attrs::DEFAULT.epsilon(call.number("epsilon")?.unwrap_or(0.001));
        call.of(named(["x", "gamma", "beta"]), layer_norm::record, attrs)
    }),
];

/// What a case asks for.
#[derive(Clone, Copy)]
enum Output {
    /// A result of the op: `y`, and the moved statistics, which are the batch's own with a momentum of 0.
    Result(usize),
    /// The mean of the batch, with a gradient.
    Mean,
    /// The mean of squares of the batch, with a gradient.
    Variance,
}

fn output(name: &str) -> Result<Output, Problem> {
    Ok(match name {
        "y" => Output::Result(0),
        "batch_mean" => Output::Result(1),
        // Ours moves towards the corrected variance as well.
        "batch_var_reported" => Output::Result(2),
        "mean" => Output::Mean,
        "var_biased" => Output::Variance,
        other => return Err(Problem::NotThereYet(format!("a batch normalization that gives `{other}`"))),
    })
}

fn attrs(call: &Call<'_>) -> Result<batch_norm::Attrs, Problem> {
    Ok(batch_norm::Attrs::DEFAULT.momentum(0.0).epsilon(call.number("epsilon")?.unwrap_or(0.001)))
}

fn in_training(call: &Call<'_>) -> Result<Graph, Problem> {
    let (attrs, x) = (attrs(call)?, call.shape("x")?);
    let channels = *x.last().ok_or_else(|| call.case.node.wrong("x has no axis"))?;
    let leading: Vec<i64> = (0..x.len() as i64 - 1).collect();
    if call.integers("axes")?.is_some_and(|axes| axes != leading) {
        return Err(Problem::NotThereYet("a batch normalization over other axes than all but the last".into()));
    }
    let axes = super::lists::axes(&leading).unwrap_or(Axes::NONE);
    let outputs = call.case.outputs.iter().map(|(name, _)| output(name)).collect::<Result<Vec<_>, _>>()?;
    let mut operands = named(["x", "gamma", "beta"]);
    let dtype = call.case.inputs.iter().find(|(name, _)| name == "x").and_then(|(_, x)| x.tensor()).map(|x| x.dtype);
    let dtype = dtype.ok_or_else(|| Problem::NotThereYet("x is of a type that no tensor here has".into()))?;
    let start = Tensor { dtype, array: ArrayD::zeros(IxDyn(&[channels])) };
    operands.extend([Operand::Constant(start.clone()), Operand::Constant(start)]);
    let graph = call.graph(operands, move |recorder, operands| {
        let results = batch_norm::record(recorder, "op", operands, attrs)?.take::<3>()?;
        outputs
            .iter()
            .map(|output| match output {
                Output::Result(number) => Ok(results[*number]),
                Output::Mean => mean_of(recorder, operands[0], axes),
                Output::Variance => variance_of(recorder, operands[0], axes),
            })
            .collect()
    })?;
    Ok(Graph { mode: Mode::Training, ..graph })
}

fn mean_of(recorder: &mut Recorder, x: Value, axes: Axes) -> varscope::Result<Value> {
    mean::record(recorder, "mean", &[x], mean::Attrs { axes, ..mean::Attrs::DEFAULT })?.one()
}

fn variance_of(recorder: &mut Recorder, x: Value, axes: Axes) -> varscope::Result<Value> {
    let mean = mean_of(recorder, x, axes)?;
    let centered = sub::record(recorder, "centered", &[x, mean], sub::Attrs::DEFAULT)?.one()?;
    let squares = square::record(recorder, "squares", &[centered], square::Attrs::DEFAULT)?.one()?;
    mean_of(recorder, squares, axes)
}

fn in_inference(call: &Call<'_>) -> Result<Graph, Problem> {
    let attrs = attrs(call)?;
    let graph = call.graph(named(["x", "gamma", "beta", "mean", "var"]), move |recorder, operands| {
        let [y, _, _] = batch_norm::record(recorder, "op", operands, attrs)?.take()?;
        Ok(vec![y])
    })?;
    Ok(Graph { mode: Mode::Inference, ..graph })
}
