//! `leaky_relu(x, alpha = 0.2)`: `x` where that is positive, `alpha · x` elsewhere, element by element.
//!
//! The gradient at 0 is `alpha` times that of `y`, as in TensorFlow.

use crate::op::*;
use crate::ops::elementwise::{apply, apply_in_place, differentiate_in_place};

crate::attributes! {
    /// The slope below 0.
    alpha: f64 = 0.2,
}

/// The shape of `x`.
pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    Ok(Shapes::one(x))
}

fn function<T: Float>(attrs: &Attrs) -> impl Fn(T) -> T {
    let alpha = T::of(attrs.alpha);
    move |x| if x > T::zero() { x } else { alpha * x }
}

/// `y = x` where `x > 0`, `alpha · x` elsewhere.
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
    move |x, dy| if x > T::zero() { dy } else { alpha * dy }
}

/// `dx = dy` where `x > 0`, `alpha · dy` elsewhere.
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
    leaky_relu(x: T) -> (y: T), for T in [f32, f64];
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
        let y = [-7.5, -0.875, -0.25, -0.025, -0.0, 0.0, 0.1, 1.0, 3.5, 30.0];
        let upstream = [-1.6693, 0.5632, 0.4204, -1.6014, 0.6323, -1.1921, -1.235, 1.7723, -1.1223, -2.1947];
        let gradient = [-0.417325, 0.1408, 0.1051, -0.40035, 0.158075, -0.298025, -1.235, 1.7723, -1.1223, -2.1947];
        let (x, y) = (tensor(&[2, 5], &X), tensor(&[2, 5], &y));
        expect(&OPERATION, Attrs::DEFAULT.alpha(0.25), &[x], &[y], (&[&upstream], &[&gradient]));
    }
}
