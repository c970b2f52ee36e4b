//! Ops that go element by element.

use varscope::ops::{add, mul, relu};

use super::Mapping;

pub(super) const MAPPINGS: &[Mapping] = &[
    ("add", |call| call.plain(add::record, add::Attrs::DEFAULT)),
    ("bias_add", |call| {
        call.only("data_format", "NHWC")?;
        call.plain(add::record, add::Attrs::DEFAULT)
    }),
    ("mul", |call| call.plain(mul::record, mul::Attrs::DEFAULT)),
    ("relu", |call| call.plain(relu::record, relu::Attrs::DEFAULT)),
];
