//! Gradients: the sum over every use of a variable, for the variables that are wanted.

use ndarray::{Array1, Array2, Array3, arr1, arr2};
use varscope::prelude::*;

const TURNS: usize = 3;

model! {
    /// One pair of weights, used in every way there is.
    struct Used: f64 {
        scope cell {
            var w: [2, 2] = random_normal(stddev = 0.7);
            var b: [2] = constant(0.1);
        }

        fn once(x: [batch, 2]) -> [batch, 2] {
            tanh(matmul(x, cell.w) + cell.b)
        }

        fn in_one_fn(x: [batch, 2]) -> [] {
            let h = tanh(matmul(x, cell.w) + cell.b);
            sum(square(tanh(matmul(h, cell.w) + cell.b)))
        }

        fn across_fns(x: [batch, 2]) -> [] {
            sum(square(once(once(x))))
        }

        fn over_numbers(x: [batch, 2]) -> [] {
            let mut h = x;
            for i in 0..2 {
                h = tanh(matmul(h, cell.w) + cell.b);
            }
            sum(square(h))
        }

        fn over_a_constant(x: [batch, 2]) -> [] {
            let mut h = x;
            for i in 0..TURNS - 1 {
                h = once(h);
            }
            sum(square(h))
        }

        fn three_by_hand(x: [batch, 2]) -> [] {
            sum(square(once(once(once(x)))))
        }

        fn three_turns(x: [batch, 2]) -> [] {
            let mut h = x;
            for i in 0..TURNS {
                h = once(h);
            }
            sum(square(h))
        }

        /// As many turns as the sequence has steps, whatever it holds.
        fn over_a_dimension(x: [batch, 2], steps: [time]) -> [] {
            let mut h = x;
            for t in 0..time {
                h = once(h);
            }
            sum(square(h)) + sum(steps) * 0.0
        }

        /// Both arms use the weights; a turn takes one of them.
        fn in_branches(x: [batch, 2]) -> [] {
            let mut h = x;
            for i in 0..TURNS {
                h = if i == 1 { matmul(h, cell.w) * 2.0 } else { once(h) };
            }
            sum(square(h))
        }

        fn branches_by_hand(x: [batch, 2]) -> [] {
            sum(square(once(matmul(once(x), cell.w) * 2.0)))
        }
    }

    /// A layer whose weights come from its own scope, twice.
    struct Layers: f64 {
        fn loss(x: [batch, 2]) -> [] {
            let once = scope fc: layers::Dense(x, units = 2);
            sum(square(fc(tanh(once))))
        }
    }

    /// The same with the layer's weights in a scope of its name.
    struct LayersByHand: f64 {
        scope fc {
            var weights: [2, 2];
            var biases: [2] = zeros();
        }

        fn loss(x: [batch, 2]) -> [] {
            let once = matmul(x, fc.weights) + fc.biases;
            sum(square(matmul(tanh(once), fc.weights) + fc.biases))
        }
    }

    /// As many blocks as its hyper-parameter says, all of which share one scale.
    struct Blocks(blocks: usize): f64 {
        var scale: [2] = constant(1.5);

        fn loss(x: [batch, 2]) -> [] {
            let mut h = x;
            for i in 0..blocks {
                scope block[i] {
                    var w: [2, 2] = random_normal(stddev = 0.7);
                    h = tanh(matmul(h, w)) * scale + h;
                }
            }
            sum(square(h))
        }
    }

    /// The same, written out for two blocks.
    struct TwoBlocks: f64 {
        var scale: [2] = constant(1.5);

        fn loss(x: [batch, 2]) -> [] {
            let a = scope block_0 {
                var w: [2, 2] = random_normal(stddev = 0.7);
                tanh(matmul(x, w)) * scale + x
            };
            let b = scope block_1 {
                var w: [2, 2] = random_normal(stddev = 0.7);
                tanh(matmul(a, w)) * scale + a
            };
            sum(square(b))
        }
    }

    /// A recurrent cell: the state is carried through time.
    struct Recurrent: f64 {
        fn loss(x: [batch, time, 2]) -> [] {
            let mut h = zeros(shape = [batch, 3]);
            let mut total = zeros(shape = [batch, 3]);
            for t in 0..time {
                let now: [batch, 2] = reshape(slice(x, begin = [0, t, 0], size = [batch, 1, 2]), shape = [batch, 2]);
                scope cell(reuse = auto) {
                    var kernel: [2, 3] = random_normal(stddev = 0.5);
                    var recurrent: [3, 3] = random_normal(stddev = 0.5);
                    var bias: [3] = constant(0.1);
                    h = tanh(matmul(now, kernel) + matmul(h, recurrent) + bias);
                }
                total = total + square(h);
            }
            sum(total)
        }

        fn by_hand(a: [batch, 2], b: [batch, 2], c: [batch, 2]) -> [] {
            let first = tanh(matmul(a, cell.kernel) + cell.bias);
            let second = tanh(matmul(b, cell.kernel) + matmul(first, cell.recurrent) + cell.bias);
            let third = tanh(matmul(c, cell.kernel) + matmul(second, cell.recurrent) + cell.bias);
            sum(square(first)) + sum(square(second)) + sum(square(third))
        }
    }
}

fn input() -> Array2<f64> {
    arr2(&[[0.5, -0.25], [1.0, 0.75], [-0.3, 0.2]])
}

/// Holds the gradient of a variable against central differences of its loss.
macro_rules! agrees_with_differences {
    ($gradients:expr, $variable:expr, $loss:expr) => {{
        let start = $variable.read().to_owned();
        let gradient = $gradients.of(&$variable).to_owned();
        for number in 0..start.len() {
            let moved = |by: f64| {
                let mut value = start.clone();
                value.as_slice_mut().unwrap()[number] += by;
                $variable.assign(&value).unwrap();
                let loss: f64 = $loss;
                loss
            };
            let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            let found = gradient.as_slice().unwrap()[number];
            let name = $variable.name();
            assert!((found - difference).abs() < 1e-7 * (1.0 + difference.abs()), "{name}: {found}, not {difference}");
        }
        $variable.assign(&start).unwrap();
    }};
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-10 * (1.0 + a.abs()), "{a} is not {b}");
}

/// Two losses that are one and the same written in two ways: their values and their gradients agree, and the gradients
/// with central differences.
macro_rules! one_and_the_same {
    ($net:ident, [$($variable:expr),*], $one:ident $inputs:tt, $other:ident $others:tt) => {{
        let (mut step, mut other) = (one_and_the_same!(@step $net $one), one_and_the_same!(@step $net $other));
        let (loss, gradients) = step.compute $inputs.unwrap();
        let (expected, by_hand) = other.compute $others.unwrap();
        close(loss, expected);
        close(loss, $net.$one $inputs.unwrap());
        close(gradients.global_norm(), by_hand.global_norm());
        $(
            let apart = &gradients.of(&$variable) - &by_hand.of(&$variable);
            assert!(apart.iter().all(|apart| apart.abs() < 1e-10), "{}: {apart}", $variable.name());
            agrees_with_differences!(gradients, $variable, $net.$one $inputs.unwrap());
        )*
    }};
    (@step $net:ident in_one_fn) => { $net.in_one_fn_gradients() };
    (@step $net:ident across_fns) => { $net.across_fns_gradients() };
    (@step $net:ident over_numbers) => { $net.over_numbers_gradients() };
    (@step $net:ident over_a_constant) => { $net.over_a_constant_gradients() };
    (@step $net:ident three_turns) => { $net.three_turns_gradients() };
    (@step $net:ident three_by_hand) => { $net.three_by_hand_gradients() };
    (@step $net:ident over_a_dimension) => { $net.over_a_dimension_gradients() };
    (@step $net:ident in_branches) => { $net.in_branches_gradients() };
    (@step $net:ident branches_by_hand) => { $net.branches_by_hand_gradients() };
    (@step $net:ident loss) => { $net.loss_gradients() };
    (@step $net:ident by_hand) => { $net.by_hand_gradients() };
}

#[test]
fn uses_add_up_within_and_across_fns() {
    let (net, x) = (Used::seeded(1).unwrap(), input());
    one_and_the_same!(net, [net.cell.w, net.cell.b], in_one_fn(x.view()), across_fns(x.view()));
}

#[test]
fn uses_add_up_in_loops_over_numbers_and_constants() {
    let (net, x) = (Used::seeded(2).unwrap(), input());
    one_and_the_same!(net, [net.cell.w, net.cell.b], over_numbers(x.view()), in_one_fn(x.view()));
    one_and_the_same!(net, [net.cell.w, net.cell.b], over_a_constant(x.view()), in_one_fn(x.view()));
    one_and_the_same!(net, [net.cell.w, net.cell.b], three_turns(x.view()), three_by_hand(x.view()));
}

#[test]
fn uses_add_up_in_loops_over_dimensions() {
    let (net, x) = (Used::seeded(3).unwrap(), input());
    let [two, three] = [arr1(&[0.0; 2]), arr1(&[0.0; 3])];
    one_and_the_same!(net, [net.cell.w, net.cell.b], over_a_dimension(x.view(), two.view()), in_one_fn(x.view()));
    one_and_the_same!(net, [net.cell.w, net.cell.b], over_a_dimension(x.view(), three.view()), three_by_hand(x.view()));
    // No turn at all: the loss does not depend on the weights.
    let mut step = net.over_a_dimension_gradients();
    let (loss, gradients) = step.compute(x.view(), arr1(&[]).view()).unwrap();
    close(loss, x.mapv(|x| x * x).sum());
    assert_eq!((gradients.global_norm(), gradients.of(&net.cell.b)), (0.0, arr1(&[0.0, 0.0]).view()));
}

#[test]
fn a_step_that_goes_through_time_of_several_lengths_is_right_for_each() {
    let (net, x) = (Used::seeded(3).unwrap(), input());
    let mut step = net.over_a_dimension_gradients();
    let expected = [0, 1, 2, 3].map(|length| {
        let mut fresh = net.over_a_dimension_gradients();
        fresh.compute(x.view(), Array1::zeros(length).view()).unwrap().1.of(&net.cell.w).to_owned()
    });
    for length in [2, 0, 3, 1, 2, 2, 0, 1, 3] {
        let (_, gradients) = step.compute(x.view(), Array1::zeros(length).view()).unwrap();
        assert_eq!(gradients.of(&net.cell.w), expected[length], "{length} turns");
    }
}

#[test]
fn uses_add_up_in_branches() {
    let (net, x) = (Used::seeded(4).unwrap(), input());
    one_and_the_same!(net, [net.cell.w, net.cell.b], in_branches(x.view()), branches_by_hand(x.view()));
}

#[test]
fn uses_add_up_across_layers() {
    let (net, by_hand, x) = (Layers::seeded(5).unwrap(), LayersByHand::seeded(5).unwrap(), input());
    let (mut step, mut other) = (net.loss_gradients(), by_hand.loss_gradients());
    let (loss, gradients) = step.compute(x.view()).unwrap();
    let (expected, hand) = other.compute(x.view()).unwrap();
    close(loss, expected);
    let biases = net.fc.biases.as_ref().unwrap();
    let apart = &gradients.of(&net.fc.weights) - &hand.of(&by_hand.fc.weights);
    assert!(apart.iter().all(|apart| apart.abs() < 1e-10), "{apart}");
    let apart = &gradients.of(biases) - &hand.of(&by_hand.fc.biases);
    assert!(apart.iter().all(|apart| apart.abs() < 1e-10), "{apart}");
    agrees_with_differences!(gradients, net.fc.weights, net.loss(x.view()).unwrap());
    agrees_with_differences!(gradients, biases, net.loss(x.view()).unwrap());
}

#[test]
fn uses_add_up_over_blocks_of_a_hyper_parameter() {
    let x = input();
    let net = Blocks::seeded_with(6, BlocksHyperparameters::new(2)).unwrap();
    let by_hand = TwoBlocks::seeded(6).unwrap();
    let (mut step, mut other) = (net.loss_gradients(), by_hand.loss_gradients());
    let (loss, gradients) = step.compute(x.view()).unwrap();
    let (expected, hand) = other.compute(x.view()).unwrap();
    close(loss, expected);
    assert_eq!(net.block.len(), 2);
    for (one, other) in [(&net.block[0].w, &by_hand.block_0.w), (&net.block[1].w, &by_hand.block_1.w)] {
        assert_eq!((one.name(), one.read().to_owned()), (other.name(), other.read().to_owned()));
        let apart = &gradients.of(one) - &hand.of(other);
        assert!(apart.iter().all(|apart| apart.abs() < 1e-10), "{}: {apart}", one.name());
    }
    agrees_with_differences!(gradients, net.scale, net.loss(x.view()).unwrap());
    agrees_with_differences!(gradients, net.block[0].w, net.loss(x.view()).unwrap());
    let five = Blocks::seeded_with(6, BlocksHyperparameters::new(5)).unwrap();
    let mut step = five.loss_gradients();
    let (_, gradients) = step.compute(x.view()).unwrap();
    assert_eq!(gradients.len(), 6);
    agrees_with_differences!(gradients, five.scale, five.loss(x.view()).unwrap());
    agrees_with_differences!(gradients, five.block[2].w, five.loss(x.view()).unwrap());
    let none = Blocks::seeded_with(6, BlocksHyperparameters::new(0)).unwrap();
    let mut step = none.loss_gradients();
    close(step.compute(x.view()).unwrap().0, x.mapv(|x| x * x).sum());
    assert!(none.block.is_empty());
}

#[test]
fn a_cell_over_time_has_the_gradient_of_all_its_steps() {
    let net = Recurrent::seeded(7).unwrap();
    let x = Array3::from_shape_fn((2, 3, 2), |(b, t, n)| ((b * 6 + t * 2 + n) as f64 * 1.3).sin());
    let at = |time: usize| x.index_axis(ndarray::Axis(1), time);
    one_and_the_same!(
        net,
        [net.cell.kernel, net.cell.recurrent, net.cell.bias],
        loss(x.view()),
        by_hand(at(0), at(1), at(2))
    );
    let names: Vec<_> = net.variables().iter().map(|variable| variable.name().to_string()).collect();
    assert_eq!(names, ["cell/kernel", "cell/recurrent", "cell/bias"]);
}

model! {
    /// Two networks in one model, and a variable that is never trained.
    struct Pair {
        scope generator {
            var w: [2] = constant(2.0);
        }
        scope generator_2 {
            var w: [2] = constant(5.0);
        }
        scope critic {
            var w: [2] = constant(3.0);
            var fixed(trainable = false): [2] = ones();
        }

        fn loss(x: [2]) -> ([], [2], []) {
            let y = x * generator.w * critic.w * critic.fixed + generator_2.w;
            (sum(square(y)), y, mean(y))
        }
    }
}

#[test]
fn only_the_wanted_gradients_are_computed_and_applied() {
    let (net, x) = (Pair::seeded(1).unwrap(), arr1(&[1.0, -2.0]));
    let mut step = net.loss_gradients().only(&net.trainable_variables().in_scope("generator")).unwrap();
    let (_, gradients) = step.compute(x.view()).unwrap();
    assert_eq!(gradients.len(), 1);
    assert!(gradients.get(&net.generator.w).is_some() && gradients.get(&net.generator_2.w).is_none());
    assert_eq!(gradients.of(&net.critic.w), arr1(&[0.0, 0.0]));
    // y = 6x + 5; d(Σ y²)/dw = 2 y · 3x.
    assert_eq!(gradients.of(&net.generator.w), arr1(&[66.0, 84.0]));
    Adam::new(0.1).apply(gradients).unwrap();
    assert_ne!(net.generator.w.read()[0], 2.0);
    assert_eq!((net.generator_2.w.read()[0], net.critic.w.read()[0], net.critic.fixed.read()[0]), (5.0, 3.0, 1.0));
    let error = net.loss_gradients().only(&net.variables().in_scope("nowhere")).unwrap_err();
    assert!(matches!(error, Error::Gradients { .. }), "{error:?}");
}

#[test]
fn what_is_not_trainable_has_no_gradient_though_it_is_asked_for() {
    let (net, x) = (Pair::seeded(1).unwrap(), arr1(&[1.0, -2.0]));
    let mut step = net.loss_gradients();
    let (_, gradients) = step.compute(x.view()).unwrap();
    assert_eq!((gradients.len(), gradients.get(&net.critic.fixed)), (3, None));
    let mut step = net.loss_gradients().only(&net.variables().in_scope("critic")).unwrap();
    let (_, gradients) = step.compute(x.view()).unwrap();
    assert_eq!((gradients.len(), gradients.get(&net.critic.fixed)), (1, None));
}

#[test]
fn frozen_variables_stay_and_unfrozen_ones_move_again() {
    let (net, x) = (Pair::seeded(1).unwrap(), arr1(&[1.0, -2.0]));
    let (mut step, mut optimizer) = (net.loss_gradients(), GradientDescent::new(0.001));
    let mut train = |net: &Pair| {
        let (_, gradients) = step.compute(x.view()).unwrap();
        optimizer.apply(gradients).unwrap();
        (net.generator.w.read()[0], net.critic.w.read()[0])
    };
    let first = train(&net);
    net.variables().in_scope("generator").freeze();
    assert_eq!(net.trainable_variables().len(), 2);
    let second = train(&net);
    assert_eq!(first.0, second.0);
    assert_ne!(first.1, second.1);
    net.variables().in_scope("generator").unfreeze();
    let third = train(&net);
    assert!(second.0 != third.0 && second.1 != third.1);
    // A model that has them all frozen has a loss, and no gradient to change anything by.
    net.variables().freeze();
    assert_eq!(train(&net), third);
    assert!(net.trainable_variables().is_empty());
}

#[test]
fn further_results_come_with_the_loss() {
    let (net, x) = (Pair::seeded(1).unwrap(), arr1(&[1.0, -2.0]));
    let mut step = net.loss_gradients();
    let ((loss, y, mean), gradients) = step.compute(x.view()).unwrap();
    assert_eq!((loss, y.to_owned(), mean), (170.0, arr1(&[11.0, -7.0]), 2.0));
    // The results are no part of what is differentiated.
    assert_eq!(gradients.of(&net.generator_2.w), arr1(&[22.0, -14.0]));
    assert_eq!(net.loss(x.view()).unwrap(), (170.0, arr1(&[11.0, -7.0]), 2.0));
}

#[test]
fn means_and_norms_of_gradients() {
    let net = Pair::seeded(1).unwrap();
    let [mut left, mut right] = [net.loss_gradients(), net.loss_gradients()];
    let (_, a) = left.compute(arr1(&[1.0, -2.0]).view()).unwrap();
    let (_, b) = right.compute(arr1(&[0.5, 0.0]).view()).unwrap();
    let mean = Gradients::mean(&[a, b]).unwrap();
    let expected = (&a.of(&net.critic.w) + &b.of(&net.critic.w)) / 2.0;
    assert_eq!(mean.of(&net.critic.w), expected);
    assert_eq!(Gradients::mean(&[a]).unwrap().of(&net.critic.w), a.of(&net.critic.w));
    let squares = |gradients: &Gradients| -> f64 {
        let all = [&net.generator.w, &net.generator_2.w, &net.critic.w];
        all.iter().flat_map(|w| gradients.of(w).to_vec()).map(|g| f64::from(g).powi(2)).sum()
    };
    close(a.global_norm(), squares(a).sqrt());
    let mut only = net.loss_gradients().only(&net.variables().in_scope("critic")).unwrap();
    let (_, few) = only.compute(arr1(&[1.0, -2.0]).view()).unwrap();
    for unlike in [[a, few], [few, a]] {
        assert!(matches!(Gradients::mean(&unlike), Err(Error::Gradients { .. })));
    }
}

#[test]
fn clipping_scales_all_gradients_by_one_factor() {
    let (net, x) = (Pair::seeded(1).unwrap(), arr1(&[1.0, -2.0]));
    let mut step = net.loss_gradients();
    let (_, gradients) = step.compute(x.view()).unwrap();
    let (norm, whole) = (gradients.global_norm(), gradients.of(&net.critic.w).to_owned());
    let clipped = gradients.clip_by_global_norm(1.0);
    assert!((clipped.global_norm() - 1.0).abs() < 1e-6);
    assert!((&clipped.of(&net.critic.w) * norm as f32 - &whole).iter().all(|apart| apart.abs() < 1e-3));
    // What is short enough is left as it is, bit by bit.
    assert_eq!(gradients.clip_by_global_norm(norm * 2.0).of(&net.critic.w), whole);
    assert_eq!(gradients.global_norm(), norm);
    // In place, from the next step on.
    step.clip_by_global_norm(1.0);
    let (_, in_place) = step.compute(x.view()).unwrap();
    assert_eq!(in_place.of(&net.critic.w), clipped.of(&net.critic.w));
    assert_eq!(in_place.of(&net.generator_2.w), clipped.of(&net.generator_2.w));
}

model! {
    /// Losses that are next to nothing.
    struct Trivial {
        var scale: [] = constant(3.0);

        fn of_nothing(x: [n]) -> ([], [n]) {
            (sum(x), x)
        }

        fn number() -> [] { 2.5 }

        fn input(x: []) -> [] { x }

        fn variable() -> [] { scale }

        fn variable_of_other_sizes() -> ([], [1]) {
            let one = reshape(scale, shape = [1]);
            (reshape(one, shape = []), one)
        }
    }
}

#[test]
fn a_loss_without_variables_has_empty_gradients() {
    let net = Trivial::seeded(1).unwrap();
    let mut step = net.of_nothing_gradients();
    let ((loss, x), gradients) = step.compute(arr1(&[1.0, 2.0]).view()).unwrap();
    assert_eq!((loss, x.len(), gradients.is_empty(), gradients.global_norm()), (3.0, 2, true, 0.0));
    GradientDescent::new(0.1).apply(gradients).unwrap();
    assert_eq!(gradients.of(&net.scale).into_scalar(), &0.0);
    assert_eq!(net.number_gradients().compute().unwrap().0, 2.5);
    assert_eq!(net.input_gradients().compute(4.0).unwrap().0, 4.0);
}

#[test]
fn a_loss_that_is_a_variable_has_the_gradient_one() {
    let net = Trivial::seeded(1).unwrap();
    let mut step = net.variable_gradients();
    let (loss, gradients) = step.compute().unwrap();
    assert_eq!((loss, gradients.of(&net.scale).into_scalar()), (3.0, &1.0));
    let mut step = net.variable_of_other_sizes_gradients();
    assert_eq!(step.compute().unwrap().1.of(&net.scale).into_scalar(), &1.0);
}
