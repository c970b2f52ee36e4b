//! A layer of batch normalization.

use crate::model;

model! {
    /// [`batch_norm`](crate::ops::batch_norm) with variables of its own: each channel, the last axis, with mean 0 and
    /// variance 1 over all other axes, then times `gamma` plus `beta`.
    ///
    /// A training step uses the batch's statistics and moves `moving_mean` and `moving_variance` towards them;
    /// inference uses these.
    ///
    /// Takes `[.., channels]`, gives the same. Variables, all `[channels]`: `gamma`, `beta`, and, not trainable,
    /// `moving_mean` and `moving_variance`.
    ///
    /// ```
    /// use varscope::layers::BatchNorm;
    /// use varscope::prelude::*;
    /// use ndarray::Array2;
    ///
    /// model! {
    ///     struct Net {
    ///         fn normalized(x: [batch, 3]) -> [batch, 3] {
    ///             scope norm: BatchNorm(x, momentum = 0.9)
    ///         }
    ///         fn loss(x: [batch, 3]) -> [] {
    ///             mean(normalized(x))
    ///         }
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Error> {
    /// let net = Net::seeded(1)?;
    /// let x = Array2::from_elem((8, 3), 5.0);
    /// net.loss_gradients().compute(x.view())?;
    /// assert!((net.norm.moving_mean.read()[0] - 0.5).abs() < 1e-6); // a tenth of the way from 0 to 5
    /// assert!(net.normalized(x.view())?[[0, 0]] > 1.0); // inference: the moving statistics
    /// # Ok(())
    /// # }
    /// ```
    pub struct BatchNorm<T>(
        /// How much of the old mean and variance is kept at each step.
        momentum: f64 = 0.99,
        /// What is added to the variance, so that it is not 0.
        epsilon: f64 = 0.001,
    ) {
        fn forward(x: [.., channels]) -> [.., channels] {
            var gamma: [channels] = ones();
            var beta: [channels] = zeros();
            var moving_mean(trainable = false): [channels] = zeros();
            var moving_variance(trainable = false): [channels] = ones();
            batch_norm(x, gamma, beta, &mut moving_mean, &mut moving_variance, momentum = momentum, epsilon = epsilon)
        }
    }
}
