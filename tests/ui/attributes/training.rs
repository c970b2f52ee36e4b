//! `training` without a value, with a number, and on a variable

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            let y = scope a(training) { dropout(x, rate = 0.5) };
            scope b(training = 0) {
                var v(training = false): [4];
                y + v
            }
        }
    }
}

fn main() {}
