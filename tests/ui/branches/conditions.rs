//! What only one arm binds, conditions that are none, and `training` as a value

use varscope::prelude::*;

model! {
    struct Net(bias: bool) {
        fn f(x: [batch, 4]) -> [batch, 4] {
            let a = if training { relu(x) } else { (x, x) };
            let b = if bias { mean(x) } else { x };
            if bias {
                let inside = x;
                var w: [4];
            } else {
                var w: [4, 4];
            }
            let c = inside;
            let d = if bias { x } else if training { x };
            let e = if bias = true { x } else { x };
            let f = training;
            x
        }
    }
}

fn main() {}
