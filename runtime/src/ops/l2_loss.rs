//! `l2_loss(x)`: half the sum of the squares of all elements, `[…] → []`, as TensorFlow's `l2_loss`.

use crate::kernels::reduce::sum_of;
use crate::op::*;

crate::attributes! {}

/// A scalar.
pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    Ok(Shapes::one(Shape::scalar(x.dtype())))
}

/// `y = Σ x² / 2`.
pub fn forward<T: Float>(_: &Context, x: View<T>, _: &Attrs, mut y: ViewMut<T>) -> Result<()> {
    y.data().fill(sum_of(x.data(), |x| x * x) * T::of(0.5));
    Ok(())
}

/// `dx = x · dy`.
pub fn backward<T: Float>(_: &Context, x: View<T>, dy: View<T>, _: &Attrs, dx: Gradient<T>) -> Result<()> {
    let dy = dy.data().first().copied().unwrap_or_default();
    dx.map(x, |x| x * dy);
    Ok(())
}

crate::op! {
    l2_loss(x: T) -> (y: T), for T in [f32, f64];
    backward(reads [x], from [y], to [x]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::expected::{check, expect, tensor};

    #[test]
    fn gradients() {
        check(&OPERATION, Attrs::DEFAULT, &[tensor(&[2, 9], &[0.5; 18])]).unwrap();
        check(&OPERATION, Attrs::DEFAULT, &[tensor(&[0, 3], &[])]).unwrap();
    }

    #[test]
    fn numbers_are_tensorflows() {
        let x = tensor(&[3, 2], &[1.5664, -0.457, -0.1647, 1.4242, -0.1258, 1.1536]);
        let gradient = [1.3330064, -0.388907, -0.1401597, 1.2119942, -0.1070558, 0.9817136];
        expect(&OPERATION, Attrs::DEFAULT, &[x], &[tensor(&[], &[3.032274145])], (&[&[0.851]], &[&gradient]));
    }
}
