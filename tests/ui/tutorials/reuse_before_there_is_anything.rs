//! A scope reuses before anything is made in it

use varscope::prelude::*;

model! {
    struct Net {
        fn demo() -> [1] {
            scope demo(reuse) {
                var v: [1];
                v
            }
        }
    }
}

fn main() {}
