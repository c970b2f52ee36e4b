//! A slash in a name

use varscope::prelude::*;

model! {
    struct Net {
        var a/v: [4];
        scope b/ {
            var v: [4];
        }
        fn f(x: [batch, 4]) -> [batch, 4] {
            var c/v: [4];
            scope d/e {
                var v: [4];
                x + v
            }
        }
    }
}

fn main() {}
