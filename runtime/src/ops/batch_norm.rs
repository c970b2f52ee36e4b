//! `batch_norm(x, gamma, beta, &mut mean, &mut variance)`: each channel, the last axis, with mean 0 and variance 1 over
//! all other axes, then times `gamma` plus `beta`. `[.., channels] × [channels] × [channels] → [.., channels]`.
//!
//! In training, mean and variance are those of the batch: `y = gamma · (x − m) / √(v + epsilon) + beta`. `mean` and
//! `variance` move towards them: `mean' = momentum · mean + (1 − momentum) · m`. In inference they are used in their
//! place, and do not move. (Ioffe and Szegedy, 2015.)
//!
//! `v` is the mean of the squares; what goes into `variance` is corrected, `v · n / (n − 1)` for `n` numbers per
//! channel, as by TensorFlow's fused batch normalisation and by PyTorch. (TensorFlow's other one, for inputs that are
//! no images, leaves it as it is.) An empty batch moves nothing.

use crate::kernels::batch_norm::{Statistics, input_gradient, moments, normalize, parameter_gradients};
use crate::kernels::scratch::Scratch;
use crate::op::*;

crate::attributes! {
    /// How much of the old mean and variance is kept at each step.
    momentum: f64 = 0.99,
    /// What is added to the variance, so that it is not 0.
    epsilon: f64 = 0.001,
}

/// The shape of `x`, and those of `mean` and `variance`; all but `x` are `[channels]`. It keeps what the batch was
/// normalised by.
pub const fn shape(
    x: Shape,
    gamma: Shape,
    beta: Shape,
    mean: Shape,
    variance: Shape,
    attrs: &Attrs,
) -> Result<Shapes, ShapeError> {
    if x.rank() == 0 {
        return Err(ShapeError::new("what is normalised has at least one axis, the channels"));
    }
    if attrs.momentum < 0.0 || attrs.momentum > 1.0 {
        return Err(ShapeError::new("`momentum` is a number from 0 to 1"));
    }
    if attrs.epsilon < 0.0 {
        return Err(ShapeError::new("`epsilon` is not negative"));
    }
    let mut channels = Shape::new(x.dtype(), &[x.from_end(0)]);
    let parameters = [gamma, beta, mean, variance];
    let mut n = 0;
    while n < parameters.len() {
        if !channels.agrees(&parameters[n]) {
            let error = ShapeError::new("operand {} has a number for each channel: {}");
            return Err(error.number(n as isize + 2).shape(channels));
        }
        channels = channels.with(0, channels.dim(0).or(parameters[n].dim(0)));
        n += 1;
    }
    let y = x.with(x.rank() - 1, channels.dim(0));
    Ok(Shapes::one(y).and(channels).and(channels).and_saved(channels).and_saved(channels))
}

/// `y`, and the moved `mean` and `variance`. `center` and `scale` keep what `x` was normalised by.
#[expect(clippy::too_many_arguments, reason = "one for each tensor, as `op!` passes them")]
pub fn forward<T: Float>(
    context: &Context,
    x: View<T>,
    gamma: View<T>,
    beta: View<T>,
    mean: View<T>,
    variance: View<T>,
    attrs: &Attrs,
    mut y: ViewMut<T>,
    mut moved_mean: ViewMut<T>,
    mut moved_variance: ViewMut<T>,
    mut center: ViewMut<T>,
    mut scale: ViewMut<T>,
) -> Result<()> {
    moved_mean.data().copy_from_slice(mean.data());
    moved_variance.data().copy_from_slice(variance.data());
    if context.is_training() && !x.is_empty() {
        moments(x.data(), center.data(), scale.data());
        let count = (x.len() / mean.len().max(1)) as f64;
        let correction = T::of(count / (count - 1.0).max(1.0));
        moving(moved_mean.data(), center.data(), attrs, T::one());
        moving(moved_variance.data(), scale.data(), attrs, correction);
    } else {
        center.data().copy_from_slice(mean.data());
        scale.data().copy_from_slice(variance.data());
    }
    let epsilon = T::of(attrs.epsilon);
    scale.data().iter_mut().for_each(|scale| *scale = (*scale + epsilon).sqrt().recip());
    let statistics = Statistics { mean: center.data(), scale: scale.data() };
    let (gamma, beta) = (gamma.data(), beta.data());
    context.with_epilogue(|epilogue| normalize(x.data(), statistics, gamma, beta, y.data(), epilogue));
    Ok(())
}

/// Moves each number towards that of the batch, times a factor.
fn moving<T: Float>(numbers: &mut [T], batch: &[T], attrs: &Attrs, factor: T) {
    let (kept, added) = (T::of(attrs.momentum), T::of(1.0 - attrs.momentum));
    numbers.iter_mut().zip(batch).for_each(|(number, &batch)| *number = *number * kept + batch * factor * added);
}

/// With `x̂ = (x − m) / √(v + epsilon)`: `dbeta = Σ dy`, `dgamma = Σ dy · x̂`, and in training
/// `dx = gamma / √(v + epsilon) · (dy − dbeta / n − x̂ · dgamma / n)`.
#[expect(clippy::too_many_arguments, reason = "one for each tensor, as `op!` passes them")]
pub fn backward<T: Float>(
    context: &Context,
    x: View<T>,
    gamma: View<T>,
    center: View<T>,
    scale: View<T>,
    dy: View<T>,
    _: &Attrs,
    dx: Gradient<T>,
    dgamma: Gradient<T>,
    dbeta: Gradient<T>,
) -> Result<()> {
    let (statistics, channels) = (Statistics { mean: center.data(), scale: scale.data() }, gamma.len());
    f64::with_scratch(2 * channels, |sums| {
        parameter_gradients(x.data(), statistics, dy.data(), sums);
        let ((of_beta, of_gamma), channel) = (sums.split_at(channels), [channels]);
        dgamma.map(View::new(of_gamma, &channel)?, T::of);
        dbeta.map(View::new(of_beta, &channel)?, T::of);
        // Statistics that are not those of the batch do not depend on `x`.
        let factor = if context.is_training() { channels as f64 / x.len().max(1) as f64 } else { 0.0 };
        sums.iter_mut().for_each(|sum| *sum *= factor);
        let (sums, given) = (sums.split_at(channels), (x.data(), dy.data()));
        match dx.into_parts() {
            Some((mut dx, Update::Set)) => {
                input_gradient(given, statistics, gamma.data(), sums, dx.data(), |dx, d| *dx = d);
            }
            Some((mut dx, Update::Add)) => {
                input_gradient(given, statistics, gamma.data(), sums, dx.data(), |dx, d| *dx += d);
            }
            None => {}
        }
        Ok(())
    })
}

crate::op! {
    batch_norm(x: T, gamma: T, beta: T, mean: (mut T), variance: (mut T))
        -> (y: T, moved_mean: T, moved_variance: T) saves (center: T, scale: T), for T in [f32, f64];
    pieces;
    backward(reads [x, gamma, center, scale], from [y], to [x, gamma, beta]);
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, Array1, Array2, ArrayD, IxDyn, array};

    use super::*;
    use crate::ops::expected::check;
    use crate::ops::image::tests::{TensorFlow, close};
    use crate::testing::{self, Recorder, Tensor, Value};

    #[test]
    #[rustfmt::skip]
    fn tensorflow_on_a_batch() {
        TensorFlow {
            operands: &[
                (&[6, 3], &[0.9708, -0.2072, 0.7753, -0.3177, -0.6772, 0.4635, 0.6798, -0.1276, -0.7614, 0.8934,
                 1.0535, 0.0252, 0.1204, 2.762, 0.8559, -0.1069, -0.1621, -0.3528]),
                (&[3], &[1.951, 2.1161, 1.4695]),
                (&[3], &[0.0485, -0.0942, -0.9089]),
                (&[3], &[0.5, -1.0, 2.0]),
                (&[3], &[1.0, 2.0, 0.5]),
            ],
            result: (&[6, 3], &[2.3803461431, -1.2714664606, 0.6038658273, -2.6482459162, -2.1260953591,
             -0.1723285475, 1.2446687747, -1.1267250557, -3.2215924653, 2.0782793792, 1.0209391826, -1.2634318009,
             -0.9384855893, 4.1276061465, 0.8045113263, -1.8255627915, -1.1894584536, -2.2044243399]),
            upstream: &[0.5768, 2.1311, 2.4402, 0.2633, -1.4961, -0.0367, 0.4307, -1.5295, -0.7303, 1.0513, 1.6198,
             -1.605, 0.331, -0.211, 0.2982, -1.1461, 0.5754, -0.3639],
            gradients: &[
                &[-0.7634407511, 3.7357331865, 4.0666927387, 2.3999681797, -2.7212576524, -1.0695652486,
                 -0.342866786, -2.9440202155, 1.2490716054, 1.3518970168, 2.4343349861, -3.5261844442, 1.1726002071,
                 -1.3984057598, -1.5317831863, -3.8181578665, 0.8936154551, 0.811768535],
                &[2.6167215497, 1.1320744776, 4.6987290997],
                &[1.507, 1.0897, 0.0025],
            ],
        }
        .check(&OPERATION, Attrs::DEFAULT);
    }

    fn graph(recorder: &mut Recorder, operands: &[Value]) -> Result<Vec<Value>> {
        Ok(record(recorder, "batch_norm", operands, Attrs::DEFAULT)?.into_vec())
    }

    fn tensor(shape: &[usize], elements: &[f64]) -> Tensor {
        ArrayD::from_shape_vec(IxDyn(shape), elements.to_vec()).unwrap().into()
    }

    #[test]
    #[rustfmt::skip]
    fn tensorflow_in_inference() {
        let operands = [
            tensor(&[2, 3, 2, 3], &[-0.953, -0.0378, -1.206, 1.2622, -0.7088, 0.0399, 0.8934, -0.8274, -0.1313,
             -0.1226, 0.0449, -0.0507, -0.6428, 0.9773, 0.6528, 0.1234, 1.1618, -1.3535, -1.287, -0.8738, 0.8875,
             -0.8631, 0.022, -0.2727, 1.1984, -2.0764, -0.5095, -1.4165, 0.7769, 0.6466, 0.4307, 2.0723, 0.9554,
             -0.9567, 1.0797, 0.7762]),
            tensor(&[3], &[0.3161, 1.2708, -1.537]),
            tensor(&[3], &[-0.7604, 0.4839, 0.1619]),
            tensor(&[3], &[-0.115, -0.3124, 1.5273]),
            tensor(&[3], &[0.1358, 1.4989, 1.2555]),
        ];
        let found = testing::run(&operands, graph).unwrap();
        close("y", found[0].array.iter(), &[-1.476585404, 0.7688355166, 3.9097303378, 0.4166054158, 0.072580121,
         2.201384449, 0.1014154671, -0.0504837984, 2.4361294656, -0.7668952376, 0.8546482159, 2.3256128281,
         -1.2114771554, 1.8221423007, 1.3609918049, -0.5566546536, 2.0135865935, 4.1119785268, -1.7620340018,
         -0.0986302222, 1.039177229, -1.3997535809, 0.8308862955, 2.6300134921, 0.3620796058, -1.3464942145,
         2.9547075338, -1.8727094312, 1.6141995566, 1.3694930847, -0.2940248509, 2.9583563964, 0.9460745034,
         -1.4797475592, 1.9283964773, 1.1917889133]);
        assert_eq!([&found[1], &found[2]], [&operands[3], &operands[4]]);
    }

    /// What TensorFlow's fused batch normalisation reports of a batch, in `f32`.
    #[test]
    #[rustfmt::skip]
    fn the_variance_that_moves_is_corrected() {
        let x = tensor(&[12, 3], &[0.3157, -1.0464, -1.21, -0.6774, -0.3389, 0.8669, -0.561, 1.68, 0.0126, -0.3387,
         0.3797, 1.9196, 0.1737, 0.3125, -0.541, -0.3687, 0.4108, -0.4897, -0.2675, 0.7128, 0.2035, -0.9372, 0.7375,
         0.1036, -0.3855, -1.0713, 1.3243, 1.6421, -0.4168, -0.0682, 0.2364, -0.7132, 1.8306, -0.5102, -1.245,
         -1.4174]);
        let one = || Array1::<f64>::ones(3).into();
        let operands = [x, one(), one(), one(), one()];
        let found = testing::differentiate(&operands, &[None, None, None], graph).unwrap().results;
        let mean = [-0.1398583502, -0.0498583317, 0.2112333477];
        let variance = [0.4573232234, 0.8040941358, 1.188034296];
        for (found, wanted) in found[1].array.iter().zip(mean).chain(found[2].array.iter().zip(variance)) {
            assert!((found - (0.99 + 0.01 * wanted)).abs() < 1e-8, "{found} for {wanted}");
        }
    }

    #[test]
    fn gradients_and_shapes() {
        for shape in [vec![5, 2], vec![2, 3, 2, 3], vec![4, 17], vec![3, 1], vec![4], vec![0, 3]] {
            let channels = shape[shape.len() - 1];
            let mut random = Random::new(4, "batch_norm", shape.len() as u64);
            let x = ArrayD::from_shape_simple_fn(IxDyn(&shape), || random.normal());
            let mut parameter = || Array::from_shape_simple_fn(channels, || 1.0 + random.uniform()).into();
            let operands = [x.into(), parameter(), parameter(), parameter(), parameter()];
            check(&OPERATION, Attrs::DEFAULT, &operands).unwrap();
        }
    }

    #[test]
    fn a_batch_of_one_is_its_own_mean() {
        let operands: [Tensor; 5] = [
            array![[3.0, -2.0]].into(),
            array![2.0, 2.0].into(),
            array![0.5, 1.5].into(),
            array![1.0, 1.0].into(),
            array![1.0, 2.0].into(),
        ];
        let found = testing::differentiate(&operands, &[None, None, None], graph).unwrap().results;
        assert_eq!(found[0], array![[0.5, 1.5]].into());
        close("the mean", found[1].array.iter(), &[1.02, 0.97]);
        close("the variance", found[2].array.iter(), &[0.99, 1.98]);
    }

    #[test]
    fn an_empty_batch_moves_nothing() {
        let one = || Array1::<f64>::ones(3).into();
        let operands = [Array2::<f64>::zeros((0, 3)).into(), one(), one(), one(), one()];
        let found = testing::differentiate(&operands, &[None, None, None], graph).unwrap().results;
        assert_eq!([&found[1], &found[2]], [&operands[3], &operands[4]]);
    }

    #[test]
    fn bad_arguments_are_errors() {
        let of = |sizes: &[usize]| Shape::of(DType::F32, sizes);
        let error = |x: &[usize], variance: &[usize], attrs: Attrs| {
            shape(of(x), of(&[3]), of(&[3]), of(&[3]), of(variance), &attrs).unwrap_err().to_string()
        };
        let cases = [
            (error(&[], &[3], Attrs::DEFAULT), "what is normalised has at least one axis, the channels"),
            (error(&[5, 3], &[4], Attrs::DEFAULT), "operand 5 has a number for each channel: [3]"),
            (error(&[5, 4], &[3], Attrs::DEFAULT), "operand 2 has a number for each channel: [4]"),
            (error(&[5, 3], &[3], Attrs::DEFAULT.momentum(1.5)), "`momentum` is a number from 0 to 1"),
            (error(&[5, 3], &[3], Attrs::DEFAULT.epsilon(-1.0)), "`epsilon` is not negative"),
        ];
        for (found, wanted) in cases {
            assert_eq!(found, wanted);
        }
    }
}
