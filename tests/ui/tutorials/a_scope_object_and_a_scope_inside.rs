//! A scope object is entered again, and asked for what is in a scope inside of it

use varscope::prelude::*;

model! {
    struct Net {
        fn output() -> [1] {
            let (v1, v2) = scope scope_1 {
                var v1: [1];
                let v2 = scope scope_2 {
                    var v2: [1];
                    v2
                };
                (v1, v2)
            };
            let (v3, v4) = scope self.scope_1(reuse) {
                // This one is found.
                var v1: [1];
                let v3 = v1;
                // This one is `scope_1/scope_2/v2`, and would be found in `scope self.scope_1.scope_2(reuse)`.
                var v2: [1];
                let v4 = v2;
                (v3, v4)
            };
            v1 + v2 + v3 + v4
        }
    }
}

fn main() {}
