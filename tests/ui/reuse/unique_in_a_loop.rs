//! A unique variable in a loop over a dimension

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            let mut y = x;
            scope a(reuse = auto) {
                for i in 0..batch {
                    var v(unique): [4];
                    y = y + v;
                }
            }
            y
        }
    }
}

fn main() {}
