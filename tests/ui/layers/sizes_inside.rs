//! A layer with a wrong size inside of it, which fits no input

use varscope::layers::Dense;
use varscope::prelude::*;

model! {
    struct Block {
        fn forward(x: [batch, n]) -> [batch, n] {
            var w: [5, 5];
            let y: [batch, k] = scope dense: Dense(x, units = 5);
            matmul(y, w) + x
        }
    }
    struct Net {
        fn f(x: [batch, 6]) -> [batch, 6] {
            scope block: Block(x)
        }
    }
}

fn main() {}
