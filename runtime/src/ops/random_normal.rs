//! `random_normal(shape = […], mean = 0.0, stddev = 1.0)`: numbers of a normal distribution, drawn anew in each run.
//!
//! They depend on the store's seed, the op's name and the number of the run only. No gradient comes back: a mean or a
//! deviation that is learned is multiplied and added, as in `mean + stddev * random_normal(shape = […])`.

use crate::op::*;
use crate::ops::creation::created;

crate::attributes! {
    /// The sizes of the tensor.
    shape: Sizes = Sizes::NONE,
    /// The mean of the distribution.
    mean: f64 = 0.0,
    /// The standard deviation of the distribution.
    stddev: f64 = 1.0,
}

/// `[…]`: the sizes of the keyword.
pub const fn shape(element: DType, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    if attrs.stddev < 0.0 {
        return Err(ShapeError::new("`stddev` is a standard deviation: it cannot be negative"));
    }
    created(element, &attrs.shape)
}

/// `y ~ N(mean, stddev²)`, each element by itself.
///
/// # Errors
///
/// A mean or a deviation that is not finite.
pub fn forward<T: Float>(context: &Context, attrs: &Attrs, mut y: ViewMut<T>) -> Result<()> {
    let Attrs { mean, stddev, .. } = *attrs;
    // Not in `shape`: a number that is not known yet when a model is checked is NaN there.
    for (what, value) in [("`mean` of `random_normal`", mean), ("`stddev` of `random_normal`", stddev)] {
        if !value.is_finite() {
            return Err(Error::BadNumber { what, value });
        }
    }
    let mut random = context.random();
    y.data().iter_mut().for_each(|y| *y = T::of(mean + stddev * random.normal()));
    Ok(())
}

crate::op! {
    random_normal() -> (y: T), for T in [f32, f64];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::expected::check;
    use crate::testing::{Tensor, run};

    fn made(name: &'static str, attrs: Attrs) -> Result<Vec<Tensor>> {
        run(&[], |r, _| Ok(record(r, name, &[], attrs)?.into_vec()))
    }

    #[test]
    fn mean_and_deviation_are_those_asked_for() {
        let attrs = Attrs::DEFAULT.shape([100, 101]).mean(3.0).stddev(0.5);
        check(&OPERATION, attrs, &[]).unwrap();
        let made = &made("noise", attrs).unwrap()[0].array;
        assert!((made.mean().unwrap() - 3.0).abs() < 0.02, "{:?}", made.mean());
        assert!((made.std(0.0) - 0.5).abs() < 0.02, "{}", made.std(0.0));
    }

    #[test]
    fn ops_of_other_names_draw_other_numbers() {
        let attrs = Attrs::DEFAULT.shape([3]);
        assert_eq!(made("a", attrs).unwrap(), made("a", attrs).unwrap());
        assert_ne!(made("a", attrs).unwrap(), made("b", attrs).unwrap());
    }

    #[test]
    fn no_deviation_is_the_mean() {
        let made = made("a", Attrs::DEFAULT.shape([2, 3]).mean(-1.5).stddev(0)).unwrap();
        assert!(made[0].array.iter().all(|&number| number == -1.5));
    }

    #[test]
    fn numbers_that_are_no_distribution_are_refused() {
        let message = |attrs: Attrs| made("a", attrs).unwrap_err().to_string();
        let attrs = Attrs::DEFAULT.shape([2]);
        assert_eq!(message(attrs.stddev(-1.0)), "a: `stddev` is a standard deviation: it cannot be negative");
        assert_eq!(message(attrs.mean(f64::INFINITY)), "`mean` of `random_normal` is inf");
        assert_eq!(message(attrs.stddev(f64::NAN)), "`stddev` of `random_normal` is NaN");
        assert!(message(Attrs::DEFAULT).contains("`shape = [2, 3]`"));
    }
}
