//! All that can be wrong where a layer is applied

use varscope::layers::{BatchNorm, Conv2d, Dense};
use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4], ids: u32[batch]) -> [batch, 4] {
            scope a: Dense(x);
            scope b: Dense(x, unit = 3);
            scope c: Dense(x, units = 3.0);
            scope d: Dense(x, 3);
            scope e: Dense(units = 3);
            scope f: Dense;
            scope g: Dens(x, units = 3);
            scope h: Dense(ids, units = 3);
            scope i: Conv2d(x, filters = 3);
            scope j: BatchNorm(x, momentum = true);
            scope k: Dense(&mut x, units = 3);
            scope l: Dense(x, units = n);
            let m = scope m(reuse): Dense(x, units = 3);
            let o = a.weights + a();
            x
        }
    }
}

fn main() {}
