//! Values that change their size from turn to turn, and bounds that are none

use varscope::prelude::*;

const TURNS: usize = 3;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            let mut h = x;
            for i in 0..TURNS {
                h = matmul(h, h, transpose_a = true);
            }
            let y = x;
            for i in 0..TURNS {
                y = relu(y);
            }
            for i in 0..=3 {
                h = relu(h);
            }
            for i in 0..j {
                h = relu(h);
            }
            h
        }
    }
}

fn main() {}
