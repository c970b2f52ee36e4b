//! Hyper-parameters of layers that are misspelt, missing or of another type

use varscope::layers::Dense;
use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            let a = scope fc1: Dense(x, unit = 4);
            let b = scope fc2: Dense(x);
            let c = scope fc3: Dense(x, units = true);
            let d = scope fc4: Dense(units = 4);
            let e = scope fc5: Dens(x, units = 4);
            let f = scope fc6: Dense(x, x, units = 4);
            x
        }
    }
}

fn main() {}
