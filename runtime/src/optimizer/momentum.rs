//! Gradient descent with momentum.

use super::slots::{Rule, Slots, check};
use super::{LearningRate, Optimizer};
use crate::element::Float;
use crate::error::Result;
use crate::gradients::Gradients;

/// `a = momentum · a + g; x −= rate · a` (Polyak, 1964), and Nesterov's `x −= rate · (g + momentum · a)` (Sutskever,
/// Martens, Dahl and Hinton, 2013).
#[derive(Debug)]
pub struct Momentum {
    rate: LearningRate,
    momentum: f64,
    nesterov: bool,
    slots: Slots,
}

impl Momentum {
    /// With this learning rate, a number or a [schedule](super::schedule), and this momentum, from 0 to below 1.
    pub fn new(rate: impl Into<LearningRate>, momentum: impl Into<f64>) -> Self {
        Self { rate: rate.into(), momentum: momentum.into(), nesterov: false, slots: Slots::default() }
    }

    /// In Nesterov's form.
    #[must_use]
    pub fn nesterov(mut self) -> Self {
        self.nesterov = true;
        self
    }
}

struct Update {
    rate: f64,
    momentum: f64,
    nesterov: bool,
}

impl Rule for Update {
    fn initial(&self) -> &[f64] {
        &[0.0]
    }

    #[inline(always)]
    fn update<T: Float>(&self, values: &mut [T], gradients: &[T], slots: &mut [&mut [T]]) {
        let [accumulated] = slots else { return };
        let (rate, momentum) = (T::of(self.rate), T::of(self.momentum));
        for ((x, &g), a) in values.iter_mut().zip(gradients).zip(accumulated.iter_mut()) {
            *a = momentum * *a + g;
            *x -= if self.nesterov { rate * (g + momentum * *a) } else { rate * *a };
        }
    }
}

impl Optimizer for Momentum {
    fn apply(&mut self, gradients: &Gradients) -> Result<()> {
        let Self { momentum, nesterov, .. } = *self;
        check("the momentum of `Momentum`", momentum, 0.0..1.0)?;
        let rate = self.rate.at(self.steps())?;
        self.slots.step(gradients, &Update { rate, momentum, nesterov })
    }

    fn steps(&self) -> u64 {
        self.slots.steps()
    }
}
