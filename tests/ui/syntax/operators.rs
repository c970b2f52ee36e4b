//! Operators that tensors have not

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            let a = x < x;
            let b = x <= x;
            let c = x > x;
            let d = x != x;
            let e = x ** 2;
            let f = !x;
            let g = &x;
            let h = *x;
            let i = x && x;
            let j = x as f64;
            let k = x?;
            let l = 0..3;
            x
        }
    }
}

fn main() {}
