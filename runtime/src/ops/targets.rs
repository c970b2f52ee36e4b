//! What losses share whose two operands have one shape: predictions and what they should be.

use crate::op::*;

/// The shape of both, each size as far as either says it.
///
/// # Errors
///
/// Two shapes that differ; unlike other ops, losses do not broadcast.
pub const fn common(predictions: Shape, targets: Shape) -> Result<Shape, ShapeError> {
    if !predictions.agrees(&targets.with_dtype(predictions.dtype())) {
        return Err(ShapeError::new("both should have the shape {}, nothing is broadcast").shape(predictions));
    }
    let (mut shape, mut axis) = (predictions, 0);
    while axis < shape.rank() {
        shape = shape.with(axis, predictions.dim(axis).or(targets.dim(axis)));
        axis += 1;
    }
    Ok(shape)
}

/// As [`common`], where the last axis has the classes.
///
/// # Errors
///
/// As for [`common`]; no axis, or no class.
pub const fn classified(logits: Shape, labels: Shape) -> Result<Shape, ShapeError> {
    if let Err(error) = classes(&logits) {
        return Err(error);
    }
    match common(logits, labels) {
        Ok(shape) => match classes(&shape) {
            Ok(()) => Ok(shape),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// Whether the last axis can have the classes.
///
/// # Errors
///
/// No axis, or no class.
pub const fn classes(logits: &Shape) -> Result<(), ShapeError> {
    if logits.rank() == 0 {
        return Err(ShapeError::new("logits have at least one axis, the classes"));
    }
    if logits.from_end(0).is(0) {
        return Err(ShapeError::new("the last axis of the logits has the classes, and there are 0"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_size_is_known_if_either_is() {
        let one = Shape::new(DType::F32, &[Dim::Symbol(1), Dim::Unknown, Dim::known(3)]);
        let other = Shape::new(DType::F32, &[Dim::Unknown, Dim::known(2), Dim::Unknown]);
        let both = Shape::new(DType::F32, &[Dim::Symbol(1), Dim::known(2), Dim::known(3)]);
        assert_eq!(common(one, other), Ok(both));
        assert_eq!(classified(other, one), Ok(both));
        assert!(common(one, both.with(1, Dim::known(5))).is_ok());
        assert!(common(both, both.with(1, Dim::known(1))).is_err());
    }
}
