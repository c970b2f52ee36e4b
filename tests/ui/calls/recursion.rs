//! Two `fn`s that call each other

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            g(x)
        }
        fn g(x: [batch, 4]) -> [batch, 4] {
            relu(f(x))
        }
    }
}

fn main() {}
