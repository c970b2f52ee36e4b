//! Attributes of a layer that stop at it, and that are given where it is shared

use varscope::layers::Dense;
use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            let a = scope fc(dtype = f64): Dense(x, units = 4);
            let b = scope dense: Dense(x, units = 4);
            let c = scope dense(reuse, initializer = zeros()): Dense(b);
            scope dense(reuse, trainable = false): Dense(c)
        }
    }
}

fn main() {}
