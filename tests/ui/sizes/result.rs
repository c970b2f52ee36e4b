//! Results that are not as the `fn` promises

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 5] {
            relu(x)
        }
        fn g(x: [batch, 4]) -> [batch] {
            x
        }
        fn h(x: [batch, 4]) -> [batch, k] {
            x
        }
        fn i(x: [batch, 4]) -> u32[batch, 4] {
            x
        }
        fn j(x: [batch, 4]) -> ([batch, 4], [batch, 4]) {
            x
        }
        fn k(x: [batch, 4]) -> [batch, 4] {
            relu(x);
        }
    }
}

fn main() {}
