//! Arms with different results, an `if` without `else`, and an unknown condition

use varscope::prelude::*;

model! {
    struct Net(bias: bool = true) {
        fn f(x: [batch, 4], y: [batch, 5]) -> [batch, 4] {
            let a = if bias { x } else { y };
            let b = if bias { x };
            let c = if bias { mean(x) } else { x };
            let d = if bais { x } else { x };
            a
        }
    }
}

fn main() {}
