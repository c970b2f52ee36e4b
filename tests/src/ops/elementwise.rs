//! Arithmetic, element by element.

use varscope::ops::{add, div, exp, log, maximum, minimum, mul, neg, sqrt, square, sub};

use super::Mapping;

pub(super) const MAPPINGS: &[Mapping] = &[
    ("add", |call| call.plain(add::record, add::Attrs::DEFAULT)),
    ("bias_add", |call| {
        call.only("data_format", "NHWC")?;
        call.plain(add::record, add::Attrs::DEFAULT)
    }),
    ("div", |call| call.plain(div::record, div::Attrs::DEFAULT)),
    ("exp", |call| call.plain(exp::record, exp::Attrs::DEFAULT)),
    ("log", |call| call.plain(log::record, log::Attrs::DEFAULT)),
    ("maximum", |call| call.plain(maximum::record, maximum::Attrs::DEFAULT)),
    ("minimum", |call| call.plain(minimum::record, minimum::Attrs::DEFAULT)),
    ("mul", |call| call.plain(mul::record, mul::Attrs::DEFAULT)),
    ("neg", |call| call.plain(neg::record, neg::Attrs::DEFAULT)),
    ("sqrt", |call| call.plain(sqrt::record, sqrt::Attrs::DEFAULT)),
    ("square", |call| call.plain(square::record, square::Attrs::DEFAULT)),
    ("sub", |call| call.plain(sub::record, sub::Attrs::DEFAULT)),
];
