//! A hyper-parameter that fixes every dimension of its name

use varscope::prelude::*;

model! {
    struct Net(width: usize = 8) {
        fn f(x: [batch, width]) -> [batch, width] {
            var w: [6, 6];
            matmul(x, w)
        }
    }
}

model! {
    struct Outer {
        fn f(x: [batch, 9]) -> [batch, 9] {
            scope inner: Inner(x)
        }
    }
    struct Inner(width: usize = 8) {
        fn forward(x: [batch, width]) -> [batch, width] {
            relu(x)
        }
    }
}

fn main() {}
