//! A reusing scope that asks for what does not exist

use varscope::prelude::*;

model! {
    struct Net {
        scope foo {
            var v: [1];
            var w: [1];
        }
        scope foo(reuse) {
            var u: [1];
            var vv;
        }
        scope bar(reuse) {
            var v: [1];
        }
    }
}

fn main() {}
