//! `sum(x)`: the sum over some axes, or over all.

use crate::kernels::broadcast::for_each_run;
use crate::kernels::reduce::add_sums;
use crate::op::*;
use crate::ops::reduction::{kept, reduce};

crate::attributes! {
    /// The axes to sum over; all of them where none is named.
    axes: Axes = Axes::NONE,
    /// Whether a summed axis stays, with size 1.
    keep_dims: bool = false,
}

/// Without the summed axes, or with 1 for each.
pub const fn shape(x: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    match reduce(x, &attrs.axes, attrs.keep_dims) {
        Ok(shape) => Ok(Shapes::one(shape)),
        Err(error) => Err(error),
    }
}

/// Adds up the elements of `x` that each element of `y` stands for.
pub fn forward<T: Float>(_: &Context, x: View<T>, attrs: &Attrs, mut y: ViewMut<T>) -> Result<()> {
    let (kept, rank) = kept(x.shape(), &attrs.axes);
    y.data().fill(T::zero());
    add_sums(x.data(), x.shape(), y.data(), &kept[..rank]);
    Ok(())
}

/// `dx = dy` of the sum that an element goes into.
pub fn backward<T: Float>(_: &Context, dy: View<T>, attrs: &Attrs, dx: Gradient<T>) -> Result<()> {
    spread(dx, dy, &attrs.axes, |_| T::one())
}

/// `dx = dy · factor(number of elements per sum)`.
pub(super) fn spread<T: Float>(dx: Gradient<T>, dy: View<T>, axes: &Axes, factor: impl Fn(usize) -> T) -> Result<()> {
    let Some((mut dx, update)) = dx.into_parts() else { return Ok(()) };
    let shape = dx.shape();
    let (kept, rank) = kept(shape, axes);
    let factor = factor(shape.iter().product::<usize>() / dy.len().max(1));
    let mut rest = dx.data();
    for_each_run(shape, [&kept[..rank]], |[from], length, [step]| {
        let (dx, after) = std::mem::take(&mut rest).split_at_mut(length);
        rest = after;
        let dy = (0..length).map(|n| dy.data()[from + n * step] * factor);
        match update {
            Update::Set => dx.iter_mut().zip(dy).for_each(|(dx, dy)| *dx = dy),
            Update::Add => dx.iter_mut().zip(dy).for_each(|(dx, dy)| *dx += dy),
        }
    });
    Ok(())
}

crate::op! {
    sum(x: T) -> (y: T), for T in [f32, f64];
    backward(reads [], from [y], to [x]);
}
