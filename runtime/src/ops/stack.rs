//! `stack([a, b, …])`: tensors of one shape along a new axis, `[m, n], [m, n] → [2, m, n]`.

use crate::kernels::strided::{Strided, read, write};
use crate::op::*;
use crate::ops::axis::{common, position};

crate::attributes! {
    /// The new axis of the result.
    axis: isize = 0,
}

/// The sizes that all have in common, with the length of the list as a further axis.
pub const fn shape(list: List, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    let shapes = list.shapes();
    if shapes.is_empty() || list.length().is(0) {
        return Err(ShapeError::new("the list is empty"));
    }
    let mut each = shapes[0];
    let mut n = 1;
    while n < shapes.len() {
        each = match common(each, shapes[n], None) {
            Ok(each) => each,
            Err(error) => return Err(error),
        };
        n += 1;
    }
    if each.rank() >= MAX_RANK {
        return Err(ShapeError::new("a tensor has at most {} axes").number(MAX_RANK as isize));
    }
    let mut stacked = each.push(list.length());
    let Some(axis) = stacked.axis(attrs.axis) else {
        let error = ShapeError::new("axis {} is outside of the {} axes of the result");
        return Err(error.number(attrs.axis).number(stacked.rank() as isize));
    };
    let mut at = stacked.rank() - 1;
    while at > axis {
        stacked = stacked.with(at, stacked.dim(at - 1));
        at -= 1;
    }
    Ok(Shapes::one(stacked.with(axis, list.length())))
}

/// Copies each tensor to its position of the new axis.
pub fn forward<T: Element>(_: &Context, list: Views<T>, attrs: &Attrs, y: ViewMut<T>) -> Result<()> {
    let axis = position(y.shape(), attrs.axis);
    let (whole, y) = (Strided::new(y.shape()), y.into_data());
    for (n, x) in list.iter().enumerate() {
        write(x.data(), y, &whole.part(axis, n, 1), |y, x| *y = x);
    }
    Ok(())
}

/// Each tensor's position of `dy`.
pub fn backward<T: Float>(_: &Context, dy: View<T>, attrs: &Attrs, dlist: Gradients<T>) -> Result<()> {
    let axis = position(dy.shape(), attrs.axis);
    let whole = Strided::new(dy.shape());
    for (n, dx) in dlist.enumerate() {
        let part = whole.part(axis, n, 1);
        match dx?.into_parts() {
            None => {}
            Some((dx, Update::Set)) => read(dy.data(), &part, dx.into_data(), |dx, dy| *dx = dy),
            Some((dx, Update::Add)) => read(dy.data(), &part, dx.into_data(), |dx, dy| *dx += dy),
        }
    }
    Ok(())
}

crate::op! {
    stack(list: [T]) -> (y: T), for T in [f32, f64] and [i32, i64, u8, u32, bool];
    backward(reads [], from [y], to [list]);
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::{check, refusal, results, tensor};

    #[test]
    fn gradients_and_shapes() {
        let (a, b) = (tensor(&[2, 3], &[0.5, -2.0, 3.0, 1.5, 0.25, -0.75]), tensor(&[2, 3], &[1.0; 6]));
        for axis in [0, 1, 2, -1, -3] {
            check(&OPERATION, Attrs::DEFAULT.axis(axis), &[a.clone(), b.clone(), a.clone()]).unwrap();
        }
        check(&OPERATION, Attrs::DEFAULT, &[tensor(&[], &[1.0]), tensor(&[], &[2.0])]).unwrap();
    }

    #[test]
    fn values() {
        let list = [array![1, 2].into(), array![3, 4].into(), array![5, 6].into()];
        let found = results(&OPERATION, Attrs::DEFAULT, &list).unwrap();
        assert_eq!(found, [array![[1, 2], [3, 4], [5, 6]].into()]);
        let found = results(&OPERATION, Attrs::DEFAULT.axis(-1), &list).unwrap();
        assert_eq!(found, [array![[1, 3, 5], [2, 4, 6]].into()]);
    }

    #[test]
    fn a_list_of_a_loop_may_have_any_length() {
        let x = [Shape::new(DType::F32, &[Dim::Symbol(0), Dim::known(4)])];
        let made = shape(List::repeated(&x, Dim::Symbol(5)), &Attrs::DEFAULT.axis(1)).unwrap();
        assert_eq!(made.results()[0].dims(), [Dim::Symbol(0), Dim::Symbol(5), Dim::known(4)]);
    }

    #[test]
    fn shapes_must_be_equal() {
        let found = refusal(&OPERATION, Attrs::DEFAULT, &[tensor(&[2], &[0.0; 2]), tensor(&[1], &[0.0])]);
        assert_eq!(found, "stack: [2] × [1]: axis 0 is 2 in one tensor of the list and 1 in another");
        let found = refusal(&OPERATION, Attrs::DEFAULT.axis(2), &[tensor(&[2], &[0.0; 2])]);
        assert_eq!(found, "stack: [2]: axis 2 is outside of the 2 axes of the result");
        let found = refusal(&OPERATION, Attrs::DEFAULT, &[tensor(&[1; 6], &[0.0])]);
        assert_eq!(found, "stack: [1, 1, 1, 1, 1, 1]: a tensor has at most 6 axes");
    }
}
