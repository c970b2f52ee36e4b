//! `mean(x)`: the mean over some axes, or over all.

use crate::op::*;
use crate::ops::reduction::reduced;
use crate::ops::sum;

crate::attributes! {
    /// The axes to average over; all of them where none is named.
    axes: Axes = Axes::NONE,
    /// Whether an averaged axis stays, with size 1.
    keep_dims: bool = false,
}

impl Attrs {
    const fn of_sum(&self) -> sum::Attrs {
        sum::Attrs { axes: self.axes, keep_dims: self.keep_dims }
    }
}

/// Without the averaged axes, or with 1 for each; none of them may be empty.
pub const fn shape(x: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    let reduced = match reduced(&x, &attrs.axes) {
        Ok(reduced) => reduced,
        Err(error) => return Err(error),
    };
    let mut axis = 0;
    while axis < x.rank() {
        if reduced[axis] && x.dim(axis).is(0) {
            return Err(ShapeError::new("axis {} is empty, and no elements have no mean").number(axis as isize));
        }
        axis += 1;
    }
    sum::shape(x, &attrs.of_sum())
}

/// The sums, divided by the number of elements in each.
pub fn forward<T: Float>(context: &Context, x: View<T>, attrs: &Attrs, mut y: ViewMut<T>) -> Result<()> {
    let shape = y.shape();
    sum::forward(context, x, &attrs.of_sum(), ViewMut::new(y.data(), shape)?)?;
    let y = y.into_data();
    let factor = T::of(y.len() as f64 / x.len().max(1) as f64);
    y.iter_mut().for_each(|y| *y *= factor);
    Ok(())
}

/// `dx = dy / n`, `n` being the number of elements in each mean.
pub fn backward<T: Float>(_: &Context, dy: View<T>, attrs: &Attrs, dx: Gradient<T>) -> Result<()> {
    sum::spread(dx, dy, &attrs.axes, |n| T::one() / T::of(n as f64))
}

crate::op! {
    mean(x: T) -> (y: T), for T in [f32, f64];
    backward(reads [], from [y], to [x]);
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, array};

    use super::*;
    use crate::ops::expected::{check, expect, refusal, results, tensor};

    #[test]
    fn gradients_in_place_and_shapes() {
        let x = Array::from_shape_fn((2, 3, 1, 5), |(i, j, _, k)| i as f64 - 0.7 * j as f64 + 0.3 * k as f64);
        let all = Attrs::DEFAULT;
        for attrs in [all, all.axes([0]), all.axes([-1, 0]), all.axes([1, 2]), all.axes([0, 1, 2, 3])] {
            check(&OPERATION, attrs, &[x.clone().into()]).unwrap();
            check(&OPERATION, attrs.keep_dims(true), &[x.clone().into()]).unwrap();
        }
        check(&OPERATION, all, &[tensor(&[], &[2.0])]).unwrap();
    }

    #[test]
    fn numbers_are_tensorflows() {
        let x = &[
            1.19, -1.1329, 0.6475, 0.326, -0.4002, -1.0014, 0.0275, -0.9829, 0.0891, -0.2961, -0.8538, -0.5402, 0.758,
            -0.0181, 0.9512, 0.9192, 0.0581, -0.9019, 0.6044, -0.9424, 1.1625, 0.0637, 1.3709, 0.7984, -0.0936,
            -0.3129, -0.7544, -0.9459, -1.6938, -0.3696, -0.5228, -0.6303, -0.1718, 1.428, 0.4059, 0.2964,
        ];
        let y = &[0.27415555555555554, -0.4031444444444444, 0.0341444444444445, -0.0682888888888889];
        let dy = &[-0.2905, 0.1121, 1.2508, -1.3609];
        // Each element of an image has the same share in its channel's mean.
        let shares: Vec<f64> = (0..36).map(|n| dy[n / 18 * 2 + n % 2] / 9.0).collect();
        let attrs = Attrs::DEFAULT.axes([1, 2]);
        expect(&OPERATION, attrs, &[tensor(&[2, 3, 3, 2], x)], &[tensor(&[2, 2], y)], (&[dy], &[&shares]));
    }

    #[test]
    fn an_empty_batch_has_means_of_its_examples_but_none_of_itself() {
        let empty = Array::<f64, _>::zeros((0, 3));
        check(&OPERATION, Attrs::DEFAULT.axes([1]), &[empty.clone().into()]).unwrap();
        let message = refusal(&OPERATION, Attrs::DEFAULT, &[empty.into()]);
        assert_eq!(message, "mean: [0, 3]: axis 0 is empty, and no elements have no mean");
    }

    #[test]
    fn nan_goes_into_its_mean_only() {
        let y = results(&OPERATION, Attrs::DEFAULT.axes([1]), &[array![[f64::NAN, 1.0], [1.0, 2.0]].into()]).unwrap();
        assert!(y[0].array[[0]].is_nan());
        assert_eq!(y[0].array[[1]], 1.5);
    }

    #[test]
    fn axes_must_be_there() {
        let message = refusal(&OPERATION, Attrs::DEFAULT.axes([-3]), &[array![[1.0, 2.0]].into()]);
        assert_eq!(message, "mean: [1, 2]: axis -3 is outside of 2 axes: 0 to 1, or from -1 for the last");
    }
}
