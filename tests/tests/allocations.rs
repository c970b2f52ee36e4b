//! A step that is repeated allocates nothing: not forward, not backward, not in the optimizer.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::Duration;

use ndarray::{Array1, Array2, Array4};
use varscope::prelude::*;

/// The system's allocator, which counts what is asked of it on any thread.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "an allocator is unsafe to implement")]
// SAFETY: every call is handed to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::SeqCst);
        // SAFETY: the caller keeps to the contract of `alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::SeqCst);
        // SAFETY: the caller keeps to the contract of `alloc_zeroed`, which is the same.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::SeqCst);
        // SAFETY: the caller keeps to the contract of `realloc`, which is the same.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps to the contract of `dealloc`, which is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often something allocates in five runs.
fn allocations(mut run: impl FnMut()) -> usize {
    let before = ALLOCATIONS.load(Ordering::SeqCst);
    (0..5).for_each(|_| run());
    ALLOCATIONS.load(Ordering::SeqCst) - before
}

model! {
    struct Mlp {
        fn loss(x: [batch, 20], labels: u32[batch]) -> ([], [batch, 5]) {
            let hidden = scope hidden: layers::Dense(x, units = 33);
            let logits = scope logits: layers::Dense(relu(hidden).dropout(rate = 0.2), units = 5);
            (mean(sparse_softmax_cross_entropy(logits, labels)), logits)
        }
    }

    struct Conv {
        fn loss(images: [batch, 12, 12, 1], labels: u32[batch]) -> [] {
            let x = scope conv1 {
                var filter: [3, 3, 1, 8];
                var biases: [8] = zeros();
                max_pool2d(relu(conv2d(images, filter) + biases))
            };
            let x = scope conv2 {
                var filter: [3, 3, 8, 16];
                var biases: [16] = zeros();
                max_pool2d(relu(conv2d(x, filter, padding = Valid) + biases))
            };
            let logits = scope logits: layers::Dense(flatten(x), units = 4);
            mean(sparse_softmax_cross_entropy(logits, labels))
        }
    }

    struct Penalized {
        fn loss(x: [batch, 20]) -> [] {
            let hidden = scope hidden(regularizer = l2(0.1)): layers::Dense(x, units = 33);
            var scale(regularizer = l1_l2(l1 = 0.1, l2 = 0.1)): f64[3];
            mean(square(hidden)) + regularization_loss() + cast::<f32>(sum(scale))
        }
    }

    struct Recurrent {
        fn loss(x: [batch, time, 4]) -> [] {
            let mut h = zeros(shape = [batch, 6]);
            for t in 0..time {
                let now: [batch, 4] = reshape(slice(x, begin = [0, t, 0], size = [batch, 1, 4]), shape = [batch, 4]);
                scope cell(reuse = auto) {
                    var kernel: [4, 6];
                    var recurrent: [6, 6];
                    h = if t == 0 { tanh(matmul(now, kernel)) } else { tanh(matmul(now, kernel) + matmul(h, recurrent)) };
                }
            }
            mean(square(h))
        }
    }
}

fn features(batch: usize) -> (Array2<f32>, Array1<u32>) {
    let x = Array2::from_shape_fn((batch, 20), |(row, column)| ((row * 20 + column) as f32).sin());
    (x, Array1::from_shape_fn(batch, |row| (row % 5) as u32))
}

fn images(batch: usize) -> (Array4<f32>, Array1<u32>) {
    let images = Array4::from_shape_fn((batch, 12, 12, 1), |(b, h, w, _)| ((b * 144 + h * 12 + w) as f32).cos());
    (images, Array1::from_shape_fn(batch, |row| (row % 4) as u32))
}

/// Steps of each model with an optimizer: the first may allocate, the others may not.
fn steps_allocate_nothing<O: Optimizer>(name: &str, optimizer: impl Fn() -> O) {
    let ((x, labels), (images, digits)) = (features(16), images(16));
    let (mlp, conv, recurrent) = (Mlp::seeded(1).unwrap(), Conv::seeded(1).unwrap(), Recurrent::seeded(1).unwrap());

    let (mut step, mut one) = (mlp.loss_gradients(), optimizer());
    let mut run = || {
        let ((loss, _), gradients) = step.compute(x.view(), labels.view()).unwrap();
        one.apply(gradients).unwrap();
        assert!(loss.is_finite());
    };
    run();
    assert_eq!(allocations(run), 0, "dense layers with {name}");

    let (mut step, mut one) = (conv.loss_gradients(), optimizer());
    let mut run = || one.apply(step.compute(images.view(), digits.view()).unwrap().1).unwrap();
    run();
    assert_eq!(allocations(run), 0, "convolutions with {name}");

    let sequence = x.view().into_shape_with_order((16, 5, 4)).unwrap();
    let (mut step, mut one) = (recurrent.loss_gradients(), optimizer());
    let mut run = || one.apply(step.compute(sequence).unwrap().1).unwrap();
    run();
    assert_eq!(allocations(run), 0, "a loop over time with {name}");
}

fn clipping_allocates_nothing() {
    let (net, (x, labels)) = (Mlp::seeded(1).unwrap(), features(16));
    let (mut step, mut optimizer) = (net.loss_gradients(), Adam::new(0.01));
    step.clip_by_global_norm(0.1);
    let mut run = || optimizer.apply(step.compute(x.view(), labels.view()).unwrap().1).unwrap();
    run();
    assert_eq!(allocations(run), 0, "clipping in place");
}

fn penalties_and_averages_allocate_nothing() {
    let (x, mut optimizer) = (features(16).0, Adam::new(0.01));
    let net = Penalized::seeded(1).unwrap();
    let mut averages = ExponentialMovingAverage::new(&net.trainable_variables(), 0.99).unwrap();
    let mut step = net.loss_gradients();
    let mut run = || {
        optimizer.apply(step.compute(x.view()).unwrap().1).unwrap();
        averages.num_updates(optimizer.steps()).apply();
        drop(averages.swap());
    };
    run();
    assert_eq!(allocations(run), 0, "penalties, and averages of variables");
}

fn a_change_of_batch_size_is_planned_once() {
    let (net, mut optimizer) = (Mlp::seeded(1).unwrap(), Adam::new(0.01));
    let mut step = net.loss_gradients();
    assert_eq!(step.arena_bytes(), 0);
    let mut run = |(x, labels): &(Array2<f32>, Array1<u32>)| {
        let ((loss, logits), gradients) = step.compute(x.view(), labels.view()).unwrap();
        assert!(loss.is_finite() && logits.nrows() == x.nrows());
        optimizer.apply(gradients).unwrap();
        step.arena_bytes()
    };
    let [small, large] = [features(4), features(32)];
    let of_small = run(&small);
    assert!(of_small > 0);
    assert_eq!(run(&small), of_small);
    let of_large = run(&large);
    assert!(of_large > of_small);
    // Both plans are kept, and the memory of the larger serves both.
    let again = allocations(|| {
        assert_eq!((run(&small), run(&large)), (of_large, of_large));
    });
    assert_eq!(again, 0, "batches of two sizes in turn");
}

/// Products and convolutions that two threads share, and losses that one does alone.
fn large_steps_allocate_nothing() {
    let images = Array4::from_shape_fn((64, 12, 12, 1), |(b, h, w, _)| ((b * 144 + h * 12 + w) as f32).cos());
    let (net, digits) = (Conv::seeded(1).unwrap(), Array1::from_shape_fn(64, |row| (row % 4) as u32));
    let (mut step, mut optimizer) = (net.loss_gradients(), Momentum::new(0.01, 0.9));
    let mut run = || optimizer.apply(step.compute(images.view(), digits.view()).unwrap().1).unwrap();
    run();
    assert_eq!(allocations(run), 0, "many images");

    let (net, (x, labels)) = (Mlp::seeded(1).unwrap(), features(5000));
    let (mut step, mut optimizer) = (net.loss_gradients(), Adam::new(0.01));
    let mut run = || optimizer.apply(step.compute(x.view(), labels.view()).unwrap().1).unwrap();
    run();
    assert_eq!(allocations(run), 0, "many examples");
}

/// All in one test: tests that ran beside each other would count each other's allocations.
#[test]
fn a_repeated_step_allocates_nothing() {
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        // A thread of the pool allocates when it begins and first looks for work, which on a busy machine is late.
        pool.broadcast(|_| ());
        sleep(Duration::from_millis(200));
        pool.install(|| {
            steps_allocate_nothing("GradientDescent", || GradientDescent::new(0.01));
            steps_allocate_nothing("Momentum", || Momentum::new(0.01, 0.9));
            steps_allocate_nothing("Nesterov's momentum", || Momentum::new(0.01, 0.9).nesterov());
            steps_allocate_nothing("Adagrad", || Adagrad::new(0.01));
            steps_allocate_nothing("RmsProp", || RmsProp::new(0.01));
            steps_allocate_nothing("RmsProp with momentum", || RmsProp::new(0.01).momentum(0.9));
            steps_allocate_nothing("Adam", || Adam::new(0.01));
            steps_allocate_nothing("AdamW", || AdamW::new(0.01));
            steps_allocate_nothing("a schedule", || Adam::new(schedule::exponential_decay(0.01, 10, 0.9)));
            clipping_allocates_nothing();
            large_steps_allocate_nothing();
            penalties_and_averages_allocate_nothing();
            a_change_of_batch_size_is_planned_once();
        });
    }
}
