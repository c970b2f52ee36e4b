//! The memory plan as its users see it: no run disturbs another, in whichever order they come.

use ndarray::{Array1, Array2, Axis, arr2};
use varscope::prelude::*;

const TURNS: usize = 3;

model! {
    /// Layers, loops, branches, aliases and values that are used long after they were made.
    struct Net {
        fn features(x: [batch, 6]) -> [batch, 8] {
            let mut h = scope entry: layers::Dense(x, units = 8);
            let first = h;
            for i in 0..TURNS {
                scope block[i] {
                    var w: [8, 8];
                    let inner = relu(matmul(h, w));
                    h = if i == 1 { h + tanh(inner) } else { sigmoid(inner) * h };
                }
            }
            let folded: [batch, 2, 4] = reshape(h, shape = [batch, 2, 4]);
            let turned = transpose(transpose(folded));
            flatten(turned) + relu(first) * first
        }

        fn loss(x: [batch, 6], labels: u32[batch]) -> ([], [batch, 3]) {
            let features = features(x);
            let logits = scope head: layers::Dense(features.dropout(rate = 0.25), units = 3);
            (mean(sparse_softmax_cross_entropy(logits, labels)), logits)
        }

        fn reconstruction(x: [batch, 6]) -> [] {
            let (left, right) = split(features(x), sizes = [3, 5]);
            let joined = concat([right, left]);
            mean(square(scope decoder: layers::Dense(joined, units = 6) - x))
        }
    }

    /// Long chains that run in place, each beginning at a value that is read again at the end.
    struct Chains: f64 {
        fn f(x: [batch, n]) -> ([batch, n], [batch, n], [batch, n]) {
            let a = x + 1.0;
            let b = relu(tanh(sigmoid(exp(neg(a)))));
            let c = sqrt(square(b) + 1.0);
            let d = reshape(relu(c), shape = [n, batch]);
            let e = reshape(tanh(d), shape = [batch, n]);
            (a, c * a, e * b + c)
        }

        /// The inputs and the same value several times as results.
        fn same(x: [batch, n]) -> ([batch, n], [batch, n], [batch, n], [batch, n]) {
            let y = x * 2.0;
            (x, y, relu(y), y)
        }

        fn powers(x: [batch, n]) -> ([], [batch, n]) {
            var w: [] = constant(1.5);
            let mut y = x * w;
            let mut total = y;
            for i in 0..TURNS {
                y = y * y;
                total = total + y * total;
            }
            (sum(total), y)
        }
    }
}

fn batch(rows: usize) -> (Array2<f32>, Array1<u32>) {
    let x = Array2::from_shape_fn((rows, 6), |(row, column)| ((row * 6 + column) as f32 * 0.7).sin());
    (x, Array1::from_shape_fn(rows, |row| (row % 3) as u32))
}

/// The gradients of all variables, as bits.
fn bits(net: &Net, gradients: &Gradients) -> Vec<u32> {
    let blocks = net.block.iter().map(|block| &block.w);
    let all = [&net.entry.weights, &net.head.weights, &net.decoder.weights].into_iter().chain(blocks);
    all.flat_map(|variable| gradients.of(variable).iter().map(|gradient| gradient.to_bits()).collect::<Vec<_>>())
        .collect()
}

#[test]
fn batches_of_any_order_give_the_same_gradients() {
    let net = Net::seeded(3).unwrap();
    let fresh = |rows: usize| {
        let (x, _) = batch(rows);
        let mut step = net.reconstruction_gradients();
        let (loss, gradients) = step.compute(x.view()).unwrap();
        (loss.to_bits(), bits(&net, gradients))
    };
    let expected: Vec<_> = (1..9).map(fresh).collect();
    let mut step = net.reconstruction_gradients();
    // More sizes than a step keeps plans of, larger after smaller and smaller after larger.
    for rows in [1, 8, 2, 7, 3, 6, 4, 5, 5, 8, 1, 1, 2, 3, 4, 8, 7, 6, 5] {
        let (x, _) = batch(rows);
        let (loss, gradients) = step.compute(x.view()).unwrap();
        assert_eq!((loss.to_bits(), bits(&net, gradients)), expected[rows - 1], "{rows} rows");
    }
}

#[test]
fn two_steps_take_turns() {
    let losses = |interleaved: bool| {
        let net = Net::seeded(3).unwrap();
        let (x, labels) = batch(5);
        let (mut one, mut other) = (net.loss_gradients(), net.reconstruction_gradients());
        let mut losses = Vec::new();
        let (mut slow, mut fast) = (Adam::new(0.001), Adam::new(0.01));
        for _ in 0..4 {
            let ((loss, _), gradients) = one.compute(x.view(), labels.view()).unwrap();
            let of_loss = (loss, bits(&net, gradients));
            if interleaved {
                // The other's run between this one's `compute` and `apply` leaves its gradients alone.
                let kept = gradients.clone();
                other.compute(x.view()).unwrap();
                net.features(x.view()).unwrap();
                slow.apply(&kept).unwrap();
            } else {
                slow.apply(gradients).unwrap();
            }
            let (loss, gradients) = other.compute(x.view()).unwrap();
            losses.push((of_loss, loss, bits(&net, gradients)));
            fast.apply(gradients).unwrap();
        }
        losses
    };
    assert_eq!(losses(true), losses(false));
}

#[test]
fn gradients_outlive_runs_of_everything_else() {
    let net = Net::seeded(3).unwrap();
    let ((x, labels), (larger, _)) = (batch(5), batch(17));
    let mut other = net.reconstruction_gradients();
    let mut step = net.loss_gradients();
    let ((_, logits), gradients) = step.compute(x.view(), labels.view()).unwrap();
    let before = (logits.to_owned(), bits(&net, gradients));
    net.features(larger.view()).unwrap();
    other.compute(larger.view()).unwrap();
    std::thread::scope(|threads| {
        threads.spawn(|| net.loss(x.view(), labels.view()).unwrap());
        threads.spawn(|| net.features(larger.view()).unwrap());
    });
    assert_eq!((logits.to_owned(), bits(&net, gradients)), before);
}

#[test]
fn threads_share_a_model() {
    let net = Net::seeded(3).unwrap();
    let expected: Vec<_> = (1..7).map(|rows| net.features(batch(rows).0.view()).unwrap()).collect();
    let gradients: Vec<_> = (1..7)
        .map(|rows| bits(&net, net.reconstruction_gradients().compute(batch(rows).0.view()).unwrap().1))
        .collect();
    std::thread::scope(|threads| {
        for thread in 0..4 {
            let (net, expected, gradients) = (&net, &expected, &gradients);
            threads.spawn(move || {
                let mut step = net.reconstruction_gradients();
                for turn in 0..24 {
                    let number = (thread + turn) % 6;
                    let (x, _) = batch(number + 1);
                    assert_eq!(net.features(x.view()).unwrap(), expected[number]);
                    assert_eq!(bits(net, step.compute(x.view()).unwrap().1), gradients[number]);
                }
            });
        }
    });
}

#[test]
fn rows_do_not_depend_on_their_neighbours() {
    let net = Net::seeded(3).unwrap();
    let (x, _) = batch(11);
    let all = net.features(x.view()).unwrap();
    for (row, features) in x.axis_chunks_iter(Axis(0), 1).zip(all.axis_chunks_iter(Axis(0), 1)) {
        let alone = net.features(row).unwrap();
        assert!((&alone - &features).iter().all(|apart| apart.abs() < 1e-5));
    }
}

#[test]
fn calls_in_place_leave_what_is_read_later() {
    let net = Chains::seeded(1).unwrap();
    let x: Array2<f64> = arr2(&[[0.5, -1.0, 2.0], [1.5, 0.0, -0.25]]);
    let a = &x + 1.0;
    let b = a.mapv(|a: f64| (1.0 / (1.0 + (-(-a).exp()).exp())).tanh().max(0.0));
    let c = b.mapv(|b: f64| (b * b + 1.0).sqrt());
    let e = c.mapv(|c: f64| c.max(0.0).tanh());
    let (found_a, product, found) = net.f(x.view()).unwrap();
    assert_eq!(found_a, a);
    let near = |found: &Array2<f64>, expected: &Array2<f64>| (found - expected).iter().all(|apart| apart.abs() < 1e-12);
    assert!(near(&product, &(&c * &a)), "{product}");
    assert!(near(&found, &(&e * &b + &c)), "{found}");
    let (input, y, positive, again) = net.same(x.view()).unwrap();
    assert_eq!((input, &y, &again), (x.clone(), &(&x * 2.0), &(&x * 2.0)));
    assert_eq!(positive, x.mapv(|x| (2.0 * x).max(0.0)));
}

#[test]
fn values_that_are_carried_and_read_twice_survive() {
    let net = Chains::seeded(1).unwrap();
    let x = arr2(&[[0.5, -0.75], [0.9, 0.1]]);
    let by_hand = |w: f64| {
        let (mut y, mut total) = (&x * w, &x * w);
        for _ in 0..TURNS {
            y = &y * &y;
            total = &total + &(&y * &total);
        }
        (total.sum(), y)
    };
    let mut step = net.powers_gradients();
    let ((loss, y), gradients) = step.compute(x.view()).unwrap();
    let (expected, expected_y) = by_hand(1.5);
    assert!((loss - expected).abs() < 1e-9 * expected.abs(), "{loss}, not {expected}");
    assert!((&y - &expected_y).iter().all(|apart| apart.abs() < 1e-12));
    let difference = (by_hand(1.5 + 1e-6).0 - by_hand(1.5 - 1e-6).0) / 2e-6;
    let gradient = *gradients.of(&net.w).first().unwrap();
    assert!((gradient - difference).abs() < 1e-6 * difference.abs(), "{gradient}, not {difference}");
}
