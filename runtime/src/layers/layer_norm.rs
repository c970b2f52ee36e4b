//! A layer of layer normalization.

use crate::model;

model! {
    /// [`layer_norm`](crate::ops::layer_norm) with variables of its own: the numbers of the last axis with mean 0 and
    /// variance 1, then times `gamma` plus `beta`. It is the same in training and in inference.
    ///
    /// Takes `[.., width]`, gives the same. Variables, all `[width]`: `gamma`, `beta`.
    ///
    /// ```
    /// use varscope::layers::LayerNorm;
    /// use varscope::prelude::*;
    /// use ndarray::array;
    ///
    /// model! {
    ///     struct Net {
    ///         fn normalized(x: [batch, 2]) -> [batch, 2] {
    ///             scope norm: LayerNorm(x, epsilon = 0.0)
    ///         }
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Error> {
    /// let net = Net::seeded(1)?;
    /// assert_eq!(net.normalized(array![[1.0, 3.0], [7.0, 5.0]].view())?, array![[-1.0, 1.0], [1.0, -1.0]]);
    /// net.norm.beta.assign(&array![0.5, 0.0])?;
    /// assert_eq!(net.normalized(array![[1.0, 3.0]].view())?, array![[-0.5, 1.0]]);
    /// # Ok(())
    /// # }
    /// ```
    pub struct LayerNorm<T>(
        /// What is added to the variance, so that it is not 0.
        epsilon: f64 = 0.001,
    ) {
        fn forward(x: [.., width]) -> [.., width] {
            var gamma: [width] = ones();
            var beta: [width] = zeros();
            layer_norm(x, gamma, beta, epsilon = epsilon)
        }
    }
}
