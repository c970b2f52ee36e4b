//! Initializers whose spread depends on how many numbers a weight sums over, and how many sums it goes into.

use super::{Initializer, only_floats};
use crate::element::DType;
use crate::random::Random;

/// The standard deviation of a standard normal distribution that is cut at two standard deviations.
const TRUNCATED_STDDEV: f64 = 0.879_625_661_034_239_8;

/// What the variance is divided by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// How many inputs a unit has.
    FanIn,
    /// How many units an input goes to.
    FanOut,
    /// The mean of both.
    FanAvg,
}

/// What elements are drawn from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Distribution {
    /// The uniform distribution around 0.
    Uniform,
    /// The normal distribution, cut at two standard deviations of the wider one that has the wanted variance after it.
    TruncatedNormal,
    /// The normal distribution.
    UntruncatedNormal,
}

/// See [`variance_scaling`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct VarianceScaling {
    scale: f64,
    mode: Mode,
    distribution: Distribution,
}

/// The variance is `scale / n`, `n` being as `mode` says; the default is the same as [`lecun_normal`].
pub fn variance_scaling() -> VarianceScaling {
    lecun_normal()
}

impl VarianceScaling {
    /// The variance times `n`; 1 by default.
    #[must_use]
    pub fn scale(mut self, scale: impl Into<f64>) -> Self {
        self.scale = scale.into();
        self
    }

    /// What the variance is divided by; [`Mode::FanIn`] by default.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// What elements are drawn from; [`Distribution::TruncatedNormal`] by default.
    #[must_use]
    pub fn distribution(mut self, distribution: Distribution) -> Self {
        self.distribution = distribution;
        self
    }

    /// The standard deviation of the elements of a variable of this shape.
    pub fn stddev(&self, shape: &[usize]) -> f64 {
        let (fan_in, fan_out) = fans(shape);
        let n = match self.mode {
            Mode::FanIn => fan_in,
            Mode::FanOut => fan_out,
            Mode::FanAvg => (fan_in + fan_out) / 2.0,
        };
        (self.scale / n.max(1.0)).sqrt()
    }
}

/// How many inputs a unit has, and how many units an input goes to. Of a filter, the last two axes are the channels and
/// those before them the receptive field.
pub fn fans(shape: &[usize]) -> (f64, f64) {
    match shape {
        [] => (1.0, 1.0),
        [n] => (*n as f64, *n as f64),
        [field @ .., n, m] => {
            let field: usize = field.iter().product();
            ((field * n) as f64, (field * m) as f64)
        }
    }
}

impl Initializer for VarianceScaling {
    fn draw(
        &self,
        dtype: DType,
        shape: &[usize],
        random: &mut Random,
        element: &mut dyn FnMut(f64),
    ) -> Result<(), String> {
        only_floats(dtype)?;
        if !(self.scale > 0.0 && self.scale.is_finite()) {
            return Err(format!("its scale is {}", self.scale));
        }
        let stddev = self.stddev(shape);
        let mut draw = || match self.distribution {
            Distribution::Uniform => (2.0 * random.uniform() - 1.0) * stddev * 3.0_f64.sqrt(),
            Distribution::TruncatedNormal => random.truncated_normal() * stddev / TRUNCATED_STDDEV,
            Distribution::UntruncatedNormal => random.normal() * stddev,
        };
        (0..shape.iter().product()).for_each(|_: usize| element(draw()));
        Ok(())
    }
}

macro_rules! scaled {
    ($($(#[$doc:meta])* $name:ident, $constant:ident = $scale:literal, $mode:ident, $distribution:ident;)*) => {$(
        #[allow(dead_code, reason = "only the default initializer is needed as a constant")]
        pub(super) const $constant: VarianceScaling =
            VarianceScaling { scale: $scale, mode: Mode::$mode, distribution: Distribution::$distribution };

        $(#[$doc])*
        pub fn $name() -> VarianceScaling {
            $constant
        }
    )*};
}

scaled! {
    /// Uniform within ±√(6 / (fan in + fan out)) (Glorot and Bengio, 2010).
    glorot_uniform, GLOROT_UNIFORM = 1.0, FanAvg, Uniform;
    /// Normal, cut, of variance 2 / (fan in + fan out) (Glorot and Bengio, 2010).
    glorot_normal, GLOROT_NORMAL = 1.0, FanAvg, TruncatedNormal;
    /// The same as [`glorot_uniform`].
    xavier_uniform, XAVIER_UNIFORM = 1.0, FanAvg, Uniform;
    /// The same as [`glorot_normal`].
    xavier_normal, XAVIER_NORMAL = 1.0, FanAvg, TruncatedNormal;
    /// Uniform within ±√(6 / fan in) (He, Zhang, Ren and Sun, 2015).
    he_uniform, HE_UNIFORM = 2.0, FanIn, Uniform;
    /// Normal, cut, of variance 2 / fan in (He, Zhang, Ren and Sun, 2015).
    he_normal, HE_NORMAL = 2.0, FanIn, TruncatedNormal;
    /// Uniform within ±√(3 / fan in) (LeCun, Bottou, Orr and Müller, 1998).
    lecun_uniform, LECUN_UNIFORM = 1.0, FanIn, Uniform;
    /// Normal, cut, of variance 1 / fan in (LeCun, Bottou, Orr and Müller, 1998).
    lecun_normal, LECUN_NORMAL = 1.0, FanIn, TruncatedNormal;
}

#[cfg(test)]
mod tests {
    use super::super::drawn;
    use super::*;

    #[test]
    fn fans_of_filters_count_the_receptive_field() {
        assert_eq!(fans(&[]), (1.0, 1.0));
        assert_eq!(fans(&[7]), (7.0, 7.0));
        assert_eq!(fans(&[784, 256]), (784.0, 256.0));
        assert_eq!(fans(&[3, 3, 3, 64]), (27.0, 576.0));
    }

    #[test]
    fn elements_have_the_wanted_spread() {
        let shape = [784, 256];
        for initializer in [glorot_uniform(), glorot_normal(), he_normal(), he_uniform(), lecun_normal()] {
            let elements = drawn(&initializer, DType::F32, &shape).unwrap();
            let stddev = (elements.iter().map(|x| x * x).sum::<f64>() / elements.len() as f64).sqrt();
            let wanted = initializer.stddev(&shape);
            assert!((stddev / wanted - 1.0).abs() < 0.01, "{initializer:?}: {stddev}, not {wanted}");
        }
        let limit = (6.0_f64 / (784.0 + 256.0)).sqrt();
        let elements = drawn(&glorot_uniform(), DType::F32, &shape).unwrap();
        let largest = elements.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
        assert!(largest <= limit && largest > 0.99 * limit);
    }

    #[test]
    fn refuses_a_bad_scale() {
        assert!(drawn(&variance_scaling().scale(0), DType::F32, &[2]).is_err());
        assert!(drawn(&variance_scaling().scale(f64::INFINITY), DType::F32, &[2]).is_err());
    }
}
