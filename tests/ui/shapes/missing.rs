//! A new variable without a shape

use varscope::prelude::*;

model! {
    struct Net {
        var v;
        scope foo {
            var w = zeros();
            var ok = [0.1, 0.2];
        }
    }
}

fn main() {}
