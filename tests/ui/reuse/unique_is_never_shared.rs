//! A unique variable that another scope asks for

use varscope::prelude::*;

model! {
    struct Net {
        scope foo {
            var v1(unique): [2, 3];
            var v2: [1];
            // Something of the name is there: this is `foo/v2_1`.
            var v2(unique): [1];
        }
        scope foo(reuse) {
            var v2;
            var v1;
            var v2_1;
            var u;
        }
        scope foo(reuse = auto) {
            var v1: [2, 3];
        }
        scope foo {
            var v1: [2, 3];
        }
    }
}

fn main() {}
