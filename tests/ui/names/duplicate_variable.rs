//! A variable that is declared twice

use varscope::prelude::*;

model! {
    struct Net {
        fn logits(x: [batch, 4]) -> [batch, 2] {
            scope layer1 {
                var weights: [4, 2];
                var weights: [4, 2];
                matmul(x, weights)
            }
        }
    }
}

fn main() {
    let _ = Net::seeded(1);
}
