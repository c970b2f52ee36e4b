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
