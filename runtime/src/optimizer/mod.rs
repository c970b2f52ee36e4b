//! Optimizers: what a step's gradients change the variables by. The formulas are TensorFlow's.

mod adagrad;
mod adam;
mod gradient_descent;
mod momentum;
mod moving_average;
mod rms_prop;
pub mod schedule;
mod slots;

pub use adagrad::Adagrad;
pub use adam::{Adam, AdamW};
pub use gradient_descent::GradientDescent;
pub use momentum::Momentum;
pub use moving_average::{ExponentialMovingAverage, Swapped};
pub use rms_prop::RmsProp;
pub use schedule::LearningRate;

use crate::error::Result;
use crate::gradients::Gradients;

/// Changes variables by their gradients.
pub trait Optimizer {
    /// Takes one step: changes each variable in place. After the first step for a variable nothing is allocated.
    ///
    /// # Errors
    ///
    /// A learning rate, or another number of the optimizer, that is no number or out of its range; nothing is changed
    /// then.
    fn apply(&mut self, gradients: &Gradients) -> Result<()>;

    /// The number of steps taken.
    fn steps(&self) -> u64;
}
