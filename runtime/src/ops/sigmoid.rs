//! `sigmoid(x)`: the logistic function `1 / (1 + exp(−x))`, element by element.

use crate::kernels::exponential::logistic;
use crate::op::*;
use crate::ops::elementwise::{apply, apply_in_place, differentiate_in_place};

crate::attributes! {}

/// The shape of `x`.
pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    Ok(Shapes::one(x))
}

/// `y = 1 / (1 + exp(−x))`.
pub fn forward<T: Float>(_: &Context, x: View<T>, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply(x, y, logistic);
    Ok(())
}

/// `y = 1 / (1 + exp(−y))`.
pub fn forward_in_place<T: Float>(_: &Context, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply_in_place(y, logistic);
    Ok(())
}

fn derivative<T: Float>(y: T, dy: T) -> T {
    dy * y * (T::one() - y)
}

/// `dx = dy · y · (1 − y)`.
pub fn backward<T: Float>(_: &Context, y: View<T>, dy: View<T>, _: &Attrs, dx: Gradient<T>) -> Result<()> {
    dx.zip(y, dy, derivative);
    Ok(())
}

/// The same, with `dx` for `dy`.
pub fn backward_in_place<T: Float>(_: &Context, y: View<T>, _: &Attrs, dx: ViewMut<T>) -> Result<()> {
    differentiate_in_place(y, dx, derivative);
    Ok(())
}

crate::op! {
    sigmoid(x: T) -> (y: T), for T in [f32, f64];
    in_place;
    elementwise;
    backward(reads [y], from [y], to [x], in_place);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::expected::{check, expect, tensor};

    const X: [f64; 10] = [-30.0, -3.5, -1.0, -0.1, -0.0, 0.0, 0.1, 1.0, 3.5, 30.0];

    #[test]
    fn gradients_and_in_place() {
        check(&OPERATION, Attrs::DEFAULT, &[tensor(&[2, 3], &[0.5, -2.0, 3.0, 1.5, 0.25, -0.75])]).unwrap();
        check(&OPERATION, Attrs::DEFAULT, &[tensor(&[0, 3], &[])]).unwrap();
    }

    #[test]
    fn numbers_are_tensorflows() {
        let y = [
            9.3576229688393e-14,
            0.029312230751356316,
            0.2689414213699951,
            0.47502081252106,
            0.5,
            0.5,
            0.52497918747894,
            0.7310585786300049,
            0.9706877692486436,
            0.9999999999999064,
        ];
        let upstream = [-1.8522, -1.081, 0.0786, -1.3541, 0.6261, 0.7334, -1.471, -1.6754, 0.583, -0.6775];
        let gradient = [
            -1.7332189262882529e-13,
            -0.030757718813994136,
            0.015453697952780475,
            -0.33768009602519505,
            0.156525,
            0.18335,
            -0.3668321551237441,
            -0.3294036329527787,
            0.01658811292188585,
            -6.340844516116678e-14,
        ];
        let (x, y) = (tensor(&[2, 5], &X), tensor(&[2, 5], &y));
        expect(&OPERATION, Attrs::DEFAULT, &[x], &[y], (&[&upstream], &[&gradient]));
    }
}
