//! A new variable after `reuse;`

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 1]) -> [batch, 1] {
            scope foo {
                var v: [1];
                reuse;
                var v;
                var w: [1];
                x + v
            }
        }
    }
}

fn main() {}
