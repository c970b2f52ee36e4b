//! Values that `reuse` does not take, and `reuse` on a variable

use varscope::prelude::*;

model! {
    struct Net {
        scope a(reuse = false) {
            var v: [1];
        }
        scope b(reuse = "yes") {
            var v: [1];
        }
        scope c {
            var v(reuse): [1];
        }
    }
}

fn main() {}
