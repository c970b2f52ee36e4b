//! Keywords that an op has not, of another type, or twice there

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [] {
            let a = mean(x, axis = [1]);
            let b = mean(x, axes = true);
            let c = mean(x, keep_dims = 1);
            let d = mean(x, axes = [1], axes = [0]);
            mean(x)
        }
    }
}

fn main() {}
