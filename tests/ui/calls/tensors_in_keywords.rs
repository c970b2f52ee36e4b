//! Tensors where a number of Rust is needed

use varscope::layers::Dense;
use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            let a = leaky_relu(x, alpha = x);
            let b = dropout(x, rate = x * 0.5);
            let c = x * { x.sum() };
            let d = scope d: Dense(x, units = x);
            let e = mean(x, axes = [batch]);
            let f = leaky_relu(x, alpha = "a");
            let g = x * { "a" };
            for i in 0..3 {
                let h = x * missing;
            }
            let y = x;
            for i in 0..5 {
                y = relu(y);
            }
            x
        }
    }
}

fn main() {}
