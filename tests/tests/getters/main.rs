//! Getters: reads of a variable that go through an op or a layer.

mod through;

use ndarray::{Array2, arr1, arr2, array};
use varscope::layers::Dense;
use varscope::prelude::*;

use through::{affine, largest_singular, round};

model! {
    /// Weight normalisation (Salimans and Kingma, 2016): each column has the length that `gain` says.
    struct WeightNorm<T>(epsilon: f64 = 0.0) {
        fn forward(w: [n, k]) -> [n, k] {
            var gain: [k] = ones();
            w * gain / sqrt(sum(square(w), axes = [0]) + epsilon)
        }
    }

    /// Spectral normalisation: the largest singular value is 1.
    struct SpectralNorm<T> {
        fn forward(w: [n, k]) -> [n, k] {
            var u(trainable = false): [k] = random_normal();
            w / crate::largest_singular(w, &mut u)
        }
    }
}

fn names(variables: &varscope::Variables) -> Vec<&str> {
    variables.iter().map(|variable| variable.name()).collect()
}

/// Holds the gradient of a variable against central differences of its loss.
macro_rules! agrees_with_differences {
    ($gradients:expr, $variable:expr, $loss:expr) => {{
        let start = $variable.read().to_owned();
        let gradient = $gradients.of(&$variable).to_owned();
        for number in 0..start.len() {
            let at = |step: f64| {
                let mut moved = start.clone();
                moved.as_slice_mut().unwrap()[number] += step;
                $variable.assign(&moved).unwrap();
                $loss
            };
            let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
            let found = gradient.as_slice().unwrap()[number];
            assert!((found - difference).abs() < 1e-7, "{}[{number}]: {found}, not {difference}", $variable.name());
        }
        $variable.assign(&start).unwrap();
    }};
}

mod ops {
    use super::*;

    model! {
        struct Net(by: f64 = 3.0) {
            fn rounded(x: [batch, 2]) -> [batch, 2] {
                scope a(custom_getter = crate::round()) {
                    var w: [2] = [0.6, -1.2];
                    x * w + self.a.w - w
                }
            }
            fn elsewhere(x: [batch, 2]) -> [batch, 2] { x * a.w }
            // A scope of that name without the getter, and the scope of before, with it.
            fn shared(x: [batch, 2]) -> ([batch, 2], [batch, 2], [batch, 2]) {
                let raw = scope a(reuse) { var w; x * w };
                let rounded = scope self.a(reuse) { var w; x * w };
                let own = scope a(reuse) { var w(custom_getter = crate::affine(by = by)); x * w };
                (raw, rounded, own)
            }

            // The inner first: (w + 1) · 3.
            fn chained(x: [batch, 2]) -> ([batch, 2], [batch, 2], [batch, 2], [batch, 2]) {
                scope b(custom_getter = crate::affine(by = by)) {
                    scope c(custom_getter = crate::affine(plus = 1.0)) {
                        var both: [2] = [1.0, 2.0];
                        var own(custom_getter = crate::round()): [2] = [1.4, 2.6];
                        var none(custom_getter = none): [2] = [1.0, 2.0];
                        let off = scope d(custom_getter = none) { var v: [2] = [1.0, 2.0]; v + 0.0 };
                        (x * both, x * own, x * none, x * off)
                    }
                }
            }

            fn stops(x: [batch, 2]) -> [batch, 2] {
                scope layers(custom_getter = crate::affine(by = 0.0)) {
                    scope fc(initializer = identity()): Dense(x, units = 2)
                }
            }

            // A library op whose result has other sizes.
            fn turned(x: [batch, 2]) -> [batch, 3] {
                var w(custom_getter = transpose()): [3, 2] = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
                matmul(x, w)
            }

            fn loss(x: [batch, 2]) -> [] { sum(rounded(x)) }
        }
    }

    fn x() -> Array2<f32> {
        array![[1.0, 10.0]]
    }

    #[test]
    fn reads_go_through_the_getters_of_where_the_variable_is_asked_for() {
        let net = Net::seeded(0).unwrap();
        let x = x();
        let x = x.view();
        assert_eq!(net.rounded(x).unwrap(), array![[1.0, -10.0]]);
        assert_eq!(net.elsewhere(x).unwrap(), array![[1.0, -10.0]]);
        let (raw, rounded, own) = net.shared(x).unwrap();
        assert_eq!(raw, array![[0.6, -12.0]]);
        assert_eq!(rounded, array![[1.0, -10.0]]);
        assert_eq!(own, array![[0.6 * 3.0, -1.2 * 3.0 * 10.0]]);
        // The value itself is as it was.
        assert_eq!(*net.a.w.read(), arr1(&[0.6, -1.2]));
    }

    #[test]
    fn getters_of_nested_scopes_chain_and_one_of_a_variable_replaces_them() {
        let (both, own, none, off) = Net::seeded(0).unwrap().chained(x().view()).unwrap();
        assert_eq!(both, array![[6.0, 90.0]]);
        assert_eq!(own, array![[1.0, 30.0]]);
        assert_eq!((none, off), (array![[1.0, 20.0]], array![[1.0, 20.0]]));
    }

    #[test]
    fn they_stop_at_a_layer_and_may_change_the_sizes() {
        let net = Net::seeded(0).unwrap();
        assert_eq!(net.stops(x().view()).unwrap(), x());
        assert_eq!(net.turned(x().view()).unwrap(), array![[21.0, 43.0, 65.0]]);
        assert_eq!(net.w.shape(), [3, 2]);
    }

    #[test]
    fn the_gradient_goes_straight_through_rounding() {
        let net = Net::seeded(0).unwrap();
        let mut step = net.loss_gradients();
        let (_, gradients) = step.compute(x().view()).unwrap();
        assert_eq!(gradients.of(&net.a.w), arr1(&[1.0, 10.0]));
        GradientDescent::new(0.5).apply(gradients).unwrap();
        assert_eq!(*net.a.w.read(), arr1(&[0.6 - 0.5, -1.2 - 5.0]));
        assert_eq!(net.rounded(x().view()).unwrap(), array![[0.0, -60.0]]);
    }
}

mod layers {
    use super::*;

    model! {
        struct Net(blocks: usize = 2): f64 {
            // Among the items, where no `fn` says what its shape is.
            scope item(custom_getter = WeightNorm()) { var v: [2, 2] = random_normal(); }

            fn loss(x: [batch, 2]) -> [] {
                let h = scope first(custom_getter = WeightNorm(epsilon = 0.5)) {
                    var w: [2, 3] = random_normal();
                    tanh(matmul(x, w))
                };
                // The same weights and the same gain.
                let h = scope first(reuse, custom_getter = WeightNorm()) {
                    var w;
                    matmul(h, transpose(w))
                };
                let mut h = matmul(h, item.v);
                for i in 0..blocks {
                    scope block[i](custom_getter = WeightNorm()) {
                        var w: [2, 2] = random_normal();
                        h = tanh(matmul(h, w)) + h;
                    }
                }
                for i in 0..2 {
                    scope stack[i] {
                        var w(custom_getter = WeightNorm()): [2, 2] = random_normal();
                        h = tanh(matmul(h, w)) + h;
                    }
                }
                sum(square(h))
            }

            fn weights() -> [2, 3] { first.w + 0.0 }
        }
    }

    fn input() -> Array2<f64> {
        arr2(&[[0.5, -0.25], [1.0, 0.75], [-0.3, 0.2]])
    }

    #[test]
    fn a_layers_variables_stand_under_the_name_of_the_variable() {
        let net = Net::seeded(3).unwrap();
        let all = [
            "item/v",
            "item/v/gain",
            "first/w",
            "first/w/gain",
            "block_0/w",
            "block_1/w",
            "block_0/w/gain",
            "block_1/w/gain",
            "stack_0/w",
            "stack_0/w/gain",
            "stack_1/w",
            "stack_1/w/gain",
        ];
        let variables = net.variables();
        let mut found = names(&variables);
        found.sort_unstable();
        let mut wanted = all;
        wanted.sort_unstable();
        assert_eq!(found, wanted);
        assert_eq!(net.first.w_getter.gain.name(), "first/w/gain");
        assert_eq!(net.block[1].w_getter.gain.shape(), [2]);
        assert_eq!(names(&net.variables().in_scope("first/w")), ["first/w/gain"]);
        assert!(net.summary().to_string().contains("first/w"));
    }

    #[test]
    fn the_columns_are_as_long_as_the_gain_says() {
        let net = Net::seeded(3).unwrap();
        net.first.w_getter.gain.assign(&arr1(&[1.0, 2.0, 0.5])).unwrap();
        let (raw, read) = (net.first.w.read(), net.weights().unwrap());
        for ((raw, read), gain) in raw.columns().into_iter().zip(read.columns()).zip([1.0, 2.0, 0.5]) {
            let length = (raw.dot(&raw) + 0.5).sqrt();
            assert!(raw.iter().zip(read).all(|(raw, read)| (raw * gain / length - read).abs() < 1e-12));
        }
    }

    #[test]
    fn gradients_reach_the_weights_and_the_gain() {
        let net = Net::seeded(3).unwrap();
        let mut step = net.loss_gradients();
        let (_, gradients) = step.compute(input().view()).unwrap();
        let loss = || net.loss(input().view()).unwrap();
        agrees_with_differences!(gradients, net.first.w, loss());
        agrees_with_differences!(gradients, net.first.w_getter.gain, loss());
        agrees_with_differences!(gradients, net.item.v, loss());
        agrees_with_differences!(gradients, net.item.v_getter.gain, loss());
        agrees_with_differences!(gradients, net.block[1].w, loss());
        agrees_with_differences!(gradients, net.stack[0].w_getter.gain, loss());
    }

    #[test]
    fn instances_share_and_copy_them() {
        let store = VariableStore::new(5);
        let net = Net::new(&store.scope("net")).unwrap();
        let same = Net::new(&store.scope("net").reuse()).unwrap();
        assert!(net.first.w_getter.gain.is_same(&same.first.w_getter.gain));
        let copy = net.copy_into(&store.scope("copy")).unwrap();
        assert_eq!(copy.first.w_getter.gain.name(), "copy/first/w/gain");
        net.first.w_getter.gain.assign(&arr1(&[4.0, 4.0, 4.0])).unwrap();
        assert_ne!(net.loss(input().view()).unwrap(), copy.loss(input().view()).unwrap());
        copy.assign_from(&net).unwrap();
        assert_eq!(net.loss(input().view()).unwrap(), copy.loss(input().view()).unwrap());
        let gain = store.scope("net").enter("first").enter("w").reuse().variable("gain").get::<f64, ndarray::Ix1>();
        assert_eq!(*gain.unwrap().read(), arr1(&[4.0; 3]));
        let other = Net::new_with(&store.scope("other"), NetHyperparameters { blocks: 0 }).unwrap();
        assert!(other.block.is_empty());
    }
}

mod conditions {
    use super::*;

    model! {
        struct Net(is_normed: bool = true): f64 {
            fn f(x: [batch, 2]) -> [batch, 2] {
                scope a {
                    if is_normed {
                        var w(custom_getter = WeightNorm()): [2, 2] = random_normal();
                        matmul(x, w)
                    } else {
                        var w: [2, 2] = random_normal();
                        matmul(x, w)
                    }
                }
            }

            // Two layers and an op between them.
            fn chain(x: [batch, 2]) -> [batch, 2] {
                scope outer(custom_getter = WeightNorm()) {
                    scope middle(custom_getter = crate::affine(by = 5.0)) {
                        var v(custom_getter = none): [2];
                        scope inner(custom_getter = SpectralNorm()) {
                            var w: [2, 2] = random_normal();
                            matmul(x, w) + v * 0.0
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_getter_of_one_arm_is_there_where_that_is_taken() {
        let net = Net::seeded(1).unwrap();
        assert_eq!(names(&net.variables().in_scope("a")), ["a/w", "a/w/gain"]);
        assert!(net.a.w_getter.is_some());
        let net = Net::seeded_with(1, NetHyperparameters { is_normed: false }).unwrap();
        assert_eq!(names(&net.variables().in_scope("a")), ["a/w"]);
        assert!(net.a.w_getter.is_none());
        let x = array![[1.0, 0.0], [0.0, 1.0]];
        assert_eq!(net.f(x.view()).unwrap(), *net.a.w.read());
    }

    #[test]
    fn each_layer_of_a_chain_has_a_place_of_its_own() {
        let net = Net::seeded(1).unwrap();
        let inner = &net.outer.middle.inner;
        assert_eq!(inner.w_getter.u.name(), "outer/middle/inner/w/u");
        assert_eq!(inner.w_getter_1.gain.name(), "outer/middle/inner/w/getter_1/gain");
        let read = net.chain(array![[1.0, 0.0], [0.0, 1.0]].view()).unwrap();
        for column in read.columns() {
            assert!((column.dot(&column) - 1.0).abs() < 1e-12);
        }
    }
}

mod updated {
    use super::*;

    model! {
        struct Net: f64 {
            fn loss(x: [batch, 3]) -> [] {
                scope fc(custom_getter = SpectralNorm()) {
                    var weights: [3, 3] = [[3.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 1.0]];
                    sum(matmul(x, weights))
                }
            }
            fn read() -> [3, 3] { fc.weights + 0.0 }
        }
    }

    #[test]
    fn a_vector_of_the_getter_moves_in_training_alone() {
        let net = Net::seeded(2).unwrap();
        let start = net.fc.weights_getter.u.read().clone();
        assert!(!net.fc.weights_getter.u.trainable());
        net.read().unwrap();
        assert_eq!(*net.fc.weights_getter.u.read(), start);
        let mut step = net.loss_gradients();
        let x = array![[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        for _ in 0..60 {
            step.compute(x.view()).unwrap();
        }
        // The singular values are 3, 2 and 1.
        let read = net.read().unwrap();
        assert!((read[[0, 0]] - 1.0).abs() < 1e-9 && (read[[2, 2]] - 1.0 / 3.0).abs() < 1e-9, "{read}");
        // With the directions at rest: d(Σ w / σ) = 1 / σ − (Σ w) / σ² · v uᵀ, and v = u = ±(1, 0, 0).
        let (_, gradients) = step.compute(x.view()).unwrap();
        let gradient = gradients.of(&net.fc.weights);
        assert!((gradient[[0, 0]] - (1.0 / 3.0 - 6.0 / 9.0)).abs() < 1e-9, "{gradient}");
        assert!((gradient[[0, 1]] - 1.0 / 3.0).abs() < 1e-9, "{gradient}");
    }
}

mod names_of_ops {
    use super::*;

    model! {
        struct Net {
            fn f(x: [batch, 2]) -> [batch, 2] {
                scope a(custom_getter = one_hot(depth = 2)) {
                    var ids: u32[1];
                    x + ids
                }
            }
        }
    }

    #[test]
    fn ops_of_getters_are_named_after_their_variables() {
        let net = Net::seeded(0).unwrap();
        assert_eq!(net.f(array![[1.0, 1.0]].view()).unwrap(), array![[2.0, 1.0]]);
        net.a.ids.assign(&arr1(&[7])).unwrap();
        match net.f(array![[1.0, 1.0]].view()) {
            Err(varscope::Error::IndexOutOfRange { op, .. }) => assert_eq!(op, "a/ids/one_hot"),
            other => panic!("{other:?}"),
        }
    }
}
