//! `pow(x, exponent = 3.0)`: `x` to the power of a number, element by element.
//!
//! NaN where `x` is negative and the exponent no integer, as in TensorFlow.

use crate::op::*;
use crate::ops::elementwise::{apply, apply_in_place};

crate::attributes! {
    /// The exponent; it must be given.
    exponent: f64 = f64::NAN,
}

/// The shape of `x`.
pub const fn shape(x: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    if attrs.exponent.is_nan() {
        return Err(ShapeError::new("it needs an exponent: `exponent = 2.0`"));
    }
    Ok(Shapes::one(x))
}

fn function<T: Float>(attrs: &Attrs) -> impl Fn(T) -> T {
    let exponent = T::of(attrs.exponent);
    move |x| x.powf(exponent)
}

/// `y = x ^ exponent`.
pub fn forward<T: Float>(_: &Context, x: View<T>, attrs: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply(x, y, function(attrs));
    Ok(())
}

/// The same, of what is in `y`.
pub fn forward_in_place<T: Float>(_: &Context, attrs: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply_in_place(y, function(attrs));
    Ok(())
}

/// `dx = dy · exponent · x ^ (exponent − 1)`; 0 for the exponent 0, at 0 too.
pub fn backward<T: Float>(_: &Context, x: View<T>, dy: View<T>, attrs: &Attrs, dx: Gradient<T>) -> Result<()> {
    let (exponent, less) = (T::of(attrs.exponent), T::of(attrs.exponent - 1.0));
    if attrs.exponent == 0.0 {
        dx.map(dy, |_| T::zero());
    } else {
        dx.zip(x, dy, |x, dy| dy * exponent * x.powf(less));
    }
    Ok(())
}

crate::op! {
    pow(x: T) -> (y: T), for T in [f32, f64];
    in_place;
    elementwise;
    backward(reads [x], from [y], to [x]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::expected::{check, expect, refusal, tensor};

    #[test]
    fn gradients_and_in_place() {
        for exponent in [0.0, 0.5, 1.0, 2.0, -1.5] {
            check(&OPERATION, Attrs::DEFAULT.exponent(exponent), &[tensor(&[3], &[2.0, 0.25, 3.0])]).unwrap();
        }
        check(&OPERATION, Attrs::DEFAULT.exponent(3), &[tensor(&[3], &[-2.0, 0.25, 0.0])]).unwrap();
    }

    #[test]
    fn values_and_gradients_at_zero() {
        let (x, y) = (tensor(&[3], &[0.0, -2.0, 4.0]), tensor(&[3], &[1.0, 1.0, 1.0]));
        expect(&OPERATION, Attrs::DEFAULT.exponent(0), std::slice::from_ref(&x), &[y], (&[&[1.0; 3]], &[&[0.0; 3]]));
        let y = tensor(&[3], &[0.0, -2.0, 4.0]);
        expect(&OPERATION, Attrs::DEFAULT.exponent(1), &[x], &[y], (&[&[2.0; 3]], &[&[2.0; 3]]));
    }

    #[test]
    fn an_exponent_must_be_given() {
        let found = refusal(&OPERATION, Attrs::DEFAULT, &[tensor(&[1], &[1.0])]);
        assert_eq!(found, "pow: [1]: it needs an exponent: `exponent = 2.0`");
    }
}
