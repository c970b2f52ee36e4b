//! A shared variable, asked for with another shape or element type

use varscope::prelude::*;

const TWO: usize = 2;

model! {
    struct Net {
        fn f(x: [batch, 2]) -> [batch, 2] {
            scope foo {
                var v: [1];
                var w: [1];
                var u: [1];
                var ids: u32[1];
            }
            scope foo(reuse) {
                var v: [2];
                var w: [1, 1];
                var u: [TWO];
                var ids: [1];
                x + v
            }
        }
    }
}

fn main() {}
