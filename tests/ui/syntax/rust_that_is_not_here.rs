//! Operators and macros of Rust that `model!` has not

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4], y: [batch, 4]) -> [batch, 4] {
            let a = x @ y;
            let b = x % y;
            let c = x == y;
            x += y;
            let d = vec![x];
            relu(x);
            x
        }
    }
}

fn main() {}
