//! A variable whose shape depends on the batch

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            var w: [batch, 4];
            x + w
        }
    }
}

fn main() {}
