//! `div(a, b)`, `a / b`: the quotient, element by element, broadcast both ways.
//!
//! Integers are divided as in Rust, rounded towards zero; one divided by 0 is an error.

use crate::op::*;
use crate::ops::broadcast::{self, apply, apply_in_place, gradient, operand, unread};

crate::attributes! {}

/// The broadcast shape.
pub const fn shape(a: Shape, b: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    broadcast::shape(a, b)
}

fn check_divisors<T: Number>(context: &Context, b: View<T>) -> Result<()> {
    if !T::DTYPE.is_float() && b.data().contains(&T::zero()) {
        return Err(Error::DivisionByZero { op: context.op().to_string() });
    }
    Ok(())
}

/// `y = a / b`.
pub fn forward<T: Number>(context: &Context, a: View<T>, b: View<T>, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    check_divisors(context, b)?;
    apply(a, b, y, |a, b| a.over(b));
    Ok(())
}

/// `y /= b`.
pub fn forward_in_place<T: Number>(context: &Context, b: View<T>, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    check_divisors(context, b)?;
    apply_in_place(b, y, |a, b| a.over(b));
    Ok(())
}

/// `da = dy / b` and `db = −dy · a / b²`, each summed over the axes along which it was broadcast.
pub fn backward<T: Float>(
    _: &Context,
    a: View<T>,
    b: View<T>,
    dy: View<T>,
    _: &Attrs,
    da: Gradient<T>,
    db: Gradient<T>,
) -> Result<()> {
    gradient(da, dy, unread(), operand(b), |dy, (), b| dy / b);
    // Two divisions, as TensorFlow does it: `b²` could overflow.
    gradient(db, dy, operand(a), operand(b), |dy, a, b| -dy * (a / b / b));
    Ok(())
}

crate::op! {
    div(a: T, b: T) -> (y: T), for T in [f32, f64] and [i32, i64, u8, u32];
    in_place;
    elementwise;
    backward(reads [a, b], from [y], to [a, b]);
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::{check, refusal, results};

    #[test]
    fn gradients_in_place_and_shapes() {
        let (a, b) = (array![[1.0, -2.0, 0.5], [3.0, 0.25, -1.5]], array![[2.0], [-1.0]]);
        check(&OPERATION, Attrs::DEFAULT, &[a.clone().into(), b.clone().into()]).unwrap();
        check(&OPERATION, Attrs::DEFAULT, &[b.into(), a.into()]).unwrap();
    }

    #[test]
    fn integers_round_towards_zero() {
        let (a, b) = (array![7, -7, i32::MIN], array![2, 2, -1]);
        let found = results(&OPERATION, Attrs::DEFAULT, &[a.into(), b.into()]).unwrap();
        assert_eq!(found, [array![3, -3, i32::MIN].into()]);
    }

    #[test]
    fn an_integer_divided_by_zero_is_an_error() {
        let found = refusal(&OPERATION, Attrs::DEFAULT, &[array![1_u32, 2].into(), array![1_u32, 0].into()]);
        assert_eq!(found, "div: an integer is divided by 0");
        let found = results(&OPERATION, Attrs::DEFAULT, &[array![1.0].into(), array![0.0].into()]).unwrap();
        assert_eq!(found, [array![f64::INFINITY].into()]);
    }
}
