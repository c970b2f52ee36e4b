//! `cast::<u32>(x)`: the elements as another type.
//!
//! Floats become integers by rounding towards zero, and what is outside of an integer's range its nearest end; `bool`
//! is 0 or 1, and whether a number differs from 0. Between floats the gradient goes through.

use crate::kernels::elementwise::update_with;
use crate::op::*;

/// The type of the result, which is written with the op's name.
#[derive(Clone, Copy, Debug)]
pub struct Attrs {
    to: DType,
}

impl Attrs {
    /// No type yet.
    pub const DEFAULT: Self = Self { to: DType::Number };

    /// The type `U`.
    #[must_use]
    pub const fn of<U: Element>() -> Self {
        Self { to: U::DTYPE }
    }
}

/// The shape of `x`, of the other type.
pub const fn shape(x: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    if matches!(attrs.to, DType::Number) {
        return Err(ShapeError::new("it needs a type: `cast::<u32>(x)`"));
    }
    Ok(Shapes::one(x.with_dtype(attrs.to)))
}

fn convert<T: Element, U: Element>(x: &[T], y: &mut [U]) {
    update_with(y, x, |y, x| *y = U::from_f64(x.as_f64()));
}

/// Converts each element; `f64` holds all of them but very large `i64`.
pub fn forward<T: Element>(_: &Context, x: View<T>, _: &Attrs, y: SliceMut) -> Result<()> {
    match y {
        SliceMut::F32(y) => convert(x.data(), y),
        SliceMut::F64(y) => convert(x.data(), y),
        SliceMut::I32(y) => convert(x.data(), y),
        SliceMut::I64(y) if T::DTYPE == DType::I64 => SliceMut::I64(y).copy_from(T::wrap(x.data())),
        SliceMut::I64(y) => convert(x.data(), y),
        SliceMut::U8(y) => convert(x.data(), y),
        SliceMut::U32(y) => convert(x.data(), y),
        SliceMut::Bool(y) => convert(x.data(), y),
    }
    Ok(())
}

/// `dx = dy`, as the type of `x`.
pub fn backward<T: Float>(_: &Context, dy: Slice, _: &Attrs, dx: Gradient<T>) -> Result<()> {
    match dy {
        Slice::F32(dy) => dx.map(View::new(dy, &[dy.len()])?, |dy| T::of(f64::from(dy))),
        Slice::F64(dy) => dx.map(View::new(dy, &[dy.len()])?, T::of),
        Slice::I32(_) | Slice::I64(_) | Slice::U8(_) | Slice::U32(_) | Slice::Bool(_) => {
            dx.zeroed();
        }
    }
    Ok(())
}

crate::op! {
    cast(x: T) -> (y: any), for T in [f32, f64] and [i32, i64, u8, u32, bool];
    backward(reads [], from [y], to [x]);
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::{check, graph, refusal, results};
    use crate::testing::{Recorder, Tensor, Value, differentiate};

    fn cast<U: Element>(x: Tensor) -> Tensor {
        results(&OPERATION, Attrs::of::<U>(), &[x]).unwrap().remove(0)
    }

    #[test]
    fn every_type_becomes_every_other() {
        assert_eq!(cast::<i32>(array![1.9, -1.9, 1e20].into()), array![1, -1, i32::MAX].into());
        assert_eq!(cast::<u8>(array![300, -1, 7].into()), array![255_u8, 0, 7].into());
        assert_eq!(cast::<bool>(array![0_u32, 2].into()), array![false, true].into());
        assert_eq!(cast::<f32>(array![true, false].into()), array![1.0_f32, 0.0].into());
        assert_eq!(cast::<i64>(array![-5_i64, 5].into()), array![-5_i64, 5].into());
        assert_eq!(cast::<u32>(array![3_u8].into()), array![3_u32].into());
        assert_eq!(cast::<f64>(array![f32::INFINITY].into()), array![f64::INFINITY].into());
    }

    #[test]
    fn gradients_go_through_floats() {
        check(&OPERATION, Attrs::of::<f64>(), &[array![[1.0, -2.0]].into()]).unwrap();
        let there_and_back = |recorder: &mut Recorder, x: &[Value]| {
            let narrow = graph(&OPERATION, Attrs::of::<f32>())(recorder, x)?;
            graph(&OPERATION, Attrs::of::<f64>())(recorder, &narrow)
        };
        let upstream = [Some(array![0.5, 3.0].into_dyn())];
        let found = differentiate(&[array![1.5, -2.0].into()], &upstream, there_and_back).unwrap();
        assert_eq!(found.results, [array![1.5, -2.0].into()]);
        assert_eq!(found.gradients[0], array![0.5, 3.0].into_dyn());
    }

    #[test]
    fn no_gradient_goes_through_integers() {
        let rounded = |recorder: &mut Recorder, x: &[Value]| {
            let whole = graph(&OPERATION, Attrs::of::<i32>())(recorder, x)?;
            graph(&OPERATION, Attrs::of::<f64>())(recorder, &whole)
        };
        let found = differentiate(&[array![1.5].into()], &[Some(array![1.0].into_dyn())], rounded).unwrap();
        assert_eq!(found.results, [array![1.0].into()]);
        assert_eq!(found.gradients[0], array![0.0].into_dyn());
    }

    #[test]
    fn a_type_must_be_given() {
        let found = refusal(&OPERATION, Attrs::DEFAULT, &[array![1.0].into()]);
        assert_eq!(found, "cast: [1]: it needs a type: `cast::<u32>(x)`");
    }
}
