//! The models whose steps are measured.

use varscope::prelude::*;

model! {
    /// Two dense layers.
    pub struct Mlp {
        /// The logits.
        fn logits(x: [batch, 784]) -> [batch, 10] {
            let h = scope hidden: layers::Dense(x, units = 256);
            scope logits: layers::Dense(relu(h), units = 10)
        }

        /// The mean loss.
        fn loss(x: [batch, 784], labels: u32[batch]) -> [] {
            mean(sparse_softmax_cross_entropy(logits(x), labels))
        }
    }

    /// Two convolutions and two dense layers.
    pub struct LeNet {
        /// The logits.
        fn logits(images: [batch, 28, 28, 1]) -> [batch, 10] {
            let x = scope conv1: layers::Conv2d(images, filters = 32, kernel = [5, 5]);
            let x = scope conv2(cache = packed):
                layers::Conv2d(max_pool2d(relu(x)), filters = 64, kernel = [5, 5]);
            let h = scope hidden: layers::Dense(flatten(max_pool2d(relu(x))), units = 1024);
            scope logits: layers::Dense(relu(h), units = 10)
        }

        /// The mean loss.
        fn loss(images: [batch, 28, 28, 1], labels: u32[batch]) -> [] {
            mean(sparse_softmax_cross_entropy(logits(images), labels))
        }
    }

    /// Two convolutions beside a shortcut (He, Zhang, Ren and Sun, 2016).
    pub struct Block(
        /// The channels of the result.
        filters: usize,
        /// How far the first convolution moves.
        stride: usize = 1,
    ) {
        fn forward(x: [batch, height, width, channels]) -> [batch, _, _, filters] {
            let y = scope conv1: layers::Conv2d(x, filters = filters, strides = [stride, stride], bias = false);
            let y = relu(scope norm1: layers::BatchNorm(y));
            let y = scope conv2: layers::Conv2d(y, filters = filters, bias = false);
            let y = scope norm2: layers::BatchNorm(y);
            if stride > 1 {
                let x = scope shortcut: layers::Conv2d(
                    x, filters = filters, kernel = [1, 1], strides = [stride, stride], bias = false);
                relu(y + scope norm: layers::BatchNorm(x))
            } else {
                relu(y + x)
            }
        }
    }

    /// Twenty layers for images of 32 × 32.
    pub struct ResNet20 {
        /// The logits.
        fn logits(images: [batch, 32, 32, 3]) -> [batch, 10] {
            let x = scope conv: layers::Conv2d(images, filters = 16, bias = false);
            let x = relu(scope norm: layers::BatchNorm(x));
            let x = scope block1: Block(x, filters = 16);
            let x = scope block2: Block(x, filters = 16);
            let x = scope block3: Block(x, filters = 16);
            let x = scope block4: Block(x, filters = 32, stride = 2);
            let x = scope block5: Block(x, filters = 32);
            let x = scope block6: Block(x, filters = 32);
            let x = scope block7: Block(x, filters = 64, stride = 2);
            let x = scope block8: Block(x, filters = 64);
            let x = scope block9: Block(x, filters = 64);
            scope logits: layers::Dense(global_avg_pool2d(x), units = 10)
        }

        /// The mean loss.
        fn loss(images: [batch, 32, 32, 3], labels: u32[batch]) -> [] {
            mean(sparse_softmax_cross_entropy(logits(images), labels))
        }
    }

    /// A recurrent layer over the rows of an image.
    pub struct Lstm {
        /// The logits.
        fn logits(x: [batch, time, 28]) -> [batch, 10] {
            let mut h = zeros(shape = [batch, 128]);
            let mut c = zeros(shape = [batch, 128]);
            var kernel: [156, 512];
            var bias: [512] = zeros();
            for t in 0..time {
                let row: [batch, 28] = reshape(slice(x, begin = [0, t, 0], size = [batch, 1, 28]), shape = [batch, 28]);
                (h, c) = lstm_cell(row, h, c, kernel, bias);
            }
            scope logits: layers::Dense(h, units = 10)
        }

        /// The mean loss.
        fn loss(x: [batch, time, 28], labels: u32[batch]) -> [] {
            mean(sparse_softmax_cross_entropy(logits(x), labels))
        }
    }
}
