//! `clip(x, min = -1.0, max = 1.0)`: `min(max(x, min), max)`, element by element.
//!
//! The gradient is that of `y` between the bounds and at them, 0 outside, as in TensorFlow.

use crate::op::*;
use crate::ops::elementwise::{apply, apply_in_place};

crate::attributes! {
    /// What is below becomes this.
    min: f64 = f64::NEG_INFINITY,
    /// What is above becomes this.
    max: f64 = f64::INFINITY,
}

/// The shape of `x`.
pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    Ok(Shapes::one(x))
}

fn function<T: Float>(attrs: &Attrs) -> impl Fn(T) -> T {
    let (min, max) = (T::of(attrs.min), T::of(attrs.max));
    move |x| {
        let x = if x < min { min } else { x };
        if x > max { max } else { x }
    }
}

/// `y = min(max(x, min), max)`.
pub fn forward<T: Float>(_: &Context, x: View<T>, attrs: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply(x, y, function(attrs));
    Ok(())
}

/// The same, of what is in `y`.
pub fn forward_in_place<T: Float>(_: &Context, attrs: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply_in_place(y, function(attrs));
    Ok(())
}

/// `dx = dy` where `min <= x <= max`.
pub fn backward<T: Float>(_: &Context, x: View<T>, dy: View<T>, attrs: &Attrs, dx: Gradient<T>) -> Result<()> {
    let (min, max) = (T::of(attrs.min), T::of(attrs.max));
    dx.zip(x, dy, |x, dy| if x < min || x > max { T::zero() } else { dy });
    Ok(())
}

crate::op! {
    clip(x: T) -> (y: T), for T in [f32, f64];
    in_place;
    elementwise;
    backward(reads [x], from [y], to [x]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::expected::{check, expect, results, tensor};

    #[test]
    fn gradients_and_in_place() {
        check(&OPERATION, Attrs::DEFAULT.min(-1).max(0.5), &[tensor(&[3], &[-2.0, 0.25, 3.0])]).unwrap();
        check(&OPERATION, Attrs::DEFAULT, &[tensor(&[0, 2], &[])]).unwrap();
    }

    #[test]
    fn numbers_are_tensorflows() {
        let (x, y) = (tensor(&[5], &[-2.0, -1.0, 0.5, 1.0, 2.0]), tensor(&[5], &[-1.0, -1.0, 0.5, 1.0, 1.0]));
        let upstream = [0.1069, 2.2058, 0.9566, 0.0684, 1.0685];
        let gradient = [0.0, 2.2058, 0.9566, 0.0684, 0.0];
        expect(&OPERATION, Attrs::DEFAULT.min(-1.0).max(1.0), &[x], &[y], (&[&upstream], &[&gradient]));
    }

    #[test]
    fn the_upper_bound_wins() {
        let found = results(&OPERATION, Attrs::DEFAULT.min(2.0).max(1.0), &[tensor(&[2], &[0.0, 3.0])]).unwrap();
        assert_eq!(found, [tensor(&[2], &[1.0, 1.0])]);
    }
}
