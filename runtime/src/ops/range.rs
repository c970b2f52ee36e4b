//! `range(shape = [time])`: 0, 1, 2, … in the model's element type; of several axes row by row.

use crate::op::*;
use crate::ops::creation::created;

crate::attributes! {
    /// The sizes.
    shape: Sizes = Sizes::NONE,
}

/// The written sizes.
pub const fn shape(element: DType, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    created(element, &attrs.shape)
}

/// Counts the elements.
pub fn forward<T: Float>(_: &Context, _: &Attrs, mut y: ViewMut<T>) -> Result<()> {
    y.data().iter_mut().enumerate().for_each(|(n, y)| *y = T::of(n as f64));
    Ok(())
}

crate::op! {
    range() -> (y: T), for T in [f32, f64];
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::{check, refusal, results};

    #[test]
    fn counts_row_by_row() {
        check(&OPERATION, Attrs::DEFAULT.shape([3]), &[]).unwrap();
        let found = |attrs| results(&OPERATION, attrs, &[]).unwrap();
        assert_eq!(found(Attrs::DEFAULT.shape([3])), [array![0.0, 1.0, 2.0].into()]);
        assert_eq!(found(Attrs::DEFAULT.shape([2, 2])), [array![[0.0, 1.0], [2.0, 3.0]].into()]);
        assert_eq!(found(Attrs::DEFAULT.shape([0]))[0].array.shape(), [0]);
    }

    #[test]
    fn sizes_must_be_given() {
        let found = refusal(&OPERATION, Attrs::DEFAULT.shape([2, -1]), &[]);
        assert_eq!(found, "range: size 1 of `shape` is open: there is no operand whose elements could fill it");
        assert!(refusal(&OPERATION, Attrs::DEFAULT, &[]).ends_with("write them, as in `shape = [2, 3]`"));
    }
}
