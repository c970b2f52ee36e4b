//! `cache = packed`: the same numbers as without it, after every kind of write.

use std::thread;

use ndarray::{Array2, Array4, array};
use varscope::layers::{Conv2d, Dense};
use varscope::prelude::*;

/// The largest of a block of a product, and one more.
const INNER: usize = 257;
const COLUMNS: usize = 1025;

/// One model with the attribute, and one without.
macro_rules! models {
    ($($name:ident($($cache:tt)*)),*) => {$(
        model! {
            struct $name {
                fn forward(x: [batch, 6]) -> [batch, 4] {
                    scope fc(cache = $($cache)*) {
                        var a: [6, 5] = random_normal();
                        var b(constraint = max_norm(0.5)): [5, 4] = random_normal();
                        let h = relu(matmul(x, a));
                        // Once as it lies, once with other sizes, and once more.
                        let h = matmul(h, b) + matmul(h, reshape(b, shape = [5, 4]));
                        matmul(h, b, transpose_b = true).matmul(b) + h
                    }
                }

                fn large(x: [batch, INNER]) -> [batch, COLUMNS] {
                    scope large(cache = $($cache)*) {
                        var w: [INNER, COLUMNS] = random_normal();
                        matmul(x, w)
                    }
                }

                fn images(x: [batch, 6, 6, 3]) -> [batch, 6, 6, 5] {
                    scope conv(cache = $($cache)*): Conv2d(x, filters = 5)
                }

                fn recurrent(x: [batch, time, 3]) -> [batch, 4] {
                    let mut h = zeros(shape = [batch, 4]);
                    for t in 0..time {
                        let now: [batch, 3] = reshape(slice(x, begin = [0, t, 0], size = [batch, 1, 3]), shape = [batch, 3]);
                        scope cell(reuse = auto, cache = $($cache)*) {
                            var kernel: [3, 4] = random_normal();
                            var state: [4, 4] = orthogonal();
                            h = tanh(matmul(now, kernel) + matmul(h, state));
                        }
                    }
                    h
                }

                fn dense(x: [batch, 6]) -> [batch, 3] {
                    scope layers(cache = $($cache)*) { scope fc: Dense(x, units = 3) }
                }

                fn loss(x: [batch, 6], images: [batch, 6, 6, 3], steps: [batch, time, 3]) -> [] {
                    sum(square(forward(x))) + mean(square(images(images))) + sum(recurrent(steps)) + sum(square(dense(x)))
                }
            }
        }
    )*};
}

models!(Kept(packed), Plain(none));

fn numbers(shape: (usize, usize), factor: f32) -> Array2<f32> {
    Array2::from_shape_fn(shape, |(i, j)| ((i * 7 + j * 3) as f32 * factor).sin())
}

fn images(count: usize) -> Array4<f32> {
    Array4::from_shape_fn((count, 6, 6, 3), |(n, i, j, c)| ((n + i * 5 + j * 3 + c) as f32 * 0.7).cos())
}

fn steps(count: usize) -> ndarray::Array3<f32> {
    ndarray::Array3::from_shape_fn((count, 5, 3), |(n, t, c)| ((n + t * 5 + c * 3) as f32 * 0.3).cos())
}

/// Whether both models give the same numbers everywhere, bit by bit.
fn agree(kept: &Kept, plain: &Plain) {
    for batch in [1, 2, 17] {
        let x = numbers((batch, 6), 0.37);
        for _ in 0..2 {
            assert_eq!(kept.forward(x.view()).unwrap(), plain.forward(x.view()).unwrap());
            assert_eq!(kept.dense(x.view()).unwrap(), plain.dense(x.view()).unwrap());
            let (images, steps) = (images(batch), steps(batch));
            assert_eq!(kept.images(images.view()).unwrap(), plain.images(images.view()).unwrap());
            assert_eq!(kept.recurrent(steps.view()).unwrap(), plain.recurrent(steps.view()).unwrap());
        }
    }
    let x = numbers((3, INNER), 0.11);
    assert_eq!(kept.large(x.view()).unwrap(), plain.large(x.view()).unwrap());
}

fn pair() -> (Kept, Plain) {
    (Kept::seeded(4).unwrap(), Plain::seeded(4).unwrap())
}

#[test]
fn numbers_are_those_without_it() {
    let (kept, plain) = pair();
    agree(&kept, &plain);
}

#[test]
fn assign_is_seen_at_once() {
    let (kept, plain) = pair();
    agree(&kept, &plain);
    for factor in [0.5, 1.5] {
        let value = numbers((6, 5), factor);
        kept.fc.a.assign(&value).unwrap();
        plain.fc.a.assign(&value).unwrap();
        agree(&kept, &plain);
    }
    // A guard that keeps the old value makes the next one another piece of memory.
    let guard = kept.fc.b.read();
    let value = numbers((5, 4), 0.9);
    kept.fc.b.assign(&value).unwrap();
    plain.fc.b.assign(&value).unwrap();
    agree(&kept, &plain);
    assert_ne!(*guard, value);
}

#[test]
fn steps_and_constraints_are_seen_at_once() {
    let (kept, plain) = pair();
    let (mut step, mut step_of_plain) = (kept.loss_gradients(), plain.loss_gradients());
    let (mut adam, mut adam_of_plain) = (Adam::new(0.05), Adam::new(0.05));
    let (x, images, steps) = (numbers((4, 6), 0.37), images(4), steps(4));
    for _ in 0..4 {
        let (loss, gradients) = step.compute(x.view(), images.view(), steps.view()).unwrap();
        let (loss_of_plain, gradients_of_plain) = step_of_plain.compute(x.view(), images.view(), steps.view()).unwrap();
        assert_eq!(loss, loss_of_plain);
        assert_eq!(gradients.of(&kept.fc.a), gradients_of_plain.of(&plain.fc.a));
        adam.apply(gradients).unwrap();
        adam_of_plain.apply(gradients_of_plain).unwrap();
        agree(&kept, &plain);
    }
}

#[test]
fn what_another_model_writes_is_seen_at_once() {
    let store = VariableStore::new(4);
    let kept = Kept::new(&store.scope("net")).unwrap();
    let tied = Kept::new(&store.scope("net").reuse()).unwrap();
    let other = kept.copy_into(&store.scope("other")).unwrap();
    let plain = Plain::new(&VariableStore::new(4).scope("net")).unwrap();
    agree(&kept, &plain);
    let value = numbers((6, 5), 0.2);
    tied.fc.a.assign(&value).unwrap();
    plain.fc.a.assign(&value).unwrap();
    agree(&kept, &plain);
    // A copy keeps its own, and takes over values.
    other.fc.b.assign(&numbers((5, 4), 0.4)).unwrap();
    agree(&kept, &plain);
    kept.assign_from(&other).unwrap();
    plain.fc.a.assign(&*other.fc.a.read()).unwrap();
    plain.fc.b.assign(&*other.fc.b.read()).unwrap();
    agree(&kept, &plain);
}

#[test]
fn threads_read_what_was_there_when_they_began() {
    let kept = Kept::seeded(4).unwrap();
    let x = numbers((8, 6), 0.37);
    let values = [numbers((6, 5), 0.5), numbers((6, 5), 1.5)];
    let wanted = values.each_ref().map(|value| {
        kept.fc.a.assign(value).unwrap();
        kept.forward(x.view()).unwrap()
    });
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..200 {
                    let found = kept.forward(x.view()).unwrap();
                    assert!(wanted.contains(&found));
                }
            });
        }
        for turn in 0..200 {
            kept.fc.a.assign(&values[turn % 2]).unwrap();
        }
    });
}

mod elsewhere {
    use super::*;

    model! {
        struct Net {
            fn f(x: [batch, 2]) -> [batch, 2] {
                scope a(cache = packed) {
                    // No kernel packs these.
                    var scale: [2] = [2.0, 3.0];
                    var ids: u32[1];
                    var moved(trainable = false): [2] = zeros();
                    var variance(trainable = false): [2] = ones();
                    var w(cache = none): [2, 2] = identity();
                    batch_norm(matmul(x * scale, w), scale, scale, &mut moved, &mut variance) + cast::<f32>(ids) * 0.0
                }
            }
            fn loss(x: [batch, 2]) -> [] { sum(square(f(x))) }
        }
    }

    #[test]
    fn it_means_nothing_to_other_reads() {
        let net = Net::seeded(0).unwrap();
        let x = array![[1.0, 2.0], [3.0, -1.0]];
        let before = net.f(x.view()).unwrap();
        net.loss_gradients().compute(x.view()).unwrap();
        assert_ne!(net.f(x.view()).unwrap(), before);
        assert_ne!(*net.a.moved.read(), array![0.0, 0.0]);
    }
}
