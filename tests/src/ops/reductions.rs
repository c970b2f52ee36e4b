//! Reductions over axes.

use varscope::ops::{div, l2_loss, max, maximum, mean, sqrt, square, sum};
use varscope::testing::{Recorder, Value};

use super::{Call, Graph, Mapping, Problem};

pub(super) const MAPPINGS: &[Mapping] = &[
    ("l2_loss", |call| call.plain(l2_loss::record, l2_loss::Attrs::DEFAULT)),
    ("l2_normalize", l2_normalize),
    ("reduce_max", |call| {
        call.plain(max::record, max::Attrs { axes: call.axes("axis")?, keep_dims: keep_dims(call)? })
    }),
    ("reduce_mean", |call| {
        call.plain(mean::record, mean::Attrs { axes: call.axes("axis")?, keep_dims: keep_dims(call)? })
    }),
    ("reduce_sum", |call| {
        call.plain(sum::record, sum::Attrs { axes: call.axes("axis")?, keep_dims: keep_dims(call)? })
    }),
];

/// Whether reduced axes stay, under either of the names that TensorFlow has had for it.
fn keep_dims(call: &Call<'_>) -> Result<bool, Problem> {
    let (keepdims, keep_dims) = (call.flag("keepdims", false)?, call.flag("keep_dims", false)?);
    Ok(keepdims || keep_dims)
}

/// `x / √max(Σ x², epsilon)`, written out of ops as users would.
fn l2_normalize(call: &Call<'_>) -> Result<Graph, Problem> {
    let attrs = sum::Attrs { axes: call.axes("axis")?, keep_dims: true };
    let epsilon = call.number("epsilon")?.unwrap_or(1e-12);
    call.graph(call.inputs(), move |recorder: &mut Recorder, operands: &[Value]| {
        let squares = square::record(recorder, "squares", operands, square::Attrs::DEFAULT)?.one()?;
        let sum = sum::record(recorder, "sum", &[squares], attrs)?.one()?;
        let epsilon = recorder.number(epsilon);
        let bounded = maximum::record(recorder, "bounded", &[sum, epsilon], maximum::Attrs::DEFAULT)?.one()?;
        let norm = sqrt::record(recorder, "norm", &[bounded], sqrt::Attrs::DEFAULT)?.one()?;
        Ok(div::record(recorder, "op", &[operands[0], norm], div::Attrs::DEFAULT)?.into_vec())
    })
}
