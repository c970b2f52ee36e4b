//! Activations, and other ops of one operand that bend.

use varscope::ops::{abs, clip, elu, gelu, leaky_relu, relu, sigmoid, softplus, tanh};

use super::Mapping;

pub(super) const MAPPINGS: &[Mapping] = &[
    ("abs", |call| call.plain(abs::record, abs::Attrs::DEFAULT)),
    ("clip_by_value", |call| {
        let min = call.number("min")?.ok_or_else(|| call.without("min"))?;
        let max = call.number("max")?.ok_or_else(|| call.without("max"))?;
        call.plain(clip::record, clip::Attrs::DEFAULT.min(min).max(max))
    }),
    ("elu", |call| call.plain(elu::record, elu::Attrs::DEFAULT.alpha(call.number("alpha")?.unwrap_or(1.0)))),
    ("gelu_erf", |call| call.plain(gelu::record, gelu::Attrs::DEFAULT)),
    ("leaky_relu", |call| {
        // The file has the slope of its case in the note.
        let alpha = call.number("alpha")?.or_else(|| call.case.noted("alpha = ")).unwrap_or(0.2);
        call.plain(leaky_relu::record, leaky_relu::Attrs::DEFAULT.alpha(alpha))
    }),
    ("relu", |call| call.plain(relu::record, relu::Attrs::DEFAULT)),
    ("sigmoid", |call| call.plain(sigmoid::record, sigmoid::Attrs::DEFAULT)),
    ("softplus", |call| call.plain(softplus::record, softplus::Attrs::DEFAULT)),
    ("tanh", |call| call.plain(tanh::record, tanh::Attrs::DEFAULT)),
];
