//! Several wrong hyper-parameters at once

use varscope::prelude::*;

model! {
    struct Net(units: usize, bias: bool = 3, act, rate: f32 = "a") {
        fn f(x: [batch, units]) -> [batch, units] {
            var w: [bias, units];
            if bias { x * rate } else { w }
        }
    }
}

fn main() {}
