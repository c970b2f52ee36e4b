//! `sqrt(x)`: the square root, element by element; NaN of what is negative.

use crate::op::*;
use crate::ops::elementwise::{apply, apply_in_place};

crate::attributes! {}

/// The shape of `x`.
pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    Ok(Shapes::one(x))
}

fn root<T: Float>(x: T) -> T {
    x.sqrt()
}

/// `y = √x`.
pub fn forward<T: Float>(_: &Context, x: View<T>, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply(x, y, root);
    Ok(())
}

/// `y = √y`.
pub fn forward_in_place<T: Float>(_: &Context, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply_in_place(y, root);
    Ok(())
}

/// `dx = dy / 2y`.
pub fn backward<T: Float>(_: &Context, y: View<T>, dy: View<T>, _: &Attrs, dx: Gradient<T>) -> Result<()> {
    dx.zip(y, dy, |y, dy| dy * T::of(0.5) / y);
    Ok(())
}

crate::op! {
    sqrt(x: T) -> (y: T), for T in [f32, f64];
    in_place;
    elementwise;
    backward(reads [y], from [y], to [x]);
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::{check, results, tensor};

    #[test]
    fn gradients_and_in_place() {
        check(&OPERATION, Attrs::DEFAULT, &[array![[0.5, 2.0, 3.0], [1.5, 0.25, 10.0]].into()]).unwrap();
        check(&OPERATION, Attrs::DEFAULT, &[tensor(&[0, 3], &[])]).unwrap();
    }

    #[test]
    fn values() {
        let found = results(&OPERATION, Attrs::DEFAULT, &[array![0.0, 2.25, 16.0].into()]).unwrap();
        assert_eq!(found, [array![0.0, 1.5, 4.0].into()]);
    }
}
