//! A network of two dense layers in varscope, trained on a batch that is made up.

use ndarray::{Array1, Array2};
use varscope::prelude::*;

model! {
    struct Mlp {
        fn logits(images: [batch, 784]) -> [batch, 10] {
            let hidden = scope hidden: layers::Dense(images, units = 256);
            scope output: layers::Dense(relu(hidden), units = 10)
        }

        fn loss(images: [batch, 784], labels: u32[batch]) -> [] {
            mean(sparse_softmax_cross_entropy(logits(images), labels))
        }
    }
}

fn main() -> Result<(), varscope::Error> {
    let images = Array2::from_shape_fn((64, 784), |(row, pixel)| ((row * 784 + pixel) * 7919 % 1009) as f32 / 1009.0);
    let labels = Array1::from_shape_fn(64, |example| (example * 7 % 10) as u32);
    let net = Mlp::seeded(1)?;
    let mut step = net.loss_gradients();
    let mut optimizer = Momentum::new(0.01, 0.9);
    for number in 1..=100 {
        let (loss, gradients) = step.compute(images.view(), labels.view())?;
        optimizer.apply(gradients)?;
        if number % 20 == 0 {
            println!("step {number}: loss {loss:.4}");
        }
    }
    Ok(())
}
