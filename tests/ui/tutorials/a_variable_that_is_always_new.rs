//! A variable that is always new, as `tf.Variable` makes them, is asked for by its name

use varscope::prelude::*;

model! {
    struct Net {
        scope foo {
            var v1(unique): [2, 3] = random_normal();
            var v2: [1];
        }
        scope foo(reuse) {
            var v2;
            var v1;
        }
    }
}

fn main() {}
