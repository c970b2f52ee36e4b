//! `max(x)`: the largest element over some axes, or over all; NaN where one of them is.
//!
//! Where several are the largest they share the gradient equally, as in TensorFlow.

use crate::kernels::broadcast::for_each_run;
use crate::op::*;
use crate::ops::reduction::{kept, reduce, reduced};

crate::attributes! {
    /// The axes over which the largest is looked for; all of them where none is named.
    axes: Axes = Axes::NONE,
    /// Whether such an axis stays, with size 1.
    keep_dims: bool = false,
}

/// Without the axes, or with 1 for each; none of them may be empty. Keeps how many elements are the largest.
pub const fn shape(x: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    let reduced = match reduced(&x, &attrs.axes) {
        Ok(reduced) => reduced,
        Err(error) => return Err(error),
    };
    let mut axis = 0;
    while axis < x.rank() {
        if reduced[axis] && x.dim(axis).is(0) {
            return Err(ShapeError::new("axis {} is empty, and no elements have no largest").number(axis as isize));
        }
        axis += 1;
    }
    match reduce(x, &attrs.axes, attrs.keep_dims) {
        Ok(shape) => Ok(Shapes::one(shape).and_saved(shape)),
        Err(error) => Err(error),
    }
}

/// The largest of the elements that each element of `y` stands for; `counts` keeps how often it occurs.
pub fn forward<T: Float>(_: &Context, x: View<T>, attrs: &Attrs, y: ViewMut<T>, counts: ViewMut<T>) -> Result<()> {
    let (kept, rank) = kept(x.shape(), &attrs.axes);
    let (y, counts) = (y.into_data(), counts.into_data());
    y.fill(T::neg_infinity());
    counts.fill(T::zero());
    let mut from = 0;
    for_each_run(x.shape(), [&kept[..rank]], |[to], length, [step]| {
        for (n, &x) in x.data()[from..from + length].iter().enumerate() {
            let (y, count) = (&mut y[to + n * step], &mut counts[to + n * step]);
            if x > *y || x.is_nan() {
                (*y, *count) = (x, T::one());
            } else if x == *y {
                *count += T::one();
            }
        }
        from += length;
    });
    Ok(())
}

/// `dx = dy / n` where `x` is one of the `n` largest, 0 elsewhere.
pub fn backward<T: Float>(
    _: &Context,
    x: View<T>,
    y: View<T>,
    counts: View<T>,
    dy: View<T>,
    attrs: &Attrs,
    dx: Gradient<T>,
) -> Result<()> {
    let Some(dx) = dx.zeroed() else { return Ok(()) };
    let (kept, rank) = kept(x.shape(), &attrs.axes);
    let dx = dx.into_data();
    let mut from = 0;
    for_each_run(x.shape(), [&kept[..rank]], |[to], length, [step]| {
        let elements = dx[from..from + length].iter_mut().zip(&x.data()[from..from + length]);
        for (n, (dx, &x)) in elements.enumerate() {
            let at = to + n * step;
            if x == y.data()[at] {
                *dx += dy.data()[at] / counts.data()[at];
            }
        }
        from += length;
    });
    Ok(())
}

crate::op! {
    max(x: T) -> (y: T) saves (counts: T), for T in [f32, f64];
    backward(reads [x, y, counts], from [y], to [x]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::expected::{check, expect, refusal, results, tensor};

    #[test]
    fn gradients_and_shapes() {
        let x = tensor(&[2, 3, 2], &[0.5, -2.0, 3.0, 1.5, 0.25, -0.75, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0]);
        check(&OPERATION, Attrs::DEFAULT, std::slice::from_ref(&x)).unwrap();
        check(&OPERATION, Attrs::DEFAULT.axes([-1, 0]), std::slice::from_ref(&x)).unwrap();
        check(&OPERATION, Attrs::DEFAULT.axes([1]).keep_dims(true), &[x]).unwrap();
        check(&OPERATION, Attrs::DEFAULT.axes([1]), &[tensor(&[0, 2], &[])]).unwrap();
    }

    #[test]
    fn numbers_are_tensorflows() {
        let (x, y) = (tensor(&[2, 3], &[1.0, 3.0, 3.0, 2.0, 2.0, 2.0]), tensor(&[2], &[3.0, 2.0]));
        let gradient = [0.0, 0.08845, 0.08845, 0.7926, 0.7926, 0.7926];
        expect(&OPERATION, Attrs::DEFAULT.axes([1]), &[x], &[y], (&[&[0.1769, 2.3778]], &[&gradient]));
    }

    #[test]
    fn nan_stays_and_no_elements_are_refused() {
        let found = results(&OPERATION, Attrs::DEFAULT, &[tensor(&[3], &[1.0, f64::NAN, 2.0])]).unwrap();
        assert!(found[0].array.iter().all(|y| y.is_nan()));
        let found = refusal(&OPERATION, Attrs::DEFAULT, &[tensor(&[2, 0], &[])]);
        assert_eq!(found, "max: [2, 0]: axis 1 is empty, and no elements have no largest");
    }
}
