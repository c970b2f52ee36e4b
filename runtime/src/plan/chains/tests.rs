//! Plans with chains and without must give the same numbers, to the last bit.

use ndarray::{Array, Array2, Array4, Dimension, IxDyn, ShapeBuilder};

use super::without;
use crate::element::{DType, Element, Float};
use crate::error::Result;
use crate::gradients::{Gradients, Values};
use crate::input::Input;
use crate::layers;
use crate::model;
use crate::model::Variables;
use crate::plan::tests::Model;
use crate::plan::{self, Chain};
use crate::run::Step;

/// An op that follows and fails where it finds a 7.
mod refuse {
    use crate::op::*;

    crate::attributes! {}

    pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
        Ok(Shapes::one(x))
    }

    pub fn forward<T: Float>(context: &Context, x: View<T>, attrs: &Attrs, mut y: ViewMut<T>) -> Result<()> {
        y.data().copy_from_slice(x.data());
        forward_in_place(context, attrs, y)
    }

    pub fn forward_in_place<T: Float>(context: &Context, _: &Attrs, mut y: ViewMut<T>) -> Result<()> {
        if y.data().iter().any(|y| *y == T::of(7.0)) {
            return Err(Error::DivisionByZero { op: context.op().to_string() });
        }
        Ok(())
    }

    crate::op! {
        refuse(x: T) -> (y: T), for T in [f32, f64];
        in_place;
        elementwise;
    }
}

/// An op that says it gives pieces away, and keeps the last row to itself.
mod keep {
    use crate::op::*;

    crate::attributes! {}

    pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
        Ok(Shapes::one(x))
    }

    pub fn forward<T: Float>(context: &Context, x: View<T>, _: &Attrs, mut y: ViewMut<T>) -> Result<()> {
        y.data().copy_from_slice(x.data());
        let row = x.shape()[1];
        let given = x.len() - row;
        for (number, row) in y.data()[..given].chunks_mut(row).enumerate() {
            context.finish(number * row.len(), row);
        }
        Ok(())
    }

    crate::op! {
        keep(x: T) -> (y: T), for T in [f32, f64];
        pieces;
    }
}

const TURNS: usize = 3;

model! {
    /// A convolution, its bias and its activation, and a dense layer.
    struct LeNet<T> {
        fn logits(images: [batch, height, width, 3]) -> [batch, 5] {
            let x = scope conv1: layers::Conv2d(images, filters = 7, kernel = [5, 5]);
            let x = scope conv2: layers::Conv2d(max_pool2d(relu(x)), filters = 9);
            let h = scope hidden: layers::Dense(global_avg_pool2d(relu(x)), units = 33);
            scope logits: layers::Dense(tanh(h), units = 5)
        }

        fn loss(images: [batch, height, width, 3]) -> ([], [batch, 5]) {
            let logits = logits(images);
            (mean(square(logits)), logits)
        }
    }

    /// Two convolutions beside a shortcut, which is a sum of two tensors that were both just computed.
    struct Block<T>(filters: usize, stride: usize = 1) {
        fn forward(x: [batch, height, width, channels]) -> [batch, _, _, filters] {
            let y = scope conv1: layers::Conv2d(x, filters = filters, strides = [stride, stride], bias = false);
            let y = relu(scope norm1: layers::BatchNorm(y));
            let y = scope norm2: layers::BatchNorm(scope conv2: layers::Conv2d(y, filters = filters, bias = false));
            if stride > 1 {
                let x = scope shortcut: layers::Conv2d(
                    x, filters = filters, kernel = [1, 1], strides = [stride, stride], bias = false);
                relu(y + scope norm: layers::BatchNorm(x))
            } else {
                relu(y + x)
            }
        }
    }

    struct Residual<T> {
        fn loss(images: [batch, height, width, 3]) -> ([], [batch, 6]) {
            let x = scope first: Block(images, filters = 6, stride = 2);
            let x = scope second: Block(x, filters = 6);
            let x = scope third {
                var depthwise: [3, 3, 6, 1];
                var bias: [6];
                sigmoid(depthwise_conv2d(x, depthwise) - bias)
            };
            let y = global_avg_pool2d(x);
            (mean(square(y)), y)
        }
    }

    /// Loops, branches, numbers, biases of several axes, and values that are read again.
    struct Mlp<T> {
        fn features(x: [batch, 17]) -> ([batch, 13], [batch, 13]) {
            let mut h = gelu(scope entry: layers::Dense(x, units = 13));
            let mut kept = h;
            for i in 0..TURNS {
                scope block[i] {
                    var w: [13, 13];
                    var u: [13, 13];
                    var bias: [1, 13];
                    let inner = matmul(kept, u);
                    let sum = matmul(h, w) + inner;
                    h = if i == 1 { tanh(sum + bias) * 0.5 + 1.0 } else { elu(1.0 - sum) };
                    kept = softplus(h + h) - kept;
                }
            }
            let folded = reshape(matmul(h, transpose(matmul(transpose(h), h))), shape = [batch, 13]);
            (maximum(folded + kept, 0.25), clip(h / 3.0, min = -1.0, max = 1.0))
        }

        fn loss(x: [batch, 17]) -> ([], [batch, 13], [batch, 13]) {
            let (left, right) = features(x);
            (mean(left * right), left, right)
        }
    }

    struct Wrong {
        fn refused(x: [batch, 20]) -> [batch, 20] {
            var w: [20, 20] = ones();
            scope outer { self::refuse(relu(matmul(x, w) * 0.05)) }
        }

        fn kept(x: [batch, 20]) -> [batch, 20] {
            relu(self::keep(x))
        }

        fn divided(x: i32[batch, 20]) -> i32[batch, 20] {
            (x - 1) / (x * x + 3) / (x - 7)
        }
    }
}

fn wave<T: Float, D: Dimension, S: ShapeBuilder<Dim = D>>(shape: S) -> Array<T, D> {
    let mut number = 0.0;
    Array::from_shape_simple_fn(shape, || {
        number += 0.37;
        T::of(f64::sin(number) + 0.2 * f64::cos(number * number))
    })
}

/// Everything that a run has changed or given, as bits.
fn bits(results: Vec<f64>, gradients: &Gradients, variables: &Variables) -> Vec<u64> {
    let mut all = results;
    for (_, values) in gradients.iter() {
        match values {
            Values::F32(values) => all.extend(values.iter().map(|&value| f64::from(value))),
            Values::F64(values) => all.extend(values),
        }
    }
    variables.iter().for_each(|variable| all.extend(variable.to_vec()));
    all.into_iter().map(f64::to_bits).collect()
}

fn same(run: impl Fn() -> Result<Vec<u64>>) {
    let (chained, alone) = (run().unwrap(), without(&run).unwrap());
    assert!(chained == alone && chained.len() > 100);
}

macro_rules! trained {
    ($net:ident<$T:ty>, $x:expr, |$results:pat_param| $numbers:expr) => {
        same(|| {
            let net = $net::<$T>::seeded(3)?;
            let mut step = net.loss_gradients();
            let ($results, gradients) = step.compute($x.view())?;
            Ok(bits($numbers.copied().map(<$T>::as_f64).collect(), gradients, &net.variables()))
        });
    };
}

#[test]
fn trained_models_give_the_same() {
    for (batch, size) in [(1, 5), (3, 8), (40, 21)] {
        let (single, double) = (wave((batch, size, size + 1, 3)), wave((batch, size, size + 1, 3)));
        trained!(LeNet<f32>, single, |(loss, logits)| logits.iter().chain([&loss]));
        trained!(LeNet<f64>, double, |(loss, logits)| logits.iter().chain([&loss]));
        trained!(Residual<f32>, single, |(loss, y)| y.iter().chain([&loss]));
        trained!(Residual<f64>, double, |(loss, y)| y.iter().chain([&loss]));
        let (single, double) = (wave((batch * size, 17)), wave((batch * size, 17)));
        trained!(Mlp<f32>, single, |(loss, left, right)| left.iter().chain(&right).chain([&loss]));
        trained!(Mlp<f64>, double, |(loss, left, right)| left.iter().chain(&right).chain([&loss]));
    }
}

#[test]
fn models_in_inference_give_the_same() {
    let images: Array4<f32> = wave((3, 9, 8, 3));
    let run = || {
        let (lenet, residual) = (LeNet::<f32>::seeded(3).unwrap(), Residual::<f32>::seeded(3).unwrap());
        (lenet.logits(images.view()).unwrap(), residual.loss(images.view()).unwrap())
    };
    assert_eq!(run(), without(run));
}

#[test]
fn random_models_give_the_same() {
    for seed in 0..150 {
        let run = || {
            let mut step =
                Step::new(DType::F32, seed, move |recorder, inputs| Model::record(seed, recorder, inputs[0]));
            let x: Array2<f32> = wave((4, 4));
            step.compute(&[Input::array(&x.into())]).unwrap();
            let loss = f64::from(step.number::<f32>(0).unwrap());
            let others = (1..step.dtypes().count()).flat_map(|n| step.result::<f32, IxDyn>(n).unwrap().to_owned());
            bits(others.map(f64::from).chain([loss]).collect(), step.gradients(), &Variables::listed(Vec::new()))
        };
        assert!(run() == without(run), "model {seed}");
    }
}

#[test]
fn errors_name_the_op_that_found_them() {
    let run = |x: Array2<f32>| Wrong::seeded(1).unwrap().refused(x.view()).unwrap_err().to_string();
    let x = Array2::from_elem((2000, 20), 7.0);
    assert_eq!(run(x.clone()), without(|| run(x)));
    let divided = |x: i32| Wrong::seeded(1).unwrap().divided(Array2::from_elem((900, 20), x).view());
    assert_eq!(divided(7).unwrap_err().to_string(), without(|| divided(7).unwrap_err().to_string()));
    assert_eq!(divided(9), without(|| divided(9)));
}

#[test]
fn an_op_that_keeps_a_piece_is_found() {
    let error = Wrong::seeded(1).unwrap().kept(wave((5, 20)).view()).unwrap_err().to_string();
    assert!(error.contains("keep gave away 80 of 100 elements"), "{error}");
    without(|| Wrong::seeded(1).unwrap().kept(wave((5, 20)).view())).unwrap();
}

/// The ops of each chain in the plan of a step.
fn chains(step: &Step) -> Vec<String> {
    let join = |names: Vec<&str>| names.join(" ");
    let calls = |chain: &'_ Chain| -> Vec<String> { chain.calls.iter().map(|call| call.name.to_string()).collect() };
    let chain = |step: &plan::Step| match step {
        plan::Step::Call { call, chain: Some(chain), .. } => Some([vec![call.name.to_string()], calls(chain)].concat()),
        plan::Step::Pieces { chain, .. } => Some(calls(chain)),
        _ => None,
    };
    let steps = step.plan().map_or(&[][..], |plan| &plan.steps);
    steps.iter().filter_map(chain).map(|names| join(names.iter().map(String::as_str).collect())).collect()
}

#[test]
fn biases_activations_and_shortcuts_follow() {
    let images: Array4<f32> = wave((3, 9, 8, 3));
    let mut step = LeNet::<f32>::seeded(3).unwrap().loss_gradients();
    step.compute(images.view()).unwrap();
    let wanted = [
        "conv1/conv2d conv1/add relu",
        "conv2/conv2d conv2/add relu_1",
        "hidden/matmul hidden/add tanh",
        "logits/matmul logits/add",
        // Backward: the activation behind the gradient that it is given.
        "logits/matmul tanh",
        "max_pool2d relu",
    ];
    assert_eq!(chains(&step.step), wanted);
    let mut step = Residual::<f32>::seeded(3).unwrap().loss_gradients();
    step.compute(images.view()).unwrap();
    let wanted = [
        "first/norm1/batch_norm first/relu",
        "first/norm/batch_norm first/add first/relu_1",
        "second/norm1/batch_norm second/relu",
        "second/norm2/batch_norm second/add_1 second/relu_2",
        "third/depthwise_conv2d third/sub third/sigmoid",
        "third/depthwise_conv2d second/relu_2",
        "second/conv2/conv2d second/relu",
        "first/conv2/conv2d first/relu",
    ];
    assert_eq!(chains(&step.step), wanted);
}
