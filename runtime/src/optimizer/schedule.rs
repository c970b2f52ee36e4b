//! Learning rates that change from step to step. The formulas are TensorFlow's `tf.train.…_decay`.

use std::fmt;

use crate::error::{Error, Result};

/// A learning rate: a number, or one that depends on the number of the step.
///
/// ```
/// use varscope::optimizer::{Adam, schedule};
///
/// Adam::new(1e-3);
/// Adam::new(schedule::exponential_decay(1e-3, 1000, 0.96).staircase());
/// Adam::new(schedule::of_step(|step| 1e-3 / (1.0 + step as f64)));
/// ```
pub struct LearningRate(Rate);

enum Rate {
    Constant(f64),
    Schedule(Box<dyn Fn(u64) -> f64 + Send + Sync>),
}

impl LearningRate {
    /// The rate at a step, counted from 0.
    ///
    /// # Errors
    ///
    /// [`Error::BadNumber`] where it is negative or no number.
    pub fn at(&self, step: u64) -> Result<f64> {
        let rate = match &self.0 {
            Rate::Constant(rate) => *rate,
            Rate::Schedule(schedule) => schedule(step),
        };
        if rate.is_finite() && rate >= 0.0 {
            Ok(rate)
        } else {
            Err(Error::BadNumber { what: "the learning rate", value: rate })
        }
    }
}

impl From<f64> for LearningRate {
    fn from(rate: f64) -> Self {
        Self(Rate::Constant(rate))
    }
}

impl From<f32> for LearningRate {
    fn from(rate: f32) -> Self {
        Self(Rate::Constant(rate.into()))
    }
}

impl fmt::Debug for LearningRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Rate::Constant(rate) => write!(f, "{rate}"),
            Rate::Schedule(_) => f.write_str("a schedule"),
        }
    }
}

/// Any function of the number of the step, counted from 0.
pub fn of_step(rate: impl Fn(u64) -> f64 + Send + Sync + 'static) -> LearningRate {
    LearningRate(Rate::Schedule(Box::new(rate)))
}

/// How a [`Decay`] falls.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    Exponential,
    NaturalExponential,
    InverseTime,
}

/// A rate that falls by a factor in each period of so many steps.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Decay {
    kind: Kind,
    initial: f64,
    steps: u64,
    rate: f64,
    staircase: bool,
}

/// `initial · rate^(step / steps)`.
pub fn exponential_decay(initial: f64, steps: u64, rate: f64) -> Decay {
    Decay { kind: Kind::Exponential, initial, steps, rate, staircase: false }
}

/// `initial · e^(−rate · step / steps)`.
pub fn natural_exp_decay(initial: f64, steps: u64, rate: f64) -> Decay {
    Decay { kind: Kind::NaturalExponential, ..exponential_decay(initial, steps, rate) }
}

/// `initial / (1 + rate · step / steps)`.
pub fn inverse_time_decay(initial: f64, steps: u64, rate: f64) -> Decay {
    Decay { kind: Kind::InverseTime, ..exponential_decay(initial, steps, rate) }
}

impl Decay {
    /// The rate falls once in each period instead of at each step.
    #[must_use]
    pub fn staircase(mut self) -> Self {
        self.staircase = true;
        self
    }

    /// The rate at a step, counted from 0.
    pub fn at(&self, step: u64) -> f64 {
        let periods = step as f64 / self.steps as f64;
        let periods = if self.staircase { periods.floor() } else { periods };
        match self.kind {
            Kind::Exponential => self.initial * self.rate.powf(periods),
            Kind::NaturalExponential => self.initial * (-self.rate * periods).exp(),
            Kind::InverseTime => self.initial / (1.0 + self.rate * periods),
        }
    }
}

/// A rate that falls to `end` in so many steps and stays there.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PolynomialDecay {
    initial: f64,
    steps: u64,
    end: f64,
    power: f64,
    cycle: bool,
}

/// `(initial − end) · (1 − step / steps)^power + end`; the power is 1.
pub fn polynomial_decay(initial: f64, steps: u64, end: f64) -> PolynomialDecay {
    PolynomialDecay { initial, steps, end, power: 1.0, cycle: false }
}

impl PolynomialDecay {
    /// The power; 1 by default.
    #[must_use]
    pub fn power(mut self, power: f64) -> Self {
        self.power = power;
        self
    }

    /// After its steps the rate starts again, over twice, three times, … as many.
    #[must_use]
    pub fn cycle(mut self) -> Self {
        self.cycle = true;
        self
    }

    /// The rate at a step, counted from 0.
    pub fn at(&self, step: u64) -> f64 {
        let (step, steps) = (step as f64, self.steps as f64);
        let (step, steps) =
            if self.cycle { (step, steps * (step / steps).ceil().max(1.0)) } else { (step.min(steps), steps) };
        (self.initial - self.end) * (1.0 - step / steps).powf(self.power) + self.end
    }
}

/// A rate that falls like a cosine, in so many steps.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CosineDecay {
    initial: f64,
    steps: u64,
    alpha: f64,
}

/// `initial · ((1 − alpha) · (1 + cos(π · step / steps)) / 2 + alpha)` (Loshchilov and Hutter, 2017); alpha is 0.
pub fn cosine_decay(initial: f64, steps: u64) -> CosineDecay {
    CosineDecay { initial, steps, alpha: 0.0 }
}

impl CosineDecay {
    /// What is left in the end, as a fraction of the initial rate; 0 by default.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }

    /// The rate at a step, counted from 0.
    pub fn at(&self, step: u64) -> f64 {
        let done = step.min(self.steps) as f64 / self.steps as f64;
        let cosine = (1.0 + (std::f64::consts::PI * done).cos()) / 2.0;
        self.initial * ((1.0 - self.alpha) * cosine + self.alpha)
    }
}

/// A rate that changes at some steps.
#[derive(Clone, PartialEq, Debug)]
pub struct PiecewiseConstant {
    boundaries: Vec<u64>,
    values: Vec<f64>,
}

/// The first value up to the first boundary, itself included, then the next; there is one value more than boundaries.
pub fn piecewise_constant(boundaries: impl Into<Vec<u64>>, values: impl Into<Vec<f64>>) -> PiecewiseConstant {
    PiecewiseConstant { boundaries: boundaries.into(), values: values.into() }
}

impl PiecewiseConstant {
    /// The rate at a step, counted from 0; no number where there is no value for it.
    pub fn at(&self, step: u64) -> f64 {
        let piece = self.boundaries.iter().filter(|&&boundary| step > boundary).count();
        self.values.get(piece).copied().unwrap_or(f64::NAN)
    }
}

macro_rules! rates {
    ($($schedule:ty),*) => {$(
        impl From<$schedule> for LearningRate {
            fn from(schedule: $schedule) -> Self {
                of_step(move |step| schedule.at(step))
            }
        }
    )*};
}

rates!(Decay, PolynomialDecay, CosineDecay, PiecewiseConstant);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_must_be_a_number() {
        assert_eq!(LearningRate::from(0.5_f32).at(7).unwrap(), 0.5);
        for bad in [f64::NAN, f64::INFINITY, -1.0] {
            assert!(LearningRate::from(bad).at(0).is_err());
        }
        assert!(LearningRate::from(piecewise_constant([5], [1.0])).at(6).is_err());
        assert!(LearningRate::from(exponential_decay(0.1, 0, 0.5)).at(0).is_err());
    }

    #[test]
    fn a_staircase_falls_once_in_a_period() {
        let rate = exponential_decay(1.0, 10, 0.5).staircase();
        assert_eq!([rate.at(0), rate.at(9), rate.at(10), rate.at(25)], [1.0, 1.0, 0.5, 0.25]);
    }

    #[test]
    fn a_boundary_belongs_to_the_earlier_piece() {
        let rate = piecewise_constant([5, 20], [1.0, 0.5, 0.1]);
        assert_eq!([rate.at(5), rate.at(6), rate.at(20), rate.at(21)], [1.0, 0.5, 0.5, 0.1]);
    }
}
