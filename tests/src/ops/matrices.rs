//! Products of matrices.

use varscope::ops::matmul;

use super::Mapping;
use super::call::named;

pub(super) const MAPPINGS: &[Mapping] = &[("matmul", |call| {
    let attrs = matmul::Attrs::DEFAULT
        .transpose_a(call.flag("transpose_a", false)?)
        .transpose_b(call.flag("transpose_b", false)?);
    call.of(named(["a", "b"]), matmul::record, attrs)
})];
