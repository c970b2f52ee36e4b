//! `softmax(x, axis = -1)`: `exp(x) / Σ exp(x)`, the sum going along one axis.
//!
//! `[…] → […]`. Large numbers do not overflow; a line that holds NaN or `∞` becomes NaN.

use crate::kernels::softmax;
use crate::op::*;
use crate::ops::along;

crate::attributes! {
    /// The axis along which the numbers add up to 1; a negative one counts from the last.
    axis: isize = -1,
}

/// The shape of `x`.
pub const fn shape(x: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    match along::axis(&x, attrs.axis) {
        Ok(_) => Ok(Shapes::one(x)),
        Err(error) => Err(error),
    }
}

/// `y = exp(x) / Σ exp(x)`.
pub fn forward<T: Float>(_: &Context, x: View<T>, attrs: &Attrs, mut y: ViewMut<T>) -> Result<()> {
    let sizes = along::sizes(x.shape(), attrs.axis);
    softmax::softmax(Some(x.data()), y.data(), sizes);
    Ok(())
}

/// The same, with `y` for `x`.
pub fn forward_in_place<T: Float>(_: &Context, attrs: &Attrs, mut y: ViewMut<T>) -> Result<()> {
    let sizes = along::sizes(y.shape(), attrs.axis);
    softmax::softmax(None, y.data(), sizes);
    Ok(())
}

/// `dx = (dy − Σ dy · y) · y`.
pub fn backward<T: Float>(_: &Context, y: View<T>, dy: View<T>, attrs: &Attrs, dx: Gradient<T>) -> Result<()> {
    if let Some((mut dx, update)) = dx.into_parts() {
        let sizes = along::sizes(y.shape(), attrs.axis);
        softmax::softmax_gradient(y.data(), dy.data(), dx.data(), sizes, update);
    }
    Ok(())
}

crate::op! {
    softmax(x: T) -> (y: T), for T in [f32, f64];
    in_place;
    backward(reads [y], from [y], to [x]);
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, array};

    use super::*;
    use crate::ops::expected::{expect, refusal, results, tensor};
    use crate::testing::check;

    #[test]
    fn gradients_in_place_and_shapes() {
        let x = Array::from_shape_fn((2, 3, 5), |(i, j, k)| (i as f64 - 0.7 * j as f64 + 1.3 * k as f64).sin());
        for axis in -3..3 {
            check(&OPERATION, Attrs::DEFAULT.axis(axis), &[x.clone().into()]).unwrap();
        }
        check(&OPERATION, Attrs::DEFAULT, &[array![0.5].into()]).unwrap();
        check(&OPERATION, Attrs::DEFAULT, &[Array::<f64, _>::zeros((0, 3)).into()]).unwrap();
        check(&OPERATION, Attrs::DEFAULT, &[Array::<f64, _>::zeros((3, 0)).into()]).unwrap();
    }

    #[test]
    fn numbers_are_tensorflows() {
        let x = &[
            -0.4291, 0.2136, -0.577, -0.7298, 0.0004, 0.9992, 1.5161, 0.6491, 0.5167, 0.3723, -0.8524, -0.4156, 1000.0,
            0.0, -1000.0, 999.0,
        ];
        let y = &[
            0.22200389430152118,
            0.4221644472762842,
            0.1914822133478926,
            0.1643494450743021,
            0.09822525695176763,
            0.26668371851638556,
            0.44718097631585507,
            0.18791004821599164,
            0.3978477232886753,
            0.34435370015688055,
            0.10118690257380142,
            0.15661167398064266,
            0.7310585786300049,
            0.0,
            0.0,
            0.2689414213699951,
        ];
        let dy = &[
            -2.139, 1.1121, 0.0358, -0.6302, 0.0, -1.209, 0.2916, -1.6507, -1.5071, 0.2653, -0.1014, -0.8654, 0.7187,
            1.0789, -0.1418, 1.1126,
        ];
        let dx = &[
            -0.45220079677970204,
            0.512590047664696,
            0.02640447909083733,
            -0.08679372997583126,
            0.04932928977767269,
            -0.18849051626043803,
            0.35497483457536044,
            -0.21581360809259523,
            -0.3393914155563972,
            0.3165751560718561,
            0.05591905575562318,
            -0.0331027962710821,
            -0.07744544050381968,
            0.0,
            0.0,
            0.07744544050381971,
        ];
        let (x, y) = (tensor(&[4, 4], x), tensor(&[4, 4], y));
        expect(&OPERATION, Attrs::DEFAULT, &[x], &[y], (&[dy], &[dx]));
    }

    #[test]
    fn an_axis_in_the_middle_is_the_last_of_the_transposed() {
        let x = Array::from_shape_fn((2, 70, 3), |(i, j, k)| ((7 * i + 3 * j + 5 * k) % 11) as f64);
        let turned = x.clone().permuted_axes([0, 2, 1]).as_standard_layout().into_owned();
        let y = results(&OPERATION, Attrs::DEFAULT.axis(1), &[x.into()]).unwrap();
        let y_turned = results(&OPERATION, Attrs::DEFAULT, &[turned.into()]).unwrap();
        let difference = y[0].array.clone().permuted_axes(vec![0, 2, 1]) - &y_turned[0].array;
        assert!(difference.iter().all(|difference| difference.abs() < 1e-13));
    }

    #[test]
    fn nan_goes_to_its_line_only() {
        let y = results(&OPERATION, Attrs::DEFAULT, &[array![[f64::NAN, 1.0], [2.0, 2.0]].into()]).unwrap();
        assert!(y[0].array.iter().take(2).all(|y| y.is_nan()));
        assert!(y[0].array.iter().skip(2).all(|y| y.is_finite()));
    }

    #[test]
    fn the_axis_must_be_there() {
        let x = array![[1.0, 2.0]];
        let message = refusal(&OPERATION, Attrs::DEFAULT.axis(2), &[x.clone().into()]);
        assert_eq!(message, "softmax: [1, 2]: axis 2 is outside of 2 axes: 0 to 1, or from -1 for the last");
        let message = refusal(&OPERATION, Attrs::DEFAULT.axis(isize::MIN), &[x.into()]);
        assert!(message.contains("is outside of 2 axes"), "{message}");
        let message = refusal(&OPERATION, Attrs::DEFAULT, &[tensor(&[], &[1.0])]);
        assert_eq!(message, "softmax: []: axis -1 is asked for, and a scalar has none");
    }
}
