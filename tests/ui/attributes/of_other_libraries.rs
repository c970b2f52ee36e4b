//! Attributes written as in Python

use varscope::prelude::*;

model! {
    struct Net {
        scope a(resue) {
            var v: [1];
            var v: [2];
        }
        scope b(reuse = AUTO_REUSE) {
            var v: [1];
        }
        scope c(dtype = float32) {
            var v: [1];
        }
        scope d(initializer = zeros) {
            var v: [1];
        }
        scope e(initializer) {
            var v;
        }
        scope f(name = "g", trainable = no) {
            var v(collections): [1];
        }
    }
}

fn main() {}
