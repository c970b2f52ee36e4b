//! Regularizers: what is added to a loss to keep variables small.

use std::fmt;

/// A penalty on the value of a variable.
///
/// One for each variable that has it, however often the variable is shared.
pub trait Regularizer: Send + Sync {
    /// The penalty of these elements.
    fn loss(&self, elements: &[f64]) -> f64;
}

impl fmt::Debug for dyn Regularizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Regularizer")
    }
}

/// See [`l1`], [`l2`] and [`l1_l2`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Norms {
    l1: f64,
    l2: f64,
}

/// `scale · Σ |x|`
pub fn l1(scale: f64) -> Norms {
    Norms { l1: scale, l2: 0.0 }
}

/// `scale · Σ x² / 2`, as TensorFlow's `l2_loss` has it.
pub fn l2(scale: f64) -> Norms {
    Norms { l1: 0.0, l2: scale }
}

/// The sum of [`l1`] and [`l2`].
pub fn l1_l2(l1: f64, l2: f64) -> Norms {
    Norms { l1, l2 }
}

impl Regularizer for Norms {
    fn loss(&self, elements: &[f64]) -> f64 {
        let absolute: f64 = elements.iter().map(|x| x.abs()).sum();
        let squares: f64 = elements.iter().map(|x| x * x).sum();
        self.l1 * absolute + self.l2 * squares / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_are_scaled() {
        let elements = [3.0, -4.0];
        assert_eq!(l1(0.5).loss(&elements), 3.5);
        assert_eq!(l2(0.5).loss(&elements), 6.25);
        assert_eq!(l1_l2(0.5, 0.5).loss(&elements), 9.75);
    }
}
