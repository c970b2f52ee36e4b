//! `dropout(x, rate = 0.5)`: in training each element is 0 with this probability, and the others are divided by
//! `1 − rate`, so that the expected sum stays; otherwise `x` itself (Srivastava et al., 2014).
//!
//! Which ones go depends on the store's seed, the op's name and the number of the run only. An element that is dropped
//! is 0 even where it was infinite or NaN.

use crate::op::*;
use crate::ops::elementwise::differentiate_in_place;

crate::attributes! {
    /// The share of elements that is dropped, at least 0 and below 1.
    rate: f64 = 0.5,
}

/// The shape of `x`; the mask has a byte for each element.
pub const fn shape(x: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    if !(attrs.rate >= 0.0 && attrs.rate < 1.0) {
        return Err(ShapeError::new("`rate` is the share of elements that is dropped: at least 0 and below 1"));
    }
    Ok(Shapes::one(x).and_saved(x.with_dtype(DType::U8)))
}

/// Elements whose mask is drawn and used while it is in the first cache.
const BLOCK: usize = 1024;

/// What kept elements are multiplied by.
fn scale<T: Float>(attrs: &Attrs) -> T {
    T::of(1.0 / (1.0 - attrs.rate))
}

/// `x · scale` where the element is kept.
fn masked<T: Float>(x: T, kept: u8, scale: T) -> T {
    if kept == 0 { T::zero() } else { x * scale }
}

/// Draws which elements are kept.
fn draw(random: &mut Random, rate: f64, mask: &mut [u8]) {
    let rate = rate as f32;
    for pair in mask.chunks_mut(2) {
        let drawn = random.uniform_pair();
        pair.iter_mut().zip(drawn).for_each(|(kept, unit)| *kept = u8::from(unit >= rate));
    }
}

/// `y = x · mask / (1 − rate)` in training, otherwise `y = x`.
pub fn forward<T: Float>(
    context: &Context,
    x: View<T>,
    attrs: &Attrs,
    mut y: ViewMut<T>,
    mut mask: ViewMut<u8>,
) -> Result<()> {
    if !context.is_training() {
        y.data().copy_from_slice(x.data());
        return Ok(());
    }
    let (mut random, scale) = (context.random(), scale::<T>(attrs));
    let blocks = y.data().chunks_mut(BLOCK).zip(x.data().chunks(BLOCK));
    for ((y, x), mask) in blocks.zip(mask.data().chunks_mut(BLOCK)) {
        draw(&mut random, attrs.rate, mask);
        y.iter_mut().zip(x).zip(mask).for_each(|((y, &x), &mut kept)| *y = masked(x, kept, scale));
    }
    Ok(())
}

/// The same, with `y` for `x`.
pub fn forward_in_place<T: Float>(
    context: &Context,
    attrs: &Attrs,
    mut y: ViewMut<T>,
    mut mask: ViewMut<u8>,
) -> Result<()> {
    if !context.is_training() {
        return Ok(());
    }
    let (mut random, scale) = (context.random(), scale::<T>(attrs));
    for (y, mask) in y.data().chunks_mut(BLOCK).zip(mask.data().chunks_mut(BLOCK)) {
        draw(&mut random, attrs.rate, mask);
        y.iter_mut().zip(mask).for_each(|(y, &mut kept)| *y = masked(*y, kept, scale));
    }
    Ok(())
}

/// `dx = dy · mask / (1 − rate)`.
pub fn backward<T: Float>(
    context: &Context,
    mask: View<u8>,
    dy: View<T>,
    attrs: &Attrs,
    dx: Gradient<T>,
) -> Result<()> {
    if context.is_training() {
        let scale = scale::<T>(attrs);
        dx.zip(dy, mask, |dy, kept| masked(dy, kept, scale));
    } else {
        dx.map(dy, |dy| dy);
    }
    Ok(())
}

/// The same, with `dx` for `dy`.
pub fn backward_in_place<T: Float>(context: &Context, mask: View<u8>, attrs: &Attrs, dx: ViewMut<T>) -> Result<()> {
    if context.is_training() {
        let scale = scale::<T>(attrs);
        differentiate_in_place(mask, dx, |kept, dy| masked(dy, kept, scale));
    }
    Ok(())
}

crate::op! {
    dropout(x: T) -> (y: T) saves (mask: u8), for T in [f32, f64];
    in_place;
    backward(reads [mask], from [y], to [x], in_place);
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, Array1, array};

    use super::*;
    use crate::ops::expected::check;
    use crate::testing::{Differentiated, Recorder, Value, differentiate, run};

    fn graph(attrs: Attrs) -> impl Fn(&mut Recorder, &[Value]) -> Result<Vec<Value>> + Send + Sync + 'static {
        move |recorder, x| Ok(record(recorder, "dropout", x, attrs)?.into_vec())
    }

    /// A training step on ones, with gradients of ones.
    fn trained(rate: f64, count: usize) -> Differentiated {
        let ones = Array1::<f64>::ones(count);
        differentiate(&[ones.clone().into()], &[Some(ones.into_dyn())], graph(Attrs::DEFAULT.rate(rate))).unwrap()
    }

    #[test]
    fn gradients_in_place_and_shapes() {
        let x = Array::from_shape_fn((3, 1, 5), |(i, _, j)| i as f64 - 0.3 * j as f64);
        check(&OPERATION, Attrs::DEFAULT, &[x.clone().into()]).unwrap();
        check(&OPERATION, Attrs::DEFAULT.rate(0), &[x.into()]).unwrap();
        check(&OPERATION, Attrs::DEFAULT, &[Array::<f64, _>::zeros((0, 3)).into()]).unwrap();
    }

    #[test]
    fn it_does_nothing_outside_of_training() {
        let x = array![1.0, -2.0, f64::INFINITY];
        assert_eq!(run(&[x.clone().into()], graph(Attrs::DEFAULT.rate(0.9))).unwrap(), [x.into()]);
    }

    #[test]
    fn training_drops_the_share_and_scales_the_rest() {
        let found = trained(0.25, 4001);
        let y = &found.results[0].array;
        assert!(y.iter().all(|&y| y == 0.0 || (y - 1.0 / 0.75).abs() < 1e-12));
        let dropped = y.iter().filter(|&&y| y == 0.0).count() as f64 / 4001.0;
        assert!((dropped - 0.25).abs() < 0.03, "{dropped}");
        assert_eq!(&found.gradients[0], y);
    }

    #[test]
    fn the_same_elements_go_in_place() {
        let copied = |recorder: &mut Recorder, x: &[Value]| {
            let copy = crate::ops::copy::record(recorder, "copy", x, crate::ops::copy::Attrs::DEFAULT)?.one()?;
            Ok(record(recorder, "dropout", &[copy], Attrs::DEFAULT)?.into_vec())
        };
        let ones = Array1::<f64>::ones(2049);
        let found = differentiate(&[ones.clone().into()], &[Some(ones.into_dyn())], copied).unwrap();
        assert_eq!(found.results, trained(0.5, 2049).results);
    }

    #[test]
    fn rates_that_are_no_share_are_refused() {
        let wanted = "dropout: [1]: `rate` is the share of elements that is dropped: at least 0 and below 1";
        for rate in [1.0, -0.1, 5.0, f64::NAN, f64::INFINITY] {
            let error = run(&[array![1.0].into()], graph(Attrs::DEFAULT.rate(rate))).unwrap_err();
            assert_eq!(error.to_string(), wanted);
        }
    }
}
