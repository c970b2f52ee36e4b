//! What the reductions share: which axes go, and what is left.

use crate::op::*;

/// Which axes of a shape are reduced: the named ones, or all where no list is written.
///
/// # Errors
///
/// An axis that the shape has not, or that is named twice.
pub const fn reduced(x: &Shape, axes: &Axes) -> Result<[bool; MAX_RANK], ShapeError> {
    let mut reduced = [!axes.is_given(); MAX_RANK];
    let mut n = 0;
    while n < axes.len() {
        match axes.of(n, x) {
            None => {
                return Err(super::axis::outside(axes.get(n), x.rank()));
            }
            Some(axis) if reduced[axis] => return Err(ShapeError::new("axis {} is named twice").number(axes.get(n))),
            Some(axis) => reduced[axis] = true,
        }
        n += 1;
    }
    Ok(reduced)
}

/// The shape of a reduction: without the reduced axes, or with 1 for each.
///
/// # Errors
///
/// As for [`reduced`].
pub const fn reduce(x: Shape, axes: &Axes, keep_dims: bool) -> Result<Shape, ShapeError> {
    let reduced = match reduced(&x, axes) {
        Ok(reduced) => reduced,
        Err(error) => return Err(error),
    };
    let mut shape = Shape::scalar(x.dtype());
    let mut axis = 0;
    while axis < x.rank() {
        if !reduced[axis] {
            shape = shape.push(x.dim(axis));
        } else if keep_dims {
            shape = shape.push(Dim::known(1));
        }
        axis += 1;
    }
    Ok(shape)
}

/// The sizes of `x` with 1 for each reduced axis, and their number.
pub fn kept(x: &[usize], axes: &Axes) -> ([usize; MAX_RANK], usize) {
    let shape = Shape::of(DType::F32, x);
    let is_reduced = reduced(&shape, axes).unwrap_or_default();
    let mut kept = [1; MAX_RANK];
    for (axis, &size) in x.iter().enumerate().filter(|(axis, _)| !is_reduced[*axis]) {
        kept[axis] = size;
    }
    (kept, x.len())
}
