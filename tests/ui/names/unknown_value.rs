//! Values and variables that are misspelt

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            let hidden = scope layer1 {
                var weights: [4, 4];
                matmul(x, wieghts)
            };
            let y = hiden + layer1.weighs;
            y + layr1.weights
        }
    }
}

fn main() {}
