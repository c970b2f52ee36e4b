//! A variable and a scope of one name

use varscope::prelude::*;

model! {
    struct Net {
        var foo: [1];
        scope foo {
            var v: [1];
        }
        scope bar {
            var v: [1];
        }
        var bar: [1];
    }
}

fn main() {}
