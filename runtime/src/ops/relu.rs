//! `relu(x)`: `max(x, 0)`, element by element.
//!
//! Its gradient is that of `y` where `y > 0` and 0 elsewhere, also at 0, as in TensorFlow.

use crate::op::*;

crate::attributes! {}

/// The shape of `x`.
pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    Ok(Shapes::one(x))
}

fn relu<T: Float>(x: T) -> T {
    if x > T::zero() { x } else { T::zero() }
}

/// `y = max(x, 0)`.
pub fn forward<T: Float>(_: &Context, x: View<T>, _: &Attrs, mut y: ViewMut<T>) -> Result<()> {
    y.data().iter_mut().zip(x.data()).for_each(|(y, &x)| *y = relu(x));
    Ok(())
}

/// `y = max(y, 0)`.
pub fn forward_in_place<T: Float>(_: &Context, _: &Attrs, mut y: ViewMut<T>) -> Result<()> {
    y.data().iter_mut().for_each(|y| *y = relu(*y));
    Ok(())
}

/// `dx = dy` where `y > 0`.
pub fn backward<T: Float>(_: &Context, y: View<T>, dy: View<T>, _: &Attrs, dx: Gradient<T>) -> Result<()> {
    dx.zip(y, dy, |y, dy| if y > T::zero() { dy } else { T::zero() });
    Ok(())
}

crate::op! {
    relu(x: T) -> (y: T), for T in [f32, f64];
    in_place;
    backward(reads [y], from [y], to [x]);
}
