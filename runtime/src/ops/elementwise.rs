//! What the ops of one operand share that go element by element.

use crate::op::*;

/// `y = f(x)`.
pub fn apply<X: Copy, Y>(x: View<X>, y: ViewMut<Y>, f: impl Fn(X) -> Y) {
    y.into_data().iter_mut().zip(x.data()).for_each(|(y, &x)| *y = f(x));
}

/// `y = f(y)`.
pub fn apply_in_place<T: Copy>(y: ViewMut<T>, f: impl Fn(T) -> T) {
    y.into_data().iter_mut().for_each(|y| *y = f(*y));
}

/// The logistic function, `1 / (1 + exp(−x))`; an exponential that is infinite gives 0.
pub fn logistic<T: Float>(x: T) -> T {
    T::one() / (T::one() + (-x).exp())
}
