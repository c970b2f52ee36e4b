//! What the recurrent cells share: the sigmoid, and their sizes.

use crate::op::*;

/// `1 / (1 + exp(−x))`; an exponential that is infinite gives 0.
pub fn sigmoid<T: Float>(x: T) -> T {
    (T::one() + (-x).exp()).recip()
}

/// Examples, inputs and units of a step from `x: […, n]` and `h: […, units]`.
pub fn sizes(x: &[usize], h: &[usize]) -> [usize; 3] {
    let last = |shape: &[usize]| shape.last().copied().unwrap_or(1);
    [h.iter().rev().skip(1).product(), last(x), last(h)]
}
