//! What the ops of one operand share that go element by element.

use crate::kernels::elementwise::{update, update_with};
use crate::op::*;

/// `y = f(x)`.
pub fn apply<X: Copy + Sync, Y: Send>(x: View<X>, y: ViewMut<Y>, f: impl Fn(X) -> Y + Sync) {
    update_with(y.into_data(), x.data(), |y, x| *y = f(x));
}

/// `y = f(y)`.
pub fn apply_in_place<T: Copy + Send>(y: ViewMut<T>, f: impl Fn(T) -> T + Sync) {
    update(y.into_data(), |y| *y = f(*y));
}

/// `dx = derivative(y, dx)`, where `dx` is `dy` before.
pub fn differentiate_in_place<Y: Copy + Sync, T: Copy + Send>(
    y: View<Y>,
    dx: ViewMut<T>,
    derivative: impl Fn(Y, T) -> T + Sync,
) {
    update_with(dx.into_data(), y.data(), |dx, y| *dx = derivative(y, *dx));
}
