//! A scope that does not reuse is asked for a new variable, without a shape

use varscope::prelude::*;

model! {
    struct Net {
        scope foo {
            var v: [1];
            var w: [1];
        }
        scope foo {
            var u;
        }
    }
}

fn main() {}
