//! Names of a loop, used after it, and loops that are too long

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, time, 4]) -> [batch, 4] {
            let mut h = zeros(shape = [batch, 4]);
            for t in 0..time {
                let inner = relu(h);
                h = inner;
            }
            for i in 0..3 {
                let other = h;
                scope block[i] {
                    var w: [4];
                }
            }
            for i in 0..2000 {
                h = relu(h);
            }
            for t in 1..time {
                scope late[t] {
                    var w: [4];
                }
            }
            let a = inner + t + i + other;
            let b = block.w + block[3].w + block[j].w;
            h
        }
    }
}

fn main() {}
