//! `equal(a, b)`: whether two are equal, element by element, broadcast both ways, as `bool`; `false` for NaN.

use crate::op::*;
use crate::ops::broadcast::{self, apply};

crate::attributes! {}

/// The broadcast shape, of `bool`.
pub const fn shape(a: Shape, b: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    match broadcast::broadcast(a, b) {
        Ok(shape) => Ok(Shapes::one(shape.with_dtype(DType::Bool))),
        Err(error) => Err(error),
    }
}

/// `y = a == b`.
pub fn forward<T: Element>(_: &Context, a: View<T>, b: View<T>, _: &Attrs, y: ViewMut<bool>) -> Result<()> {
    apply(a, b, y, |a, b| a == b);
    Ok(())
}

crate::op! {
    equal(a: T, b: T) -> (y: bool), for T in [f32, f64] and [i32, i64, u8, u32, bool];
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::{check, refusal, results};

    #[test]
    fn broadcasts() {
        let (a, b) = (array![[1.0, 2.0, f64::NAN]], array![[2.0], [1.0]]);
        check(&OPERATION, Attrs::DEFAULT, &[a.slice(ndarray::s![.., ..2]).to_owned().into(), b.clone().into()])
            .unwrap();
        let found = results(&OPERATION, Attrs::DEFAULT, &[a.into(), b.into()]).unwrap();
        assert_eq!(found, [array![[false, true, false], [true, false, false]].into()]);
        let found = results(&OPERATION, Attrs::DEFAULT, &[array![1_u32, 2].into(), array![2_u32, 2].into()]).unwrap();
        assert_eq!(found, [array![false, true].into()]);
    }

    #[test]
    fn types_must_be_equal() {
        let found = refusal(&OPERATION, Attrs::DEFAULT, &[array![1_u32].into(), array![1].into()]);
        assert_eq!(found, "equal: u32[1] × i32[1]: operand 2 is of i32, and u32 is needed");
    }
}
