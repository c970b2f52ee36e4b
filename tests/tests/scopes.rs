//! Sharing within a source: reuse, unique names, defaults of scopes, and layers that are applied again.

use std::collections::BTreeSet;

use ndarray::{arr1, arr2};
use varscope::op::DType;
use varscope::prelude::*;

/// The names of a model's variables.
fn names(variables: &varscope::Variables) -> Vec<String> {
    variables.iter().map(|variable| variable.name().to_string()).collect()
}

model! {
    /// Every way to share within a source.
    struct Shares {
        fn f(x: [batch, 2]) -> [batch, 2] {
            let a = scope twice {
                var w: [2, 2];
                matmul(x, w)
            };
            let b = scope twice {
                var u: [2];
                a + u
            };
            let c = scope twice(reuse) {
                var w;
                var u: [2];
                matmul(b, w) + u
            };
            let d = scope halfway {
                var v: [2] = ones();
                reuse;
                var v;
                c * v
            };
            let e = scope outer {
                scope inner { var g: [2] = constant(2.0); d * g }
            };
            let f = scope outer(reuse) {
                scope inner { var g; e * g }
            };
            let g = scope elsewhere {
                let again = scope self.outer.inner(reuse) { var g; f * g };
                scope own { var h: [2] = constant(3.0); again * h }
            };
            let h = scope both(reuse = auto) { var k: [2] = constant(0.5); g * k };
            let i = scope both(reuse = auto) { var k: [2]; h * k };
            i * outer.inner.g * self.elsewhere.own.h
        }

        /// What `f` is, with the weights as they start but for `twice/w`.
        fn by_hand(x: [batch, 2]) -> [batch, 2] {
            let a = matmul(x, twice.w) + twice.u;
            (matmul(a, twice.w) + twice.u) * 8.0 * 3.0 * 0.25 * 2.0 * 3.0
        }
    }
}

#[test]
fn what_a_source_shares_is_one_variable() {
    let net = Shares::seeded(5).unwrap();
    let expected = ["twice/w", "twice/u", "halfway/v", "outer/inner/g", "elsewhere/own/h", "both/k"];
    assert_eq!(names(&net.variables()), expected);
    let x = arr2(&[[1.0, -2.0], [0.5, 3.0], [0.0, 1.0]]);
    let (found, expected) = (net.f(x.view()).unwrap(), net.by_hand(x.view()).unwrap());
    assert!((&found - &expected).iter().all(|difference| difference.abs() < 1e-4), "{found} {expected}");
    net.twice.u.assign(&arr1(&[0.25, -0.75])).unwrap();
    let (found, expected) = (net.f(x.view()).unwrap(), net.by_hand(x.view()).unwrap());
    assert!((&found - &expected).iter().all(|difference| difference.abs() < 1e-4), "{found} {expected}");
    assert!(net.summary().to_string().contains("shared in 2 places"), "{}", net.summary());
}

model! {
    /// Scopes and variables that are new wherever they stand.
    struct Uniques {
        fn f(x: [batch, 2]) -> [batch, 2] {
            let a = scope block(unique) { var w: [2] = constant(2.0); x * w };
            let b = scope block(unique) { var w: [2] = constant(3.0); a * w };
            let c = scope block(unique) { var w: [2] = constant(5.0); b * w };
            scope tail {
                var v(unique): [2] = constant(7.0);
                let d = c * v;
                var v(unique): [2] = constant(11.0);
                d * v
            }
        }
    }

    /// Defaults of scopes, inherited and overridden.
    struct Defaults {
        scope outer(initializer = constant(4.0), trainable = false) {
            var a: [1];
            var b(trainable = true): [1] = ones();
            scope inner(initializer = constant(6.0), trainable = true) {
                var c: [1];
                scope none(initializer = none, trainable = false) { var d: [100]; }
            }
        }
        scope doubles(dtype = f64) {
            var e: [1];
            var f: f32[1];
            scope integers(dtype = u32) { var g: [3]; }
        }
    }
}

#[test]
fn unique_scopes_and_variables_get_numbers() {
    let net = Uniques::seeded(1).unwrap();
    assert_eq!(names(&net.variables()), ["block/w", "block_1/w", "block_2/w", "tail/v", "tail/v_1"]);
    let y = net.f(arr2(&[[1.0, -1.0]]).view()).unwrap();
    assert_eq!(y, arr2(&[[2310.0, -2310.0]]));
    assert_eq!((net.block_1.w.read()[0], net.tail.v_1.read()[0]), (3.0, 11.0));
}

#[test]
fn scopes_have_defaults() {
    let net = Defaults::seeded(1).unwrap();
    let values = [&net.outer.a, &net.outer.b, &net.outer.inner.c].map(|variable| variable.read()[0]);
    assert_eq!(values, [4.0, 1.0, 6.0]);
    let trainable: Vec<bool> = net.variables().iter().map(varscope::VariableInfo::trainable).collect();
    assert_eq!(trainable, [false, true, true, false, true, true, false]);
    let drawn: BTreeSet<u32> = net.outer.inner.none.d.read().iter().map(|number| number.to_bits()).collect();
    assert!(drawn.len() > 90, "`none` brings the default initializer back, which draws");
    let dtypes: Vec<DType> = net.variables().in_scope("doubles").iter().map(varscope::VariableInfo::dtype).collect();
    assert_eq!(dtypes, [DType::F64, DType::F32, DType::U32]);
    assert_eq!(*net.doubles.integers.g.read(), arr1(&[0_u32, 0, 0]));
}

model! {
    /// One encoder on two inputs.
    struct Siamese {
        fn encode(x: [batch, 3]) -> [batch, 2] {
            scope encoder {
                var w: [3, 2];
                tanh(matmul(x, w))
            }
        }

        fn distance(a: [batch, 3], b: [batch, 3]) -> [] {
            sum(square(encode(a) - encode(b)))
        }
    }

    /// A layer, applied again: the same weights; and a layer of the same type: others.
    struct Again {
        fn f(x: [batch, 3]) -> ([batch, 3], [batch, 3], [batch, 3]) {
            let once = scope fc: layers::Dense(x, units = 3);
            let twice = fc(once);
            let other = scope fc2: layers::Dense(x, units = 3);
            (once, twice, other)
        }

        fn outside(x: [batch, 3]) -> [batch, 3] {
            fc(fc(x))
        }
    }
}

#[test]
fn one_encoder_serves_two_inputs() {
    let net = Siamese::seeded(2).unwrap();
    assert_eq!(names(&net.variables()), ["encoder/w"]);
    let (a, b) = (arr2(&[[1.0, 2.0, 3.0]]), arr2(&[[0.5, -1.0, 2.0]]));
    let apart = &net.encode(a.view()).unwrap() - &net.encode(b.view()).unwrap();
    assert!((net.distance(a.view(), b.view()).unwrap() - apart.mapv(|x| x * x).sum()).abs() < 1e-6);
    assert_eq!(net.distance(a.view(), a.view()).unwrap(), 0.0);
    // As far as both uses move the weights, they move them together: equal inputs give no gradient.
    let mut step = net.distance_gradients();
    let (_, gradients) = step.compute(a.view(), a.view()).unwrap();
    assert!(gradients.of(&net.encoder.w).iter().all(|&gradient| gradient == 0.0));
    let (_, gradients) = step.compute(a.view(), b.view()).unwrap();
    assert!(gradients.global_norm() > 0.0);
}

#[test]
fn a_layer_applied_again_has_the_same_weights() {
    let net = Again::seeded(2).unwrap();
    assert_eq!(names(&net.variables()), ["fc/weights", "fc/biases", "fc2/weights", "fc2/biases"]);
    let x = arr2(&[[1.0, 2.0, 3.0], [0.5, -1.0, 2.0]]);
    let (once, twice, other) = net.f(x.view()).unwrap();
    assert_eq!(net.fc.forward(x.view().into_dyn()).unwrap(), once.clone().into_dyn());
    assert_eq!(net.fc.forward(once.view().into_dyn()).unwrap(), twice.clone().into_dyn());
    assert_eq!(net.outside(x.view()).unwrap(), twice);
    assert_ne!(once, other);
}
