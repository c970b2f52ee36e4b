//! `lower_triangle(shape = [time, time])`: 1 on the diagonal of the last two axes and below it, 0 above.
//!
//! What attention may look at where each position sees itself and those before it.

use crate::op::*;
use crate::ops::axis::around;
use crate::ops::creation::created;

crate::attributes! {
    /// The sizes, at least two: rows and columns last.
    shape: Sizes = Sizes::NONE,
}

/// The written sizes.
pub const fn shape(element: DType, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    if attrs.shape.is_given() && attrs.shape.len() < 2 {
        let error = ShapeError::new("a triangle has rows and columns: `shape = [time, time]`, not {}");
        return Err(error.shape(Shape::new(element, attrs.shape.dims())));
    }
    created(element, &attrs.shape)
}

/// Writes each row up to its diagonal.
pub fn forward<T: Number>(_: &Context, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    let [_, rows, columns] = around(y.shape(), y.shape().len().saturating_sub(2));
    for (n, row) in y.into_data().chunks_exact_mut(columns.max(1)).enumerate() {
        let (below, above) = row.split_at_mut((n % rows.max(1) + 1).min(columns));
        below.fill(T::one());
        above.fill(T::zero());
    }
    Ok(())
}

crate::op! {
    lower_triangle() -> (y: T), for T in [f32, f64];
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::{check, refusal, results};

    #[test]
    fn each_row_ends_at_its_diagonal() {
        check(&OPERATION, Attrs::DEFAULT.shape([2, 3]), &[]).unwrap();
        let found = |attrs| results(&OPERATION, attrs, &[]).unwrap();
        assert_eq!(found(Attrs::DEFAULT.shape([2, 3])), [array![[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]].into()]);
        let wanted = array![[[1.0], [1.0], [1.0]], [[1.0], [1.0], [1.0]]];
        assert_eq!(found(Attrs::DEFAULT.shape([2, 3, 1])), [wanted.into()]);
        assert_eq!(found(Attrs::DEFAULT.shape([0, 3]))[0].array.shape(), [0, 3]);
        assert_eq!(found(Attrs::DEFAULT.shape([3, 0]))[0].array.shape(), [3, 0]);
    }

    #[test]
    fn it_has_rows_and_columns() {
        let found = refusal(&OPERATION, Attrs::DEFAULT.shape([2]), &[]);
        assert_eq!(found, "lower_triangle: a triangle has rows and columns: `shape = [time, time]`, not [2]");
    }
}
