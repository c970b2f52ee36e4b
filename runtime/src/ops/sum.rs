//! `sum(x)`: the sum over some axes, or over all.

use crate::kernels::broadcast::{gradient, zip, zip_in_place};
use crate::op::*;
use crate::ops::broadcast::{operand, unread};
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
    // What a broadcast of `y` to the shape of `x` would send back.
    let target = (y.data(), &kept[..rank]);
    gradient(target, operand(x), unread(), unread(), Update::Set, |x, (), ()| x);
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
    let dy = (dy.data(), &kept[..rank]);
    match update {
        Update::Set => zip(shape, dy, unread(), dx.data(), |dy, ()| dy * factor),
        Update::Add => zip_in_place(dx.data(), shape, dy, |dx, dy| dx + dy * factor),
    }
    Ok(())
}

crate::op! {
    sum(x: T) -> (y: T), for T in [f32, f64];
    backward(reads [], from [y], to [x]);
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, array};

    use super::*;
    use crate::ops::expected::{check, refusal, results, tensor};

    #[test]
    fn gradients_in_place_and_shapes() {
        let x = Array::from_shape_fn((2, 3, 1, 5), |(i, j, _, k)| i as f64 - 0.7 * j as f64 + 0.3 * k as f64);
        let all = Attrs::DEFAULT;
        let some = [all, all.axes([0]), all.axes([-1, 0]), all.axes([1, 2]), all.axes([0, 1, 2, 3])];
        for attrs in some {
            check(&OPERATION, attrs, &[x.clone().into()]).unwrap();
            check(&OPERATION, attrs.keep_dims(true), &[x.clone().into()]).unwrap();
        }
        check(&OPERATION, all, &[tensor(&[], &[2.0])]).unwrap();
    }

    #[test]
    fn sums_are_those_of_the_named_axes() {
        let x = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let sum = |attrs: Attrs| results(&OPERATION, attrs, &[x.clone().into()]).unwrap();
        assert_eq!(sum(Attrs::DEFAULT), [tensor(&[], &[21.0])]);
        assert_eq!(sum(Attrs::DEFAULT.axes([0])), [array![5.0, 7.0, 9.0].into()]);
        assert_eq!(sum(Attrs::DEFAULT.axes([-1]).keep_dims(true)), [array![[6.0], [15.0]].into()]);
    }

    #[test]
    fn no_elements_add_up_to_zero() {
        let empty = Array::<f64, _>::zeros((0, 3));
        check(&OPERATION, Attrs::DEFAULT.axes([0]), &[empty.clone().into()]).unwrap();
        let sum = results(&OPERATION, Attrs::DEFAULT.axes([0]), &[empty.into()]).unwrap();
        assert_eq!(sum, [array![0.0, 0.0, 0.0].into()]);
    }

    #[test]
    fn axes_must_be_there_and_differ() {
        let message = |attrs: Attrs| refusal(&OPERATION, attrs, &[array![[1.0, 2.0]].into()]);
        assert_eq!(
            message(Attrs::DEFAULT.axes([2])),
            "sum: [1, 2]: axis 2 is outside of 2 axes: 0 to 1, or from -1 for the last"
        );
        assert_eq!(message(Attrs::DEFAULT.axes([1, -1])), "sum: [1, 2]: axis -1 is named twice");
        assert!(message(Attrs::DEFAULT.axes([0; 9])).contains("is named once"));
    }
}
