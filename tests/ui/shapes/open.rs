//! Shapes of variables that leave sizes open

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            var a: [_, 4];
            var b: [.., 4];
            var c: [k, 4];
            var d: [[1, 2]];
            x
        }
    }
}

fn main() {}
