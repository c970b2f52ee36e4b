//! Regularizers: penalties on the values of variables, which keep them small.
//!
//! Each is a function that gives a value with a setter for each keyword: `l1_l2(l1 = 0.1, l2 = 0.2)` in a
//! [`model!`](macro@crate::model) is `l1_l2().l1(0.1).l2(0.2)` in Rust. A `fn` of the model adds `regularization_loss()` to
//! its loss: the sum of the penalties of all variables of the model, its layers included, each once.
//!
//! A user's own is any such function whose value implements [`Regularizer`], written with its path;
//! [`testing::check_regularizer`](crate::testing::check_regularizer) holds its gradient against differences.
//!
//! ```
//! use ndarray::{array, Array2};
//! use varscope::op::{Float, Gradient, View};
//! use varscope::prelude::*;
//! use varscope::regularizer::Regularizer;
//! use varscope::testing::check_regularizer;
//!
//! /// `Σ x⁴`
//! struct Fourth;
//!
//! impl Regularizer for Fourth {
//!     fn loss<T: Float>(&self, value: View<'_, T>) -> T {
//!         value.data().iter().map(|&x| x.powi(4)).sum()
//!     }
//!
//!     fn gradient<T: Float>(&self, value: View<'_, T>, upstream: T, gradient: Gradient<'_, T>) {
//!         gradient.map(value, |x| T::of(4.0) * x.powi(3) * upstream);
//!     }
//! }
//!
//! fn fourth() -> Fourth {
//!     Fourth
//! }
//!
//! model! {
//!     struct Line {
//!         fn loss(x: [batch, 1]) -> [] {
//!             var slope(regularizer = self::fourth()): [1, 1] = constant(2.0);
//!             mean(matmul(x, slope)) + regularization_loss()
//!         }
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let line = Line::seeded(0)?;
//! let mut step = line.loss_gradients();
//! let (loss, gradients) = step.compute(Array2::ones((1, 1)).view())?;
//! assert_eq!(loss, 2.0 + 16.0);
//! assert_eq!(gradients.of(&line.slope), array![[1.0 + 32.0]]);
//! check_regularizer(Fourth, array![[0.5, -2.0]])?;
//! # Ok(())
//! # }
//! ```

#[expect(dead_code, reason = "an instance itself puts it in a graph; no model can name it")]
pub(crate) mod loss;

use crate::element::{Float, Slice, SliceMut};
use crate::error::{Error, Result};
use crate::kernels::reduce::sum_of;
use crate::op::{Gradient, Update, View, ViewMut};

/// A penalty on the value of a variable: one for each variable that has it, however often the variable is shared.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no regularizer",
    label = "expected a regularizer, such as `l2(0.0005)` or `l1(0.0005)`"
)]
pub trait Regularizer: Send + Sync {
    /// The penalty of a value.
    fn loss<T: Float>(&self, value: View<'_, T>) -> T;

    /// The derivative of the penalty by each element of the value, times `upstream`, as `backward` of an op gives it.
    fn gradient<T: Float>(&self, value: View<'_, T>, upstream: T, gradient: Gradient<'_, T>);

    /// Whether it suits variables of this shape.
    ///
    /// # Errors
    ///
    /// Why it does not.
    fn check(&self, shape: &[usize]) -> Result<(), String> {
        let _ = shape;
        Ok(())
    }
}

/// A regularizer of variables of either float type.
pub trait AnyRegularizer: Send + Sync {
    /// As [`Regularizer::loss`].
    ///
    /// # Errors
    ///
    /// [`Error::Defect`] where the elements are no floats, or not those of this shape.
    fn loss(&self, elements: Slice<'_>, shape: &[usize]) -> Result<f64>;

    /// As [`Regularizer::gradient`], into elements that are of the same type.
    ///
    /// # Errors
    ///
    /// As for [`AnyRegularizer::loss`].
    fn gradient(
        &self,
        elements: Slice<'_>,
        shape: &[usize],
        upstream: f64,
        gradient: (SliceMut<'_>, Update),
    ) -> Result<()>;

    /// As [`Regularizer::check`].
    fn check(&self, shape: &[usize]) -> Result<(), String>;
}

impl<R: Regularizer> AnyRegularizer for R {
    fn loss(&self, elements: Slice<'_>, shape: &[usize]) -> Result<f64> {
        match elements {
            Slice::F32(elements) => Ok(f64::from(Regularizer::loss(self, View::new(elements, shape)?))),
            Slice::F64(elements) => Ok(Regularizer::loss(self, View::new(elements, shape)?)),
            _ => Err(no_float()),
        }
    }

    fn gradient(
        &self,
        elements: Slice<'_>,
        shape: &[usize],
        upstream: f64,
        (gradient, update): (SliceMut<'_>, Update),
    ) -> Result<()> {
        fn typed<T: Float>(
            regularizer: &impl Regularizer,
            value: View<'_, T>,
            upstream: f64,
            gradient: ViewMut<'_, T>,
            update: Update,
        ) {
            regularizer.gradient(value, T::of(upstream), Gradient::new(Some((gradient, update))));
        }
        match (elements, gradient) {
            (Slice::F32(elements), SliceMut::F32(gradient)) => {
                typed(self, View::new(elements, shape)?, upstream, ViewMut::new(gradient, shape)?, update);
            }
            (Slice::F64(elements), SliceMut::F64(gradient)) => {
                typed(self, View::new(elements, shape)?, upstream, ViewMut::new(gradient, shape)?, update);
            }
            _ => return Err(no_float()),
        }
        Ok(())
    }

    fn check(&self, shape: &[usize]) -> Result<(), String> {
        Regularizer::check(self, shape)
    }
}

fn no_float() -> Error {
    Error::defect("what is regularized is no float, or its gradient is of another type")
}

/// See [`l1`], [`l2`] and [`l1_l2`].
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Norms {
    l1: f64,
    l2: f64,
}

/// `scale · Σ |x|`; at 0 the gradient is 0.
pub fn l1(scale: f64) -> Norms {
    Norms { l1: scale, l2: 0.0 }
}

/// `scale · Σ x² / 2`, as TensorFlow's `l2_regularizer`.
pub fn l2(scale: f64) -> Norms {
    Norms { l1: 0.0, l2: scale }
}

/// The sum of [`l1`] and [`l2`], with the scales that [`Norms::l1`] and [`Norms::l2`] set; what is not set is 0.
pub fn l1_l2() -> Norms {
    Norms::default()
}

impl Norms {
    /// The scale of [`l1`].
    #[must_use]
    pub fn l1(mut self, scale: f64) -> Self {
        self.l1 = scale;
        self
    }

    /// The scale of [`l2`].
    #[must_use]
    pub fn l2(mut self, scale: f64) -> Self {
        self.l2 = scale;
        self
    }
}

impl Regularizer for Norms {
    fn loss<T: Float>(&self, value: View<'_, T>) -> T {
        let elements = value.data();
        let mut loss = T::zero();
        if self.l1 != 0.0 {
            loss += T::of(self.l1) * sum_of(elements, |x| x.abs());
        }
        if self.l2 != 0.0 {
            loss += T::of(self.l2 / 2.0) * sum_of(elements, |x| x * x);
        }
        loss
    }

    fn gradient<T: Float>(&self, value: View<'_, T>, upstream: T, gradient: Gradient<'_, T>) {
        let (l1, l2) = (T::of(self.l1) * upstream, T::of(self.l2) * upstream);
        let sign = |x: T| if x == T::zero() { T::zero() } else { x.signum() };
        if self.l1 == 0.0 {
            gradient.map(value, |x| l2 * x);
        } else {
            gradient.map(value, |x| l1 * sign(x) + l2 * x);
        }
    }

    fn check(&self, _: &[usize]) -> Result<(), String> {
        match [self.l1, self.l2].into_iter().find(|scale| !(scale.is_finite() && *scale >= 0.0)) {
            Some(scale) => Err(format!("the scale of a penalty is a number from 0 on, not {scale}")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};

    use super::*;
    use crate::testing::check_regularizer;

    fn loss(norms: Norms, elements: &[f64]) -> f64 {
        Regularizer::loss(&norms, View::new(elements, &[elements.len()]).unwrap())
    }

    #[test]
    fn norms_are_scaled() {
        let elements = [3.0, -4.0];
        assert_eq!(loss(l1(0.5), &elements), 3.5);
        assert_eq!(loss(l2(0.5), &elements), 6.25);
        assert_eq!(loss(l1_l2().l1(0.5).l2(0.5), &elements), 9.75);
        assert_eq!(loss(l1_l2(), &elements), 0.0);
        assert_eq!(loss(l2(0.5), &[]), 0.0);
    }

    #[test]
    fn gradients() {
        let value = Array1::from_shape_fn(37, |n| (n as f64 - 18.25) / 4.0);
        for norms in [l1(0.3), l2(0.7), l1_l2().l1(0.3).l2(0.7), l2(0.0)] {
            check_regularizer(norms, value.clone()).unwrap();
        }
    }

    #[test]
    fn the_gradient_of_an_absolute_value_is_0_at_0() {
        let (value, mut gradient) = ([0.0, -0.0, -2.0], [1.0; 3]);
        let target = ViewMut::new(&mut gradient, &[3]).unwrap();
        let value = View::new(&value, &[3]).unwrap();
        Regularizer::gradient(&l1(0.5), value, 2.0, Gradient::new(Some((target, Update::Add))));
        assert_eq!(gradient, [1.0, 1.0, 0.0]);
    }

    #[test]
    fn a_scale_is_a_number_from_0_on() {
        assert_eq!(Regularizer::check(&l2(0.0), &[]), Ok(()));
        let problem = |norms: Norms| Regularizer::check(&norms, &[2]).unwrap_err();
        assert_eq!(problem(l2(-0.5)), "the scale of a penalty is a number from 0 on, not -0.5");
        assert!(problem(l1_l2().l1(f64::NAN)).ends_with("not NaN"));
        assert!(check_regularizer(l1(f64::INFINITY), array![1.0]).unwrap_err().ends_with("not inf"));
    }

    #[test]
    fn what_is_no_float_has_no_penalty() {
        assert!(AnyRegularizer::loss(&l2(1.0), Slice::U8(&[1]), &[1]).is_err());
        assert!(AnyRegularizer::loss(&l2(1.0), Slice::F32(&[1.0]), &[2]).is_err());
    }
}
