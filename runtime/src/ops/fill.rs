//! `fill(shape = […], value = 0.5)`: a tensor with the same number everywhere, in the element type of the model.

use crate::op::*;
use crate::ops::creation::created;

/// What `value` is where none is written: a NaN with bits of its own, which `value = f64::NAN` does not have.
const NOT_WRITTEN: f64 = f64::from_bits(0x7ff8_0000_0000_f111);

crate::attributes! {
    /// The sizes of the tensor.
    shape: Sizes = Sizes::NONE,
    /// The number; it must be written.
    value: f64 = NOT_WRITTEN,
}

/// `[…]`: the sizes of the keyword.
pub const fn shape(element: DType, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    if attrs.value.to_bits() == NOT_WRITTEN.to_bits() {
        return Err(ShapeError::new("it needs the number to fill with, as in `value = 0.5`"));
    }
    created(element, &attrs.shape)
}

/// `y = value`.
pub fn forward<T: Float>(_: &Context, attrs: &Attrs, mut y: ViewMut<T>) -> Result<()> {
    y.data().fill(T::of(attrs.value));
    Ok(())
}

crate::op! {
    fill() -> (y: T), for T in [f32, f64];
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::check;
    use crate::testing::{Tensor, run};

    fn made(attrs: Attrs) -> Result<Vec<Tensor>> {
        run(&[], |r, _| Ok(record(r, "fill", &[], attrs)?.into_vec()))
    }

    #[test]
    fn every_element_is_the_value() {
        let attrs = Attrs::DEFAULT.shape([1, 3]).value(-0.25);
        check(&OPERATION, attrs, &[]).unwrap();
        assert_eq!(made(attrs).unwrap(), [array![[-0.25, -0.25, -0.25]].into()]);
    }

    #[test]
    fn the_value_may_be_nan_but_not_absent() {
        let attrs = Attrs::DEFAULT.shape([2]);
        assert!(made(attrs.value(f64::NAN)).unwrap()[0].array.iter().all(|number| number.is_nan()));
        let wanted = "fill: it needs the number to fill with, as in `value = 0.5`";
        assert_eq!(made(attrs).unwrap_err().to_string(), wanted);
        assert!(made(Attrs::DEFAULT.value(1.0)).unwrap_err().to_string().contains("`shape = [2, 3]`"));
    }
}
