//! `name_scope` where it cannot stand, and with other values than `false`

use varscope::layers::Dense;
use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            let y = scope a(name_scope) { relu(x) };
            let z = scope b(name_scope = "n") { relu(y) };
            let w = scope c(name_scope = false): Dense(z, units = 4);
            var v(name_scope = false): [4];
            w + v
        }
    }
}

fn main() {}
