//! Operands of the wrong element type, and an element type that is not there

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4], ids: u32[batch], y: f64[batch, 4]) -> [batch, 4] {
            let a = relu(ids);
            let b = x + y;
            let c = sparse_softmax_cross_entropy(x, x);
            x
        }
        fn g(x: f23[batch]) -> f23[batch] {
            x
        }
    }
}

fn main() {}
