//! Softmax, and losses.

use varscope::ops::{
    log_softmax, mean, sigmoid_cross_entropy, softmax, softmax_cross_entropy, sparse_softmax_cross_entropy, square, sub,
};

use super::call::{index, named};
use super::{Call, Mapping, Operand, Problem};

pub(super) const MAPPINGS: &[Mapping] = &[
    ("softmax", |call| call.plain(softmax::record, softmax::Attrs::DEFAULT.axis(axis(call)?))),
    ("log_softmax", |call| call.plain(log_softmax::record, log_softmax::Attrs::DEFAULT.axis(axis(call)?))),
    ("softmax_cross_entropy_with_logits_v2", |call| {
        call.of(named(["logits", "labels"]), softmax_cross_entropy::record, softmax_cross_entropy::Attrs::DEFAULT)
    }),
    ("sigmoid_cross_entropy_with_logits", |call| {
        call.of(named(["logits", "labels"]), sigmoid_cross_entropy::record, sigmoid_cross_entropy::Attrs::DEFAULT)
    }),
    ("sparse_softmax_cross_entropy_with_logits", |call| {
        let attrs = sparse_softmax_cross_entropy::Attrs::DEFAULT;
        call.of(logits_and_classes(), sparse_softmax_cross_entropy::record, attrs)
    }),
    ("losses.sparse_softmax_cross_entropy", |call| {
        call.only("reduction", "SUM_BY_NONZERO_WEIGHTS")?;
        call.graph(logits_and_classes(), |recorder, operands| {
            let attrs = sparse_softmax_cross_entropy::Attrs::DEFAULT;
            let losses = sparse_softmax_cross_entropy::record(recorder, "losses", operands, attrs)?.into_vec();
            Ok(mean::record(recorder, "mean", &losses, mean::Attrs::DEFAULT)?.into_vec())
        })
    }),
    ("losses.mean_squared_error", |call| {
        call.only("reduction", "SUM_BY_NONZERO_WEIGHTS")?;
        call.graph(named(["p", "t"]), |recorder, operands| {
            let difference = sub::record(recorder, "difference", operands, sub::Attrs::DEFAULT)?.into_vec();
            let squares = square::record(recorder, "squares", &difference, square::Attrs::DEFAULT)?.into_vec();
            Ok(mean::record(recorder, "mean", &squares, mean::Attrs::DEFAULT)?.into_vec())
        })
    }),
];

fn axis(call: &Call<'_>) -> Result<i64, Problem> {
    Ok(call.integer("axis")?.unwrap_or(-1))
}

fn logits_and_classes() -> Vec<Operand> {
    let mut operands = named(["logits"]);
    operands.push(index("labels"));
    operands
}
