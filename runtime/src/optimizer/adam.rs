//! Adam, and Adam with decoupled weight decay.

use super::slots::{Rule, Slots, check};
use super::{LearningRate, Optimizer};
use crate::element::Float;
use crate::error::Result;
use crate::gradients::Gradients;

/// `m = β₁ m + (1 − β₁) g; v = β₂ v + (1 − β₂) g²; x −= rate · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε)` (Kingma and Ba,
/// 2015, in the form before section 2.1, where ε is added to the uncorrected root, as in TensorFlow).
#[derive(Debug)]
pub struct Adam {
    rate: LearningRate,
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    slots: Slots,
}

/// [`Adam`] with `x −= rate · decay · x` besides (Loshchilov and Hutter, 2019).
#[derive(Debug)]
pub struct AdamW {
    adam: Adam,
    decay: f64,
}

impl Adam {
    /// With this learning rate, a number or a [schedule](super::schedule).
    pub fn new(rate: impl Into<LearningRate>) -> Self {
        Self { rate: rate.into(), beta1: 0.9, beta2: 0.999, epsilon: 1e-8, slots: Slots::default() }
    }

    /// β₁, from 0 to below 1; 0.9 by default.
    #[must_use]
    pub fn beta1(mut self, beta1: impl Into<f64>) -> Self {
        self.beta1 = beta1.into();
        self
    }

    /// β₂, from 0 to below 1; 0.999 by default.
    #[must_use]
    pub fn beta2(mut self, beta2: impl Into<f64>) -> Self {
        self.beta2 = beta2.into();
        self
    }

    /// ε, at least 0; 1e-8 by default.
    #[must_use]
    pub fn epsilon(mut self, epsilon: impl Into<f64>) -> Self {
        self.epsilon = epsilon.into();
        self
    }

    fn step(&mut self, gradients: &Gradients, decay: f64) -> Result<()> {
        let Self { beta1, beta2, epsilon, .. } = *self;
        check("beta1 of `Adam`", beta1, 0.0..1.0)?;
        check("beta2 of `Adam`", beta2, 0.0..1.0)?;
        check("epsilon of `Adam`", epsilon, 0.0..)?;
        let rate = self.rate.at(self.slots.steps())?;
        let t = (self.slots.steps() + 1) as f64;
        let corrected = rate * (1.0 - beta2.powf(t)).sqrt() / (1.0 - beta1.powf(t));
        self.slots.step(gradients, &Update { corrected, decay: rate * decay, beta1, beta2, epsilon })
    }
}

impl AdamW {
    /// With this learning rate, a number or a [schedule](super::schedule), and a weight decay of 0.01.
    pub fn new(rate: impl Into<LearningRate>) -> Self {
        Self { adam: Adam::new(rate), decay: 0.01 }
    }

    /// The weight decay, at least 0; 0.01 by default.
    #[must_use]
    pub fn weight_decay(mut self, decay: impl Into<f64>) -> Self {
        self.decay = decay.into();
        self
    }

    /// β₁, from 0 to below 1; 0.9 by default.
    #[must_use]
    pub fn beta1(mut self, beta1: impl Into<f64>) -> Self {
        self.adam = self.adam.beta1(beta1);
        self
    }

    /// β₂, from 0 to below 1; 0.999 by default.
    #[must_use]
    pub fn beta2(mut self, beta2: impl Into<f64>) -> Self {
        self.adam = self.adam.beta2(beta2);
        self
    }

    /// ε, at least 0; 1e-8 by default.
    #[must_use]
    pub fn epsilon(mut self, epsilon: impl Into<f64>) -> Self {
        self.adam = self.adam.epsilon(epsilon);
        self
    }
}

struct Update {
    /// The learning rate with the correction of the moments' start.
    corrected: f64,
    /// What is taken off each element in proportion to itself.
    decay: f64,
    beta1: f64,
    beta2: f64,
    epsilon: f64,
}

impl Rule for Update {
    fn initial(&self) -> &[f64] {
        &[0.0, 0.0]
    }

    #[inline(always)]
    fn update<T: Float>(&self, values: &mut [T], gradients: &[T], slots: &mut [&mut [T]]) {
        let [means, squares] = slots else { return };
        let [corrected, beta1, beta2, epsilon] = [self.corrected, self.beta1, self.beta2, self.epsilon].map(T::of);
        let [rest1, rest2, kept] = [1.0 - self.beta1, 1.0 - self.beta2, 1.0 - self.decay].map(T::of);
        for (((x, &g), m), v) in values.iter_mut().zip(gradients).zip(means.iter_mut()).zip(squares.iter_mut()) {
            *m = beta1 * *m + rest1 * g;
            *v = beta2 * *v + rest2 * g * g;
            *x = *x * kept - corrected * *m / (v.sqrt() + epsilon);
        }
    }
}

impl Optimizer for Adam {
    fn apply(&mut self, gradients: &Gradients) -> Result<()> {
        self.step(gradients, 0.0)
    }

    fn steps(&self) -> u64 {
        self.slots.steps()
    }
}

impl Optimizer for AdamW {
    fn apply(&mut self, gradients: &Gradients) -> Result<()> {
        check("the weight decay of `AdamW`", self.decay, 0.0..)?;
        self.adam.step(gradients, self.decay)
    }

    fn steps(&self) -> u64 {
        self.adam.steps()
    }
}
