//! `softmax(x, axis = -1)`: `exp(x) / Σ exp(x)`, the sum going along one axis.
//!
//! `[…] → […]`. Large numbers do not overflow; a line that holds NaN or `∞` becomes NaN.

use crate::kernels::softmax;
use crate::op::*;
use crate::ops::axis;

crate::attributes! {
    /// The axis along which the numbers add up to 1; a negative one counts from the last.
    axis: isize = -1,
}

/// The shape of `x`.
pub const fn shape(x: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    axis::same(x, attrs.axis)
}

/// `y = exp(x) / Σ exp(x)`.
pub fn forward<T: Float>(_: &Context, x: View<T>, attrs: &Attrs, mut y: ViewMut<T>) -> Result<()> {
    let sizes = axis::size_and_after(x.shape(), attrs.axis);
    softmax::softmax(Some(x.data()), y.data(), sizes);
    Ok(())
}

/// The same, with `y` for `x`.
pub fn forward_in_place<T: Float>(_: &Context, attrs: &Attrs, mut y: ViewMut<T>) -> Result<()> {
    let sizes = axis::size_and_after(y.shape(), attrs.axis);
    softmax::softmax(None, y.data(), sizes);
    Ok(())
}

/// `dx = (dy − Σ dy · y) · y`.
pub fn backward<T: Float>(_: &Context, y: View<T>, dy: View<T>, attrs: &Attrs, dx: Gradient<T>) -> Result<()> {
    if let Some((mut dx, update)) = dx.into_parts() {
        let sizes = axis::size_and_after(y.shape(), attrs.axis);
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
    use super::*;
    use crate::ops::axis::tests::check_lines;
    use crate::ops::expected::{check, expect, tensor};

    #[test]
    fn lines_are_normalized_along_each_axis() {
        check_lines(&OPERATION, |axis| Attrs::DEFAULT.axis(axis));
        // The keyword left out.
        check(&OPERATION, Attrs::DEFAULT, &[tensor(&[2, 3], &[0.5, -1.0, 2.0, 0.0, 1.5, -0.5])]).unwrap();
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
}
