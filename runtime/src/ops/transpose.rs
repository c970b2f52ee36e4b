//! `transpose(x)`: the axes in another order; by default the last two exchanged.
//!
//! Axis `n` of the result is axis `perm[n]` of `x`, as in TensorFlow.

use crate::kernels::strided::{Strided, read, write};
use crate::op::*;
use crate::ops::axis::axis_of;

crate::attributes! {
    /// The axes of `x` in the order of the result's; where none is named, the last two change places.
    perm: Axes = Axes::NONE,
}

/// Which axis of `x` each axis of the result is.
const fn order(x: &Shape, perm: &Axes) -> Result<[usize; MAX_RANK], ShapeError> {
    let mut order = [0, 1, 2, 3, 4, 5];
    let rank = x.rank();
    if perm.is_empty() && rank >= 2 {
        (order[rank - 2], order[rank - 1]) = (rank - 1, rank - 2);
        return Ok(order);
    }
    if perm.is_empty() && rank == 1 {
        return Err(ShapeError::new("one axis has no other to change places with"));
    }
    if perm.len() != rank {
        let error = ShapeError::new("`perm` names {} axes of {}: each must stand in it once");
        return Err(error.number(perm.len() as isize).number(rank as isize));
    }
    let (mut is_taken, mut n) = ([false; MAX_RANK], 0);
    while n < rank {
        let axis = match axis_of(x, perm.get(n)) {
            Ok(axis) => axis,
            Err(error) => return Err(error),
        };
        if is_taken[axis] {
            return Err(ShapeError::new("axis {} stands in `perm` twice").number(perm.get(n)));
        }
        (order[n], is_taken[axis]) = (axis, true);
        n += 1;
    }
    Ok(order)
}

/// The sizes in the order of `perm`.
pub const fn shape(x: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    let order = match order(&x, &attrs.perm) {
        Ok(order) => order,
        Err(error) => return Err(error),
    };
    let (mut shape, mut axis) = (x, 0);
    while axis < x.rank() {
        shape = shape.with(axis, x.dim(order[axis]));
        axis += 1;
    }
    Ok(Shapes::one(shape))
}

/// The elements of a tensor of `x`'s sizes in the order of the result's.
fn permuted(x: &[usize], attrs: &Attrs) -> Result<Strided> {
    let order = order(&Shape::of(DType::F32, x), &attrs.perm).map_err(|error| Error::defect(error.to_string()))?;
    Ok(Strided::new(x).permuted(&order))
}

/// Copies each element to its place.
pub fn forward<T: Element>(_: &Context, x: View<T>, attrs: &Attrs, y: ViewMut<T>) -> Result<()> {
    read(x.data(), &permuted(x.shape(), attrs)?, y.into_data(), |y, x| *y = x);
    Ok(())
}

/// `dx` is `dy` with its axes back in their order.
pub fn backward<T: Float>(_: &Context, dy: View<T>, attrs: &Attrs, dx: Gradient<T>) -> Result<()> {
    let Some((dx, update)) = dx.into_parts() else { return Ok(()) };
    let order = permuted(dx.shape(), attrs)?;
    match update {
        Update::Set => write(dy.data(), dx.into_data(), &order, |dx, dy| *dx = dy),
        Update::Add => write(dy.data(), dx.into_data(), &order, |dx, dy| *dx += dy),
    }
    Ok(())
}

crate::op! {
    transpose(x: T) -> (y: T), for T in [f32, f64] and [i32, i64, u8, u32, bool];
    backward(reads [], from [y], to [x]);
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::{check, expect, refusal, results, tensor};

    #[test]
    fn gradients_and_shapes() {
        let x = [0.5, -2.0, 3.0, 1.5, 0.25, -0.75];
        check(&OPERATION, Attrs::DEFAULT, &[tensor(&[2, 3], &x)]).unwrap();
        check(&OPERATION, Attrs::DEFAULT.perm([1, -1, 0]), &[tensor(&[1, 3, 2], &x)]).unwrap();
        check(&OPERATION, Attrs::DEFAULT, &[tensor(&[0, 3], &[])]).unwrap();
        let found = results(&OPERATION, Attrs::DEFAULT, &[array![[true, false, false]].into()]).unwrap();
        assert_eq!(found, [array![[true], [false], [false]].into()]);
    }

    #[test]
    fn numbers_are_tensorflows() {
        let x =
            [-1.0425, 0.5039, -0.8201, -1.7022, -0.7289, -0.2216, -0.6674, 2.0289, -1.5499, -0.4234, 0.1309, 0.1825];
        let y =
            [-1.0425, -0.8201, -0.7289, -0.6674, -1.5499, 0.1309, 0.5039, -1.7022, -0.2216, 2.0289, -0.4234, 0.1825];
        let upstream =
            [0.8493, -1.1227, 1.1431, 0.675, -0.4648, 1.0618, 1.4299, -0.6654, -0.9845, -1.0397, -0.5782, 0.0945];
        let gradient =
            [0.8493, 1.4299, -1.1227, -0.6654, 1.1431, -0.9845, 0.675, -1.0397, -0.4648, -0.5782, 1.0618, 0.0945];
        let (x, y) = (tensor(&[2, 3, 2], &x), tensor(&[2, 2, 3], &y));
        expect(&OPERATION, Attrs::DEFAULT.perm([2, 0, 1]), &[x], &[y], (&[&upstream], &[&gradient]));
    }

    #[test]
    fn an_order_names_each_axis_once() {
        let refused = |attrs| refusal(&OPERATION, attrs, &[tensor(&[1, 2], &[0.0; 2])]);
        let found = refused(Attrs::DEFAULT.perm([0]));
        assert_eq!(found, "transpose: [1, 2]: `perm` names 1 axes of 2: each must stand in it once");
        assert_eq!(refused(Attrs::DEFAULT.perm([1, -1])), "transpose: [1, 2]: axis -1 stands in `perm` twice");
        let found = refused(Attrs::DEFAULT.perm([0, 2]));
        assert_eq!(found, "transpose: [1, 2]: axis 2 is outside of 2 axes: 0 to 1, or from -1 for the last");
    }
}
