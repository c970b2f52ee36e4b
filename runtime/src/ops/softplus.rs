//! `softplus(x)`: `ln(1 + exp(x))`, element by element.

use crate::kernels::exponential::logistic;
use crate::op::*;
use crate::ops::elementwise::{apply, apply_in_place, differentiate_in_place};

crate::attributes! {}

/// The shape of `x`.
pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    Ok(Shapes::one(x))
}

fn smooth<T: Float>(x: T) -> T {
    x.max(T::zero()) + (-x.abs()).exp().ln_1p()
}

/// `y = ln(1 + exp(x))`.
pub fn forward<T: Float>(_: &Context, x: View<T>, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply(x, y, smooth);
    Ok(())
}

/// `y = ln(1 + exp(y))`.
pub fn forward_in_place<T: Float>(_: &Context, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply_in_place(y, smooth);
    Ok(())
}

fn derivative<T: Float>(x: T, dy: T) -> T {
    dy * logistic(x)
}

/// `dx = dy · sigmoid(x)`.
pub fn backward<T: Float>(_: &Context, x: View<T>, dy: View<T>, _: &Attrs, dx: Gradient<T>) -> Result<()> {
    dx.zip(x, dy, derivative);
    Ok(())
}

/// The same, with `dx` for `dy`.
pub fn backward_in_place<T: Float>(_: &Context, x: View<T>, _: &Attrs, dx: ViewMut<T>) -> Result<()> {
    differentiate_in_place(x, dx, derivative);
    Ok(())
}

crate::op! {
    softplus(x: T) -> (y: T), for T in [f32, f64];
    in_place;
    elementwise;
    backward(reads [x], from [y], to [x], in_place);
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
            9.357622968839737e-14,
            0.029750418272620566,
            0.31326168751822286,
            0.6443966600735709,
            std::f64::consts::LN_2,
            std::f64::consts::LN_2,
            0.744396660073571,
            1.3132616875182228,
            3.5297504182726205,
            30.000000000000092,
        ];
        let upstream = [-0.7602, -2.1016, -0.8098, -0.0075, -1.7044, 0.5814, -0.9691, -1.4809, -0.5233, 1.2671];
        let gradient = [
            -7.113664980911636e-14,
            -0.06160258414705043,
            -0.21778876302542202,
            -0.00356265609390795,
            -0.8522,
            0.2907,
            -0.5087573305858407,
            -1.0826246490931744,
            -0.5079609096478152,
            1.2670999999998813,
        ];
        let (x, y) = (tensor(&[2, 5], &X), tensor(&[2, 5], &y));
        expect(&OPERATION, Attrs::DEFAULT, &[x], &[y], (&[&upstream], &[&gradient]));
    }
}
