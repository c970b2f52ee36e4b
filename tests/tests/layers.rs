//! Layers: what reaches into them, what they are generic over, what a loop or a branch makes of them.

#![deny(warnings)]

use ndarray::{Array2, arr1, arr2};
use varscope::prelude::*;

model! {
    /// A layer that says something of some of its variables.
    pub struct Inner<T>(units: usize) {
        fn forward(x: [.., n]) -> [.., units] {
            var plain: [n, units];
            var named: [units] = constant(5.0);
            var moving(trainable = false): [units];
            var learnt(trainable = true): [units];
            var counts: u32[2];
            let own = scope own(initializer = constant(7.0)) {
                var w: [units];
                scope off(initializer = none) { var w: [units, 2]; sum(w, axes = [1]) + self.own.w }
            };
            let dense = scope fc: layers::Dense(x, units = units);
            matmul(x, plain) + named + moving + learnt + own + dense
        }
    }

    struct Reach(blocks: usize = 2): f64 {
        fn f(x: [batch, 4]) -> [batch, 3] {
            scope a(trainable = false, initializer = ones()) { scope fc: Inner(x, units = 3) }
        }

        fn of_the_layer(x: [batch, 4]) -> [batch, 3] {
            let mut h = scope direct(initializer = constant(2.0), trainable = false): layers::Dense(x, units = 3);
            for i in 0..blocks {
                scope block[i](initializer = constant(i as f64 + 1.0)) {
                    h = scope deep: layers::Dense(h, units = 3);
                    scope off(initializer = none) { h = h + scope fc: layers::Dense(x, units = 3); }
                }
            }
            for i in 0..2 {
                h = scope again(reuse = auto, initializer = ones()): layers::Dense(h, units = 3);
            }
            scope again(reuse): layers::Dense(h)
        }

        fn normalised(x: [batch, 4]) -> [batch, 4] {
            scope outer(trainable = true) { scope norm: layers::BatchNorm(x) }
        }
    }
}

#[test]
fn initializers_of_scopes_reach_into_layers() {
    let net = Reach::seeded(1).unwrap();
    let fc = &net.a.fc;
    assert_eq!(
        (fc.plain.read()[[0, 0]], fc.named.read()[0], fc.moving.read()[0], fc.counts.read()[0]),
        (1.0, 5.0, 1.0, 1)
    );
    assert_eq!((fc.own.w.read()[0], fc.fc.weights.read()[[3, 2]]), (7.0, 1.0));
    assert_eq!(fc.fc.biases.as_ref().unwrap().read().to_owned(), arr1(&[0.0; 3]));
    let glorot =
        |values: &Array2<f64>| values.iter().all(|value| value.abs() < 1.2) && values[[0, 0]] != values[[0, 1]];
    assert!(glorot(&fc.own.off.w.read()) && glorot(&net.block[1].off.fc.weights.read()));
    let [first, second] = [0, 1].map(|block| net.block[block].deep.weights.read()[[2, 2]]);
    assert_eq!(
        (first, second, net.direct.weights.read()[[0, 0]], net.again.weights.read()[[0, 0]]),
        (1.0, 2.0, 2.0, 1.0)
    );
    let x = Array2::ones((2, 4));
    assert_eq!(net.f(x.view()).unwrap().shape(), net.of_the_layer(x.view()).unwrap().shape());
    assert_eq!(net.normalised(x.view()).unwrap().shape(), [2, 4]);
}

#[test]
fn what_is_not_trainable_reaches_into_layers() {
    let net = Reach::seeded(1).unwrap();
    let names = |net: &Reach| net.trainable_variables().iter().map(|v| v.name().to_string()).collect::<Vec<_>>();
    let trainable = names(&net);
    let inside: Vec<&str> = trainable
        .iter()
        .map(String::as_str)
        .filter(|name| !name.starts_with("block") && !name.starts_with("again"))
        .collect();
    assert_eq!(inside, ["a/fc/learnt", "outer/norm/gamma", "outer/norm/beta"]);
    let copy = net.copy_into(&VariableStore::new(3).root()).unwrap();
    assert_eq!(names(&copy), trainable);
}

model! {
    /// Generic, and without anything that is of its element type.
    pub struct Halves<T> {
        fn forward(x: [.., 4]) -> [.., 4] { x * 0.5 }
        fn doubled(x: [.., 4]) -> [.., 4] { x + x }
        fn loss(x: [.., 4]) -> [] { sum(x) }
    }

    /// With a variable, but of integers.
    pub struct Picks<T> {
        var order: u32[3] = [2, 0, 0];
        fn forward(x: [n, 4]) -> [3, 4] { gather(x, order) }
    }

    struct Generic: f64 {
        fn f(x: [batch, 4]) -> [3, 4] {
            let h = scope halves: Halves(x);
            scope picks: Picks(halves.doubled(h))
        }
    }
}

#[test]
fn a_generic_layer_may_have_no_variable_of_its_type() {
    let x = arr2(&[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [9.0, 10.0, 11.0, 12.0]]);
    let net = Generic::seeded(1).unwrap();
    let y = net.f(x.view()).unwrap();
    assert_eq!((y.row(0), y.row(2)), (x.row(2), x.row(0)));
    let single: Halves = Halves::seeded(1).unwrap();
    assert_eq!(single.forward(arr1(&[2.0_f32; 4]).view().into_dyn()).unwrap(), arr1(&[1.0; 4]).into_dyn());
    let double = Halves::<f64>::seeded(1).unwrap();
    let (loss, gradients) = (double.loss(x.view().into_dyn()).unwrap(), double.loss_gradients());
    assert_eq!((loss, gradients.arena_bytes()), (78.0, 0));
}

model! {
    /// What all turns of a loop share, under a branch.
    pub struct Gated<T>(width: usize, gated: bool = false, late: bool = false) {
        fn forward(x: [.., width]) -> [.., width] {
            let mut h = x;
            for i in 0..width {
                if gated {
                    scope gate(reuse = auto) { var w: [width] = constant(0.5); h = h * w; }
                } else if late {
                    scope dense(reuse = auto): layers::Dense(h, units = width, bias = late && !late);
                    h = dense(h);
                }
                if i > 0 {
                    scope last(reuse = auto) { var w: [width] = constant(2.0); h = h * w; }
                }
            }
            h
        }
    }

    struct Gates {
        fn f(x: [batch, 2]) -> ([batch, 2], [batch, 2], [batch, 2]) {
            let plain = scope plain: Gated(x, width = 2);
            let gated = scope gated: Gated(x, width = 2, gated = true);
            let late = scope late: Gated(x, width = 2, late = true);
            (plain, gated, late)
        }
    }
}

#[test]
fn what_turns_share_under_a_branch_is_made_where_the_branch_is_taken() {
    let net = Gates::seeded(1).unwrap();
    assert!(net.plain.gate.is_none() && net.gated.gate.is_some() && net.late.gate.is_none());
    assert!(net.plain.dense.is_none() && net.gated.dense.is_none() && net.late.dense.is_some());
    let names: Vec<_> = net.variables().iter().map(|variable| variable.name().to_string()).collect();
    assert_eq!(names, ["plain/last/w", "gated/gate/w", "gated/last/w", "late/dense/weights", "late/last/w"]);
    let x = arr2(&[[1.0, -2.0]]);
    let (plain, gated, late) = net.f(x.view()).unwrap();
    let dense = net.late.dense.as_ref().unwrap().weights.read();
    assert_eq!((plain, gated), (&x * 2.0, &x * 0.5));
    assert!((&late - &(x.dot(&*dense).dot(&*dense) * 2.0)).iter().all(|apart| apart.abs() < 1e-5));
}

model! {
    /// Halves that are layers of their own, each in a `fn` of its own.
    pub struct Auto<T>(narrow: usize, wide: usize = 3) {
        fn forward(x: [.., n]) -> [.., wide] { decode(encode(x)) }
        fn encode(x: [.., n]) -> [.., narrow] { tanh(scope encoder: layers::Dense(x, units = narrow)) }
        fn decode(z: [.., narrow]) -> [.., wide] { scope decoder: layers::Dense(z, units = wide) }
        fn twice(x: [.., n]) -> [.., wide] { forward(x) + forward(x) }
    }

    struct Uses: f64 {
        fn forward(x: [batch, time, 3]) -> [batch, time, 3] {
            let y = scope auto: Auto(x, narrow = 5);
            y + auto.decode(auto.encode(x)) + auto.twice(x)
        }
    }

    /// A model in lower case, as its user allows.
    #[allow(non_camel_case_types)]
    struct lower_case(units: usize = 2) {
        fn loss(x: [units]) -> [] {
            scope inner { var w: [units] = ones(); sum(x * w) }
        }
    }
}

#[test]
fn each_fn_of_a_layer_may_make_layers_and_call_forward() {
    let net = Uses::seeded(1).unwrap();
    assert_eq!((net.auto.encoder.weights.shape(), net.auto.decoder.weights.shape()), (&[3, 5][..], &[5, 3][..]));
    let x = ndarray::Array3::from_shape_fn((2, 4, 3), |(b, t, n)| (b * 12 + t * 3 + n) as f64 * 0.1 - 1.0);
    let flat = x.to_shape((8, 3)).unwrap();
    let by_hand = flat.dot(&*net.auto.encoder.weights.read()).mapv(f64::tanh).dot(&*net.auto.decoder.weights.read());
    let y = net.forward(x.view()).unwrap().into_shape_with_order((8, 3)).unwrap();
    assert!((&y - &(by_hand * 4.0)).iter().all(|apart| apart.abs() < 1e-12));
    let net = lower_case::seeded(1).unwrap();
    assert_eq!((net.loss(arr1(&[1.0, 2.0]).view()).unwrap(), net.inner.w.shape()[0]), (3.0, 2));
}

const DEPTH: usize = 2;

model! {
    /// Cells upon cells, over time: an inner loop counts what the outer one shares.
    struct Stacked(units: usize = 3): f64 {
        fn last(x: [batch, time, units]) -> [batch, units] {
            let mut h = zeros(shape = [batch, units]);
            for t in 0..time {
                let now: [batch, units] = reshape(slice(x, begin = [0, t, 0], size = [batch, 1, units]), shape = [batch, units]);
                h = h + now;
                for i in 0..DEPTH {
                    h = tanh(scope cell[i](reuse = auto): layers::Dense(h, units = units));
                    scope gate[i](reuse = auto) { var g: [units] = constant(i as f64 + 1.0); h = h * g; }
                }
            }
            h
        }
    }
}

#[test]
fn an_inner_loop_counts_what_the_outer_one_shares() {
    let net = Stacked::seeded(1).unwrap();
    assert_eq!((net.cell.len(), net.gate.len(), net.cell[1].weights.name()), (2, 2, "cell_1/weights"));
    let x = ndarray::Array3::from_shape_fn((2, 3, 3), |(b, t, n)| ((b * 9 + t * 3 + n) as f64).sin());
    let mut h = Array2::<f64>::zeros((2, 3));
    for t in 0..3 {
        h += &x.index_axis(ndarray::Axis(1), t);
        for i in 0..DEPTH {
            h = h.dot(&*net.cell[i].weights.read()).mapv(f64::tanh) * (i as f64 + 1.0);
        }
    }
    assert!((&net.last(x.view()).unwrap() - &h).iter().all(|apart| apart.abs() < 1e-12));
}
