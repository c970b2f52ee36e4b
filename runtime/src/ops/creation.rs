//! What the ops without operands share: the shape that their keyword gives.

use crate::op::*;

/// One result of these sizes.
///
/// # Errors
///
/// No size, more sizes than a tensor has axes, or one that is left open.
pub const fn created(element: DType, sizes: &Sizes) -> Result<Shapes, ShapeError> {
    if !sizes.is_given() {
        return Err(ShapeError::new("it has no operand to take its sizes from: write them, as in `shape = [2, 3]`"));
    }
    if sizes.len() > MAX_RANK || sizes.is_cut() {
        let error = ShapeError::new("`shape` has more sizes than the {} axes that a tensor can have");
        return Err(error.number(MAX_RANK as isize));
    }
    let mut axis = 0;
    while axis < sizes.len() {
        if matches!(sizes.get(axis), Dim::Rest) {
            let error = ShapeError::new("size {} of `shape` is open: there is no operand whose elements could fill it");
            return Err(error.number(axis as isize));
        }
        axis += 1;
    }
    Ok(Shapes::one(Shape::new(element, sizes.dims())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_may_be_names_and_must_be_as_many_as_axes() {
        let sizes = Sizes::new([Dim::Symbol(1), Dim::Unknown, Dim::known(3)]);
        let made = created(DType::F32, &sizes).unwrap();
        assert_eq!(made.results(), [Shape::new(DType::F32, sizes.dims())]);
        let message = |sizes: Sizes| created(DType::F32, &sizes).unwrap_err().to_string();
        assert!(message(Sizes::NONE).ends_with("write them, as in `shape = [2, 3]`"));
        assert_eq!(created(DType::F32, &Sizes::new([1; 0])).unwrap().results(), [Shape::scalar(DType::F32)]);
        let more = "`shape` has more sizes than the 6 axes that a tensor can have";
        assert_eq!(message(Sizes::new([1; 7])), more);
        assert_eq!(message(Sizes::new([1; 17])), more);
        assert!(message(Sizes::new([2, -1])).starts_with("size 1 of `shape` is open"));
    }
}
