//! Too many operands, too few, none at all, and too many results

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            let a = relu(x, x);
            let b = matmul(x);
            let (c, d) = relu(x);
            let e: [4, 4] = glorot_uniform();
            x
        }
        fn g(x: [batch, 4]) -> [batch, 4] {
            f(x, x)
        }
        fn h(x: [batch, 4]) -> [batch, 4] {
            f(x, key = 1)
        }
    }
}

fn main() {}
