//! `abs(x)`: the absolute value, element by element; the gradient at 0 is 0, as in TensorFlow.

use crate::op::*;
use crate::ops::elementwise::{apply, apply_in_place};

crate::attributes! {}

/// The shape of `x`.
pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    Ok(Shapes::one(x))
}

fn magnitude<T: Number>(x: T) -> T {
    if x > T::zero() { x } else { T::zero().minus(x) }
}

/// `y = |x|`.
pub fn forward<T: Number>(_: &Context, x: View<T>, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply(x, y, magnitude);
    Ok(())
}

/// `y = |y|`.
pub fn forward_in_place<T: Number>(_: &Context, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply_in_place(y, magnitude);
    Ok(())
}

/// `dx = dy · sign(x)`.
pub fn backward<T: Float>(_: &Context, x: View<T>, dy: View<T>, _: &Attrs, dx: Gradient<T>) -> Result<()> {
    dx.zip(x, dy, |x, dy| {
        if x > T::zero() {
            dy
        } else if x < T::zero() {
            -dy
        } else {
            T::zero()
        }
    });
    Ok(())
}

crate::op! {
    abs(x: T) -> (y: T), for T in [f32, f64] and [i32, i64];
    in_place;
    elementwise;
    backward(reads [x], from [y], to [x]);
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::{check, expect, results, tensor};

    #[test]
    fn gradients_and_in_place() {
        check(&OPERATION, Attrs::DEFAULT, &[array![[0.5, -2.0, 3.0], [1.5, 0.25, -0.75]].into()]).unwrap();
        check(&OPERATION, Attrs::DEFAULT, &[tensor(&[0, 3], &[])]).unwrap();
    }

    #[test]
    fn values() {
        let found = results(&OPERATION, Attrs::DEFAULT, &[array![-7, 7, i32::MIN].into()]).unwrap();
        assert_eq!(found, [array![7, 7, i32::MIN].into()]);
    }

    #[test]
    fn numbers_are_tensorflows() {
        let (x, y) = (tensor(&[3], &[-2.0, 0.0, 3.0]), tensor(&[3], &[2.0, 0.0, 3.0]));
        let (upstream, gradient) = ([0.3724, 0.1279, 0.5272], [-0.3724, 0.0, 0.5272]);
        expect(&OPERATION, Attrs::DEFAULT, &[x], &[y], (&[&upstream], &[&gradient]));
    }
}
