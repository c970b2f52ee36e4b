//! `square(x)`: `x²`, element by element.

use crate::op::*;
use crate::ops::elementwise::{apply, apply_in_place};

crate::attributes! {}

/// The shape of `x`.
pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    Ok(Shapes::one(x))
}

fn squared<T: Number>(x: T) -> T {
    x.times(x)
}

/// `y = x²`.
pub fn forward<T: Number>(_: &Context, x: View<T>, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply(x, y, squared);
    Ok(())
}

/// `y = y²`.
pub fn forward_in_place<T: Number>(_: &Context, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply_in_place(y, squared);
    Ok(())
}

/// `dx = 2x · dy`.
pub fn backward<T: Float>(_: &Context, x: View<T>, dy: View<T>, _: &Attrs, dx: Gradient<T>) -> Result<()> {
    dx.zip(x, dy, |x, dy| dy * (x + x));
    Ok(())
}

crate::op! {
    square(x: T) -> (y: T), for T in [f32, f64] and [i32, i64, u8, u32];
    in_place;
    elementwise;
    backward(reads [x], from [y], to [x]);
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::{check, results, tensor};

    #[test]
    fn gradients_and_in_place() {
        check(&OPERATION, Attrs::DEFAULT, &[array![[0.5, -2.0, 3.0], [1.5, 0.0, -0.75]].into()]).unwrap();
        check(&OPERATION, Attrs::DEFAULT, &[tensor(&[0, 3], &[])]).unwrap();
    }

    #[test]
    fn values() {
        let found = results(&OPERATION, Attrs::DEFAULT, &[array![1.5, -2.0, 0.0].into()]).unwrap();
        assert_eq!(found, [array![2.25, 4.0, 0.0].into()]);
        let found = results(&OPERATION, Attrs::DEFAULT, &[array![7_u8, 16, 17].into()]).unwrap();
        assert_eq!(found, [array![49_u8, 0, 33].into()]);
    }
}
