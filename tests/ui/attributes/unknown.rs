//! Attributes that are unknown, twice there, without a value, or that exclude each other

use varscope::prelude::*;

model! {
    struct Net {
        scope a(reus) {
            var v: [1];
        }
        scope b(trainable) {
            var v(trainable = 1): [1];
        }
        scope c(reuse, reuse) {
            var v: [1];
        }
        scope d(unique, reuse) {
            var v: [1];
        }
        scope e(initializer = zeroes()) {
            var v(initializer = ones()): [1];
        }
    }
}

fn main() {
    let _ = Net::seeded(1);
}
