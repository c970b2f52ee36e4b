//! Training steps, and inference of one example.

use std::hint::black_box;

use ndarray::{Array1, Array2, Array3, Array4};
use varscope::optimizer::{Adam, Momentum, Optimizer};

use crate::models::{LeNet, Lstm, Mlp, ResNet20};
use crate::{Workload, numbers};

/// Multiply-adds of one example: in the first layer, which passes no gradient on, and in the others.
struct Layers {
    first: usize,
    others: usize,
}

impl Layers {
    /// Operations of a training step: forward, gradients of the weights, gradients of the values.
    fn training(&self, batch: usize) -> f64 {
        2.0 * (batch * (2 * self.first + 3 * self.others)) as f64
    }

    /// Operations of inference.
    fn inference(&self) -> f64 {
        2.0 * (self.first + self.others) as f64
    }
}

const MLP: Layers = Layers { first: 784 * 256, others: 256 * 10 };
const LENET: Layers = Layers { first: 28 * 28 * 25 * 32, others: 14 * 14 * 25 * 32 * 64 + 3136 * 1024 + 1024 * 10 };
const LSTM: Layers = Layers { first: 28 * 28 * 512, others: 28 * 128 * 512 + 128 * 10 };

/// Of ResNet-20: the first convolution, then for each stage its convolutions, its shortcut, and the dense layer.
fn resnet20() -> Layers {
    let stages = [(32, 16, 16), (16, 16, 32), (8, 32, 64)].map(|(size, channels, filters)| {
        let shortcut = if channels == filters { 0 } else { channels * filters };
        size * size * (9 * filters * (channels + 5 * filters) + shortcut)
    });
    Layers { first: 32 * 32 * 27 * 16, others: stages.iter().sum::<usize>() + 64 * 10 }
}

fn labels(batch: usize) -> Array1<u32> {
    Array1::from_shape_fn(batch, |example| (example * 7 % 10) as u32)
}

/// A training step of a model as a workload.
macro_rules! training {
    ($name:literal, $model:ty, $array:ident, $shape:expr, $operations:expr, $optimizer:expr) => {
        Workload::new($name, $operations, move || {
            let (net, shape) = (<$model>::seeded(1)?, $shape);
            let (x, labels) = ($array::from_shape_vec(shape, numbers(count(&shape.into())))?, labels(shape.0));
            let (mut step, mut optimizer) = (net.loss_gradients(), $optimizer);
            Ok(move || {
                let (loss, gradients) = step.compute(x.view(), labels.view()).expect("a valid batch");
                optimizer.apply(gradients).expect("a valid learning rate");
                assert!(loss.is_finite(), "the loss is {loss}");
            })
        })
    };
}

/// Inference of one example.
macro_rules! inference {
    ($name:literal, $model:ty, $array:ident, $shape:expr, $operations:expr) => {
        Workload::new($name, $operations, move || {
            let (net, shape) = (<$model>::seeded(1)?, $shape);
            let x = $array::from_shape_vec(shape, numbers(count(&shape.into())))?;
            Ok(move || {
                black_box(net.logits(x.view()).expect("a valid batch"));
            })
        })
    };
}

fn count<const N: usize>(shape: &[usize; N]) -> usize {
    shape.iter().product()
}

/// All steps.
pub fn all() -> Vec<Workload> {
    let (momentum, adam) = (|| Momentum::new(1e-3, 0.9), || Adam::new(1e-4));
    vec![
        training!("train_mlp_b64_sgdm", Mlp, Array2, (64, 784), MLP.training(64), momentum()),
        training!("train_mlp_b256_sgdm", Mlp, Array2, (256, 784), MLP.training(256), momentum()),
        training!("train_lenet_b64_sgdm", LeNet, Array4, (64, 28, 28, 1), LENET.training(64), momentum()),
        training!("train_resnet20_b32_sgdm", ResNet20, Array4, (32, 32, 32, 3), resnet20().training(32), momentum()),
        training!("train_lstm_b64_adam", Lstm, Array3, (64, 28, 28), LSTM.training(64), adam()),
        inference!("infer_mlp_b1", Mlp, Array2, (1, 784), MLP.inference()),
        inference!("infer_lenet_b1", LeNet, Array4, (1, 28, 28, 1), LENET.inference()),
    ]
}
