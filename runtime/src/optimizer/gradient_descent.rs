//! Gradient descent.

use super::slots::{Rule, Slots};
use super::{LearningRate, Optimizer};
use crate::element::Float;
use crate::error::Result;
use crate::gradients::Gradients;

/// `x −= rate · g`.
#[derive(Debug)]
pub struct GradientDescent {
    rate: LearningRate,
    slots: Slots,
}

impl GradientDescent {
    /// With this learning rate, a number or a [schedule](super::schedule).
    pub fn new(rate: impl Into<LearningRate>) -> Self {
        Self { rate: rate.into(), slots: Slots::default() }
    }
}

struct Update {
    rate: f64,
}

impl Rule for Update {
    fn initial(&self) -> &[f64] {
        &[]
    }

    #[inline(always)]
    fn update<T: Float>(&self, values: &mut [T], gradients: &[T], _: &mut [&mut [T]]) {
        let rate = T::of(self.rate);
        values.iter_mut().zip(gradients).for_each(|(x, &g)| *x -= rate * g);
    }
}

impl Optimizer for GradientDescent {
    fn apply(&mut self, gradients: &Gradients) -> Result<()> {
        let rate = self.rate.at(self.steps())?;
        self.slots.step(gradients, &Update { rate })
    }

    fn steps(&self) -> u64 {
        self.slots.steps()
    }
}
