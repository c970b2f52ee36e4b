//! The model: two convolutions and two dense layers.

use varscope::prelude::*;

model! {
    /// Reads digits in images of one size.
    pub struct DigitNet(
        /// Pixels from top to bottom.
        height: usize,
        /// Pixels from left to right.
        width: usize,
    ) {
        fn logits(images: [batch, height, width, 1]) -> [batch, 10] {
            let x = scope conv1: layers::Conv2d(images, filters = 24);
            let x = scope conv2: layers::Conv2d(relu(x), filters = 48);
            let x = max_pool2d(relu(x)).dropout(rate = 0.25).flatten();
            let x = scope hidden: layers::Dense(x, units = 128);
            scope logits: layers::Dense(relu(x).dropout(rate = 0.5), units = 10)
        }

        /// The mean loss of a batch, and the logits that it comes from.
        fn loss(images: [batch, height, width, 1], labels: u32[batch]) -> ([], [batch, 10]) {
            let logits = logits(images);
            (mean(sparse_softmax_cross_entropy(logits, labels)), logits)
        }
    }
}
