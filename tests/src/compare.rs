//! How far numbers are from those of the file, and how far they may be.

use ndarray::ArrayD;

use crate::case::leading_number;
use crate::json::{Error, Node};
use crate::report::Verdict;

/// What `meta.tolerances` of a file allows.
#[derive(Clone, Debug)]
pub struct Tolerances(Vec<(String, f64)>);

impl Tolerances {
    /// An object of numbers, or of texts that begin with one: `"1e-6 relative, computed in float32"`.
    ///
    /// # Errors
    ///
    /// Something else stands there.
    pub fn read(node: &Node<'_>) -> Result<Self, Error> {
        let tolerance = |(name, node): (&str, Node<'_>)| {
            let number = if let Ok(text) = node.text() { leading_number(text) } else { Some(node.number()?) };
            let number = number.filter(|number| *number >= 0.0).ok_or_else(|| node.wrong("this is no tolerance"))?;
            Ok((name.to_string(), number))
        };
        node.fields()?.into_iter().map(tolerance).collect::<Result<_, _>>().map(Self)
    }

    /// The tolerance of this name.
    ///
    /// # Errors
    ///
    /// The file does not have it.
    pub fn of(&self, name: &str) -> Result<f64, Error> {
        let found = self.0.iter().find(|(found, _)| found == name);
        found
            .map(|(_, tolerance)| *tolerance)
            .ok_or_else(|| Error::new(format!("meta.tolerances: `{name}` is missing")))
    }
}

/// The comparison of all numbers of one case.
///
/// A difference is taken in relation to the number that it should be, if that is above 1, or to a scale of the case.
#[derive(Clone, Debug)]
pub struct Comparison {
    tolerance: f64,
    scale: Option<f64>,
    largest: f64,
    /// Where the largest difference is, or what makes the numbers incomparable.
    message: Option<String>,
}

impl Comparison {
    /// Within this tolerance.
    pub fn new(tolerance: f64) -> Self {
        Self { tolerance, scale: None, largest: 0.0, message: None }
    }

    /// In relation to this number, whatever the numbers that are compared.
    #[must_use]
    pub fn relative_to(mut self, scale: f64) -> Self {
        self.scale = Some(scale);
        self
    }

    /// Compares one number.
    pub fn number(&mut self, what: &str, found: f64, wanted: f64) {
        let scale = self.scale.unwrap_or_else(|| wanted.abs().max(1.0));
        let is_same = found == wanted || found.is_nan() && wanted.is_nan();
        let difference = if is_same { 0.0 } else { (found - wanted).abs() / scale };
        let difference = if difference.is_nan() { f64::INFINITY } else { difference };
        if difference > self.largest {
            self.largest = difference;
            self.message = Some(format!("{what} is {found}, not {wanted}"));
        }
    }

    /// Compares lists of numbers.
    pub fn numbers(&mut self, what: &str, found: &[f64], wanted: &[f64]) {
        if found.len() != wanted.len() {
            return self.fail(format!("{what} has {} elements, not {}", found.len(), wanted.len()));
        }
        for (n, (&found, &wanted)) in found.iter().zip(wanted).enumerate() {
            self.number(&format!("{what}[{n}]"), found, wanted);
        }
    }

    /// Compares arrays.
    pub fn arrays(&mut self, what: &str, found: &ArrayD<f64>, wanted: &ArrayD<f64>) {
        if found.shape() != wanted.shape() {
            return self.fail(format!("{what} has the shape {:?}, not {:?}", found.shape(), wanted.shape()));
        }
        for ((index, &found), &wanted) in found.indexed_iter().zip(wanted) {
            self.number(&format!("{what}{:?}", ndarray::Dimension::slice(&index)), found, wanted);
        }
    }

    /// Notes what no tolerance allows.
    pub fn fail(&mut self, message: String) {
        if self.largest < f64::INFINITY {
            self.largest = f64::INFINITY;
            self.message = Some(message);
        }
    }

    /// What came out.
    pub fn verdict(self) -> Verdict {
        match self.message {
            Some(message) if self.largest == f64::INFINITY => Verdict::Wrong(message),
            Some(message) if self.largest > self.tolerance => {
                let Self { largest, tolerance, .. } = self;
                Verdict::Wrong(format!(
                    "{message}: the largest difference is {largest:.1e}, the tolerance {tolerance:e}"
                ))
            }
            _ => Verdict::Ok,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(tolerance: f64, found: f64, wanted: f64) -> Verdict {
        let mut comparison = Comparison::new(tolerance);
        comparison.number("y", found, wanted);
        comparison.verdict()
    }

    #[test]
    fn differences_are_held_against_the_tolerance() {
        assert_eq!(verdict(1e-10, 0.5 + 1e-11, 0.5), Verdict::Ok);
        assert_eq!(verdict(1e-10, 1e6 + 1e-5, 1e6), Verdict::Ok);
        let message = "y is 0.75, not 0.5: the largest difference is 2.5e-1, the tolerance 1e-10";
        assert_eq!(verdict(1e-10, 0.75, 0.5), Verdict::Wrong(message.into()));
    }

    #[test]
    fn what_is_no_number_is_right_only_where_the_file_has_the_same() {
        assert_eq!(verdict(1e-10, f64::NAN, f64::NAN), Verdict::Ok);
        assert_eq!(verdict(1e-10, f64::NAN, 0.5), Verdict::Wrong("y is NaN, not 0.5".into()));
        assert_eq!(verdict(1e-10, f64::INFINITY, 0.5), Verdict::Wrong("y is inf, not 0.5".into()));
    }
}
