//! A variable or a layer that each turn of a loop would make anew

use varscope::layers::Dense;
use varscope::prelude::*;

const TURNS: usize = 3;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            let mut h = x;
            for i in 0..3 {
                scope block {
                    var w: [4];
                    h = h + w;
                }
                h = scope fc: Dense(h, units = 4);
            }
            for i in 0..TURNS {
                scope cell {
                    var w: [4];
                    h = h + w;
                }
                h = scope fd: Dense(h, units = 4);
            }
            h
        }
    }
}

fn main() {}
