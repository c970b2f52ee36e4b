//! A layer that is made twice, and applied again with other sizes or keywords

use varscope::layers::Dense;
use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4], y: [batch, 6]) -> [batch, 3] {
            let a = scope fc: Dense(x, units = 3);
            let b = scope fc: Dense(x, units = 3);
            let c = fc(x, units = 4);
            let d = fc.missing(x);
            fc(y)
        }
        fn g(y: [batch, 7]) -> [batch, 3] {
            fc(y)
        }
        fn h(y: [batch, 4]) -> [batch, 3] {
            fd(y)
        }
    }
}

fn main() {}
