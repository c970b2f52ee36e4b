//! A slash in a name

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            scope a/b {
                var v: [4];
                x + v
            }
        }
    }
}

fn main() {}
