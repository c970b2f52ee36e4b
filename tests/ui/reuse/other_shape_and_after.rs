//! A shared variable with another shape, and what is computed from it

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 5] {
            let a = scope a {
                var w: [4, 4];
                matmul(x, w)
            };
            scope a(reuse) {
                var w: [4, 5];
                matmul(x, w)
            }
        }
        fn g(x: [batch, 4]) -> [batch, 5] {
            scope a(reuse) {
                var w: [4, { 2 + 3 }];
                matmul(x, w)
            }
        }
    }
}

fn main() {}
