//! RMSProp.

use super::slots::{Rule, Slots, check};
use super::{LearningRate, Optimizer};
use crate::element::Float;
use crate::error::Result;
use crate::gradients::Gradients;

/// `s = decay · s + (1 − decay) · g²; m = momentum · m + rate · g / √(s + ε); x −= m` (Tieleman and Hinton, 2012).
///
/// As in TensorFlow, `s` starts with 1 and ε is under the root. The centred form subtracts the square of the gradients'
/// moving mean under the root (Graves, 2013).
#[derive(Debug)]
pub struct RmsProp {
    rate: LearningRate,
    decay: f64,
    momentum: f64,
    epsilon: f64,
    centered: bool,
    slots: Slots,
}

impl RmsProp {
    /// With this learning rate, a number or a [schedule](super::schedule).
    pub fn new(rate: impl Into<LearningRate>) -> Self {
        let rate = rate.into();
        Self { rate, decay: 0.9, momentum: 0.0, epsilon: 1e-10, centered: false, slots: Slots::default() }
    }

    /// The decay of the moving mean of squares, from 0 to below 1; 0.9 by default.
    #[must_use]
    pub fn decay(mut self, decay: impl Into<f64>) -> Self {
        self.decay = decay.into();
        self
    }

    /// The momentum, from 0 to below 1; 0 by default.
    #[must_use]
    pub fn momentum(mut self, momentum: impl Into<f64>) -> Self {
        self.momentum = momentum.into();
        self
    }

    /// What is added under the root, at least 0; 1e-10 by default.
    #[must_use]
    pub fn epsilon(mut self, epsilon: impl Into<f64>) -> Self {
        self.epsilon = epsilon.into();
        self
    }

    /// In the centred form.
    #[must_use]
    pub fn centered(mut self) -> Self {
        self.centered = true;
        self
    }
}

struct Update {
    rate: f64,
    decay: f64,
    momentum: f64,
    epsilon: f64,
    centered: bool,
}

impl Rule for Update {
    fn initial(&self) -> &[f64] {
        if self.centered { &[1.0, 0.0, 0.0] } else { &[1.0, 0.0] }
    }

    #[inline(always)]
    fn update<T: Float>(&self, values: &mut [T], gradients: &[T], slots: &mut [&mut [T]]) {
        let (rate, decay, momentum) = (T::of(self.rate), T::of(self.decay), T::of(self.momentum));
        let (epsilon, rest) = (T::of(self.epsilon), T::of(1.0 - self.decay));
        match slots {
            [squares, moments] => {
                for (((x, &g), s), m) in
                    values.iter_mut().zip(gradients).zip(squares.iter_mut()).zip(moments.iter_mut())
                {
                    *s = decay * *s + rest * g * g;
                    *m = momentum * *m + rate * g / (*s + epsilon).sqrt();
                    *x -= *m;
                }
            }
            [squares, moments, means] => {
                let slots = squares.iter_mut().zip(moments.iter_mut()).zip(means.iter_mut());
                for ((x, &g), ((s, m), mean)) in values.iter_mut().zip(gradients).zip(slots) {
                    *s = decay * *s + rest * g * g;
                    *mean = decay * *mean + rest * g;
                    *m = momentum * *m + rate * g / (*s - *mean * *mean + epsilon).sqrt();
                    *x -= *m;
                }
            }
            _ => {}
        }
    }
}

impl Optimizer for RmsProp {
    fn apply(&mut self, gradients: &Gradients) -> Result<()> {
        let Self { decay, momentum, epsilon, centered, .. } = *self;
        check("the decay of `RmsProp`", decay, 0.0..1.0)?;
        check("the momentum of `RmsProp`", momentum, 0.0..1.0)?;
        check("the epsilon of `RmsProp`", epsilon, 0.0..)?;
        let rate = self.rate.at(self.steps())?;
        self.slots.step(gradients, &Update { rate, decay, momentum, epsilon, centered })
    }

    fn steps(&self) -> u64 {
        self.slots.steps()
    }
}
