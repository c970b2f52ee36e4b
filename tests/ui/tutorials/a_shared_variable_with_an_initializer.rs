//! A shared variable, with the shape and the initializer that it was made with

use varscope::prelude::*;

model! {
    struct Net {
        scope scope1 {
            var v1: [3, 3] = constant(1.0);
        }
        scope scope2 {
            var v1: [3, 3] = constant(1.0);
        }
        scope scope1(reuse) {
            // `var v1;` is enough; the shape may be repeated.
            var v1: [3, 3] = constant(1.0);
        }
    }
}

fn main() {}
