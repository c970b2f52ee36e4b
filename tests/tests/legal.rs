//! Odd models that the language allows: they compile without a warning, and compute what they say.

#![deny(warnings)]

use ndarray::{Array3, arr1, arr2};

const WIDTH: usize = 2;

/// One model in each module, so that nothing of one helps another.
mod bare {
    use varscope::prelude::*;

    model! {
        pub struct Empty {}

        pub struct Swaps {
            fn f(x: [n], y: [n]) -> ([n], [n]) { (y, x) }
        }

        pub struct Value {
            var w = [1.5, -2.0];
            var table: [3, 2] = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
            var order: u32[4] = [2, 0, 1, 2];
            var scale: [] = constant(2.0);
            var mask: bool[2, 2] = [[true, false], [false, true]];
            var all: bool[2] = constant(true);

            fn masks() -> (bool[2, 2], bool[2]) { (mask, all) }
            fn value() -> [2] { w * scale }
            fn number() -> [] { sum(w) }
            fn rows() -> [4, 2] { gather(table, order) }
            fn largest(x: [batch, n]) -> u32[batch] { argmax(x) }
        }
    }
}

#[test]
fn models_may_have_no_inputs_and_no_variables() {
    assert!(bare::Empty::seeded(1).unwrap().variables().is_empty());
    let (x, y) = (arr1(&[1.0, 2.0]), arr1(&[3.0, 4.0]));
    assert_eq!(bare::Swaps::seeded(1).unwrap().f(x.view(), y.view()).unwrap(), (y, x));
    let net = bare::Value::seeded(1).unwrap();
    assert_eq!((net.value().unwrap(), net.number().unwrap()), (arr1(&[3.0, -4.0]), -0.5));
    assert_eq!(net.rows().unwrap().column(0).to_vec(), [5.0, 1.0, 3.0, 5.0]);
    assert_eq!(net.largest(arr2(&[[1.0, 3.0, 2.0], [9.0, 0.0, 1.0]]).view()).unwrap(), arr1(&[1, 0]));
    assert_eq!(net.masks().unwrap(), (arr2(&[[true, false], [false, true]]), arr1(&[true, true])));
    let mut step = net.number_gradients();
    assert_eq!(step.compute().unwrap().1.of(&net.w), arr1(&[1.0, 1.0]));
}

mod words {
    use varscope::prelude::*;

    model! {
        /// Words of the language, and of the emitted code, as names of values and dimensions.
        pub struct Words {
            fn f(scope: [reuse, training], var: [reuse, training]) -> [reuse, training] {
                let recorder = scope * 2.0;
                let reuse = recorder + var;
                let inputs = reuse - scope;
                let values = inputs + 0.0;
                let outputs = values * 1.0;
                let step = outputs;
                let h = step * 1.0;
                let h = h + 0.0;
                let h_2 = h * 10.0;
                h + h_2 * 0.0
            }

            fn draft(check: [names], inputs: [names]) -> [names] {
                let this = check;
                let made = this * inputs;
                made
            }
        }
    }
}

#[test]
fn words_of_the_language_may_be_names() {
    let net = words::Words::seeded(1).unwrap();
    let (x, y) = (arr2(&[[1.0, 2.0]]), arr2(&[[10.0, 20.0]]));
    assert_eq!(net.f(x.view(), y.view()).unwrap(), arr2(&[[11.0, 22.0]]));
    assert_eq!(net.draft(x.row(0), y.row(0)).unwrap(), arr1(&[10.0, 40.0]));
}

mod scalars {
    use varscope::prelude::*;

    pub const HALF: f32 = 0.5;

    #[derive(Clone, Copy, PartialEq, Debug)]
    pub enum Mode {
        Plain,
        Doubled,
    }

    model! {
        pub struct Scalars(
            /// Multiplies.
            scale: f32 = 3.0,
            mode: Mode = Mode::Plain,
        ) {
            fn f(x: [batch, width]) -> [batch, width] {
                let two = 2;
                let a = 1.0 / (x + 1) - -x * two;
                let b = -(a * HALF) + scale * x;
                let c = b * { 1.0 / width as f32 } + { let three = 3.0; three * scale };
                c.relu().neg()
            }

            fn by_mode(x: [n]) -> [n] {
                relu(if mode == Mode::Doubled { x * 2.0 } else { x })
            }

            fn of_dimensions(x: [batch, time]) -> [batch, time] {
                x + { (batch * 10 + time) as f32 }
            }
        }
    }
}

#[test]
fn numbers_stand_on_either_side() {
    use scalars::{Mode, Scalars, ScalarsHyperparameters};
    let net = Scalars::seeded(1).unwrap();
    let x = arr2(&[[1.0_f32, 3.0], [0.0, -3.0]]);
    let by_hand = |x: f32| {
        let a = 1.0 / (x + 1.0) + x * 2.0;
        let b = -(a * 0.5) + 3.0 * x;
        -(b / 2.0 + 9.0).max(0.0)
    };
    assert!((&net.f(x.view()).unwrap() - &x.mapv(by_hand)).iter().all(|apart| apart.abs() < 1e-6));
    assert_eq!(net.of_dimensions(x.view()).unwrap(), &x + 22.0);
    let with = ScalarsHyperparameters { mode: Mode::Doubled, ..ScalarsHyperparameters::DEFAULT };
    assert_eq!(Scalars::seeded_with(1, with).unwrap().by_mode(arr1(&[1.0, -1.0]).view()).unwrap(), arr1(&[2.0, 0.0]));
    assert_eq!(net.by_mode(arr1(&[1.0, -1.0]).view()).unwrap(), arr1(&[1.0, 0.0]));
}

mod shapes {
    use varscope::prelude::*;

    pub mod sizes {
        pub const ROWS: usize = 3;
    }

    model! {
        pub struct Shapes {
            fn f(x: [batch, { sizes::ROWS }, super::WIDTH]) -> [batch, 4] {
                let h: [batch, k] = flatten(x);
                var w: [k, super::WIDTH * 2] = ones();
                matmul(h, w)
            }

            fn anything(x: [_, n]) -> [_, n] { x * 2.0 }

            fn open(x: [.., n]) -> [.., n] { softmax(x) }

            fn pieces(x: [batch, 5]) -> ([batch, 2], [batch, _]) {
                let (left, _, right) = split(x, sizes = [2, 1, 2]);
                let (first, second) = swapped(left, right);
                (first, second)
            }

            fn swapped(a: [batch, n], b: [batch, m]) -> ([batch, m], [batch, n]) { (b, a) }

            fn nothing(x: [n, m]) -> ([n, m], [], []) { (mean(x, axes = []), sum(x), zeros(shape = [])) }

            fn flat(x: [a, b, c]) -> [_] { reshape(x, shape = [a * b * c]) }
        }
    }
}

#[test]
fn sizes_come_from_everywhere() {
    let net = shapes::Shapes::seeded(1).unwrap();
    let x = Array3::from_shape_fn((2, 3, WIDTH), |(b, r, c)| (b * 6 + r * 2 + c) as f32);
    assert_eq!(net.f(x.view()).unwrap(), arr2(&[[15.0; 4], [51.0; 4]]));
    assert_eq!(net.anything(arr2(&[[1.0, 2.0]]).view()).unwrap(), arr2(&[[2.0, 4.0]]));
    assert_eq!(net.open(x.view().into_dyn()).unwrap().shape(), [2, 3, 2]);
    let (first, second) = net.pieces(arr2(&[[1.0, 2.0, 3.0, 4.0, 5.0]]).view()).unwrap();
    assert_eq!((first, second), (arr2(&[[4.0, 5.0]]), arr2(&[[1.0, 2.0]])));
    assert_eq!(net.flat(x.view()).unwrap().len(), 12);
    let x = arr2(&[[1.0, 2.0]]);
    assert_eq!(net.nothing(x.view()).unwrap(), (x, 3.0, 0.0));
}

mod layered {
    use varscope::prelude::*;

    model! {
        /// Used before the models it is made of stand in the source.
        pub struct Outer: f64 {
            fn f(x: [batch, 3]) -> ([batch, 4], [batch, 2], [batch, 4]) {
                let a = scope pair: Pair(x, units = 4);
                let narrow = scope block[0]: layers::Dense(x, units = 2);
                let b = scope block[1]: layers::Dense(narrow, units = 4);
                (a, narrow, b)
            }

            fn again(x: [batch, 3]) -> [batch, 4] {
                block[1](block[0](x))
            }

            fn with_weights(x: [batch, 3]) -> [batch, 3] {
                for i in 0..2 {
                    scope own[i] { var w: [{ i + 2 }, 3] = ones(); }
                }
                matmul(slice(x, begin = [0, 0], size = [batch, 2]), own[0].w) + matmul(x, own[1].w)
            }

            fn with_the_weights_of_another(x: [batch, 3]) -> [batch, 3] {
                matmul(x, own[1].w)
            }

            fn of_two_ranks(x: [batch, 3]) -> [batch, 1, 4] {
                pair(reshape(x, shape = [batch, 1, 3]))
            }
        }

        /// Layers in a layer, with hyper-parameters handed on.
        pub struct Pair<T>(units: usize) {
            fn forward(x: [.., n]) -> [.., units] {
                let h = scope first: layers::Dense(x, units = units / 2, bias = false);
                scope second: layers::Dense(h, units = units)
            }
        }

        /// Widths that grow from turn to turn.
        pub struct Growing {
            fn f(x: [batch, 1]) -> [batch, 8] {
                let mut h = x;
                for i in 1..4 {
                    h = scope fc[i]: layers::Dense(h, units = 1 << i);
                }
                h
            }
        }

        /// Layers that are new wherever they stand.
        pub struct Unique {
            fn f(x: [batch, 2]) -> [batch, 4] {
                let h = scope fc(unique): layers::Dense(x, units = 3);
                scope fc(unique): layers::Dense(h, units = 4)
            }
        }
    }
}

#[test]
fn layers_are_made_of_layers() {
    let net = layered::Outer::seeded(1).unwrap();
    let x = arr2(&[[1.0, -2.0, 0.5], [0.0, 1.0, 2.0]]);
    let (a, inner, b) = net.f(x.view()).unwrap();
    assert_eq!((a.shape(), inner.shape(), b.shape()), (&[2, 4][..], &[2, 2][..], &[2, 4][..]));
    assert_eq!(net.again(x.view()).unwrap(), b);
    assert_eq!(net.of_two_ranks(x.view()).unwrap().into_shape_with_order((2, 4)).unwrap(), a);
    assert!(net.pair.first.biases.is_none());
    let sums = x.sum_axis(ndarray::Axis(1)).insert_axis(ndarray::Axis(1));
    assert_eq!(net.with_the_weights_of_another(x.view()).unwrap(), sums.broadcast((2, 3)).unwrap());
    assert_eq!(net.with_weights(x.view()).unwrap().row(0).to_vec(), [-1.5; 3]);
    assert_eq!(
        (net.block[1].weights.name(), net.pair.second.weights.name()),
        ("block_1/weights", "pair/second/weights")
    );
    let net = layered::Growing::seeded(1).unwrap();
    assert_eq!(net.f(arr2(&[[1.0]]).view()).unwrap().shape(), [1, 8]);
    assert_eq!(net.fc[0].weights.name(), "fc_1/weights");
}

#[test]
fn unique_layers_are_two() {
    let net = layered::Unique::seeded(1).unwrap();
    assert_eq!((net.fc.weights.name(), net.fc_1.weights.name()), ("fc/weights", "fc_1/weights"));
    assert_eq!(net.f(arr2(&[[1.0, 2.0]]).view()).unwrap().shape(), [1, 4]);
}

mod statements {
    use varscope::prelude::*;

    model! {
        pub struct Statements(layers: usize = 2, skip: bool = true) {
            fn f(x: [batch, 2]) -> [batch, 2] {
                let mut h = x;
                let (mut a, mut b) = (x, x * 2.0);
                // A scope without a value, which assigns.
                scope first {
                    var w: [2] = constant(2.0);
                    h = h * w;
                }
                name_scope second {
                    h = h + 1.0;
                }
                (a, b) = (b, a);
                let h = name_scope third { h - a };
                let h = h + b;
                h
            }

            fn bounds(x: [n]) -> [n] {
                let mut y = x;
                for i in 1..layers + 1 {
                    y = y + { i as f32 };
                }
                for i in layers..layers * 2 {
                    if skip && i % 2 == 0 { y = y * 10.0; } else { y = y + 100.0; }
                }
                y
            }

            fn defined_later(x: [n]) -> [n] { later(later(x,),) }

            fn later(x: [n]) -> [n] { x + 1.0 }
        }
    }
}

#[test]
fn statements_do_what_they_do_in_rust() {
    let net = statements::Statements::seeded(1).unwrap();
    let x = arr2(&[[1.0, -2.0]]);
    // (2x + 1) − 2x + x
    assert_eq!(net.f(x.view()).unwrap(), &x + 1.0);
    assert_eq!(net.first.w.name(), "first/w");
    assert_eq!(net.bounds(arr1(&[0.0]).view()).unwrap(), arr1(&[130.0]));
    assert_eq!(net.defined_later(arr1(&[0.0]).view()).unwrap(), arr1(&[2.0]));
}

mod sequences {
    use varscope::prelude::*;

    model! {
        /// A layer in a cell that is opened at each step.
        pub struct Cell(units: usize = 5) {
            fn f(x: [batch, time, 4]) -> [batch, units] {
                let mut h = zeros(shape = [batch, units]);
                for t in 0..time {
                    let now: [batch, 4] =
                        reshape(slice(x, begin = [0, t, 0], size = [batch, 1, 4]), shape = [batch, 4]);
                    scope cell(reuse = auto) {
                        h = tanh(scope fc: layers::Dense(concat([now, h]), units = units));
                    }
                }
                h
            }

            fn loss(x: [batch, time, 4]) -> [] { sum(f(x)) }
        }

        /// Layers as a hyper-parameter counts them, applied again from outside, and a table that is read twice.
        pub struct Stack(depth: usize = 2, width: usize = 3) {
            fn f(x: [batch, width]) -> [batch, width] {
                let mut h = x;
                for i in 0..depth {
                    h = scope fc[i]: layers::Dense(h, units = width);
                }
                h
            }

            fn again(x: [batch, width]) -> [batch, width] { fc[1](fc[0](x)) }

            fn tied(ids: u32[batch]) -> [batch, 7] {
                let found = scope embedding { var table: [7, width]; gather(table, ids) };
                name_scope output { matmul(found, self.embedding.table, transpose_b = true) }
            }
        }
    }
}

#[test]
fn layers_stand_in_loops_of_every_kind() {
    let net = sequences::Cell::seeded(1).unwrap();
    assert_eq!((net.variables().len(), net.cell.fc.weights.name()), (2, "cell/fc/weights"));
    let mut step = net.loss_gradients();
    assert!(step.compute(Array3::ones((2, 3, 4)).view()).unwrap().1.global_norm() > 0.0);
    let net = sequences::Stack::seeded(1).unwrap();
    let x = arr2(&[[1.0, 2.0, 3.0]]);
    assert_eq!(net.f(x.view()).unwrap(), net.again(x.view()).unwrap());
    assert_eq!((net.fc.len(), net.fc[1].weights.name()), (2, "fc_1/weights"));
    assert_eq!(net.tied(arr1(&[1, 2]).view()).unwrap().shape(), [2, 7]);
}

mod families {
    use varscope::prelude::*;

    model! {
        /// One turn inside of the first, two inside of the second.
        pub struct Ragged {
            fn f(x: [2]) -> [2] {
                let mut y = x;
                for i in 0..2 {
                    for j in 0..i + 1 {
                        scope outer[i] {
                            scope inner[j] { var w: [2] = constant((10 * i + j) as f32); y = y + w; }
                            let row = reshape(y, shape = [1, 2]);
                            y = y + sum(scope fc[j]: layers::Dense(row, units = 2, bias = false)) * 0.0;
                        }
                    }
                }
                y + outer[0].inner[0].w + outer[1].inner[1].w - { 6.0 }
            }
        }

        /// A new variable in each turn of a loop, in a family of scopes and without.
        pub struct Families {
            fn f(x: [2]) -> [2] {
                let mut y = x;
                for i in 0..3 {
                    var v(unique): [2] = constant(i as f32 + 2.0);
                    y = y * v;
                }
                for i in 0..2 {
                    scope block[i] {
                        var w: [2] = constant(i as f32 + 1.0);
                        scope inner { var u: [2] = constant(10.0); y = y * w + u; }
                    }
                }
                y + block[0].w + block[1].inner.u
            }

            /// In each turn the names begin anew.
            fn turns(x: [2]) -> [2] {
                let mut y = x;
                for i in 0..2 {
                    scope turn[i] {
                        var v(unique): [2] = constant(2.0);
                        let z = y * v;
                        var v(unique): [2] = constant(i as f32 + 3.0);
                        y = z * v;
                    }
                }
                y
            }

            /// As many scopes as there are words of that name.
            fn blocks(x: [2]) -> [2] {
                let mut y = x;
                for i in 0..3 {
                    y = scope step(unique) { var w: [2] = constant(i as f32 + 2.0); y * w };
                }
                y
            }
        }
    }
}

#[test]
fn a_family_may_have_other_turns_in_each_turn_around_it() {
    let net = families::Ragged::seeded(1).unwrap();
    assert_eq!(net.f(arr1(&[0.0, 1.0]).view()).unwrap(), arr1(&[26.0, 27.0]));
    assert!(net.outer[0].inner[1].is_none() && net.outer[0].fc[1].is_none());
    let inner = net.outer[1].inner[1].as_ref().unwrap();
    assert_eq!((inner.w.name(), net.trainable_variables().len()), ("outer_1/inner_1/w", 6));
}

#[test]
fn loops_make_families() {
    let net = families::Families::seeded(1).unwrap();
    // 24 x, + 10, · 2 + 10, + 1 + 10
    assert_eq!(net.f(arr1(&[1.0, 0.0]).view()).unwrap(), arr1(&[89.0, 41.0]));
    assert_eq!((net.v_2.read()[0], net.block[1].inner.u.name()), (4.0, "block_1/inner/u"));
    assert_eq!(net.turns(arr1(&[1.0, 2.0]).view()).unwrap(), arr1(&[48.0, 96.0]));
    assert_eq!((net.turn[1].v.name(), net.turn[1].v_1.read()[0]), ("turn_1/v", 4.0));
    assert_eq!(net.blocks(arr1(&[1.0, 2.0]).view()).unwrap(), arr1(&[24.0, 48.0]));
    assert_eq!(net.step_2.w.name(), "step_2/w");
}

#[test]
fn a_model_may_stand_in_a_function() {
    use varscope::prelude::*;
    const SIZE: usize = 3;
    model! {
        struct Local {
            fn f(x: [SIZE]) -> [2, SIZE] {
                var w: [2, SIZE] = ones();
                w * x
            }
        }
    }
    let net = Local::seeded(1).unwrap();
    let x = arr1(&[1.0, 2.0, 3.0]);
    assert_eq!(net.f(x.view()).unwrap().row(1), x);
    assert_eq!(net.w.name(), "w");
}
