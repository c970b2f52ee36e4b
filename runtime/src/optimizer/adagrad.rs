//! Adagrad.

use super::slots::{Rule, Slots, check};
use super::{LearningRate, Optimizer};
use crate::element::Float;
use crate::error::Result;
use crate::gradients::Gradients;

/// `a += g²; x −= rate · g / √a` (Duchi, Hazan and Singer, 2011).
#[derive(Debug)]
pub struct Adagrad {
    rate: LearningRate,
    initial: f64,
    slots: Slots,
}

impl Adagrad {
    /// With this learning rate, a number or a [schedule](super::schedule).
    pub fn new(rate: impl Into<LearningRate>) -> Self {
        Self { rate: rate.into(), initial: 0.1, slots: Slots::default() }
    }

    /// What the accumulators start with, above 0; 0.1 by default.
    #[must_use]
    pub fn initial_accumulator(mut self, initial: impl Into<f64>) -> Self {
        self.initial = initial.into();
        self
    }
}

struct Update {
    rate: f64,
    initial: [f64; 1],
}

impl Rule for Update {
    fn initial(&self) -> &[f64] {
        &self.initial
    }

    #[inline(always)]
    fn update<T: Float>(&self, values: &mut [T], gradients: &[T], slots: &mut [&mut [T]]) {
        let [accumulated] = slots else { return };
        let rate = T::of(self.rate);
        for ((x, &g), a) in values.iter_mut().zip(gradients).zip(accumulated.iter_mut()) {
            *a += g * g;
            *x -= rate * g / a.sqrt();
        }
    }
}

impl Optimizer for Adagrad {
    fn apply(&mut self, gradients: &Gradients) -> Result<()> {
        check("the initial accumulator of `Adagrad`", self.initial, f64::MIN_POSITIVE..)?;
        let rate = self.rate.at(self.steps())?;
        self.slots.step(gradients, &Update { rate, initial: [self.initial] })
    }

    fn steps(&self) -> u64 {
        self.slots.steps()
    }
}
