//! Losses.

use varscope::ops::{mean, sparse_softmax_cross_entropy};

use super::call::{index, named};
use super::{Mapping, Operand};

pub(super) const MAPPINGS: &[Mapping] = &[
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
];

fn logits_and_classes() -> Vec<Operand> {
    let mut operands = named(["logits"]);
    operands.push(index("labels"));
    operands
}
