//! Sums and means over axes.

use varscope::ops::{mean, sum};

use super::{Call, Mapping, Problem};

pub(super) const MAPPINGS: &[Mapping] = &[
    ("reduce_mean", |call| {
        let attrs = mean::Attrs { axes: call.axes("axis")?, keep_dims: keep_dims(call)? };
        call.plain(mean::record, attrs)
    }),
    ("reduce_sum", |call| {
        let attrs = sum::Attrs { axes: call.axes("axis")?, keep_dims: keep_dims(call)? };
        call.plain(sum::record, attrs)
    }),
];

/// Whether reduced axes stay, under either of the names that TensorFlow has had for it.
pub(super) fn keep_dims(call: &Call<'_>) -> Result<bool, Problem> {
    Ok(call.flag("keepdims", false)? || call.flag("keep_dims", false)?)
}
