//! A matrix product whose sizes do not fit

use varscope::prelude::*;

model! {
    pub struct Mlp {
        fn logits(images: [batch, 784]) -> [batch, 10] {
            let hidden = scope layer1 {
                var weights: [785, 256] = truncated_normal(stddev = 0.1);
                var biases: [256] = zeros();
                relu(matmul(images, weights) + biases)
            };
            scope layer2 {
                var weights: [256, 10] = truncated_normal(stddev = 0.1);
                var biases: [10] = zeros();
                matmul(hidden, weights) + biases
            }
        }
    }
}

fn main() {
    // The struct is there, and so are its methods: nothing else is wrong.
    let net = Mlp::seeded(1).unwrap();
    println!("{}", net.summary());
}
