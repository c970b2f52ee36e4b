//! Loops and conditions that `model!` has not

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            for i in 0..=3 {}
            for i in 0.. {}
            for i in [1, 2] {}
            for i in range(3) {}
            for (i, j) in 0..3 {}
            for i in 0..x {}
            if let y = x {}
            if x {}
            if x == 1.0 {}
            if 1 {}
            x
        }
    }
}

fn main() {}
