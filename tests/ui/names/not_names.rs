//! What is no name of a variable or a scope

use varscope::prelude::*;

model! {
    struct Net {
        var : [4];
        var "v": [4];
        var v:0: [4];
        var v-1: [4];
        scope "" {
            var v: [4];
        }
        scope {
            var v: [4];
        }
        scope a b {
            var v: [4];
        }
    }
}

fn main() {}
