//! Two names for one size

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, n], y: [batch, m]) -> [batch, n] {
            x + y
        }
        fn g(x: [n, n], y: [n, m]) -> [n, m] {
            let z: [n, n] = y;
            matmul(x, z)
        }
        fn h(x: [batch, 3]) -> [batch, 3] {
            g(x, x)
        }
    }
}

fn main() {}
