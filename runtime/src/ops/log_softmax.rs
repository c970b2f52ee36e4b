//! `log_softmax(x, axis = -1)`: `x − log Σ exp(x)`, the sum going along one axis: the logarithm of `softmax`.
//!
//! `[…] → […]`. It is exact where `softmax` rounds to 0, and large numbers do not overflow; a line that holds NaN or
//! `∞` becomes NaN.

use crate::kernels::softmax;
use crate::op::*;
use crate::ops::axis;

crate::attributes! {
    /// The axis along which the probabilities add up to 1; a negative one counts from the last.
    axis: isize = -1,
}

/// The shape of `x`.
pub const fn shape(x: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    axis::same(x, attrs.axis)
}

/// `y = x − log Σ exp(x)`.
pub fn forward<T: Float>(_: &Context, x: View<T>, attrs: &Attrs, mut y: ViewMut<T>) -> Result<()> {
    let sizes = axis::size_and_after(x.shape(), attrs.axis);
    softmax::log_softmax(Some(x.data()), y.data(), sizes);
    Ok(())
}

/// The same, with `y` for `x`.
pub fn forward_in_place<T: Float>(_: &Context, attrs: &Attrs, mut y: ViewMut<T>) -> Result<()> {
    let sizes = axis::size_and_after(y.shape(), attrs.axis);
    softmax::log_softmax(None, y.data(), sizes);
    Ok(())
}

/// `dx = dy − exp(y) · Σ dy`.
pub fn backward<T: Float>(_: &Context, y: View<T>, dy: View<T>, attrs: &Attrs, dx: Gradient<T>) -> Result<()> {
    if let Some((mut dx, update)) = dx.into_parts() {
        let sizes = axis::size_and_after(y.shape(), attrs.axis);
        softmax::log_softmax_gradient(y.data(), dy.data(), dx.data(), sizes, update);
    }
    Ok(())
}

crate::op! {
    log_softmax(x: T) -> (y: T), for T in [f32, f64];
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
            -1.5050603553649708,
            -0.8623603553649708,
            -1.6529603553649708,
            -1.8057603553649708,
            -2.320491897590232,
            -1.321691897590232,
            -0.8047918975902321,
            -1.6717918975902322,
            -0.9216859517119148,
            -1.0660859517119148,
            -2.2907859517119147,
            -1.8539859517119148,
            -0.31326168751822286,
            -1000.3132616875182,
            -2000.3132616875182,
            -1.3132616875182228,
        ];
        let dy = &[
            1.1003, -1.9826, -1.1502, 2.1929, -1.9014, -0.4339, -1.1356, -1.0333, -2.372, 0.7033, 0.3848, 1.7505,
            -1.1951, 0.2951, 0.0483, -0.1713,
        ];
        let dx = &[
            1.064690575354036,
            -2.050315177343116,
            -1.1809137470210018,
            2.166538349010082,
            -1.458973797637848,
            0.7672968049415037,
            0.8785925535218746,
            -0.18691556082553074,
            -2.5576357476864957,
            0.5426245635067994,
            0.3375861912590642,
            1.677424992920632,
            -0.44722707406150497,
            0.2951,
            0.0483,
            0.10382707406150504,
        ];
        let (x, y) = (tensor(&[4, 4], x), tensor(&[4, 4], y));
        expect(&OPERATION, Attrs::DEFAULT, &[x], &[y], (&[dy], &[dx]));
    }
}
