//! Initializers that draw each element from one distribution.

use super::{Initializer, only_floats};
use crate::element::DType;
use crate::random::Random;

/// Declares an initializer: a struct of numbers, a function that gives it with its defaults, a setter for each number,
/// and how an element is drawn.
macro_rules! distribution {
    (
        $(#[$doc:meta])* $name:ident: $function:ident { $($(#[$field_doc:meta])* $field:ident = $default:literal),* }
        valid $valid:expr;
        draw |$this:ident, $random:ident| $draw:expr
    ) => {
        #[doc = concat!("See [`", stringify!($function), "`].")]
        #[derive(Clone, Copy, PartialEq, Debug)]
        pub struct $name {
            $($field: f64,)*
        }

        $(#[$doc])*
        pub fn $function() -> $name {
            $name { $($field: $default),* }
        }

        impl $name {
            $($(#[$field_doc])*
            #[must_use]
            pub fn $field(mut self, $field: impl Into<f64>) -> Self {
                self.$field = $field.into();
                self
            })*
        }

        impl Initializer for $name {
            fn draw(
                &self,
                dtype: DType,
                shape: &[usize],
                $random: &mut Random,
                element: &mut dyn FnMut(f64),
            ) -> Result<(), String> {
                only_floats(dtype)?;
                let $this = self;
                let valid: Result<(), String> = $valid(self);
                valid?;
                (0..shape.iter().product()).for_each(|_: usize| element($draw));
                Ok(())
            }
        }
    };
}

fn check_stddev(stddev: f64) -> Result<(), String> {
    if stddev >= 0.0 && stddev.is_finite() { Ok(()) } else { Err(format!("its standard deviation is {stddev}")) }
}

distribution! {
    /// The normal distribution.
    RandomNormal: random_normal {
        /// The mean; 0 by default.
        mean = 0.0,
        /// The standard deviation; 1 by default.
        stddev = 1.0
    }
    valid |this: &RandomNormal| check_stddev(this.stddev);
    draw |this, random| this.mean + this.stddev * random.normal()
}

distribution! {
    /// The normal distribution, elements beyond two standard deviations drawn again.
    ///
    /// As in TensorFlow, `stddev` is that before the cut: the elements' own is 0.88 of it.
    TruncatedNormal: truncated_normal {
        /// The mean; 0 by default.
        mean = 0.0,
        /// The standard deviation before the cut; 1 by default.
        stddev = 1.0
    }
    valid |this: &TruncatedNormal| check_stddev(this.stddev);
    draw |this, random| this.mean + this.stddev * random.truncated_normal()
}

distribution! {
    /// The uniform distribution.
    RandomUniform: random_uniform {
        /// The lower bound; 0 by default.
        low = 0.0,
        /// The upper bound, exclusive; 1 by default.
        high = 1.0
    }
    valid |this: &RandomUniform| {
        if this.low <= this.high && (this.high - this.low).is_finite() {
            Ok(())
        } else {
            Err(format!("it would be between {} and {}", this.low, this.high))
        }
    };
    draw |this, random| this.low + (this.high - this.low) * random.uniform()
}

#[cfg(test)]
mod tests {
    use super::super::drawn;
    use super::*;

    fn moments(elements: &[f64]) -> (f64, f64) {
        let mean = elements.iter().sum::<f64>() / elements.len() as f64;
        (mean, (elements.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / elements.len() as f64).sqrt())
    }

    #[test]
    fn keywords_set_the_moments() {
        let (mean, stddev) = moments(&drawn(&random_normal().mean(3).stddev(0.5), DType::F32, &[100, 500]).unwrap());
        assert!((mean - 3.0).abs() < 0.01 && (stddev - 0.5).abs() < 0.01);
        let uniform = drawn(&random_uniform().low(-1).high(3.0_f32), DType::F64, &[50_000]).unwrap();
        let (mean, _) = moments(&uniform);
        assert!((mean - 1.0).abs() < 0.02 && uniform.iter().all(|x| (-1.0..3.0).contains(x)));
    }

    #[test]
    fn a_truncated_normal_ends_at_two_standard_deviations() {
        let elements = drawn(&truncated_normal().stddev(0.1), DType::F32, &[500, 500]).unwrap();
        let (_, stddev) = moments(&elements);
        assert!(elements.iter().all(|x| x.abs() <= 0.2));
        assert!((stddev - 0.1 * 0.879_625_661_034_239_8).abs() < 0.001);
    }

    #[test]
    fn refuses_bad_bounds_and_integers() {
        assert!(drawn(&random_normal().stddev(-1), DType::F32, &[1]).is_err());
        assert!(drawn(&random_normal().stddev(f64::NAN), DType::F32, &[1]).is_err());
        assert!(drawn(&random_uniform().low(2), DType::F32, &[1]).is_err());
        assert!(drawn(&random_normal(), DType::U32, &[1]).unwrap_err().contains("cannot hold"));
    }
}
