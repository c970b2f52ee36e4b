//! `mul(a, b)`, `a * b`: the product, element by element, broadcast both ways.

use crate::op::*;
use crate::ops::broadcast::{self, apply, apply_in_place, gradient, operand, unread};

crate::attributes! {}

/// The broadcast shape.
pub const fn shape(a: Shape, b: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    broadcast::shape(a, b)
}

/// `y = a · b`.
pub fn forward<T: Number>(_: &Context, a: View<T>, b: View<T>, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply(a, b, y, |a, b| a.times(b));
    Ok(())
}

/// `y *= b`.
pub fn forward_in_place<T: Number>(_: &Context, b: View<T>, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply_in_place(b, y, |a, b| a.times(b));
    Ok(())
}

/// `da = dy · b` and `db = dy · a`, each summed over the axes along which it was broadcast.
pub fn backward<T: Float>(
    _: &Context,
    a: View<T>,
    b: View<T>,
    dy: View<T>,
    _: &Attrs,
    da: Gradient<T>,
    db: Gradient<T>,
) -> Result<()> {
    gradient(da, dy, unread(), operand(b), |dy, (), b| dy * b);
    gradient(db, dy, operand(a), unread(), |dy, a, ()| dy * a);
    Ok(())
}

crate::op! {
    mul(a: T, b: T) -> (y: T), for T in [f32, f64] and [i32, i64, u8, u32];
    in_place;
    elementwise;
    commutes;
    backward(reads [a, b], from [y], to [a, b]);
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::check;
    use crate::testing::run;

    #[test]
    fn gradients_in_place_and_shapes() {
        let (a, b) = (array![[1.0, -2.0, 0.5], [3.0, 0.0, -1.5]], array![[2.0], [-1.0]]);
        check(&OPERATION, Attrs::DEFAULT, &[a.clone().into(), b.clone().into()]).unwrap();
        check(&OPERATION, Attrs::DEFAULT, &[b.into(), a.into()]).unwrap();
    }

    #[test]
    fn a_value_times_itself_has_both_gradients() {
        let x = array![1.0, -2.0, 3.0].into();
        let square = |recorder: &mut crate::testing::Recorder, x: &[crate::testing::Value]| {
            Ok(vec![record(recorder, "square", &[x[0], x[0]], Attrs::DEFAULT)?.one()?])
        };
        let upstream = [Some(array![1.0, 1.0, 1.0].into_dyn())];
        let found = crate::testing::differentiate(&[x], &upstream, square).unwrap();
        assert_eq!(found.gradients[0], array![2.0, -4.0, 6.0].into_dyn());
    }

    #[test]
    fn sizes_must_be_equal_or_one() {
        let (a, b) = (array![1.0, 2.0], array![1.0, 2.0, 3.0]);
        let graph = |r: &mut crate::testing::Recorder, x: &[crate::testing::Value]| {
            Ok(record(r, "mul", x, Attrs::DEFAULT)?.into_vec())
        };
        let error = run(&[a.into(), b.into()], graph).unwrap_err();
        assert_eq!(error.to_string(), "mul: [2] × [3]: 2 cannot be broadcast with 3");
    }
}
