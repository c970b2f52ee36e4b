//! A variable that is declared twice, in a scope that is opened twice

use varscope::prelude::*;

model! {
    struct Net {
        scope foo {
            var v: [1];
        }
        scope foo {
            var w: [1];
            var v: [1];
        }
    }
}

fn main() {}
