//! `huber(x, y, delta = 1.0)`: a loss for each element, quadratic in a small difference and linear in a large one
//! (Huber, 1964), as TensorFlow's `huber_loss`.
//!
//! With `d = x − y`: `d² / 2` where `|d| <= delta`, `delta · |d| − delta² / 2` elsewhere.

use crate::kernels::elementwise::update_with_two;
use crate::op::*;

crate::attributes! {
    /// The difference at which the quadratic part ends.
    delta: f64 = 1.0,
}

/// The shape of both operands. They are not broadcast: losses of other sizes than the examples are mistakes.
pub const fn shape(x: Shape, y: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    if !x.agrees(&y) {
        return Err(ShapeError::new("both operands need one shape"));
    }
    let (mut shape, mut axis) = (x, 0);
    while axis < x.rank() {
        shape = shape.with(axis, x.dim(axis).or(y.dim(axis)));
        axis += 1;
    }
    Ok(Shapes::one(shape))
}

/// The loss of each element.
pub fn forward<T: Float>(_: &Context, x: View<T>, y: View<T>, attrs: &Attrs, mut losses: ViewMut<T>) -> Result<()> {
    let (delta, half) = (T::of(attrs.delta), T::of(0.5));
    update_with_two(losses.data(), (x.data(), y.data()), |loss, x, y| {
        let difference = (x - y).abs();
        let is_small = difference <= delta;
        *loss = if is_small { half * difference * difference } else { delta * (difference - half * delta) };
    });
    Ok(())
}

/// `dx = (x − y) · dlosses`, the difference cut off at `±delta`, and `dy = −dx`.
pub fn backward<T: Float>(
    _: &Context,
    x: View<T>,
    y: View<T>,
    dlosses: View<T>,
    attrs: &Attrs,
    dx: Gradient<T>,
    dy: Gradient<T>,
) -> Result<()> {
    let delta = T::of(attrs.delta);
    let slope = |x: T, y: T| {
        let difference = x - y;
        if difference.abs() <= delta { difference } else { delta * difference.signum() }
    };
    dx.zip_three((x, y, dlosses), |x, y, dloss| slope(x, y) * dloss);
    dy.zip_three((x, y, dlosses), |x, y, dloss| slope(y, x) * dloss);
    Ok(())
}

crate::op! {
    huber(x: T, y: T) -> (losses: T), for T in [f32, f64];
    backward(reads [x, y], from [losses], to [x, y]);
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::{check, refusal, results, tensor};

    #[test]
    fn gradients_and_values() {
        let (x, y) = (tensor(&[2, 2], &[0.5, -2.0, 3.0, 1.5]), tensor(&[2, 2], &[0.25, 1.0, -1.0, 1.25]));
        check(&OPERATION, Attrs::DEFAULT, &[x.clone(), y.clone()]).unwrap();
        check(&OPERATION, Attrs::DEFAULT.delta(3.5), &[x.clone(), y.clone()]).unwrap();
        let found = results(&OPERATION, Attrs::DEFAULT, &[x, y]).unwrap();
        assert_eq!(found, [array![[0.03125, 2.5], [3.5, 0.03125]].into()]);
    }

    #[test]
    fn shapes_must_be_equal() {
        let found = refusal(&OPERATION, Attrs::DEFAULT, &[tensor(&[2, 1], &[0.0; 2]), tensor(&[2], &[0.0; 2])]);
        assert_eq!(found, "huber: [2, 1] × [2]: both operands need one shape");
    }
}
