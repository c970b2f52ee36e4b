//! `maximum(a, b)`: the larger of two, element by element, broadcast both ways; NaN where one of them is.
//!
//! Where both are equal the gradient goes to `a`, as in TensorFlow.

use crate::op::*;
use crate::ops::broadcast::{self, apply, apply_in_place, gradient, operand};

crate::attributes! {}

/// The broadcast shape.
pub const fn shape(a: Shape, b: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    broadcast::shape(a, b)
}

fn larger<T: Number>(a: T, b: T) -> T {
    if a >= b {
        a
    } else if a < b {
        b
    } else {
        // Neither: one of them is NaN, and so is their sum.
        a.plus(b)
    }
}

/// `y = max(a, b)`.
pub fn forward<T: Number>(_: &Context, a: View<T>, b: View<T>, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply(a, b, y, larger);
    Ok(())
}

/// `y = max(y, b)`.
pub fn forward_in_place<T: Number>(_: &Context, b: View<T>, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply_in_place(b, y, larger);
    Ok(())
}

/// `da = dy` where `a >= b` and `db = dy` elsewhere, each summed over the axes along which it was broadcast.
pub fn backward<T: Float>(
    _: &Context,
    a: View<T>,
    b: View<T>,
    dy: View<T>,
    _: &Attrs,
    da: Gradient<T>,
    db: Gradient<T>,
) -> Result<()> {
    gradient(da, dy, operand(a), operand(b), |dy, a, b| if a >= b { dy } else { T::zero() });
    gradient(db, dy, operand(a), operand(b), |dy, a, b| if a >= b { T::zero() } else { dy });
    Ok(())
}

crate::op! {
    maximum(a: T, b: T) -> (y: T), for T in [f32, f64] and [i32, i64, u8, u32];
    in_place;
    elementwise;
    backward(reads [a, b], from [y], to [a, b]);
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::{check, expect, results, tensor};

    #[test]
    fn gradients_in_place_and_shapes() {
        let (a, b) = (array![[1.0, -2.0, 0.5], [3.0, 0.0, -1.5]], array![[0.75], [-1.0]]);
        check(&OPERATION, Attrs::DEFAULT, &[a.clone().into(), b.clone().into()]).unwrap();
        check(&OPERATION, Attrs::DEFAULT, &[b.into(), a.into()]).unwrap();
    }

    #[test]
    fn numbers_are_tensorflows() {
        let (a, b) = (tensor(&[3], &[1.0, 2.0, 3.0]), tensor(&[3], &[3.0, 2.0, 1.0]));
        let y = tensor(&[3], &[3.0, 2.0, 3.0]);
        let gradients: [&[f64]; 2] = [&[0.0, -0.6054, 0.4568], &[-0.5963, 0.0, 0.0]];
        expect(&OPERATION, Attrs::DEFAULT, &[a, b], &[y], (&[&[-0.5963, -0.6054, 0.4568]], &gradients));
    }

    #[test]
    fn nan_stays_and_integers_are_compared() {
        let (a, b) = (tensor(&[2], &[f64::NAN, 1.0]), tensor(&[2], &[1.0, f64::NAN]));
        let found = results(&OPERATION, Attrs::DEFAULT, &[a, b]).unwrap();
        assert!(found[0].array.iter().all(|y| y.is_nan()));
        let found = results(&OPERATION, Attrs::DEFAULT, &[array![1, 5].into(), array![3, -3].into()]).unwrap();
        assert_eq!(found, [array![3, 5].into()]);
    }
}
