//! An upper-case dimension, which is a constant and no new name

use varscope::prelude::*;

const T: usize = 7;

model! {
    struct Net {
        // `B` is no constant, and no new name either.
        fn f(x: [B, 4]) -> [B, 4] {
            relu(x)
        }
        fn g(x: [batch, T]) -> [batch, T] {
            var w: [6, 6];
            matmul(x, w)
        }
    }
}

fn main() {}
