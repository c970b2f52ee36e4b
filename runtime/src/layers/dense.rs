//! A dense layer.

use crate::model;

model! {
    /// `x · weights + biases`: each of the last axis' numbers goes into each unit.
    ///
    /// Takes `[.., n]`, gives `[.., units]`. Variables: `weights [n, units]`, `biases [units]`.
    pub struct Dense<T>(
        /// How many numbers it gives.
        units: usize,
        /// Whether it adds `biases`.
        bias: bool = true,
    ) {
        fn forward(x: [.., n]) -> [.., units] {
            var weights: [n, units];
            let y = matmul(x, weights);
            if bias {
                var biases: [units] = zeros();
                y + biases
            } else {
                y
            }
        }
    }
}
