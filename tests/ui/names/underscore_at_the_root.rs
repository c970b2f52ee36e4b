//! A name that begins with `_`, at the root

use varscope::prelude::*;

model! {
    struct Net {
        var _v: [1];
        scope inside {
            var _v: [1];
        }
    }
}

fn main() {}
