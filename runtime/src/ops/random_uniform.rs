//! `random_uniform(shape = […], low = 0.0, high = 1.0)`: numbers evenly spread from `low` to below `high`, drawn anew
//! in each run.
//!
//! They depend on the store's seed, the op's name and the number of the run only. No gradient comes back.

use crate::op::*;
use crate::ops::creation::created;

crate::attributes! {
    /// The sizes of the tensor.
    shape: Sizes = Sizes::NONE,
    /// The least number.
    low: f64 = 0.0,
    /// What every number is below; `low` itself gives `low` everywhere.
    high: f64 = 1.0,
}

/// `[…]`: the sizes of the keyword.
pub const fn shape(element: DType, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    created(element, &attrs.shape)
}

/// `y ~ U[low, high)`, each element by itself.
///
/// # Errors
///
/// Bounds that are not finite, or too far apart for their distance to be; `high` below `low`.
pub fn forward<T: Float>(context: &Context, attrs: &Attrs, mut y: ViewMut<T>) -> Result<()> {
    let (low, range) = (attrs.low, attrs.high - attrs.low);
    // Not in `shape`: a number that is not known yet when a model is checked is another one there.
    if !range.is_finite() || range < 0.0 {
        let what = "the range from `low` to `high` of `random_uniform`";
        return Err(Error::BadNumber { what, value: range });
    }
    // Rounding may lift a number to `high`; those are the least of the interval again.
    let below = |number: T| if number < T::of(attrs.high) { number } else { T::of(low) };
    let mut random = context.random();
    if T::DTYPE == DType::F32 {
        // Bits enough for `f32`, two numbers at a time.
        for pair in y.data().chunks_mut(2) {
            let drawn = random.uniform_pair();
            pair.iter_mut().zip(drawn).for_each(|(y, unit)| *y = below(T::of(low + range * f64::from(unit))));
        }
    } else {
        y.data().iter_mut().for_each(|y| *y = below(T::of(low + range * random.uniform())));
    }
    Ok(())
}

crate::op! {
    random_uniform() -> (y: T), for T in [f32, f64];
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
    fn numbers_fill_the_interval() {
        let attrs = Attrs::DEFAULT.shape([101, 100]).low(-1.0).high(3);
        check(&OPERATION, attrs, &[]).unwrap();
        let made = &made("noise", attrs).unwrap()[0].array;
        assert!(made.iter().all(|number| (-1.0..3.0).contains(number)));
        assert!((made.mean().unwrap() - 1.0).abs() < 0.05, "{:?}", made.mean());
        assert!((made.var(0.0) - 16.0 / 12.0).abs() < 0.05, "{}", made.var(0.0));
    }

    #[test]
    fn rounding_never_reaches_the_upper_bound() {
        // The two bounds are neighbours in `f32`, so that half of all numbers would be rounded up.
        let (low, high) = (1.0_f32, 1.0 + f32::EPSILON);
        let attrs = Attrs::DEFAULT.low(low).high(high);
        let mut y = [0.0_f32; 101];
        let context = Context { op: "a", training: false, seed: 0, run: 0, following: None };
        forward(&context, &attrs, ViewMut::new(&mut y, &[101]).unwrap()).unwrap();
        assert!(y.iter().all(|&number| number == low));
    }

    #[test]
    fn an_empty_interval_is_its_bound() {
        let made = made("a", Attrs::DEFAULT.shape([3]).low(2.0).high(2.0)).unwrap();
        assert!(made[0].array.iter().all(|&number| number == 2.0));
    }

    #[test]
    fn bounds_that_are_no_interval_are_refused() {
        let message = |attrs: Attrs| made("a", attrs).unwrap_err().to_string();
        let attrs = Attrs::DEFAULT.shape([2]);
        assert_eq!(message(attrs.high(-1.0)), "the range from `low` to `high` of `random_uniform` is -1");
        assert_eq!(message(attrs.low(f64::NAN)), "the range from `low` to `high` of `random_uniform` is NaN");
        assert!(message(attrs.low(-f64::MAX).high(f64::MAX)).ends_with("is inf"));
        assert!(message(Attrs::DEFAULT).contains("`shape = [2, 3]`"));
    }
}
