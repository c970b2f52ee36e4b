//! Names that differ in case only

use varscope::prelude::*;

model! {
    struct Net {
        scope foo {
            var v: [1];
            var V: [1];
        }
        scope Foo {
            var v: [1];
        }
    }
}

fn main() {}
