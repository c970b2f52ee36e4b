//! What the ops without operands share: the shape that is written with them.

use crate::op::*;

/// The shape of these sizes.
///
/// # Errors
///
/// A negative size or `_`; more axes than a tensor can have.
pub const fn written(element: DType, sizes: &Sizes) -> Result<Shape, ShapeError> {
    if sizes.len() > MAX_RANK {
        return Err(ShapeError::new("a tensor has at most {} axes").number(MAX_RANK as isize));
    }
    let shape = Shape::new(element, sizes.dims());
    let mut axis = 0;
    while axis < shape.rank() {
        if matches!(shape.dim(axis), Dim::Rest) {
            return Err(ShapeError::new("each size must be given, and not be negative: {}").shape(shape));
        }
        axis += 1;
    }
    Ok(shape)
}
