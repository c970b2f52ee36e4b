//! What the ops of two operands share: NumPy's broadcasting.

use crate::kernels::broadcast::{Operand, add_gradient};
use crate::op::*;

/// The shape of `f(a, b)`: sizes must be equal, or one of them 1.
///
/// # Errors
///
/// Two sizes that differ, neither of them 1.
pub const fn broadcast(a: Shape, b: Shape) -> Result<Shape, ShapeError> {
    let rank = if a.rank() > b.rank() { a.rank() } else { b.rank() };
    let mut shape = if a.rank() > b.rank() { a } else { b };
    let mut from_end = 0;
    while from_end < rank {
        let (one, other) = (a.from_end(from_end), b.from_end(from_end));
        let dim = match broadcast_dim(one, other) {
            Ok(dim) => dim,
            Err(error) => return Err(error),
        };
        shape = shape.with(rank - 1 - from_end, dim);
        from_end += 1;
    }
    Ok(shape)
}

const fn broadcast_dim(a: Dim, b: Dim) -> Result<Dim, ShapeError> {
    match (a, b) {
        (Dim::Known(1), dim) | (dim, Dim::Known(1)) => Ok(dim),
        // Whatever the unknown size is, 1 or the other, the result is the other.
        (Dim::Unknown, dim) | (dim, Dim::Unknown) => Ok(dim),
        (a, b) if a.same(b) => Ok(a),
        (Dim::Symbol(_), Dim::Symbol(_)) => {
            let error = ShapeError::new("{} and {} are two names: if they are one size, write one name in both places");
            Err(error.with(a).with(b))
        }
        _ => Err(ShapeError::new("{} cannot be broadcast with {}").with(a).with(b)),
    }
}

/// Adds `f(dy, a, b)` to the gradient of an operand, summed over the axes along which that was broadcast.
pub fn gradient<T: Float, A: Copy, B: Copy>(
    gradient: Gradient<T>,
    dy: View<T>,
    a: Operand<'_, A>,
    b: Operand<'_, B>,
    f: impl Fn(T, A, B) -> T,
) {
    if let Some(mut gradient) = gradient.zeroed() {
        let shape = gradient.shape();
        add_gradient((gradient.data(), shape), (dy.data(), dy.shape()), a, b, f);
    }
}

/// A view as an operand of a broadcast.
pub fn operand<'a, T>(view: View<'a, T>) -> Operand<'a, T> {
    (view.data(), view.shape())
}

/// An operand that a derivative does not look at.
pub fn unread() -> Operand<'static, ()> {
    (&[()], &[])
}
