//! Cells of recurrent networks.

use varscope::ops::{gru_cell, lstm_cell};

use super::Mapping;
use super::call::named;

pub(super) const MAPPINGS: &[Mapping] = &[
    ("BasicLSTMCell", |call| {
        let attrs = lstm_cell::Attrs::DEFAULT.forget_bias(call.number("forget_bias")?.unwrap_or(1.0));
        call.of(named(["x", "h", "c", "kernel", "bias"]), lstm_cell::record, attrs)
    }),
    ("GRUCell", |call| {
        let variables = ["gates/kernel", "gates/bias", "candidate/kernel", "candidate/bias"];
        let operands = [named(["x", "h"]), named(variables)].concat();
        call.of(operands, gru_cell::record, gru_cell::Attrs::DEFAULT)
    }),
];
