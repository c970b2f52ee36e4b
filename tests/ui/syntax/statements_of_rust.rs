//! Statements of Rust that `model!` has not

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            const N: usize = 3;
            fn inner(x: [batch]) -> [batch] {
                x
            }
            use std::f32::consts::PI;
            match x {
                _ => x,
            };
            while x {}
            loop {}
            let a = |y| relu(y);
            let b, c = x;
            let d: f32 = x;
            let e: Tensor = x;
            let f = true;
            let g = "text";
            break;
            println!("{}", x);
            return x;
            x
        }
    }
}

fn main() {}
