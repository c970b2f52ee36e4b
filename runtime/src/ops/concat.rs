//! `concat([a, b, …])`: tensors one after the other along an axis, `[…, m, …], […, n, …] → […, m + n, …]`.

use crate::kernels::strided::{Strided, read, write};
use crate::op::*;
use crate::ops::axis::{axis_of, common, position};

crate::attributes! {
    /// The axis along which they are joined; their other sizes are equal.
    axis: isize = -1,
}

/// The sizes that all have in common, and the sum along the axis. Keeps how many elements of it each tensor has.
pub const fn shape(list: List, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    let shapes = list.shapes();
    if shapes.is_empty() || list.length().is(0) {
        return Err(ShapeError::new("the list is empty"));
    }
    let mut joined = shapes[0];
    let axis = match axis_of(&joined, attrs.axis) {
        Ok(axis) => axis,
        Err(error) => return Err(error),
    };
    let mut size = joined.dim(axis).mul(list.times());
    let mut n = 1;
    while n < shapes.len() {
        joined = match common(joined, shapes[n], Some(axis)) {
            Ok(joined) => joined,
            Err(error) => return Err(error),
        };
        size = size.add(shapes[n].dim(axis).mul(list.times()));
        n += 1;
    }
    Ok(Shapes::one(joined.with(axis, size)).and_saved(Shape::new(DType::U32, &[list.length()])))
}

/// Copies each tensor behind the one before it.
pub fn forward<T: Element>(
    _: &Context,
    list: Views<T>,
    attrs: &Attrs,
    y: ViewMut<T>,
    mut sizes: ViewMut<u32>,
) -> Result<()> {
    let axis = position(y.shape(), attrs.axis);
    let (whole, y) = (Strided::new(y.shape()), y.into_data());
    let mut begin = 0;
    for (x, kept) in list.iter().zip(sizes.data()) {
        let size = x.shape()[axis];
        write(x.data(), y, &whole.part(axis, begin, size), |y, x| *y = x);
        begin += size;
        *kept = size as u32;
    }
    Ok(())
}

/// Each tensor's part of `dy`.
pub fn backward<T: Float>(
    _: &Context,
    sizes: View<u32>,
    dy: View<T>,
    attrs: &Attrs,
    dlist: Gradients<T>,
) -> Result<()> {
    let axis = position(dy.shape(), attrs.axis);
    let whole = Strided::new(dy.shape());
    let mut begin = 0;
    for (dx, &size) in dlist.zip(sizes.data()) {
        let part = whole.part(axis, begin, size as usize);
        begin += size as usize;
        match dx?.into_parts() {
            None => {}
            Some((dx, Update::Set)) => read(dy.data(), &part, dx.into_data(), |dx, dy| *dx = dy),
            Some((dx, Update::Add)) => read(dy.data(), &part, dx.into_data(), |dx, dy| *dx += dy),
        }
    }
    Ok(())
}

crate::op! {
    concat(list: [T]) -> (y: T) saves (sizes: u32), for T in [f32, f64] and [i32, i64, u8, u32, bool];
    backward(reads [sizes], from [y], to [list]);
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::{check, expect, refusal, results, tensor};

    #[test]
    fn gradients_and_shapes() {
        let x = [0.5, -2.0, 3.0, 1.5, 0.25, -0.75];
        let (a, b, c) = (tensor(&[2, 3], &x), tensor(&[2, 1], &x[..2]), tensor(&[2, 0], &[]));
        check(&OPERATION, Attrs::DEFAULT, &[a.clone(), b, c]).unwrap();
        check(&OPERATION, Attrs::DEFAULT.axis(0), &[a.clone(), a.clone(), tensor(&[1, 3], &x[..3])]).unwrap();
        check(&OPERATION, Attrs::DEFAULT, &[a]).unwrap();
        let found = results(&OPERATION, Attrs::DEFAULT, &[array![true].into(), array![false, true].into()]).unwrap();
        assert_eq!(found, [array![true, false, true].into()]);
    }

    #[test]
    fn numbers_are_tensorflows() {
        let a = tensor(&[2, 3], &[2.094, 0.9977, -2.1608, 0.3014, -0.4246, 0.2955]);
        let b = tensor(&[2, 2], &[-1.3458, 0.0358, 0.3715, 1.3222]);
        let y = [2.094, 0.9977, -2.1608, -1.3458, 0.0358, 0.3014, -0.4246, 0.2955, 0.3715, 1.3222];
        let upstream = [-1.3599, -1.2354, 0.0599, -1.6546, 0.0237, -0.0341, -1.1939, -2.1019, 0.3684, 1.4954];
        let da = [-1.3599, -1.2354, 0.0599, -0.0341, -1.1939, -2.1019];
        let db = [-1.6546, 0.0237, 0.3684, 1.4954];
        expect(&OPERATION, Attrs::DEFAULT, &[a, b], &[tensor(&[2, 5], &y)], (&[&upstream], &[&da, &db]));
    }

    #[test]
    fn a_list_of_a_loop_has_one_shape() {
        let x = [Shape::new(DType::F32, &[Dim::Symbol(0), Dim::known(4)])];
        let size = |length| shape(List::repeated(&x, length), &Attrs::DEFAULT).unwrap().results()[0].dim(1);
        assert_eq!(size(Dim::known(3)), Dim::known(12));
        assert_eq!(size(Dim::Symbol(5)), Dim::Unknown);
        assert_eq!(size(Dim::Unknown), Dim::Unknown);
        assert!(shape(List::repeated(&x, Dim::known(0)), &Attrs::DEFAULT).is_err());
    }

    #[test]
    fn other_sizes_must_be_equal() {
        let found = refusal(&OPERATION, Attrs::DEFAULT, &[tensor(&[2, 1], &[0.0; 2]), tensor(&[1, 2], &[0.0; 2])]);
        assert_eq!(found, "concat: [2, 1] × [1, 2]: axis 0 is 2 in one tensor of the list and 1 in another");
        let found = refusal(&OPERATION, Attrs::DEFAULT, &[tensor(&[1], &[0.0]), tensor(&[1, 1], &[0.0])]);
        assert_eq!(found, "concat: [1] × [1, 1]: a tensor of 2 axes cannot stand in a list with one of 1");
        let found = refusal(&OPERATION, Attrs::DEFAULT, &[tensor(&[], &[0.0])]);
        assert_eq!(found, "concat: []: axis -1 is asked for, and a scalar has none");
    }
}
