//! `add(a, b)`, `a + b`: the sum, element by element, broadcast both ways.

use crate::kernels::broadcast::{zip, zip_in_place};
use crate::op::*;
use crate::ops::broadcast::{broadcast, gradient, operand, unread};

crate::attributes! {}

/// The broadcast shape.
pub const fn shape(a: Shape, b: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    match broadcast(a, b) {
        Ok(shape) => Ok(Shapes::one(shape)),
        Err(error) => Err(error),
    }
}

/// `y = a + b`.
pub fn forward<T: Number>(_: &Context, a: View<T>, b: View<T>, _: &Attrs, mut y: ViewMut<T>) -> Result<()> {
    zip(y.shape(), operand(a), operand(b), y.data(), |a, b| a.plus(b));
    Ok(())
}

/// `y += b`.
pub fn forward_in_place<T: Number>(_: &Context, b: View<T>, _: &Attrs, mut y: ViewMut<T>) -> Result<()> {
    let shape = y.shape();
    zip_in_place(y.data(), shape, operand(b), |a, b| a.plus(b));
    Ok(())
}

/// `da = dy` and `db = dy`, each summed over the axes along which it was broadcast.
pub fn backward<T: Float>(_: &Context, dy: View<T>, _: &Attrs, da: Gradient<T>, db: Gradient<T>) -> Result<()> {
    gradient(da, dy, unread(), unread(), |dy, _, _| dy);
    gradient(db, dy, unread(), unread(), |dy, _, _| dy);
    Ok(())
}

crate::op! {
    add(a: T, b: T) -> (y: T), for T in [f32, f64] and [i32, i64, u8, u32];
    in_place;
    backward(reads [], from [y], to [a, b]);
}
