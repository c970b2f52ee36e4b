//! A scope is opened again with `reuse = false`, and asked for a variable that exists

use varscope::prelude::*;

model! {
    struct AsInPython {
        scope foo {
            var v: [1];
            var w: [1];
        }
        scope foo(reuse = false) {
            var v;
        }
    }

    struct WithoutTheAttribute {
        scope foo {
            var v: [1];
            var w: [1];
        }
        scope foo {
            var v;
        }
    }
}

fn main() {}
