//! A scope that is opened again by its path, and a variable that is further inside

use varscope::prelude::*;

model! {
    struct Net {
        scope scope_1 {
            var v1: [1];
            scope scope_2 {
                var v2: [1];
            }
        }
        // `v2` is `scope_1/scope_2/v2`, and not here.
        scope self.scope_1(reuse) {
            var v1;
            var v2: [1];
        }
        scope self.scope_3(reuse) {
            var v1;
        }
    }
}

fn main() {}
