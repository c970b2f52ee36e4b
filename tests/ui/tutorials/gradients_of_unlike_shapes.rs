//! Gradients of variables of unlike shapes, averaged with each other

use ndarray::{Array2, Axis, stack};
use varscope::prelude::*;

model! {
    struct Net {
        fn loss(input_data: [batch, 784]) -> [] {
            scope fc1 {
                var weights: [784, 10];
                var biases: [10] = zeros();
                sum(square(matmul(input_data, weights) + biases))
            }
        }

        // The same mistake in a model: tensors that are stacked have one shape.
        fn average() -> [_] {
            mean(stack([fc1.weights, fc1.biases], axis = 0), axes = [0])
        }
    }
}

fn main() -> Result<(), Error> {
    let net = Net::seeded(1)?;
    let mut step = net.loss_gradients();
    let (_, grads) = step.compute(Array2::zeros((2, 784)).view())?;
    // The averages over several batches are `Gradients::mean(&[&a, &b])`: each variable has one of its own shape.
    let grads = [grads.of(&net.fc1.weights), grads.of(&net.fc1.biases)];
    let avg_grads = stack(Axis(0), &grads).unwrap().mean_axis(Axis(0));
    drop(avg_grads);
    Ok(())
}
