//! Collections and constraints that are not written so, that are of integers, or that are given where a variable is shared

use varscope::layers::Dense;
use varscope::prelude::*;

struct Mine;

model! {
    struct Net {
        scope a(collections = "ema", constraint) {
            var v(collections = ["ema", 3]): [1];
            var w(constraint = max_norm): [1];
            var n(constraint = non_negative()): u32[1];
        }
        scope b { var v: [1]; var w: [1]; }
        scope b(reuse) {
            var v(collections = ["ema"]);
            var w(constraint = none);
        }
        fn f(x: [batch, 4]) -> [batch, 4] {
            let y = scope fc: Dense(x, units = 4);
            scope fc(reuse, constraint = non_negative()): Dense(y)
        }
    }

    struct Unknown {
        scope a {
            var v(constraint = max_nrom(3.0)): [1];
            var w(constraint = self::Mine): [1];
        }
    }
}

fn main() {}
