//! Types of inputs that are missing or not written so

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x) -> [batch] {
            x
        }
        fn g(x: batch) -> [batch] {
            x
        }
        fn h(x: [batch]) {
            x
        }
        fn i(x: [batch, ..]) -> [batch] {
            x
        }
        pub fn j(x: [batch]) -> [batch] {
            x
        }
        fn k(x: [batch]) -> [batch] {
            x
        }
        let z = 1;
    }
}

fn main() {}
