//! A scope is opened a second time, without `reuse`, and makes its variable again

use varscope::prelude::*;

model! {
    struct Net {
        scope scope1 {
            var v1: [3, 3] = constant(1.0);
        }
        scope scope2 {
            var v1: [3, 3] = constant(1.0);
        }
        scope scope1(reuse) {
            var v1: [3, 3];
        }
        scope scope2 {
            var v1: [3, 3] = constant(1.0);
        }
    }
}

fn main() {}
