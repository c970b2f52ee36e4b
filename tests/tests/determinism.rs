//! Runs that repeat: from the same seed to the same bits, however many threads there are.

use ndarray::{Array1, Array2};
use varscope::prelude::*;

model! {
    /// Wide enough that its products are worth several threads.
    struct Net {
        fn logits(x: [batch, 96]) -> [batch, 10] {
            let h = scope hidden: layers::Dense(x, units = 512);
            let h = scope second: layers::Dense(relu(h), units = 512);
            scope logits: layers::Dense(relu(h).dropout(rate = 0.3), units = 10)
        }

        fn loss(x: [batch, 96], labels: u32[batch]) -> [] {
            mean(sparse_softmax_cross_entropy(logits(x), labels))
        }
    }

    struct Convolutions {
        fn loss(images: [batch, 32, 32, 3], labels: u32[batch]) -> [] {
            let x = scope conv1 { var filter: [3, 3, 3, 32]; max_pool2d(relu(conv2d(images, filter))) };
            let x = scope conv2 { var filter: [3, 3, 32, 32]; max_pool2d(relu(conv2d(x, filter))) };
            let logits = scope logits: layers::Dense(flatten(x), units = 10);
            mean(sparse_softmax_cross_entropy(logits, labels))
        }
    }

    struct Draws {
        var w: [3] = ones();

        fn noise(count: [batch]) -> ([batch, 3], [batch, 3], [batch, 3]) {
            let a = random_normal(shape = [batch, 3]);
            let b = random_normal(shape = [batch, 3]);
            let c = name_scope elsewhere { random_uniform(shape = [batch, 3]) };
            (a, b, c)
        }

        fn dropped(x: [batch, 3]) -> ([], [batch, 3], [batch, 3]) {
            let (a, b) = (dropout(x * w), dropout(x * w));
            (sum(a), a, b)
        }
    }
}

fn batch(rows: usize) -> (Array2<f32>, Array1<u32>) {
    let x = Array2::from_shape_fn((rows, 96), |(row, column)| ((row * 96 + column) as f32 * 0.37).sin());
    (x, Array1::from_shape_fn(rows, |row| (row * 7 % 10) as u32))
}

/// Runs something on so many threads.
fn on<R: Send>(threads: usize, run: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run)
}

fn bits(values: impl IntoIterator<Item = f32>) -> Vec<u32> {
    values.into_iter().map(f32::to_bits).collect()
}

/// The losses of some steps, the variables after them, and what the trained model says.
fn trained(seed: u64) -> [Vec<u32>; 3] {
    let (net, (x, labels)) = (Net::seeded(seed).unwrap(), batch(150));
    let (mut step, mut optimizer) = (net.loss_gradients(), Adam::new(0.01));
    let losses = (0..4).map(|_| {
        let (loss, gradients) = step.compute(x.view(), labels.view()).unwrap();
        optimizer.apply(gradients).unwrap();
        loss
    });
    let losses = bits(losses);
    let weights = net.hidden.weights.read().to_owned().into_iter().chain(net.second.weights.read().to_owned());
    [losses, bits(weights), bits(net.logits(x.view()).unwrap())]
}

fn convolved(seed: u64) -> Vec<u32> {
    let net = Convolutions::seeded(seed).unwrap();
    let images = ndarray::Array4::from_shape_fn((9, 32, 32, 3), |(b, h, w, c)| ((b + h * w + c) as f32 * 0.11).sin());
    let labels = Array1::from_shape_fn(9, |row| row as u32);
    let (mut step, mut optimizer) = (net.loss_gradients(), Momentum::new(0.01, 0.9));
    for _ in 0..2 {
        optimizer.apply(step.compute(images.view(), labels.view()).unwrap().1).unwrap();
    }
    bits(net.conv1.filter.read().to_owned().into_iter().chain(net.conv2.filter.read().to_owned()))
}

#[test]
fn one_seed_gives_one_model_bit_for_bit_on_any_number_of_threads() {
    let expected = on(1, || trained(42));
    assert_eq!(on(1, || trained(42)), expected);
    assert_eq!(on(2, || trained(42)), expected);
    assert_eq!(on(3, || trained(42)), expected);
    let other = on(2, || trained(43));
    assert!(expected.iter().zip(&other).all(|(one, other)| one != other));
}

#[test]
fn convolutions_do_not_depend_on_the_threads_either() {
    let expected = on(1, || convolved(1));
    assert_eq!(on(2, || convolved(1)), expected);
    assert_eq!(on(5, || convolved(1)), expected);
    assert_ne!(on(2, || convolved(2)), expected);
}

#[test]
fn random_ops_repeat_call_by_call() {
    let (one, other, count) = (Draws::seeded(5).unwrap(), Draws::seeded(5).unwrap(), Array1::zeros(4));
    let calls: Vec<_> = (0..3).map(|_| one.noise(count.view()).unwrap()).collect();
    let again: Vec<_> = (0..3).map(|_| other.noise(count.view()).unwrap()).collect();
    assert_eq!(calls, again);
    assert!(calls[0].0 != calls[1].0 && calls[1].0 != calls[2].0, "each call draws anew");
    assert!(calls[0].0 != calls[0].1, "two ops of one call draw differently");
    assert_ne!(Draws::seeded(6).unwrap().noise(count.view()).unwrap(), calls[0]);
    assert!(calls[0].2.iter().all(|&number| (0.0..1.0).contains(&number)));
}

#[test]
fn dropout_repeats_run_by_run() {
    let x = Array2::from_elem((40, 3), 1.0);
    let masks = |seed: u64| -> Vec<_> {
        let net = Draws::seeded(seed).unwrap();
        let mut step = net.dropped_gradients();
        let mut run = || {
            let ((_, a, b), gradients) = step.compute(x.view()).unwrap();
            // The backward pass knows what the forward pass dropped.
            assert_eq!(gradients.of(&net.w), a.sum_axis(ndarray::Axis(0)));
            (a.to_owned(), b.to_owned())
        };
        (0..3).map(|_| run()).collect()
    };
    let expected = masks(1);
    assert_eq!(masks(1), expected);
    assert!(expected[0].0 != expected[1].0 && expected[0].0 != expected[0].1);
    assert_ne!(masks(2), expected);
    // A step of its own begins with the first run again; inference drops nothing.
    let net = Draws::seeded(1).unwrap();
    for _ in 0..2 {
        let mut step = net.dropped_gradients();
        let ((_, a, _), _) = step.compute(x.view()).unwrap();
        assert_eq!(a, expected[0].0);
        assert_eq!(net.dropped(x.view()).unwrap().1, x);
    }
}
