//! A hyper-parameter without a type, a default of another type, and a switch as a size

use varscope::prelude::*;

model! {
    struct Net(units, bias: bool = 3) {
        fn f(x: [batch, bias]) -> [batch, 4] {
            x
        }
    }
    struct Ok(units: usize) {
        fn f(x: [batch, units]) -> [batch, units] {
            x
        }
    }
}

fn main() {
    let _ = Ok::seeded(1);
}
