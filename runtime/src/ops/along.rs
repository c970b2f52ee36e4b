//! What the ops along one axis share: the axis, and the tensor seen from it.

use crate::op::*;

/// The axis of a keyword.
///
/// # Errors
///
/// An axis that the shape has not.
pub const fn axis(x: &Shape, axis: isize) -> Result<usize, ShapeError> {
    match x.axis(axis) {
        Some(axis) => Ok(axis),
        None => Err(super::axis::outside(axis, x.rank())),
    }
}

/// The sizes of the axis and of all behind it together.
pub fn sizes(shape: &[usize], axis: isize) -> [usize; 2] {
    let axis = if axis < 0 { axis.saturating_add_unsigned(shape.len()) } else { axis };
    let behind = usize::try_from(axis).ok().and_then(|axis| shape.get(axis..)).unwrap_or_default();
    match behind.split_first() {
        Some((&size, behind)) => [size, behind.iter().product()],
        None => [1, 1],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_count_from_either_end() {
        assert_eq!(sizes(&[2, 3, 4, 5], 1), [3, 20]);
        assert_eq!(sizes(&[2, 3, 4, 5], -1), [5, 1]);
        assert_eq!(sizes(&[2, 3, 4, 5], -4), [2, 60]);
        let error = axis(&Shape::of(DType::F32, &[2, 3]), -3).unwrap_err();
        assert_eq!(error.to_string(), "axis -3 is outside of 2 axes: 0 to 1, or from -1 for the last");
    }
}
