//! `elu(x, alpha = 1.0)`: `x` where that is positive, `alpha · (exp(x) − 1)` elsewhere, element by element.

use crate::kernels::exponential::exp;
use crate::op::*;
use crate::ops::elementwise::{apply, apply_in_place, differentiate_in_place};

crate::attributes! {
    /// What `−y` tends to where `x` is far below 0.
    alpha: f64 = 1.0,
}

/// The shape of `x`.
pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    Ok(Shapes::one(x))
}

fn function<T: Float>(attrs: &Attrs) -> impl Fn(T) -> T {
    let alpha = T::of(attrs.alpha);
    move |x| if x > T::zero() { x } else { alpha * x.exp_m1() }
}

/// `y = x` where `x > 0`, `alpha · (exp(x) − 1)` elsewhere.
pub fn forward<T: Float>(_: &Context, x: View<T>, attrs: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply(x, y, function(attrs));
    Ok(())
}

/// The same, of what is in `y`.
pub fn forward_in_place<T: Float>(_: &Context, attrs: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply_in_place(y, function(attrs));
    Ok(())
}

fn derivative<T: Float>(attrs: &Attrs) -> impl Fn(T, T) -> T {
    let alpha = T::of(attrs.alpha);
    move |x, dy| if x > T::zero() { dy } else { alpha * exp(x) * dy }
}

/// `dx = dy` where `x > 0`, `alpha · exp(x) · dy` elsewhere.
pub fn backward<T: Float>(_: &Context, x: View<T>, dy: View<T>, attrs: &Attrs, dx: Gradient<T>) -> Result<()> {
    dx.zip(x, dy, derivative(attrs));
    Ok(())
}

/// The same, with `dx` for `dy`.
pub fn backward_in_place<T: Float>(_: &Context, x: View<T>, attrs: &Attrs, dx: ViewMut<T>) -> Result<()> {
    differentiate_in_place(x, dx, derivative(attrs));
    Ok(())
}

crate::op! {
    elu(x: T) -> (y: T), for T in [f32, f64];
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
            -0.9999999999999064,
            -0.9698026165776815,
            -0.6321205588285577,
            -0.09516258196404048,
            -0.0,
            0.0,
            0.1,
            1.0,
            3.5,
            30.0,
        ];
        let upstream = [-1.6237, -0.1018, -1.8098, 0.2627, 0.26, -0.3811, -0.0023, 0.3416, 0.8976, -0.3611];
        let gradient = [
            -1.5196500724456996e-13,
            -0.0030740936323920215,
            -0.6657882126320763,
            0.23770078971804656,
            0.26,
            -0.3811,
            -0.0023,
            0.3416,
            0.8976,
            -0.3611,
        ];
        let (x, y) = (tensor(&[2, 5], &X), tensor(&[2, 5], &y));
        expect(&OPERATION, Attrs::DEFAULT, &[x], &[y], (&[&upstream], &[&gradient]));
    }

    #[test]
    fn alpha_scales_what_is_negative() {
        check(&OPERATION, Attrs::DEFAULT.alpha(-0.5), &[tensor(&[3], &[0.5, -2.0, -0.25])]).unwrap();
    }
}
