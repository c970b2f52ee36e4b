//! `regularizer` on scopes and variables, and `regularization_loss()`.

use ndarray::{Array1, Array2, ArrayView1, array};
use varscope::layers::Dense;
use varscope::op::{Float, Gradient, View};
use varscope::prelude::*;
use varscope::regularizer::{Regularizer, l1, l2};
use varscope::testing::check_regularizer;

/// `scale · Σ x⁴`
struct Fourth(f64);

impl Regularizer for Fourth {
    fn loss<T: Float>(&self, value: View<'_, T>) -> T {
        T::of(self.0) * value.data().iter().map(|&x| x.powi(4)).sum::<T>()
    }

    fn gradient<T: Float>(&self, value: View<'_, T>, upstream: T, gradient: Gradient<'_, T>) {
        gradient.map(value, |x| T::of(4.0 * self.0) * x.powi(3) * upstream);
    }

    fn check(&self, shape: &[usize]) -> Result<(), String> {
        if shape.is_empty() { Err("a scalar has none".into()) } else { Ok(()) }
    }
}

fn fourth(scale: f64) -> Fourth {
    Fourth(scale)
}

model! {
    /// A layer that knows its own penalty.
    pub struct Penalized<T>(units: usize) {
        fn forward(x: [batch, n]) -> [batch, units] {
            var w(regularizer = l2(0.5)): [n, units] = ones();
            matmul(x, w)
        }

        fn penalty() -> [] {
            regularization_loss()
        }
    }

    /// One that has none.
    pub struct Quiet<T> {
        fn forward(x: [batch, n]) -> [batch, n] {
            var scale: [n] = ones();
            x * scale
        }

        fn penalty(x: [batch, n]) -> [] {
            let none: [] = regularization_loss();
            none
        }
    }

    struct Net: f64 {
        fn values(x: [batch, 2]) -> [batch, 2] {
            scope a(regularizer = l2(0.5)) {
                var w: [2, 2] = [[1.0, 2.0], [3.0, 4.0]];
                var own(regularizer = l1(2.0)): [2] = [1.0, -3.0];
                var free(regularizer = none): [2] = [7.0, 7.0];
                var both(regularizer = l1_l2(l1 = 0.5, l2 = 0.25)): [2] = [2.0, -4.0];
                scope inside { var v: [2] = [2.0, 1.0]; }
                scope off(regularizer = none) { var v: [2] = [5.0, 5.0]; }
                let y = scope layer: Dense(x, units = 2);
                let z = scope own_layer: Penalized(x, units = 2);
                let z = z + own_layer(x) + scope loose(regularizer = none): Dense(x, units = 2);
                matmul(x, w) + own + free + both + inside.v + off.v + y + z
            }
        }

        fn loss(x: [batch, 2]) -> [] {
            var unused(regularizer = self::fourth(0.1)): [3] = [1.0, -2.0, 0.5];
            mean(square(values(x))) + 2.0 * regularization_loss()
        }

        fn penalty() -> [] {
            regularization_loss()
        }

        fn of_layer(x: [batch, 2]) -> [] {
            0.0 * sum(x) + a.own_layer.penalty()
        }
    }
}

fn squares<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    values.into_iter().map(|x| x * x).sum()
}

fn penalty_by_hand(net: &Net) -> f64 {
    let a = &net.a;
    let halves = squares(&*a.w.read())
        + squares(&*a.inside.v.read())
        + squares(&*a.layer.weights.read())
        + squares(&*a.layer.biases.as_ref().unwrap().read())
        + squares(&*a.own_layer.w.read());
    let absolute: f64 = a.own.read().iter().map(|x| x.abs()).sum();
    let both: f64 = a.both.read().iter().map(|x| 0.5 * x.abs() + 0.125 * x * x).sum();
    let fourth: f64 = net.unused.read().iter().map(|x| 0.1 * x.powi(4)).sum();
    0.25 * halves + 2.0 * absolute + both + fourth
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6 * b.abs().max(1.0)
}

fn input() -> Array2<f64> {
    array![[0.5, -1.0], [2.0, 0.25]]
}

#[test]
fn the_sum_is_over_the_whole_model_each_variable_once() {
    let net = Net::seeded(1).unwrap();
    assert!(near(net.penalty().unwrap(), penalty_by_hand(&net)));
    let values = net.values(input().view()).unwrap();
    let loss = squares(&values) / 4.0 + 2.0 * penalty_by_hand(&net);
    assert!(near(net.loss(input().view()).unwrap(), loss));
    assert!(near(net.loss_gradients().compute(input().view()).unwrap().0, loss));
}

#[test]
fn in_a_fn_of_a_layer_it_is_that_of_the_layer() {
    let net = Net::seeded(1).unwrap();
    assert_eq!(net.of_layer(input().view()).unwrap(), 1.0);
}

/// The derivative of a loss by each element of a variable, by central differences.
fn differences(variable: &Variable<f64, ndarray::Ix1>, loss: impl Fn() -> f64) -> Array1<f64> {
    let start = variable.read().clone();
    let side = |n: usize, step: f64| {
        let mut moved = start.clone();
        moved[n] += step;
        variable.assign(&moved).unwrap();
        loss()
    };
    let found = (0..start.len()).map(|n| (side(n, 1e-5) - side(n, -1e-5)) / 2e-5).collect();
    variable.assign(&start).unwrap();
    found
}

#[test]
fn gradients_are_central_differences() {
    let net = Net::seeded(3).unwrap();
    let mut step = net.loss_gradients();
    let (_, gradients) = step.compute(input().view()).unwrap();
    let is_right = |variable: &Variable<f64, ndarray::Ix1>, found: ArrayView1<'_, f64>| {
        let wanted = differences(variable, || net.loss(input().view()).unwrap());
        assert!(found.iter().zip(&wanted).all(|(&a, &b)| near(a, b)), "{}: {found} {wanted}", variable.name());
    };
    let a = &net.a;
    let biases = a.layer.biases.as_ref().unwrap();
    for variable in [&a.own, &a.free, &a.both, &a.inside.v, &a.off.v, biases, &net.unused] {
        is_right(variable, gradients.of(variable));
    }
    check_regularizer(Fourth(0.3), input()).unwrap();
}

#[test]
fn a_penalty_counts_where_no_gradient_is_wanted() {
    let net = Net::seeded(1).unwrap();
    let whole = net.loss(input().view()).unwrap();
    let inside = net.variables().in_scope("a/inside");
    let mut step = net.loss_gradients().only(&inside).unwrap();
    let (loss, gradients) = step.compute(input().view()).unwrap();
    assert!(near(loss, whole));
    assert_eq!(gradients.len(), 1);
    assert!(gradients.get(&net.a.inside.v).is_some());
    inside.freeze();
    let mut step = net.loss_gradients();
    let (loss, gradients) = step.compute(input().view()).unwrap();
    assert!(near(loss, whole));
    assert!(gradients.get(&net.a.inside.v).is_none() && gradients.get(&net.unused).is_some());
}

#[test]
fn what_does_not_suit_a_variable_is_an_error() {
    let scope = VariableStore::new(0).scope("a").regularizer(Fourth(1.0));
    let error = scope.variable("v").shape(&[]).get_any().unwrap_err();
    assert_eq!(error.to_string(), "variable `a/v` cannot be so regularized: a scalar has none");
    let error = Plain::new(&VariableStore::new(0).scope("a").regularizer(l2(-1.0))).unwrap_err();
    let reason = "the scale of a penalty is a number from 0 on, not -1";
    assert_eq!(error.to_string(), format!("variable `a/w` cannot be so regularized: {reason}"));
}

model! {
    /// No regularizer is written here.
    struct Plain {
        fn loss(x: [batch, 2]) -> [] {
            var w: [2, 1] = [[3.0], [4.0]];
            let y = scope layer: Dense(x, units = 1);
            mean(matmul(x, w) + y) + regularization_loss()
        }

        fn penalty() -> [] {
            regularization_loss()
        }

        fn of_layer(x: [batch, 2]) -> [] {
            let y = scope quiet: Quiet(x);
            0.0 * sum(y) + quiet.penalty(x) + quiet.penalty(x) * quiet.penalty(x)
        }
    }

    struct Shares {
        scope one(regularizer = l2(2.0)) { var w: [2] = [1.0, 2.0]; }

        fn penalty() -> [] {
            scope one(reuse) { var w; }
            let twice = scope two(reuse = auto, regularizer = l1(1.0)) { var w: [1] = [5.0]; w };
            let again = scope two(reuse = auto) { var w: [1]; w };
            regularization_loss() + 0.0 * sum(one.w) + 0.0 * (sum(twice) + sum(again))
        }

        fn twice() -> [] {
            penalty() + penalty()
        }
    }
}

#[test]
fn a_shared_variable_counts_once() {
    let store = VariableStore::new(0);
    let net = Shares::new(&store.scope("net")).unwrap();
    assert_eq!(net.penalty().unwrap(), 5.0 + 5.0);
    assert_eq!(net.twice().unwrap(), 20.0);
    let same = Shares::new(&store.scope("net").reuse()).unwrap();
    assert_eq!(same.penalty().unwrap(), 10.0);
    assert_eq!(net.copy_into(&store.scope("copy")).unwrap().penalty().unwrap(), 10.0);
    let names: Vec<String> = store.regularization_losses().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["net/one/w", "net/two/w", "copy/one/w", "copy/two/w"]);
}

#[test]
fn without_a_regularizer_it_is_0_and_a_scope_of_a_store_gives_one() {
    let plain = Plain::seeded(0).unwrap();
    assert_eq!(plain.penalty().unwrap(), 0.0);
    let x = array![[1.0, 2.0]];
    assert_eq!(plain.of_layer(x.view()).unwrap(), 0.0);
    let (loss, gradients) = {
        let mut step = plain.penalty_gradients();
        let (loss, gradients) = step.compute().unwrap();
        (loss, gradients.len())
    };
    assert_eq!((loss, gradients), (0.0, 0));

    let store = VariableStore::new(0);
    let net = Plain::new(&store.scope("a").regularizer(l2(0.1)).enter("b")).unwrap();
    let weights = f64::from(net.layer.weights.read().iter().map(|w| w * w).sum::<f32>());
    assert!(near(f64::from(net.penalty().unwrap()), 0.05 * (25.0 + 2.0 + weights)));
    let mut step = net.penalty_gradients();
    let (_, gradients) = step.compute().unwrap();
    assert!(near(f64::from(gradients.of(&net.w)[[1, 0]]), 0.4));
    assert!(near(f64::from(net.of_layer(x.view()).unwrap()), 0.1 + 0.1 * 0.1));
    let off = store.scope("c").regularizer(l1(1.0)).no_regularizer();
    assert_eq!(Plain::new(&off).unwrap().penalty().unwrap(), 0.0);
}

model! {
    struct Families(layers: usize = 3, wide: bool = false, decay: f64 = 2.0) {
        fn penalty(x: [batch, 2]) -> [] {
            let mut y = x;
            for i in 0..2 {
                scope block[i] { var v(regularizer = l2(i as f64 + 1.0)): [2] = ones(); y = y * v; }
            }
            for i in 0..layers {
                scope turn[i](regularizer = l2(decay)) { var v: [2] = ones(); y = y * v; }
            }
            let mut total = 0.0 * sum(y);
            if wide {
                scope more(regularizer = l1(1.0)) { var v: [4] = constant(2.0); total = total + 0.0 * sum(v); }
            }
            if training { total + regularization_loss() } else { total }
        }

        fn each_turn(x: [batch, 2]) -> [] {
            let mut sum = 0.0 * sum(x);
            for i in 0..layers {
                sum = sum + regularization_loss();
            }
            sum
        }
    }

    struct Through {
        fn loss() -> [] {
            scope a(regularizer = l2(2.0), custom_getter = square()) {
                var w: [1] = [3.0];
                sum(w) + regularization_loss()
            }
        }

        fn in_parts() -> [] {
            var parts(regularizer = l2(2.0), partitioner = fixed_size(2)): [3] = [1.0, 2.0, 3.0];
            var whole(regularizer = none): [3] = ones();
            0.0 * sum(parts * whole)
        }
    }

    struct Mixed {
        fn loss() -> [] {
            scope a(regularizer = l2(2.0)) {
                var wide: f64[2] = [1.0, 2.0];
                var own: [1] = [3.0];
                regularization_loss()
            }
        }
    }
}

#[test]
fn families_branches_and_turns_have_theirs() {
    let x = Array2::ones((1, 2));
    let net = Families::seeded(0).unwrap();
    let mut step = net.penalty_gradients();
    let (loss, gradients) = step.compute(x.view()).unwrap();
    assert_eq!(loss, 1.0 + 2.0 + 3.0 * 2.0);
    assert_eq!(gradients.of(&net.block[1].v), array![2.0, 2.0]);
    assert_eq!(gradients.of(&net.turn[2].v), array![2.0, 2.0]);
    assert_eq!(net.penalty(x.view()).unwrap(), 0.0);
    assert_eq!(net.each_turn(x.view()).unwrap(), 27.0);
    let (loss, gradients) = {
        let mut step = net.each_turn_gradients();
        let (loss, gradients) = step.compute(x.view()).unwrap();
        (loss, gradients.of(&net.block[0].v).to_owned())
    };
    assert_eq!((loss, gradients), (27.0, array![3.0, 3.0]));

    let wide = FamiliesHyperparameters { layers: 1, wide: true, decay: 0.5 };
    let net = Families::seeded_with(0, wide).unwrap();
    let mut step = net.penalty_gradients();
    let (loss, gradients) = step.compute(x.view()).unwrap();
    assert_eq!(loss, 1.0 + 2.0 + 0.5 + 8.0);
    assert_eq!(gradients.of(&net.more.as_ref().unwrap().v), Array1::ones(4));
}

#[test]
fn variables_of_another_float_type_count_in_that_of_the_model() {
    let net = Mixed::seeded(0).unwrap();
    let mut step = net.loss_gradients();
    let (loss, gradients) = step.compute().unwrap();
    assert_eq!(loss, 9.0_f32 + 5.0);
    assert_eq!(gradients.of(&net.a.wide), array![2.0, 4.0]);
    assert_eq!(gradients.of(&net.a.own), array![6.0]);
}

#[test]
fn what_is_penalized_is_the_variable_whole_and_not_what_its_reads_go_through() {
    let net = Through::seeded(0).unwrap();
    let mut step = net.loss_gradients();
    let (loss, gradients) = step.compute().unwrap();
    assert_eq!((loss, gradients.of(&net.a.w)[0]), (9.0 + 9.0 + 14.0, 6.0 + 6.0));
    assert_eq!(gradients.of(&net.parts), array![2.0, 4.0, 6.0]);
}

#[test]
fn without_a_model_they_are_listed() {
    let store = VariableStore::new(0);
    let scope = store.scope("a").regularizer(l2(1.0));
    scope.variable("v").value(&array![1.0_f32, 3.0]).get_any().unwrap();
    scope.variable("free").no_regularizer().value(&array![1.0_f32]).get_any().unwrap();
    assert_eq!(store.regularization_losses(), [("a/v".to_string(), 5.0)]);
    let error = scope.variable("n").dtype(varscope::op::DType::U32).shape(&[1]).get_any().unwrap_err();
    assert_eq!(error.to_string(), "variable `a/n` is of u32, and only a float can have a regularizer");
}
