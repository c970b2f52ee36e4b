//! What the ops share that work along one axis.

use crate::op::*;

/// The axis of a keyword, counted from the first.
///
/// # Errors
///
/// An axis that the shape has not.
pub const fn axis_of(x: &Shape, axis: isize) -> Result<usize, ShapeError> {
    match x.axis(axis) {
        Some(axis) => Ok(axis),
        None => Err(outside(axis, x.rank())),
    }
}

/// Why there is no such axis.
pub const fn outside(axis: isize, rank: usize) -> ShapeError {
    let last = rank as isize - 1;
    match (rank, axis) {
        (0, _) => ShapeError::new("axis {} is asked for, and a scalar has none").number(axis),
        // A list keeps what is no small number, or too long, as this one.
        (_, 127) => {
            ShapeError::new("each axis is a number, 0 to {}, or from -1 for the last, and is named once").number(last)
        }
        _ => {
            let error = ShapeError::new("axis {} is outside of {} axes: 0 to {}, or from -1 for the last");
            error.number(axis).number(rank as isize).number(last)
        }
    }
}

/// The same, for sizes that `shape` has looked at.
pub fn position(sizes: &[usize], axis: isize) -> usize {
    Shape::of(DType::F32, sizes).axis(axis).unwrap_or(0)
}

/// How many elements the axes before this one have together, how many it has, and how many those after it have.
pub fn around(sizes: &[usize], axis: usize) -> [usize; 3] {
    let product = |sizes: &[usize]| sizes.iter().product();
    let (before, rest) = sizes.split_at(axis.min(sizes.len()));
    match rest.split_first() {
        Some((&size, after)) => [product(before), size, product(after)],
        None => [product(before), 1, 1],
    }
}

/// What is known of a shape that two tensors have in common, one axis left out.
///
/// # Errors
///
/// Another number of axes; a size that differs.
pub const fn common(a: Shape, b: Shape, except: Option<usize>) -> Result<Shape, ShapeError> {
    if a.rank() != b.rank() {
        let error = ShapeError::new("a tensor of {} axes cannot stand in a list with one of {}");
        return Err(error.number(b.rank() as isize).number(a.rank() as isize));
    }
    let mut common = a;
    let mut axis = 0;
    while axis < a.rank() {
        let is_left_out = matches!(except, Some(except) if except == axis);
        if !is_left_out {
            if !a.dim(axis).agrees(b.dim(axis)) {
                let error = ShapeError::new("axis {} is {} in one tensor of the list and {} in another");
                return Err(error.number(axis as isize).with(a.dim(axis)).with(b.dim(axis)));
            }
            common = common.with(axis, a.dim(axis).or(b.dim(axis)));
        }
        axis += 1;
    }
    Ok(common)
}
