//! One name for two `fn`s, inputs or hyper-parameters

use varscope::prelude::*;

model! {
    struct Net(width: usize, width: bool) {
        fn f(x: [4]) -> [4] {
            x
        }
        fn f(x: [3], x: [3]) -> [3] {
            x
        }
        fn variables(x: [3]) -> [3] {
            x
        }
    }
}

fn main() {}
