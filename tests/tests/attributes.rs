//! What scopes and variables give besides a start: collections and constraints.

use ndarray::{Array2, array};
use varscope::constraint::{NormWithin, max_norm, non_negative};
use varscope::init::zeros;
use varscope::layers::Dense;
use varscope::op::DType;
use varscope::prelude::*;

fn names(variables: &varscope::Variables) -> Vec<&str> {
    variables.iter().map(|variable| variable.name()).collect()
}

mod collections {
    use super::*;

    model! {
        struct Net(
            blocks: usize = 2,
        ) {
            scope averaged(collections = ["ema", "saved"]) {
                var a: [1];
                var b(collections = ["b"]): [1];
                var c(collections = none): [1];
                scope inner { var d: [1]; }
                scope other(collections = none) { var e: [1]; }
            }
            scope averaged { var again: [1]; }
            scope self.averaged.inner { var f: [1]; }

            fn forward(x: [batch, 2]) -> [batch, 2] {
                let mut y = scope layers(collections = ["layers"]) {
                    let y = scope first: Dense(x, units = 2);
                    scope second(collections = ["ema"]): Dense(y, units = 2)
                };
                for i in 0..blocks {
                    y = scope block[i] {
                        var scale(collections = ["scales"]): [2];
                        y * scale
                    };
                }
                y
            }
        }
    }

    #[test]
    fn scopes_and_variables_say_what_they_are_in() {
        let net = Net::seeded(0).unwrap();
        let ema =
            ["averaged/a", "averaged/inner/d", "averaged/inner/f", "layers/second/weights", "layers/second/biases"];
        assert_eq!(names(&net.collection("ema")), ema);
        assert_eq!(names(&net.collection("saved")), ema[..3]);
        assert_eq!(names(&net.collection("b")), ["averaged/b"]);
        assert_eq!(names(&net.collection("layers")), ["layers/first/weights", "layers/first/biases"]);
        assert_eq!(names(&net.collection("scales")), ["block_0/scale", "block_1/scale"]);
        assert!(net.collection("em").is_empty());
        // They are among all variables as before.
        assert_eq!((net.variables().len(), net.trainable_variables().len()), (13, 13));
        assert_eq!(names(&net.collection("ema").in_scope("layers")), ema[3..]);
    }

    #[test]
    fn copies_are_in_the_same_ones_and_stores_know_them() {
        let store = VariableStore::new(0);
        let net = Net::new(&store.scope("net").collection("all")).unwrap();
        assert_eq!(names(&store.collection("b")), ["net/averaged/b"]);
        assert_eq!(names(&store.collection("all")), ["net/averaged/again"]);
        let copy = net.copy_into(&store.scope("copy")).unwrap();
        assert_eq!(names(&copy.collection("b")), ["copy/averaged/b"]);
    }
}

mod constraints {
    use super::*;

    fn twice(max: f64) -> NormWithin {
        max_norm(2.0 * max)
    }

    model! {
        struct Net(
            limit: f64 = 1.0,
        ) {
            fn forward(x: [batch, 2]) -> [batch, 2] {
                scope a(constraint = max_norm(limit), initializer = constant(10.0)) {
                    var norm: [2, 2];
                    var own(constraint = self::twice(limit)): [2, 2];
                    var free(constraint = none): [2, 2];
                    var count: u32[2] = zeros();
                    scope inside(constraint = non_negative()) {
                        var positive: [2] = constant(0.5);
                    }
                    let y = scope layer: Dense(x, units = 2, bias = false);
                    let z = scope loose(constraint = none): Dense(x, units = 2, bias = false);
                    matmul(x, norm + own + free) + y + z + inside.positive
                }
            }

            fn loss(x: [batch, 2]) -> [] {
                mean(forward(x))
            }
        }

        struct Bounded {
            scope bounded(constraint = min_max_norm(2.0, 3.0, rate = 0.5, axes = [1])) {
                var w: [2, 2] = [[3.0, 4.0], [0.6, 0.8]];
            }
            var unit(constraint = unit_norm()): [2] = [3.0, 4.0];

            fn loss() -> [] {
                0.0 * (sum(bounded.w) + sum(unit))
            }
        }

        struct Plain {
            var v: [1] = zeros();
            fn loss() -> [] { sum(v) }
        }

        struct Scalar {
            var v(constraint = max_norm(1.0)): [] = 3.0;
            fn loss() -> [] { v * v }
        }
    }

    fn each_optimizer(test: impl Fn(&mut dyn FnMut(&Gradients))) {
        let (mut descent, mut momentum) = (GradientDescent::new(1.0), Momentum::new(1.0, 0.9));
        let (mut adam, mut adagrad, mut rms) = (Adam::new(1.0), Adagrad::new(1.0), RmsProp::new(1.0));
        let mut adam_w = AdamW::new(1.0).weight_decay(0.01);
        test(&mut |gradients| descent.apply(gradients).unwrap());
        test(&mut |gradients| momentum.apply(gradients).unwrap());
        test(&mut |gradients| adam.apply(gradients).unwrap());
        test(&mut |gradients| adam_w.apply(gradients).unwrap());
        test(&mut |gradients| adagrad.apply(gradients).unwrap());
        test(&mut |gradients| rms.apply(gradients).unwrap());
    }

    fn largest_norm(w: &Array2<f32>) -> f32 {
        w.columns().into_iter().map(|column| column.dot(&column).sqrt()).fold(0.0, f32::max)
    }

    #[test]
    fn every_optimizer_keeps_them_after_each_update() {
        each_optimizer(|apply| {
            let net = Net::seeded(0).unwrap();
            let mut step = net.loss_gradients();
            for _ in 0..2 {
                let (_, gradients) = step.compute(array![[1.0, 1.0]].view()).unwrap();
                apply(gradients);
            }
            assert!(largest_norm(&net.a.norm.read()) < 1.00001);
            assert!(largest_norm(&net.a.own.read()) < 2.00001);
            assert!(largest_norm(&net.a.free.read()) > 5.0);
            assert_eq!(*net.a.inside.positive.read(), array![0.0, 0.0]);
            assert!(largest_norm(&net.a.layer.weights.read()) < 1.00001);
            assert!(largest_norm(&net.a.loose.weights.read()) > 5.0);
        });
    }

    #[test]
    fn norms_have_bounds_axes_and_a_rate() {
        let net = Bounded::seeded(0).unwrap();
        let mut step = net.loss_gradients();
        let (_, gradients) = step.compute().unwrap();
        GradientDescent::new(1.0).apply(gradients).unwrap();
        let near = |a: f32, b: f32| (a - b).abs() < 1e-5;
        let wanted = [2.4, 3.2, 0.9, 1.2];
        assert!(net.bounded.w.read().iter().zip(wanted).all(|(&a, b)| near(a, b)), "{:?}", net.bounded.w.read());
        assert!(net.unit.read().iter().zip([0.6, 0.8]).all(|(&a, b)| near(a, b)));
    }

    #[test]
    fn copies_keep_them_and_hyper_parameters_reach_them() {
        let store = VariableStore::new(0);
        let net = Net::new_with(&store.scope("a"), NetHyperparameters { limit: 3.0 }).unwrap();
        let copy = net.copy_into(&store.scope("b")).unwrap();
        let mut step = copy.loss_gradients();
        let (_, gradients) = step.compute(array![[1.0, 1.0]].view()).unwrap();
        GradientDescent::new(0.1).apply(gradients).unwrap();
        assert!((largest_norm(&copy.a.norm.read()) - 3.0).abs() < 1e-4);
    }

    #[test]
    fn scopes_and_variables_of_a_store_have_them() {
        let store = VariableStore::new(0);
        let scope = store.scope("bounded").constraint(non_negative());
        let net = Plain::new(&scope.enter("net")).unwrap();
        let free = Plain::new(&scope.enter("free").no_constraint()).unwrap();
        scope.variable("v").shape(&[1]).initializer(zeros()).constraint(max_norm(0.5)).get_any().unwrap();
        let again = Plain::new(&scope.auto_reuse()).unwrap();
        for (net, wanted) in [(&net, 0.0), (&free, -1.0), (&again, -0.5)] {
            let mut step = net.loss_gradients();
            GradientDescent::new(1.0).apply(step.compute().unwrap().1).unwrap();
            assert!((net.v.read()[0] - wanted).abs() < 1e-5, "{:?}", net.v);
        }

        let scope = store.scope("bounded").reuse();
        let error = scope.variable("v").constraint(non_negative()).get_any().unwrap_err();
        assert!(error.to_string().starts_with("variable `bounded/v` is shared, and its constraint is that of where"));
        let scope = store.scope("other").constraint(non_negative());
        let integer = || scope.variable("n").dtype(DType::U32).shape(&[1]);
        let error = integer().constraint(non_negative()).get_any().unwrap_err();
        assert_eq!(error.to_string(), "variable `other/n` is of u32, and only a float can have a constraint");
        assert!(scope.defaults().has_constraint() && integer().get_any().is_ok());
    }

    #[test]
    fn one_that_does_not_suit_a_shape_is_an_error() {
        let error = Scalar::seeded(0).unwrap_err();
        assert!(matches!(&error, Error::Constraint { variable, .. } if variable == "v"));
        assert_eq!(
            error.to_string(),
            "variable `v` cannot be so constrained: it is a norm over axis 0, and the shape [] has 0 axes"
        );
    }
}

mod training {
    use super::*;
    use varscope::layers::BatchNorm;

    model! {
        struct Drops {
            fn forward(x: [.., n]) -> [.., n] {
                if training { dropout(3.0 * x, rate = 0.5) } else { x }
            }
        }

        struct Net {
            fn dropped(x: [batch, 8]) -> [batch, 8] {
                dropout(x, rate = 0.5)
            }

            fn still(x: [batch, 8]) -> [] {
                scope a(training = false) {
                    let y = dropout(x, rate = 0.5);
                    let y = scope layer: Drops(y);
                    let y = dropped(y);
                    let y = scope inside { dropout(y, rate = 0.5) };
                    sum(if training { 5.0 * y } else { y })
                }
            }

            fn trained(x: [batch, 8]) -> [] {
                scope b(training = false) {
                    sum(scope inside(training = true) { dropout(x, rate = 0.5) })
                }
            }

            fn after(x: [batch, 8]) -> [] {
                let y = scope c(training = false) { 2.0 * x };
                sum(dropped(y))
            }

            fn normed(x: [batch, 8]) -> [] {
                let y = scope norm(training = false): BatchNorm(x);
                sum(y)
            }

            fn normed_again(x: [batch, 8]) -> [] {
                sum(norm(x))
            }

            fn normed_by_reuse(x: [batch, 8]) -> [] {
                sum(scope norm(reuse, training = false): BatchNorm(x))
            }
        }
    }

    fn input() -> Array2<f32> {
        Array2::from_elem((16, 8), 2.0)
    }

    #[test]
    fn what_is_inside_runs_as_in_inference() {
        let net = Net::seeded(0).unwrap();
        assert_eq!(net.still_gradients().compute(input().view()).unwrap().0, 256.0);
        assert_eq!(net.still(input().view()).unwrap(), 256.0);
    }

    #[test]
    fn scopes_inside_can_be_trained_and_what_comes_after_is() {
        let net = Net::seeded(0).unwrap();
        assert_ne!(net.trained_gradients().compute(input().view()).unwrap().0, 256.0);
        assert_eq!(net.trained(input().view()).unwrap(), 256.0);
        assert_ne!(net.after_gradients().compute(input().view()).unwrap().0, 512.0);
    }

    #[test]
    fn a_layer_is_trained_or_not_at_each_application() {
        let net = Net::seeded(0).unwrap();
        let mean = || net.norm.moving_mean.read()[0];
        net.normed_gradients().compute(input().view()).unwrap();
        net.normed_by_reuse_gradients().compute(input().view()).unwrap();
        assert_eq!(mean(), 0.0);
        net.normed_again_gradients().compute(input().view()).unwrap();
        assert!(mean() > 0.0);
    }
}

mod name_scopes {
    use super::*;

    model! {
        struct Net {
            fn named(ids: u32[batch]) -> [batch, 2] {
                scope outer { scope inner { one_hot(ids, depth = 2) } }
            }
            fn unnamed(ids: u32[batch]) -> [batch, 2] {
                scope outer(name_scope = false) {
                    var scale: [2];
                    scope inner(name_scope = true) {
                        var offset: [2];
                        one_hot(ids, depth = 2) * scale + offset
                    }
                }
            }
            fn root(ids: u32[batch]) -> [batch, 2] {
                scope self.outer.inner(reuse, name_scope = false) { one_hot(ids, depth = 2) }
            }
        }
    }

    #[test]
    fn variables_have_scopes_in_their_names_that_ops_have_not() {
        let net = Net::seeded(0).unwrap();
        assert_eq!(names(&net.variables()), ["outer/scale", "outer/inner/offset"]);
        let ids = array![7_u32];
        let op = |result: Result<Array2<f32>, varscope::Error>| match result {
            Err(varscope::Error::IndexOutOfRange { op, .. }) => op,
            other => panic!("{other:?}"),
        };
        assert_eq!(op(net.named(ids.view())), "outer/inner/one_hot");
        assert_eq!(op(net.unnamed(ids.view())), "inner/one_hot");
        assert_eq!(op(net.root(ids.view())), "one_hot");
    }
}
