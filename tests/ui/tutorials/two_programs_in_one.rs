//! Two programs of a tutorial, one after the other

use varscope::prelude::*;

model! {
    struct Net {
        scope conv1 {
            var weights: [3, 3, 3, 64] = xavier_uniform();
            var biases: [64] = zeros();
        }
        scope conv2 {
            var weights: [3, 3, 64, 128] = xavier_uniform();
            var biases: [128] = zeros();
        }

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
