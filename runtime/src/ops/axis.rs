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

/// The shape of an op that changes no size and works along an axis that is there.
///
/// # Errors
///
/// As for [`axis_of`].
pub const fn same(x: Shape, axis: isize) -> Result<Shapes, ShapeError> {
    match axis_of(&x, axis) {
        Ok(_) => Ok(Shapes::one(x)),
        Err(error) => Err(error),
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

/// The axis of a keyword, counted from the first, of sizes that `shape` has looked at.
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

/// How many elements an axis has, and how many those after it have together.
pub fn size_and_after(sizes: &[usize], axis: isize) -> [usize; 2] {
    let [_, size, after] = around(sizes, position(sizes, axis));
    [size, after]
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

#[cfg(test)]
pub mod tests {
    use std::any::Any;

    use ndarray::{Array, array};

    use super::*;
    use crate::ops::expected::{check, refusal, results, tensor};

    #[test]
    fn axes_count_from_either_end() {
        assert_eq!(size_and_after(&[2, 3, 4, 5], 1), [3, 20]);
        assert_eq!(size_and_after(&[2, 3, 4, 5], -1), [5, 1]);
        assert_eq!(size_and_after(&[2, 3, 4, 5], -4), [2, 60]);
        assert_eq!(size_and_after(&[], -1), [1, 1]);
        let error = axis_of(&Shape::of(DType::F32, &[2, 3]), -3).unwrap_err();
        assert_eq!(error.to_string(), "axis -3 is outside of 2 axes: 0 to 1, or from -1 for the last");
    }

    /// Checks an op that normalizes each line along an axis, the last where none is named.
    pub fn check_lines<A: Any + Copy + Send + Sync>(operation: &'static Operation, attrs: impl Fn(isize) -> A) {
        gradients_in_place_and_shapes(operation, &attrs);
        an_axis_in_the_middle_is_the_last_of_the_transposed(operation, &attrs);
        nan_goes_to_its_line_only(operation, attrs(-1));
        the_axis_must_be_there(operation, &attrs);
    }

    fn gradients_in_place_and_shapes<A: Any + Copy + Send + Sync>(
        operation: &'static Operation,
        attrs: &impl Fn(isize) -> A,
    ) {
        let x = Array::from_shape_fn((2, 3, 5), |(i, j, k)| (i as f64 - 0.7 * j as f64 + 1.3 * k as f64).sin());
        for axis in -3..3 {
            check(operation, attrs(axis), &[x.clone().into()]).unwrap();
        }
        check(operation, attrs(-1), &[array![0.5].into()]).unwrap();
        check(operation, attrs(-1), &[Array::<f64, _>::zeros((0, 3)).into()]).unwrap();
        check(operation, attrs(-1), &[Array::<f64, _>::zeros((3, 0)).into()]).unwrap();
    }

    fn an_axis_in_the_middle_is_the_last_of_the_transposed<A: Any + Copy + Send + Sync>(
        operation: &'static Operation,
        attrs: &impl Fn(isize) -> A,
    ) {
        let x = Array::from_shape_fn((2, 70, 3), |(i, j, k)| ((7 * i + 3 * j + 5 * k) % 11) as f64);
        let turned = x.clone().permuted_axes([0, 2, 1]).as_standard_layout().into_owned();
        let y = results(operation, attrs(1), &[x.into()]).unwrap();
        let y_turned = results(operation, attrs(-1), &[turned.into()]).unwrap();
        let difference = y[0].array.clone().permuted_axes(vec![0, 2, 1]) - &y_turned[0].array;
        assert!(difference.iter().all(|difference| difference.abs() < 1e-13));
    }

    fn nan_goes_to_its_line_only<A: Any + Copy + Send + Sync>(operation: &'static Operation, last: A) {
        let y = results(operation, last, &[array![[f64::NAN, 1.0], [2.0, 2.0]].into()]).unwrap();
        assert!(y[0].array.iter().take(2).all(|y| y.is_nan()));
        assert!(y[0].array.iter().skip(2).all(|y| y.is_finite()));
    }

    fn the_axis_must_be_there<A: Any + Copy + Send + Sync>(operation: &'static Operation, attrs: &impl Fn(isize) -> A) {
        let (x, name) = (array![[1.0, 2.0]], operation.signature.name);
        let message = refusal(operation, attrs(2), &[x.clone().into()]);
        assert_eq!(message, format!("{name}: [1, 2]: axis 2 is outside of 2 axes: 0 to 1, or from -1 for the last"));
        let message = refusal(operation, attrs(isize::MIN), &[x.into()]);
        assert!(message.contains("is outside of 2 axes"), "{message}");
        let message = refusal(operation, attrs(-1), &[tensor(&[], &[1.0])]);
        assert_eq!(message, format!("{name}: []: axis -1 is asked for, and a scalar has none"));
    }
}
