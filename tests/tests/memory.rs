//! How much memory a training step takes beside what it needs at one time.

use ndarray::{Array1, Array3, Array4};
use varscope::prelude::*;

model! {
    struct LeNet {
        fn loss(images: [batch, 28, 28, 1], labels: u32[batch]) -> [] {
            let x = scope conv1: layers::Conv2d(images, filters = 32, kernel = [5, 5]);
            let x = scope conv2: layers::Conv2d(max_pool2d(relu(x)), filters = 64, kernel = [5, 5]);
            let h = scope hidden: layers::Dense(flatten(max_pool2d(relu(x))), units = 1024);
            let logits = scope logits: layers::Dense(relu(h), units = 10);
            mean(sparse_softmax_cross_entropy(logits, labels))
        }
    }

    struct Block(filters: usize, stride: usize = 1) {
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

    struct ResNet {
        fn loss(images: [batch, 32, 32, 3], labels: u32[batch]) -> [] {
            let x = scope conv: layers::Conv2d(images, filters = 16, bias = false);
            let x = relu(scope norm: layers::BatchNorm(x));
            let x = scope block1: Block(x, filters = 16);
            let x = scope block2: Block(x, filters = 16);
            let x = scope block3: Block(x, filters = 32, stride = 2);
            let x = scope block4: Block(x, filters = 64, stride = 2);
            let logits = scope logits: layers::Dense(global_avg_pool2d(x), units = 10);
            mean(sparse_softmax_cross_entropy(logits, labels))
        }
    }

    struct Recurrent {
        fn loss(x: [batch, time, 28], labels: u32[batch]) -> [] {
            let mut h = zeros(shape = [batch, 128]);
            let mut c = zeros(shape = [batch, 128]);
            var kernel: [156, 512];
            var bias: [512] = zeros();
            for t in 0..time {
                let row: [batch, 28] = reshape(slice(x, begin = [0, t, 0], size = [batch, 1, 28]), shape = [batch, 28]);
                (h, c) = lstm_cell(row, h, c, kernel, bias);
            }
            mean(sparse_softmax_cross_entropy(scope logits: layers::Dense(h, units = 10), labels))
        }
    }
}

/// What fragments the arena, and aligns it, is at most 3 tenths of what must live at one time.
fn fits(name: &str, arena: usize, peak: usize) {
    println!("{name}: an arena of {arena} bytes, {peak} of them needed at one time");
    assert!(peak > 0 && arena * 10 <= peak * 13, "{name}: {arena} bytes for {peak}");
}

#[test]
fn the_arena_is_little_larger_than_what_must_live_at_one_time() {
    let labels = |batch| Array1::<u32>::zeros(batch);

    let mut step = LeNet::seeded(1).unwrap().loss_gradients();
    assert_eq!(step.peak_bytes(), 0);
    step.compute(Array4::zeros((64, 28, 28, 1)).view(), labels(64).view()).unwrap();
    fits("LeNet", step.arena_bytes(), step.peak_bytes());
    // The largest tensors are the first convolution's result, its gradient beside it, and a pooled one of a quarter.
    let first = 64 * 28 * 28 * 32 * size_of::<f32>();
    assert!(step.peak_bytes() < 3 * first, "{} bytes, {first} for the first result", step.peak_bytes());

    let mut step = ResNet::seeded(1).unwrap().loss_gradients();
    step.compute(Array4::zeros((4, 32, 32, 3)).view(), labels(4).view()).unwrap();
    fits("a residual network", step.arena_bytes(), step.peak_bytes());

    let mut step = Recurrent::seeded(1).unwrap().loss_gradients();
    step.compute(Array3::zeros((8, 28, 28)).view(), labels(8).view()).unwrap();
    fits("an LSTM", step.arena_bytes(), step.peak_bytes());
}
