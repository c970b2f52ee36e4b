//! What the ops of two operands share: NumPy's broadcasting.

use crate::kernels::broadcast::{self as kernels, Operand, zip, zip_in_place};
use crate::op::*;

/// The shape of `f(a, b)`: sizes must be equal, or one of them 1.
///
/// # Errors
///
/// Two sizes that differ, neither of them 1.
pub const fn broadcast(a: Shape, b: Shape) -> Result<Shape, ShapeError> {
    let (mut shape, shorter) = if a.rank() > b.rank() { (a, b) } else { (b, a) };
    let (rank, common) = (shape.rank(), shorter.rank());
    let mut axis = 0;
    while axis < common {
        let at = rank - common + axis;
        let (own, other) = (shape.dim(at), shorter.dim(axis));
        if !own.same(other) {
            // In the order of the operands, for the message.
            let (one, other) = if a.rank() > b.rank() { (own, other) } else { (other, own) };
            match broadcast_dim(one, other) {
                Ok(dim) => shape = shape.with(at, dim),
                Err(error) => return Err(error),
            }
        }
        axis += 1;
    }
    Ok(shape)
}

/// The one result of `f(a, b)`.
///
/// # Errors
///
/// As for [`broadcast`].
pub const fn shape(a: Shape, b: Shape) -> Result<Shapes, ShapeError> {
    match broadcast(a, b) {
        Ok(shape) => Ok(Shapes::one(shape)),
        Err(error) => Err(error),
    }
}

const fn broadcast_dim(a: Dim, b: Dim) -> Result<Dim, ShapeError> {
    match (a, b) {
        (Dim::Known(1), dim) | (dim, Dim::Known(1)) => Ok(dim),
        // Whatever the unknown size is, 1 or the other, the result is the other.
        (Dim::Unknown, dim) | (dim, Dim::Unknown) => Ok(dim),
        (Dim::Symbol(_), Dim::Symbol(_)) => {
            let error = ShapeError::new("{} and {} are two names: if they are one size, write one name in both places");
            Err(error.with(a).with(b))
        }
        _ => Err(ShapeError::new("{} cannot be broadcast with {}").with(a).with(b)),
    }
}

/// `y = f(a, b)`.
pub fn apply<A: Copy + Sync, B: Copy + Sync, Y: Copy + Send>(
    a: View<A>,
    b: View<B>,
    mut y: ViewMut<Y>,
    f: impl Fn(A, B) -> Y + Sync,
) {
    zip(y.shape(), operand(a), operand(b), y.data(), f);
}

/// `y = f(y, b)`.
pub fn apply_in_place<A: Copy + Send, B: Copy + Sync>(b: View<B>, mut y: ViewMut<A>, f: impl Fn(A, B) -> A + Sync) {
    let shape = y.shape();
    zip_in_place(y.data(), shape, operand(b), f);
}

/// `f(dy, a, b)` as the gradient of an operand, or added to it, summed over the axes along which that was broadcast.
pub fn gradient<T: Float, A: Copy + Sync, B: Copy + Sync>(
    gradient: Gradient<T>,
    dy: View<T>,
    a: Operand<'_, A>,
    b: Operand<'_, B>,
    f: impl Fn(T, A, B) -> T + Sync,
) {
    if let Some((mut gradient, update)) = gradient.into_parts() {
        let shape = gradient.shape();
        kernels::gradient((gradient.data(), shape), (dy.data(), dy.shape()), a, b, update, f);
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
