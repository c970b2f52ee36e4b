//! `cache` of another kind, of integers, and where a variable is shared

use varscope::prelude::*;

model! {
    struct Net {
        scope a(cache) { var v: [1]; }
        scope b(cache = true) { var v: [1]; }
        scope c {
            var ids(cache = packed): u32[1];
            var v: [1];
        }
        scope c(reuse) { var v(cache = packed); }
    }
}

fn main() {}
