//! `neg(x)`, `-x`: `−x`, element by element.

use crate::op::*;
use crate::ops::elementwise::{apply, apply_in_place};

crate::attributes! {}

/// The shape of `x`.
pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    Ok(Shapes::one(x))
}

fn negated<T: Number>(x: T) -> T {
    x.times(T::zero().minus(T::one()))
}

/// `y = −x`.
pub fn forward<T: Number>(_: &Context, x: View<T>, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply(x, y, negated);
    Ok(())
}

/// `y = −y`.
pub fn forward_in_place<T: Number>(_: &Context, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply_in_place(y, negated);
    Ok(())
}

/// `dx = −dy`.
pub fn backward<T: Float>(_: &Context, dy: View<T>, _: &Attrs, dx: Gradient<T>) -> Result<()> {
    dx.map(dy, |dy| -dy);
    Ok(())
}

crate::op! {
    neg(x: T) -> (y: T), for T in [f32, f64] and [i32, i64];
    in_place;
    elementwise;
    backward(reads [], from [y], to [x]);
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::{check, results, tensor};

    #[test]
    fn gradients_and_in_place() {
        check(&OPERATION, Attrs::DEFAULT, &[array![[0.5, -2.0, 3.0], [1.5, 0.25, -0.75]].into()]).unwrap();
        check(&OPERATION, Attrs::DEFAULT, &[tensor(&[0, 3], &[])]).unwrap();
    }

    #[test]
    fn values() {
        let found = results(&OPERATION, Attrs::DEFAULT, &[array![1.5, -2.0, 0.0].into()]).unwrap();
        assert_eq!(found, [array![-1.5, 2.0, 0.0].into()]);
        let found = results(&OPERATION, Attrs::DEFAULT, &[array![1, -2, 0, i32::MIN].into()]).unwrap();
        assert_eq!(found, [array![-1, 2, 0, i32::MIN].into()]);
    }
}
