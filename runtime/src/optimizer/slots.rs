//! The numbers that an optimizer keeps for each variable.

use std::collections::HashMap;
use std::sync::Arc;

use crate::element::{Float, SliceMut};
use crate::error::{Error, Result};
use crate::gradients::{Gradients, Values};
use crate::kernels::elementwise::update_slots;
use crate::variable::AnyVariable;

/// How an optimizer changes the elements of one variable.
pub trait Rule: Sync {
    /// What the slots of a new variable hold.
    fn initial(&self) -> &[f64];

    /// Changes the elements by their gradients; all slices have one length, but the gradients may be followed by others.
    /// It should be `#[inline(always)]`, so that it is compiled for the machine's vectors.
    fn update<T: Float>(&self, values: &mut [T], gradients: &[T], slots: &mut [&mut [T]]);
}

/// The slots of all variables, and the number of steps taken.
#[derive(Debug, Default)]
pub struct Slots {
    of: HashMap<usize, Entry>,
    steps: u64,
}

#[derive(Debug)]
struct Entry {
    /// Keeps the variable alive, and so its number from being another's.
    _variable: Arc<dyn AnyVariable>,
    numbers: Numbers,
}

#[derive(Debug)]
enum Numbers {
    F32(Vec<Vec<f32>>),
    F64(Vec<Vec<f64>>),
}

impl Slots {
    /// The number of steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Takes a step.
    ///
    /// # Errors
    ///
    /// [`Error::Defect`] where a gradient is unlike its variable.
    pub fn step(&mut self, gradients: &Gradients, rule: &impl Rule) -> Result<()> {
        for (variable, gradient) in gradients.iter() {
            let length = variable.shape().iter().product();
            let entry = self.of.entry(variable.id()).or_insert_with(|| Entry {
                _variable: Arc::clone(variable),
                numbers: match gradient {
                    Values::F32(_) => Numbers::F32(filled(rule.initial(), length)),
                    Values::F64(_) => Numbers::F64(filled(rule.initial(), length)),
                },
            });
            let mut fits = true;
            variable.change(&mut |values| match (values, &gradient, &mut entry.numbers) {
                (SliceMut::F32(values), Values::F32(gradient), Numbers::F32(slots)) => {
                    update_slots(values, gradient, slots, |values, gradient, slots| {
                        rule.update(values, gradient, slots)
                    });
                }
                (SliceMut::F64(values), Values::F64(gradient), Numbers::F64(slots)) => {
                    update_slots(values, gradient, slots, |values, gradient, slots| {
                        rule.update(values, gradient, slots)
                    });
                }
                _ => fits = false,
            });
            if let Some(constraint) = &variable.about().constraint {
                variable.change(&mut |values| constraint.apply(variable.shape(), values));
            }
            if !fits {
                return Err(Error::defect(format!("the gradient of `{}` is of another type", variable.name())));
            }
        }
        self.steps += 1;
        Ok(())
    }
}

fn filled<T: Float>(initial: &[f64], length: usize) -> Vec<Vec<T>> {
    initial.iter().map(|&number| vec![T::of(number); length]).collect()
}

/// A number of an optimizer that must lie in a range.
///
/// # Errors
///
/// [`Error::BadNumber`] where it does not, or is no number.
pub fn check(what: &'static str, value: f64, range: impl std::ops::RangeBounds<f64>) -> Result<()> {
    if range.contains(&value) && value.is_finite() { Ok(()) } else { Err(Error::BadNumber { what, value }) }
}
