//! `split(x, sizes = [3, 5])`: parts of a tensor along an axis, `[…, 8] → […, 3], […, 5]`.

use crate::kernels::strided::{Strided, read, write};
use crate::op::*;
use crate::ops::axis::{axis_of, position};

crate::attributes! {
    /// The sizes of the parts along the axis; one may be `_`, what the others leave.
    sizes: Sizes = Sizes::NONE,
    /// The axis that is split.
    axis: isize = -1,
}

/// The size that the others leave, if they are no more than there is.
const fn rest_of(size: Dim, others: Dim) -> Result<Dim, ShapeError> {
    match (size, others) {
        (Dim::Known(size), Dim::Known(others)) if others > size => {
            let error = ShapeError::new("parts of {} elements together do not fit into {}");
            Err(error.with(Dim::Known(others)).with(Dim::Known(size)))
        }
        _ => Ok(size.sub(others)),
    }
}

/// The sum of the sizes, and where among them `_` stands.
const fn sum_of(sizes: &Sizes) -> Result<(Dim, Option<usize>), ShapeError> {
    let (mut sum, mut rest, mut n) = (Dim::known(0), None, 0);
    while n < sizes.len() {
        match (sizes.get(n), rest) {
            (Dim::Rest, None) => rest = Some(n),
            (Dim::Rest, Some(_)) => return Err(ShapeError::new("one of the sizes may be `_`, not two")),
            (size, _) => sum = sum.add(size),
        }
        n += 1;
    }
    Ok((sum, rest))
}

/// The shape of each part.
pub const fn shape(x: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    let sizes = &attrs.sizes;
    if sizes.is_empty() {
        return Err(ShapeError::new("it needs the sizes of the parts: `sizes = [3, 5]`"));
    }
    if sizes.is_cut() {
        return Err(ShapeError::new("it makes at most {} parts").number(Shapes::RESULTS as isize));
    }
    let axis = match axis_of(&x, attrs.axis) {
        Ok(axis) => axis,
        Err(error) => return Err(error),
    };
    let (sum, rest) = match sum_of(sizes) {
        Ok(found) => found,
        Err(error) => return Err(error),
    };
    let left = match rest_of(x.dim(axis), sum) {
        Ok(left) => left,
        Err(error) => return Err(error),
    };
    if rest.is_none() && !x.dim(axis).agrees(sum) {
        let error = ShapeError::new("the parts have {} elements together, and axis {} has {}");
        return Err(error.with(sum).number(axis as isize).with(x.dim(axis)));
    }
    let (mut shapes, mut n) = (Shapes::NONE, 0);
    while n < sizes.len() {
        let size = sizes.get(n);
        shapes = shapes.and(x.with(axis, if matches!(size, Dim::Rest) { left } else { size }));
        n += 1;
    }
    Ok(shapes)
}

/// Copies each part.
pub fn forward<T: Element>(_: &Context, x: View<T>, attrs: &Attrs, parts: ViewsMut<T>) -> Result<()> {
    let axis = position(x.shape(), attrs.axis);
    let whole = Strided::new(x.shape());
    let mut begin = 0;
    for y in parts {
        let y = y?;
        let size = y.shape()[axis];
        read(x.data(), &whole.part(axis, begin, size), y.into_data(), |y, x| *y = x);
        begin += size;
    }
    Ok(())
}

/// `dx` is the gradients of the parts, one after the other.
pub fn backward<T: Float>(_: &Context, dparts: Views<T>, attrs: &Attrs, dx: Gradient<T>) -> Result<()> {
    let Some((dx, update)) = dx.into_parts() else { return Ok(()) };
    let axis = position(dx.shape(), attrs.axis);
    let (whole, dx) = (Strided::new(dx.shape()), dx.into_data());
    let mut begin = 0;
    for dy in dparts.iter() {
        let size = dy.shape()[axis];
        let part = whole.part(axis, begin, size);
        match update {
            Update::Set => write(dy.data(), dx, &part, |dx, dy| *dx = dy),
            Update::Add => write(dy.data(), dx, &part, |dx, dy| *dx += dy),
        }
        begin += size;
    }
    Ok(())
}

crate::op! {
    split(x: T) -> (parts: [T]), for T in [f32, f64] and [i32, i64, u8, u32, bool];
    backward(reads [], from [parts], to [x]);
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::{check, expect, refusal, results, tensor};

    #[test]
    fn gradients_and_shapes() {
        let x = tensor(&[2, 3], &[0.5, -2.0, 3.0, 1.5, 0.25, -0.75]);
        check(&OPERATION, Attrs::DEFAULT.sizes([1, 0, 2]), std::slice::from_ref(&x)).unwrap();
        check(&OPERATION, Attrs::DEFAULT.sizes([-1, 1]).axis(0), &[x]).unwrap();
        check(&OPERATION, Attrs::DEFAULT.sizes([3]), &[tensor(&[0, 3], &[])]).unwrap();
        let found = results(&OPERATION, Attrs::DEFAULT.sizes([1, -1]), &[array![1_u32, 2, 3].into()]).unwrap();
        assert_eq!(found, [array![1_u32].into(), array![2_u32, 3].into()]);
    }

    #[test]
    fn numbers_are_tensorflows() {
        let x = [1.4494, -0.8635, -0.753, -1.5607, 1.5634, 0.6109, 0.5718, -0.0136, 0.0229, -1.3021, -0.3037, -0.8737];
        let parts = [
            tensor(&[2, 2], &[1.4494, -0.8635, 0.5718, -0.0136]),
            tensor(&[2, 2], &[-0.753, -1.5607, 0.0229, -1.3021]),
            tensor(&[2, 2], &[1.5634, 0.6109, -0.3037, -0.8737]),
        ];
        let upstream: [&[f64]; 3] = [
            &[0.8407, -1.3571, 1.2869, 0.5735],
            &[0.5795, -0.0276, -0.3816, -0.3088],
            &[1.3878, 1.7165, 1.0544, -0.5633],
        ];
        let dx = [0.8407, -1.3571, 0.5795, -0.0276, 1.3878, 1.7165, 1.2869, 0.5735, -0.3816, -0.3088, 1.0544, -0.5633];
        expect(&OPERATION, Attrs::DEFAULT.sizes([2, 2, 2]), &[tensor(&[2, 6], &x)], &parts, (&upstream, &[&dx]));
    }

    #[test]
    fn what_is_left_may_be_open() {
        let x = Shape::new(DType::F32, &[Dim::Symbol(0), Dim::Symbol(1)]);
        let made = |sizes: [Dim; 2]| {
            let made = shape(x, &Attrs::DEFAULT.sizes(sizes)).map_err(|error| error.to_string())?;
            Ok::<_, String>(made.results().iter().map(|shape| shape.dim(1)).collect::<Vec<_>>())
        };
        assert_eq!(made([Dim::known(3), Dim::Rest]), Ok(vec![Dim::known(3), Dim::Unknown]));
        assert_eq!(made([Dim::known(0), Dim::Rest]), Ok(vec![Dim::known(0), Dim::Symbol(1)]));
        assert_eq!(made([Dim::Symbol(2), Dim::Symbol(3)]), Ok(vec![Dim::Symbol(2), Dim::Symbol(3)]));
        assert!(made([Dim::known(3), Dim::known(4)]).is_err());
    }

    #[test]
    fn sizes_must_add_up() {
        let refused = |attrs| refusal(&OPERATION, attrs, &[tensor(&[4], &[0.0; 4])]);
        let found = refused(Attrs::DEFAULT.sizes([1, 2]));
        assert_eq!(found, "split: [4]: the parts have 3 elements together, and axis 0 has 4");
        let found = refused(Attrs::DEFAULT.sizes([5, -1]));
        assert_eq!(found, "split: [4]: parts of 5 elements together do not fit into 4");
        assert_eq!(refused(Attrs::DEFAULT.sizes([1; 17])), "split: [4]: it makes at most 16 parts");
        let found = refused(Attrs::DEFAULT.sizes([-1, -1]));
        assert_eq!(found, "split: [4]: one of the sizes may be `_`, not two");
        let found = refused(Attrs::DEFAULT);
        assert_eq!(found, "split: [4]: it needs the sizes of the parts: `sizes = [3, 5]`");
    }
}
