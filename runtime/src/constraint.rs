//! Constraints: what holds for a variable after each update by an optimizer.
//!
//! Each is a function that gives a value with a setter for each keyword: `max_norm(3.0, axes = [0, 1, 2])` in a
//! [`model!`](macro@crate::model) is `max_norm(3.0).axes([0, 1, 2])` in Rust. A user's own is any such function whose value
//! implements [`Constraint`], written with its path.
//!
//! ```
//! use ndarray::{Array2, array};
//! use varscope::constraint::Constraint;
//! use varscope::op::Float;
//! use varscope::prelude::*;
//!
//! /// No element is above a limit.
//! struct AtMost(f64);
//!
//! impl Constraint for AtMost {
//!     fn apply<T: Float>(&self, _: &[usize], elements: &mut [T]) {
//!         for element in elements {
//!             if *element > T::of(self.0) {
//!                 *element = T::of(self.0);
//!             }
//!         }
//!     }
//! }
//!
//! fn at_most(limit: f64) -> AtMost {
//!     AtMost(limit)
//! }
//!
//! model! {
//!     struct Line {
//!         fn loss(x: [batch, 1]) -> [] {
//!             var slope(constraint = self::at_most(1.5)): [1, 1] = ones();
//!             -mean(matmul(x, slope))
//!         }
//!     }
//! }
//!
//! # fn main() -> Result<(), varscope::Error> {
//! let line = Line::seeded(0)?;
//! let mut step = line.loss_gradients();
//! let (_, gradients) = step.compute(Array2::ones((1, 1)).view())?;
//! GradientDescent::new(10.0).apply(gradients)?;
//! assert_eq!(*line.slope.read(), array![[1.5]]);
//! # Ok(())
//! # }
//! ```

use crate::element::{Float, SliceMut};

/// What holds for the value of a variable after each update.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no constraint",
    label = "expected a constraint, such as `max_norm(3.0)` or `non_negative()`"
)]
pub trait Constraint: Send + Sync {
    /// Changes the elements of a variable of this shape, the last axis fastest, so that the constraint holds.
    fn apply<T: Float>(&self, shape: &[usize], elements: &mut [T]);

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

/// A constraint on variables of any element type; those that are no floats have none.
pub trait AnyConstraint: Send + Sync {
    /// As [`Constraint::apply`].
    fn apply(&self, shape: &[usize], elements: SliceMut<'_>);
    /// As [`Constraint::check`].
    fn check(&self, shape: &[usize]) -> Result<(), String>;
}

impl<C: Constraint> AnyConstraint for C {
    fn apply(&self, shape: &[usize], elements: SliceMut<'_>) {
        match elements {
            SliceMut::F32(elements) => Constraint::apply(self, shape, elements),
            SliceMut::F64(elements) => Constraint::apply(self, shape, elements),
            _ => {}
        }
    }

    fn check(&self, shape: &[usize]) -> Result<(), String> {
        Constraint::check(self, shape)
    }
}

/// See [`non_negative`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NonNegative;

/// Elements below 0 become 0.
pub fn non_negative() -> NonNegative {
    NonNegative
}

impl Constraint for NonNegative {
    fn apply<T: Float>(&self, _: &[usize], elements: &mut [T]) {
        for element in elements {
            // What is no number stays one, so that it is noticed.
            if *element < T::of(0.0) {
                *element = T::of(0.0);
            }
        }
    }
}

/// See [`max_norm`], [`unit_norm`] and [`min_max_norm`].
#[derive(Clone, PartialEq, Debug)]
pub struct NormWithin {
    min: f64,
    max: f64,
    rate: f64,
    axes: Vec<usize>,
}

/// The norm along axis 0, of what goes into each unit of a dense layer, is at most `max`. The filters of a convolution
/// are normed by `axes = [0, 1, 2]`.
pub fn max_norm(max: f64) -> NormWithin {
    min_max_norm(0.0, max)
}

/// The norm along axis 0 is 1.
pub fn unit_norm() -> NormWithin {
    min_max_norm(1.0, 1.0)
}

/// The norm along axis 0 is from `min` to `max`. With a `rate` below 1 it goes so far towards that in each update.
pub fn min_max_norm(min: f64, max: f64) -> NormWithin {
    NormWithin { min, max, rate: 1.0, axes: vec![0] }
}

/// What is added to a norm that is divided by, so that it is not 0, as in Keras.
const EPSILON: f64 = 1e-7;

impl NormWithin {
    /// The axes that a norm is taken over.
    #[must_use]
    pub fn axes(mut self, axes: impl Into<Vec<usize>>) -> Self {
        self.axes = axes.into();
        self
    }

    /// How much of the way to the bounds is gone in an update, from 0 to 1.
    #[must_use]
    pub fn rate(mut self, rate: f64) -> Self {
        self.rate = rate;
        self
    }

    /// By how much elements of this norm are multiplied.
    fn factor(&self, norm: f64) -> f64 {
        let wanted = norm.max(self.min).min(self.max);
        (self.rate * wanted + (1.0 - self.rate) * norm) / (EPSILON + norm)
    }
}

impl Constraint for NormWithin {
    fn apply<T: Float>(&self, shape: &[usize], elements: &mut [T]) {
        let is_normed = |axis: usize| self.axes.contains(&axis);
        offsets(shape, &|axis| !is_normed(axis), 0, &mut |first| {
            let mut squares = 0.0;
            offsets(shape, &is_normed, first, &mut |at| {
                let element = elements[at].as_f64();
                squares += element * element;
            });
            let factor = self.factor(squares.sqrt());
            offsets(shape, &is_normed, first, &mut |at| elements[at] = T::of(elements[at].as_f64() * factor));
        });
    }

    fn check(&self, shape: &[usize]) -> Result<(), String> {
        let Self { min, max, rate, axes } = self;
        if !(0.0 <= *min && min <= max && max.is_finite()) {
            return Err(format!(
                "a norm from {min} to {max} cannot be had; give numbers from 0 on, the lower one first"
            ));
        }
        if !(0.0..=1.0).contains(rate) {
            return Err(format!("`rate` is from 0 to 1, not {rate}"));
        }
        match axes.iter().find(|&&axis| axis >= shape.len()) {
            Some(axis) => {
                Err(format!("it is a norm over axis {axis}, and the shape {shape:?} has {} axes", shape.len()))
            }
            None => Ok(()),
        }
    }
}

/// Visits the places in an array of this shape that lie on some axes, from a place that is at 0 on them.
fn offsets(shape: &[usize], is_visited: &dyn Fn(usize) -> bool, first: usize, visit: &mut dyn FnMut(usize)) {
    fn from_axis(
        axis: usize,
        shape: &[usize],
        is_visited: &dyn Fn(usize) -> bool,
        at: usize,
        visit: &mut dyn FnMut(usize),
    ) {
        let Some(&size) = shape.get(axis) else { return visit(at) };
        if !is_visited(axis) {
            return from_axis(axis + 1, shape, is_visited, at, visit);
        }
        let stride: usize = shape[axis + 1..].iter().product();
        for turn in 0..size {
            from_axis(axis + 1, shape, is_visited, at + turn * stride, visit);
        }
    }
    from_axis(0, shape, is_visited, first, visit);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constrained(constraint: &impl Constraint, shape: &[usize], elements: &[f64]) -> Vec<f64> {
        let mut elements = elements.to_vec();
        Constraint::check(constraint, shape).unwrap();
        Constraint::apply(constraint, shape, &mut elements);
        elements.iter().map(|x| (x * 1e4).round() / 1e4).collect()
    }

    #[test]
    fn norms_are_those_of_columns() {
        let columns = [3.0, 0.3, 4.0, 0.4];
        assert_eq!(constrained(&max_norm(1.0), &[2, 2], &columns), [0.6, 0.3, 0.8, 0.4]);
        assert_eq!(constrained(&unit_norm(), &[2, 2], &columns), [0.6, 0.6, 0.8, 0.8]);
        assert_eq!(constrained(&min_max_norm(1.0, 2.0), &[2, 2], &columns), [1.2, 0.6, 1.6, 0.8]);
        assert_eq!(constrained(&max_norm(1.0).rate(0.5), &[2, 2], &columns), [1.8, 0.3, 2.4, 0.4]);
    }

    #[test]
    fn norms_can_be_over_several_axes_or_others() {
        assert_eq!(constrained(&unit_norm().axes([1]), &[2, 2], &[3.0, 4.0, 0.0, 5.0]), [0.6, 0.8, 0.0, 1.0]);
        let filters = [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.5];
        assert_eq!(
            constrained(&unit_norm().axes([0, 1, 2]), &[2, 1, 2, 2], &filters),
            [0.5, 0.0, 0.5, 0.0, 0.5, 0.0, 0.5, 1.0]
        );
    }

    #[test]
    fn zeros_stay_zeros() {
        assert_eq!(constrained(&unit_norm(), &[2, 1], &[0.0, 0.0]), [0.0, 0.0]);
        assert_eq!(constrained(&max_norm(1.0), &[0, 3], &[]), [0.0; 0]);
        assert_eq!(constrained(&non_negative(), &[3], &[-1.0, 0.5, -0.0]), [0.0, 0.5, 0.0]);
    }

    #[test]
    fn what_cannot_hold_is_told() {
        let problem = |constraint: NormWithin, shape: &[usize]| Constraint::check(&constraint, shape).unwrap_err();
        assert_eq!(problem(max_norm(1.0), &[]), "it is a norm over axis 0, and the shape [] has 0 axes");
        assert!(problem(min_max_norm(2.0, 1.0), &[3]).starts_with("a norm from 2 to 1 cannot be had"));
        assert!(problem(max_norm(f64::NAN), &[3]).starts_with("a norm from 0 to NaN"));
        assert_eq!(problem(unit_norm().rate(1.5), &[3]), "`rate` is from 0 to 1, not 1.5");
    }
}
