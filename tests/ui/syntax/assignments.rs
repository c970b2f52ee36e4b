//! Values that are not bound, or not with `let mut`

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            let y = relu(x);
            y = relu(y);
            z = x;
            let (a, b) = (x, y, x);
            y
        }
    }
}

fn main() {}
