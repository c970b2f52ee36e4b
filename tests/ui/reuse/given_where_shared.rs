//! An initializer or `trainable` where a variable is shared

use varscope::prelude::*;

model! {
    struct Net {
        scope foo {
            var v: [1];
            var w: [1];
        }
        scope foo(reuse) {
            var v: [1] = ones();
            var w(trainable = false);
        }
        scope bar(reuse = auto) {
            var v: [1] = ones();
        }
        scope bar(reuse = auto) {
            var v: [1] = ones();
        }
    }
}

fn main() {}
