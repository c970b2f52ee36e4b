//! A variable that all turns share, with an initializer of one turn

use varscope::prelude::*;

const TURNS: usize = 3;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            let mut h = x;
            for i in 0..TURNS {
                scope cell(reuse = auto) {
                    var w: [4] = constant(i as f32);
                    h = h * w;
                }
                h = scope dense(reuse = auto): layers::Dense(h, units = 4, bias = i > 1);
            }
            h
        }
    }
}

fn main() {}
