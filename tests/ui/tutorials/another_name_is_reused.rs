//! A scope reuses, and is asked for a variable that it has not

use varscope::prelude::*;

model! {
    struct Net {
        scope foo {
            var v: [1];
            var w: [1];
        }
        scope foo(reuse) {
            var u: [1];
        }
    }
}

fn main() {}
