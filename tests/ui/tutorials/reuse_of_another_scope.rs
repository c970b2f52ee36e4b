//! `reuse` in one scope is taken to share the variables of another

use varscope::prelude::*;

model! {
    struct Net {
        scope conv1 {
            var weights: [3, 3, 3, 64] = xavier_uniform();
            var biases: [64] = zeros();
        }
        scope conv2 {
            reuse;
            var weights;
            var biases;
        }
    }
}

fn main() {}
