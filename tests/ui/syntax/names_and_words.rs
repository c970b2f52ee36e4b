//! Scopes and variables without a name, and words out of their place

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            scope "a" {}
            scope {}
            scope b/c {}
            scope b.c {}
            scope d: Dense;
            var "v": [4];
            var: [4];
            reuse = true;
            with scope e {
                var w: [4];
            }
            let training = training;
            x * training
        }
        fn g(x: [batch, 4]) -> [batch, 4] {
            relu(x);
        }
        fn h(x: [batch, 4]) -> [batch, 4] {
            relu(missing);
            x
        }
        fn i(x: [batch, 4]) -> [batch, 4] {
            let y = relu(x)
        }
    }
}

fn main() {}
