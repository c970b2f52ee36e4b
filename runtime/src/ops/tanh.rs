//! `tanh(x)`: the hyperbolic tangent, element by element.

use crate::kernels::exponential;
use crate::op::*;
use crate::ops::elementwise::{apply, apply_in_place, differentiate_in_place};

crate::attributes! {}

/// The shape of `x`.
pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    Ok(Shapes::one(x))
}

/// `y = tanh(x)`.
pub fn forward<T: Float>(_: &Context, x: View<T>, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply(x, y, exponential::tanh);
    Ok(())
}

/// `y = tanh(y)`.
pub fn forward_in_place<T: Float>(_: &Context, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply_in_place(y, exponential::tanh);
    Ok(())
}

fn derivative<T: Float>(y: T, dy: T) -> T {
    dy * (T::one() - y * y)
}

/// `dx = dy · (1 − y²)`.
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
    tanh(x: T) -> (y: T), for T in [f32, f64];
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
            -1.0,
            -0.9981778976111987,
            -0.7615941559557649,
            -0.09966799462495582,
            -0.0,
            0.0,
            0.09966799462495582,
            0.7615941559557649,
            0.9981778976111987,
            1.0,
        ];
        let upstream = [0.2059, 1.1668, -2.0726, -0.6327, 0.9971, 2.3946, -0.5412, 0.7527, -2.1504, -0.3054];
        let gradient = [
            0.0,
            0.004248184291864702,
            -0.8704388204292306,
            -0.6264149422191752,
            0.9971,
            2.3946,
            -0.5358238766066344,
            0.3161146869328775,
            -0.007829358502936111,
            -0.0,
        ];
        let (x, y) = (tensor(&[2, 5], &X), tensor(&[2, 5], &y));
        expect(&OPERATION, Attrs::DEFAULT, &[x], &[y], (&[&upstream], &[&gradient]));
    }
}
