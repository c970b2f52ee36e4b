//! What `model!` makes passes the strictest lints of a user's crate.

#![deny(missing_docs, warnings, unused, unreachable_pub, clippy::all, clippy::pedantic)]

use ndarray::{Array1, Array2, Array3};
use varscope::prelude::*;

model! {
    /// A public layer with hyper-parameters.
    pub struct Projection<T>(
        /// How many numbers it gives.
        units: usize,
        /// Whether it adds `shift`.
        bias: bool = true,
    ) {
        fn forward(x: [.., n]) -> [.., units] {
            var weights: [n, units];
            let y = matmul(x, weights);
            if bias {
                var shift: [units] = zeros();
                y + shift
            } else {
                y
            }
        }
    }

    /// A layer that variables are read through.
    pub struct Scaled<T> {
        fn forward(w: [n, k]) -> [n, k] {
            var gain: [k] = ones();
            w * gain
        }
    }

    /// A public model with scopes, loops and several results.
    pub struct Network(
        /// How many blocks there are.
        depth: usize = 2,
    ) {
        fn states(x: [batch, time, 4]) -> [time, batch, 4] {
            let mut h = zeros(shape = [batch, 4]);
            let states = for t in 0..time {
                let now = slice(x, begin = [0, t, 0], size = [batch, 1, 4]).reshape(shape = [batch, 4]);
                scope cell(reuse = auto) {
                    var kernel: [4, 4] = orthogonal();
                    h = tanh(matmul(now + h, kernel));
                }
                h
            };
            stack(states)
        }

        fn logits(x: [batch, 4]) -> [batch, 3] {
            let mut y = x;
            for i in 0..depth {
                y = relu(scope block[i]: Projection(y, units = 4, bias = i > 0));
            }
            scope head(regularizer = l2(0.001)): Projection(y, units = 3)
        }

        fn loss(x: [batch, 4], labels: u32[batch]) -> ([], [batch, 3]) {
            let logits = logits(x);
            (mean(sparse_softmax_cross_entropy(logits, labels)) + regularization_loss(), logits)
        }
    }

    struct Private {
        scope unused {
            var offset(trainable = false): [3];
        }

        fn sums(x: [batch, 3]) -> [batch] {
            scope read(custom_getter = Scaled(), regularizer = l1_l2(l1 = 0.1)) {
                var w(constraint = none): [3, 3];
                var b(custom_getter = clip(min = 0.0)): [3];
                sum(matmul(x, w) + b + unused.offset, axes = [1])
            }
        }
    }
}

#[test]
fn strict_models_run() -> Result<(), Error> {
    let net = Network::seeded(1)?;
    assert_eq!(net.states(Array3::zeros((2, 5, 4)).view())?.shape(), [5, 2, 4]);
    let mut step = net.loss_gradients();
    let ((loss, logits), _) = step.compute(Array2::zeros((2, 4)).view(), Array1::zeros(2).view())?;
    assert!(loss.is_finite() && logits.shape() == [2, 3]);
    assert_eq!(Private::seeded(1)?.sums(Array2::zeros((2, 3)).view())?.shape(), [2]);
    Ok(())
}
