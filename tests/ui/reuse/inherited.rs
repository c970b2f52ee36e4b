//! A new variable in a scope that inherits `reuse`

use varscope::prelude::*;

model! {
    struct Net {
        scope foo {
            var v: [1];
        }
        scope foo(reuse) {
            scope bar {
                var new: [1];
            }
            scope auto(reuse = auto) {
                var new: [1];
            }
        }
    }
}

fn main() {}
