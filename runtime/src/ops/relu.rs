//! `relu(x)`: `max(x, 0)`, element by element.
//!
//! Its gradient is that of `y` where `y > 0` and 0 elsewhere, also at 0, as in TensorFlow; and as there, NaN stays NaN,
//! so that it is seen.

use crate::op::*;
use crate::ops::elementwise::{apply, apply_in_place, differentiate_in_place};

crate::attributes! {}

/// The shape of `x`.
pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    Ok(Shapes::one(x))
}

fn relu<T: Float>(x: T) -> T {
    if x <= T::zero() { T::zero() } else { x }
}

/// `y = max(x, 0)`.
pub fn forward<T: Float>(_: &Context, x: View<T>, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply(x, y, relu);
    Ok(())
}

/// `y = max(y, 0)`.
pub fn forward_in_place<T: Float>(_: &Context, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply_in_place(y, relu);
    Ok(())
}

fn derivative<T: Float>(y: T, dy: T) -> T {
    if y > T::zero() { dy } else { T::zero() }
}

/// `dx = dy` where `y > 0`.
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
    relu(x: T) -> (y: T), for T in [f32, f64];
    in_place;
    elementwise;
    backward(reads [y], from [y], to [x], in_place);
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, array};

    use super::*;
    use crate::ops::expected::{check, expect, results, tensor};

    #[test]
    fn gradients_in_place_and_shapes() {
        let x = Array::from_shape_fn((3, 1, 5), |(i, _, k)| i as f64 - 0.9 * k as f64 + 0.3);
        check(&OPERATION, Attrs::DEFAULT, &[x.into()]).unwrap();
        check(&OPERATION, Attrs::DEFAULT, &[tensor(&[], &[-0.5])]).unwrap();
        check(&OPERATION, Attrs::DEFAULT, &[tensor(&[0, 3], &[])]).unwrap();
    }

    #[test]
    fn numbers_are_tensorflows() {
        let x = &[-30.0, -3.5, -1.0, -0.1, 0.0, 0.0, 0.1, 1.0, 3.5, 30.0];
        let y = &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.1, 1.0, 3.5, 30.0];
        let dy = &[0.5195, -1.2688, 0.2404, -0.804, 0.0173, 0.3944, 1.2791, 0.6597, -0.4554, 1.4658];
        let dx = &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.2791, 0.6597, -0.4554, 1.4658];
        expect(&OPERATION, Attrs::DEFAULT, &[tensor(&[2, 5], x)], &[tensor(&[2, 5], y)], (&[dy], &[dx]));
    }

    #[test]
    fn nan_stays_nan() {
        let y = &results(&OPERATION, Attrs::DEFAULT, &[array![f64::NAN, f64::NEG_INFINITY, f64::INFINITY].into()])
            .unwrap()[0];
        assert!(y.array[[0]].is_nan());
        assert_eq!((y.array[[1]], y.array[[2]]), (0.0, f64::INFINITY));
    }
}
