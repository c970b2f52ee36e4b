//! `log(x)`: the natural logarithm, element by element; −∞ of 0, NaN of what is negative, as in TensorFlow.

use crate::op::*;
use crate::ops::elementwise::{apply, apply_in_place};

crate::attributes! {}

/// The shape of `x`.
pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    Ok(Shapes::one(x))
}

fn ln<T: Float>(x: T) -> T {
    x.ln()
}

/// `y = ln(x)`.
pub fn forward<T: Float>(_: &Context, x: View<T>, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply(x, y, ln);
    Ok(())
}

/// `y = ln(y)`.
pub fn forward_in_place<T: Float>(_: &Context, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply_in_place(y, ln);
    Ok(())
}

/// `dx = dy / x`.
pub fn backward<T: Float>(_: &Context, x: View<T>, dy: View<T>, _: &Attrs, dx: Gradient<T>) -> Result<()> {
    dx.zip(x, dy, |x, dy| dy / x);
    Ok(())
}

crate::op! {
    log(x: T) -> (y: T), for T in [f32, f64];
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
        check(&OPERATION, Attrs::DEFAULT, &[array![[0.5, 2.0, 3.0], [1.5, 0.25, 10.0]].into()]).unwrap();
        check(&OPERATION, Attrs::DEFAULT, &[tensor(&[0, 3], &[])]).unwrap();
    }

    #[test]
    fn values() {
        let found = results(&OPERATION, Attrs::DEFAULT, &[array![1.0, std::f64::consts::E, 0.0].into()]).unwrap();
        assert_eq!(found, [array![0.0, 1.0, f64::NEG_INFINITY].into()]);
    }
}
