//! `sub(a, b)`, `a - b`: the difference, element by element, broadcast both ways. Integers wrap around.

use crate::op::*;
use crate::ops::broadcast::{self, apply, apply_in_place, gradient, unread};

crate::attributes! {}

/// The broadcast shape.
pub const fn shape(a: Shape, b: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    broadcast::shape(a, b)
}

/// `y = a − b`.
pub fn forward<T: Number>(_: &Context, a: View<T>, b: View<T>, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply(a, b, y, |a, b| a.minus(b));
    Ok(())
}

/// `y -= b`.
pub fn forward_in_place<T: Number>(_: &Context, b: View<T>, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply_in_place(b, y, |a, b| a.minus(b));
    Ok(())
}

/// `da = dy` and `db = −dy`, each summed over the axes along which it was broadcast.
pub fn backward<T: Float>(_: &Context, dy: View<T>, _: &Attrs, da: Gradient<T>, db: Gradient<T>) -> Result<()> {
    gradient(da, dy, unread(), unread(), |dy, _, _| dy);
    gradient(db, dy, unread(), unread(), |dy, _, _| -dy);
    Ok(())
}

/// `da` is `dy` already; `db = −dy`, summed over the axes along which it was broadcast.
pub fn backward_in_place<T: Float>(_: &Context, _: &Attrs, mut da: ViewMut<T>, db: Gradient<T>) -> Result<()> {
    let shape = da.shape();
    gradient(db, View::new(da.data(), shape)?, unread(), unread(), |dy, _, _| -dy);
    Ok(())
}

crate::op! {
    sub(a: T, b: T) -> (y: T), for T in [f32, f64] and [i32, i64, u8, u32];
    in_place;
    elementwise;
    backward(reads [], from [y], to [a, b], in_place);
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::{check, results};

    #[test]
    fn gradients_in_place_and_shapes() {
        let (a, b) = (array![[1.0, -2.0, 0.5], [3.0, 0.0, -1.5]], array![[2.0], [-1.0]]);
        check(&OPERATION, Attrs::DEFAULT, &[a.clone().into(), b.clone().into()]).unwrap();
        check(&OPERATION, Attrs::DEFAULT, &[b.into(), a.into()]).unwrap();
    }

    #[test]
    fn unsigned_differences_wrap_around() {
        let found = results(&OPERATION, Attrs::DEFAULT, &[array![3_u8, 1].into(), array![2_u8, 2].into()]).unwrap();
        assert_eq!(found, [array![1_u8, 255].into()]);
    }
}
