//! `ones(shape = […])`: a tensor of ones, in the element type of the model.

use crate::op::*;
use crate::ops::creation::created;

crate::attributes! {
    /// The sizes of the tensor.
    shape: Sizes = Sizes::NONE,
}

/// `[…]`: the sizes of the keyword.
pub const fn shape(element: DType, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    created(element, &attrs.shape)
}

/// `y = 1`.
pub fn forward<T: Float>(_: &Context, _: &Attrs, mut y: ViewMut<T>) -> Result<()> {
    y.data().fill(T::one());
    Ok(())
}

crate::op! {
    ones() -> (y: T), for T in [f32, f64];
}

#[cfg(test)]
mod tests {
    use ndarray::Array;

    use super::*;
    use crate::ops::expected::check;
    use crate::testing::run;

    #[test]
    fn every_element_is_one() {
        let attrs = Attrs::DEFAULT.shape([2, 1, 3]);
        check(&OPERATION, attrs, &[]).unwrap();
        let made = run(&[], |r, _| Ok(record(r, "ones", &[], attrs)?.into_vec())).unwrap();
        assert_eq!(made, [Array::from_elem([2, 1, 3], 1.0).into()]);
    }

    #[test]
    fn an_axis_may_be_empty() {
        let attrs = Attrs::DEFAULT.shape([2, 0]);
        let made = run(&[], |r, _| Ok(record(r, "ones", &[], attrs)?.into_vec())).unwrap();
        assert_eq!(made[0].array.shape(), [2, 0]);
    }

    #[test]
    fn sizes_must_be_written() {
        let error = run(&[], |r, _| Ok(record(r, "ones", &[], Attrs::DEFAULT)?.into_vec())).unwrap_err();
        let wanted = "ones: it has no operand to take its sizes from: write them, as in `shape = [2, 3]`";
        assert_eq!(error.to_string(), wanted);
    }
}
