//! Something unique in a scope that shares

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            let y = scope foo {
                let y = scope block(unique) {
                    var v: [4];
                    x + v
                };
                scope fc(unique): layers::Dense(y, units = 4)
            };
            scope foo(reuse) {
                // TensorFlow makes another one here, `foo_1/w`, and says nothing.
                var w(unique): [4];
                let y = scope block(unique) {
                    var v;
                    y + v
                };
                scope fc(unique): layers::Dense(y, units = 4)
            }
        }

        fn g(x: [batch, 4]) -> [batch, 4] {
            let mut y = x;
            scope a(reuse = auto) {
                for i in 0..batch {
                    var v(unique): [4];
                    y = y + v;
                }
                reuse;
                scope b {
                    var v(unique): [4];
                    y + v
                }
            }
        }
    }
}

fn main() {}
