//! `exp(x)`: `e` to the power of `x`, element by element.

use crate::kernels::exponential;
use crate::op::*;
use crate::ops::elementwise::{apply, apply_in_place};

crate::attributes! {}

/// The shape of `x`.
pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    Ok(Shapes::one(x))
}

/// `y = exp(x)`.
pub fn forward<T: Float>(_: &Context, x: View<T>, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply(x, y, exponential::exp);
    Ok(())
}

/// `y = exp(y)`.
pub fn forward_in_place<T: Float>(_: &Context, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply_in_place(y, exponential::exp);
    Ok(())
}

/// `dx = dy · y`.
pub fn backward<T: Float>(_: &Context, y: View<T>, dy: View<T>, _: &Attrs, dx: Gradient<T>) -> Result<()> {
    dx.zip(y, dy, |y, dy| dy * y);
    Ok(())
}

crate::op! {
    exp(x: T) -> (y: T), for T in [f32, f64];
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
        check(&OPERATION, Attrs::DEFAULT, &[array![[0.5, -2.0, 3.0], [1.5, 0.25, -0.75]].into()]).unwrap();
        check(&OPERATION, Attrs::DEFAULT, &[tensor(&[0, 3], &[])]).unwrap();
    }

    #[test]
    fn values() {
        let found = results(&OPERATION, Attrs::DEFAULT, &[array![0.0, 1.0, -710.0].into()]).unwrap();
        assert_eq!(found, [array![1.0, std::f64::consts::E, (-710.0_f64).exp()].into()]);
    }
}
