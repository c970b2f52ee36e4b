//! A layer of convolutions.

use crate::model;
use crate::op::Padding;

model! {
    /// `conv2d(x, weights) + biases`: each filter looks at a window that moves over the image.
    ///
    /// Takes `[batch, height, width, channels]`, gives `[batch, height', width', filters]`. Variables:
    /// `weights [kernel[0], kernel[1], channels, filters]`, `biases [filters]`.
    ///
    /// ```
    /// use varscope::layers::Conv2d;
    /// use varscope::prelude::*;
    /// use ndarray::Array4;
    ///
    /// model! {
    ///     struct Features {
    ///         fn features(images: [batch, 28, 28, 1]) -> [batch, 14, 14, 32] {
    ///             max_pool2d(relu(scope conv: Conv2d(images, filters = 32, kernel = [5, 5])))
    ///         }
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Error> {
    /// let net = Features::seeded(1)?;
    /// assert_eq!(net.conv.weights.shape(), [5, 5, 1, 32]);
    /// let images = Array4::zeros((2, 28, 28, 1));
    /// assert_eq!(net.features(images.view())?.shape(), [2, 14, 14, 32]);
    /// # Ok(())
    /// # }
    /// ```
    pub struct Conv2d<T>(
        /// How many filters there are.
        filters: usize,
        /// The size of their window, its height and its width.
        kernel: [usize; 2] = [3, 3],
        /// How far the window moves, down and to the right.
        strides: [usize; 2] = [1, 1],
        /// What stands around the image.
        padding: Padding = Padding::Same,
        /// Whether it adds `biases`.
        bias: bool = true,
    ) {
        fn forward(x: [batch, height, width, channels]) -> [batch, _, _, filters] {
            var weights: [{ kernel[0] }, { kernel[1] }, channels, filters];
            let y = conv2d(x, weights, strides = strides, padding = padding);
            if bias {
                var biases: [filters] = zeros();
                y + biases
            } else {
                y
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array4;

    use super::*;
    use crate::layers::Conv2d;

    model! {
        struct Halves: f64 {
            fn halves(images: [batch, height, width, 2]) -> [batch, _, _, 4] {
                scope conv: Conv2d(images, filters = 4, strides = [2, 3], padding = Padding::Valid, bias = false)
            }
            fn loss(images: [batch, height, width, 2]) -> [] {
                mean(halves(images))
            }
        }
    }

    #[test]
    fn hyper_parameters_reach_the_op() {
        let net = Halves::seeded(1).unwrap();
        assert!(net.conv.biases.is_none());
        assert_eq!(net.conv.weights.shape(), [3, 3, 2, 4]);
        assert_eq!(net.variables().len(), 1);
        let images = Array4::ones((2, 7, 9, 2));
        let weights = net.conv.weights.read();
        let (halves, sum) = (net.halves(images.view()).unwrap(), weights.slice(ndarray::s![.., .., .., 1]).sum());
        assert_eq!(halves.shape(), [2, 3, 3, 4]);
        assert!(halves.slice(ndarray::s![.., .., .., 1]).iter().all(|y| (y - sum).abs() < 1e-12));
        let mut step = net.loss_gradients();
        let (_, gradients) = step.compute(images.view()).unwrap();
        assert!(gradients.of(&net.conv.weights).iter().all(|gradient| (gradient - 0.25).abs() < 1e-12));
        let error = net.halves(Array4::ones((1, 2, 9, 2)).view()).unwrap_err();
        let wanted = "conv/conv2d: [1, 2, 9, 2] × [3, 3, 2, 4]: a window over 3 elements does not fit into 2";
        assert_eq!(error.to_string(), wanted);
    }
}
