//! Loops and branches: what they compute, against the same written without them.

use ndarray::{Array2, arr1, arr2};
use varscope::prelude::*;

const TURNS: usize = 4;
const NONE: usize = 0;

model! {
    struct Modes {
        fn scaled(x: [batch, 2]) -> [batch, 2] {
            var w: [2] = ones();
            if training { x * w * 2.0 } else { x * w }
        }

        fn loss(x: [batch, 2]) -> ([], [batch, 2]) {
            let y = scaled(x);
            (sum(y), y)
        }

        /// A branch without a value, that assigns.
        fn assigned(x: [batch, 2]) -> ([], [batch, 2]) {
            let mut y = x;
            if training {
                y = y + 100.0;
            }
            (sum(y * w), y)
        }
    }

    /// A choice of an instance, with variables on one side only.
    struct Choice(bias: bool = true, depth: usize = 2) {
        fn f(x: [batch, 2]) -> [batch, 2] {
            let y = if bias {
                var b: [2] = constant(10.0);
                x + b
            } else {
                x
            };
            if depth == 0 {
                y
            } else if depth == 1 {
                scope one { var w: [2] = constant(2.0); y * w }
            } else {
                scope many { var w: [2] = constant(3.0); y * w * { depth as f32 } }
            }
        }
    }

    struct Loops {
        /// x + Σ over i < 4, j < i of (10 i + j).
        fn nested(x: [2]) -> [2] {
            let mut y = x;
            for i in 0..TURNS {
                for j in 0..i {
                    y = y + { (10 * i + j) as f32 };
                }
            }
            y
        }

        /// The same, unrolled.
        fn nested_over_numbers(x: [2]) -> [2] {
            let mut y = x;
            for i in 0..4 {
                for j in 0..i {
                    y = y + { (10 * i + j) as f32 };
                }
            }
            y
        }

        fn stacked(x: [2]) -> ([3, 2], [4, 2], [6], [2, 4]) {
            let unrolled = for i in 0..3 { x * { i as f32 } };
            let counted = for i in 0..TURNS { x + { i as f32 } };
            let last = stack(for i in 0..TURNS { x + { i as f32 } }, axis = 1);
            (stack(unrolled), stack(counted), concat(for i in 0..3 { x * { i as f32 } }), last)
        }

        /// Fibonacci's numbers: two values carried, both old ones read before either is new.
        fn carried(a: [], b: []) -> ([], []) {
            let mut x = a;
            let mut y = b;
            for i in 0..TURNS {
                (x, y) = (y, x + y);
            }
            (x, y)
        }

        fn carried_over_numbers(a: [], b: []) -> ([], []) {
            let (mut x, mut y) = (a, b);
            for i in 0..4 {
                (x, y) = (y, x + y);
            }
            (x, y)
        }

        /// Sizes change from turn to turn of an unrolled loop: 2, 4, 8, 16 columns.
        fn doubling(x: [batch, 2]) -> [batch, 16] {
            let mut y = x;
            for i in 0..3 {
                y = concat([y, y * 10.0]);
            }
            y
        }

        fn no_turn(x: [2]) -> [2] {
            let mut y = x;
            for i in 0..NONE {
                y = y + 1.0;
            }
            for i in 3..3 {
                y = y + 1.0;
            }
            y
        }

        /// What is declared in a body is gone after it; a name of the outside can be used again inside.
        fn shadowed(x: [2]) -> [2] {
            let y = x + 1.0;
            let z = for i in 0..TURNS {
                let y = y * { i as f32 };
                y
            };
            let w = stack(z);
            y + sum(w, axes = [0])
        }

        /// A condition on a loop's variable, within a loop within a loop.
        fn conditions(x: [2]) -> [2] {
            let mut y = x;
            for i in 0..TURNS {
                for j in 0..TURNS {
                    if i == j {
                        y = y * 2.0;
                    } else if i + 1 == j && j < TURNS {
                        y = y + 1.0;
                    }
                }
            }
            y
        }
    }

    /// Layers of growing width, a field for each turn.
    struct Widths {
        fn f(x: [batch, 2]) -> [batch, 8] {
            let mut h = x;
            for i in 0..3 {
                scope block[i] {
                    var w: [{ 2 << i }, 8];
                    h = matmul(slice(h, begin = [0, 0], size = [batch, { 2 << i }]), w);
                }
            }
            h
        }
    }
}

#[test]
fn training_decides_at_each_run() {
    let (net, x) = (Modes::seeded(1).unwrap(), arr2(&[[1.0, -2.0], [3.0, 4.0]]));
    assert_eq!(net.scaled(x.view()).unwrap(), x);
    assert_eq!(net.loss(x.view()).unwrap(), (6.0, x.clone()));
    let mut step = net.loss_gradients();
    let ((loss, y), gradients) = step.compute(x.view()).unwrap();
    assert_eq!((loss, y), (12.0, (&x * 2.0).view()));
    assert_eq!(gradients.of(&net.w), arr1(&[8.0, 4.0]));
    let mut step = net.assigned_gradients();
    let ((loss, y), gradients) = step.compute(x.view()).unwrap();
    assert_eq!((loss, y), (406.0, (&x + 100.0).view()));
    assert_eq!(gradients.of(&net.w), arr1(&[204.0, 202.0]));
    assert_eq!(net.assigned(x.view()).unwrap(), (6.0, x));
}

#[test]
fn an_instance_chooses_its_variables() {
    let x = arr2(&[[1.0, -2.0]]);
    let net = Choice::seeded(1).unwrap();
    assert_eq!(net.f(x.view()).unwrap(), arr2(&[[66.0, 48.0]]));
    assert!(net.b.is_some() && net.one.is_none() && net.many.is_some());
    let made = |bias: bool, depth: usize| {
        Choice::seeded_with(1, ChoiceHyperparameters { bias, depth }).unwrap()
    };
    let plain = made(false, 1);
    assert_eq!(plain.f(x.view()).unwrap(), arr2(&[[2.0, -4.0]]));
    assert_eq!((plain.variables().len(), plain.b.is_none(), plain.one.unwrap().w.name()), (1, true, "one/w"));
    let empty = made(false, 0);
    assert_eq!(empty.f(x.view()).unwrap(), x);
    assert!(empty.variables().is_empty() && empty.one.is_none() && empty.many.is_none());
    assert_eq!(made(true, 5).f(x.view()).unwrap(), arr2(&[[165.0, 120.0]]));
}

#[test]
fn loops_in_loops_count_as_rust_does() {
    let (net, x) = (Loops::seeded(1).unwrap(), arr1(&[0.5, -0.5]));
    let total: usize = (0..4).flat_map(|i| (0..i).map(move |j| 10 * i + j)).sum();
    let expected = x.mapv(|x| x + total as f32);
    assert_eq!(net.nested(x.view()).unwrap(), expected);
    assert_eq!(net.nested_over_numbers(x.view()).unwrap(), expected);
    assert_eq!(net.no_turn(x.view()).unwrap(), x);
    // ((((x·2 + 1)·2 + 1)·2 + 1)·2
    assert_eq!(net.conditions(x.view()).unwrap(), x.mapv(|x| (((x * 2.0 + 1.0) * 2.0 + 1.0) * 2.0 + 1.0) * 2.0));
    assert_eq!(net.shadowed(x.view()).unwrap(), x.mapv(|x| (x + 1.0) * 7.0));
}

#[test]
fn loops_that_end_in_a_value_are_lists() {
    let (net, x) = (Loops::seeded(1).unwrap(), arr1(&[1.0, 2.0]));
    let (unrolled, counted, joined, last) = net.stacked(x.view()).unwrap();
    assert_eq!(unrolled, arr2(&[[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]]));
    assert_eq!(counted, arr2(&[[1.0, 2.0], [2.0, 3.0], [3.0, 4.0], [4.0, 5.0]]));
    assert_eq!(joined, arr1(&[0.0, 0.0, 1.0, 2.0, 2.0, 4.0]));
    assert_eq!(last, counted.t());
}

#[test]
fn carried_values_are_all_read_before_they_change() {
    let net = Loops::seeded(1).unwrap();
    assert_eq!(net.carried(0.0, 1.0).unwrap(), (3.0, 5.0));
    assert_eq!(net.carried_over_numbers(0.0, 1.0).unwrap(), (3.0, 5.0));
}

#[test]
fn sizes_may_change_in_unrolled_loops() {
    let net = Loops::seeded(1).unwrap();
    let y = net.doubling(arr2(&[[1.0, 2.0]]).view()).unwrap();
    let tens = [1.0, 10.0, 10.0, 100.0, 10.0, 100.0, 100.0, 1000.0];
    assert_eq!(y.into_raw_vec_and_offset().0, tens.iter().flat_map(|ten| [*ten, 2.0 * ten]).collect::<Vec<f32>>());
    let net = Widths::seeded(1).unwrap();
    assert_eq!([0, 1, 2].map(|turn| net.block[turn].w.shape()[0]), [2, 4, 8]);
    let x = arr2(&[[1.0, -1.0], [0.5, 2.0]]);
    let first: Array2<f32> = x.dot(&*net.block[0].w.read());
    let second = first.slice(ndarray::s![.., ..4]).dot(&*net.block[1].w.read());
    let expected = second.dot(&*net.block[2].w.read());
    let apart = &net.f(x.view()).unwrap() - &expected;
    assert!(apart.iter().all(|apart| apart.abs() < 1e-5), "{apart}");
}

model! {
    /// Attention by hand: lists over a hyper-parameter, and over time.
    struct Heads(heads: usize = 3) {
        fn forward(x: [batch, width]) -> [batch, _] {
            let outputs = for head in 0..heads {
                scope head[head] {
                    var w: [width, 2];
                    matmul(x, w)
                }
            };
            concat(outputs)
        }
    }

    struct Sequence {
        fn all(x: [batch, time, 2]) -> ([batch, 2], [time, batch, 2], [batch, 2]) {
            let mut sum = zeros(shape = [batch, 2]);
            let mut largest = zeros(shape = [batch, 2]);
            let states = for t in 0..time {
                let now: [batch, 2] = reshape(slice(x, begin = [0, t, 0], size = [batch, 1, 2]), shape = [batch, 2]);
                if t == 0 {
                    largest = now;
                } else {
                    largest = relu(now - largest) + largest;
                }
                sum = sum + now;
                sum * { 1.0 / (t + 1) as f32 }
            };
            (sum, stack(states), largest)
        }
    }

    struct Applies {
        fn f(x: [batch, 4]) -> [batch, 6] {
            scope all: Heads(x)
        }

        fn g(x: [batch, 4]) -> [batch, 10] {
            scope five: Heads(x, heads = 5)
        }
    }
}

#[test]
fn a_list_over_a_hyper_parameter_is_as_long_as_that() {
    let net = Applies::seeded(1).unwrap();
    assert_eq!((net.all.head.len(), net.five.head.len()), (3, 5));
    assert_eq!(net.five.head[4].w.name(), "five/head_4/w");
    let x = arr2(&[[1.0, 2.0, -1.0, 0.5]]);
    let y = net.g(x.view()).unwrap();
    for (turn, head) in net.five.head.iter().enumerate() {
        let expected = x.dot(&*head.w.read());
        assert!((&y.slice(ndarray::s![.., 2 * turn..2 * turn + 2]) - &expected).iter().all(|x| x.abs() < 1e-6));
    }
    assert_eq!(net.f(x.view()).unwrap().shape(), [1, 6]);
}

#[test]
fn a_loop_over_time_goes_through_each_length() {
    let net = Sequence::seeded(1).unwrap();
    for time in [1, 2, 5, 3] {
        let x = ndarray::Array3::from_shape_fn((2, time, 2), |(b, t, n)| ((b * 31 + t * 7 + n * 3) % 11) as f32);
        let (sum, means, largest) = net.all(x.view()).unwrap();
        assert_eq!(sum, x.sum_axis(ndarray::Axis(1)));
        assert_eq!(largest, x.fold_axis(ndarray::Axis(1), 0.0_f32, |&a, &b| a.max(b)));
        let last = means.index_axis(ndarray::Axis(0), time - 1).to_owned();
        assert!((&last - &(&sum / time as f32)).iter().all(|apart| apart.abs() < 1e-5));
    }
}
