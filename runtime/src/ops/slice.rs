//! `slice(x, begin = [0, 1], size = [2, 3])`: a part of a tensor, from a position on, as TensorFlow's `slice`.

use crate::kernels::strided::{Strided, read, write};
use crate::op::*;

crate::attributes! {
    /// The first position along each axis.
    begin: Sizes = Sizes::NONE,
    /// How many positions along each axis; `_` for all that follow.
    size: Sizes = Sizes::NONE,
}

/// `size`, with a number or a name for `_` where it is known.
pub const fn shape(x: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    let (begins, sizes) = (&attrs.begin, &attrs.size);
    if begins.len() != x.rank() || sizes.len() != x.rank() {
        let error = ShapeError::new("`begin` has {} numbers and `size` {}: each of the {} axes needs one in both");
        let error = error.number(begins.len() as isize).number(sizes.len() as isize);
        return Err(error.number(x.rank() as isize));
    }
    let (mut part, mut axis) = (x, 0);
    while axis < x.rank() {
        let (begin, size) = (begins.get(axis), sizes.get(axis));
        if matches!(begin, Dim::Rest) {
            let error = ShapeError::new("`begin` is negative for axis {}: positions are counted from 0");
            return Err(error.number(axis as isize));
        }
        let end = if matches!(size, Dim::Rest) { begin } else { begin.add(size) };
        if let (Dim::Known(end), Dim::Known(length)) = (end, x.dim(axis))
            && end > length
        {
            let error = ShapeError::new("the part ends at {} on axis {}, which has {}");
            return Err(error.with(Dim::Known(end)).number(axis as isize).with(x.dim(axis)));
        }
        let size = if matches!(size, Dim::Rest) { x.dim(axis).sub(begin) } else { size };
        part = part.with(axis, size);
        axis += 1;
    }
    Ok(Shapes::one(part))
}

/// Where the elements of the part are in a tensor of `x`'s sizes.
fn part(x: &[usize], attrs: &Attrs, sizes: &[usize]) -> Strided {
    let begin = |axis| attrs.begin.get(axis).size().unwrap_or(0);
    sizes.iter().enumerate().fold(Strided::new(x), |part, (axis, &size)| part.part(axis, begin(axis), size))
}

/// Copies the part.
pub fn forward<T: Element>(_: &Context, x: View<T>, attrs: &Attrs, y: ViewMut<T>) -> Result<()> {
    let part = part(x.shape(), attrs, y.shape());
    read(x.data(), &part, y.into_data(), |y, x| *y = x);
    Ok(())
}

/// `dx` is `dy` in the part, 0 elsewhere.
pub fn backward<T: Float>(_: &Context, dy: View<T>, attrs: &Attrs, dx: Gradient<T>) -> Result<()> {
    if let Some(dx) = dx.zeroed() {
        let part = part(dx.shape(), attrs, dy.shape());
        write(dy.data(), dx.into_data(), &part, |dx, dy| *dx += dy);
    }
    Ok(())
}

crate::op! {
    slice(x: T) -> (y: T), for T in [f32, f64] and [i32, i64, u8, u32, bool];
    backward(reads [], from [y], to [x]);
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::{check, refusal, results, tensor};

    #[test]
    fn gradients_and_shapes() {
        let x = tensor(&[2, 3, 2], &[0.5, -2.0, 3.0, 1.5, 0.25, -0.75, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0]);
        let attrs = Attrs::DEFAULT.begin([0, 1, 1]).size([2, -1, 1]);
        check(&OPERATION, attrs, std::slice::from_ref(&x)).unwrap();
        check(&OPERATION, Attrs::DEFAULT.begin([1, 0, 2]).size([1, 3, 0]), std::slice::from_ref(&x)).unwrap();
        let found = results(&OPERATION, attrs, &[x]).unwrap();
        assert_eq!(found, [array![[[1.5], [-0.75]], [[8.0], [32.0]]].into()]);
    }

    #[test]
    fn what_is_left_may_be_a_name() {
        let x = Shape::new(DType::F32, &[Dim::Symbol(0), Dim::Symbol(1)]);
        let attrs = Attrs::DEFAULT.begin([0, 1]).size([Dim::Rest, Dim::Rest]);
        let made = shape(x, &attrs).unwrap();
        assert_eq!(made.results()[0].dims(), [Dim::Symbol(0), Dim::Unknown]);
    }

    #[test]
    fn a_part_lies_inside() {
        let refused = |attrs| refusal(&OPERATION, attrs, &[tensor(&[4], &[0.0; 4])]);
        let found = refused(Attrs::DEFAULT.begin([2]).size([3]));
        assert_eq!(found, "slice: [4]: the part ends at 5 on axis 0, which has 4");
        assert_eq!(
            refused(Attrs::DEFAULT.begin([5]).size([-1])),
            "slice: [4]: the part ends at 5 on axis 0, which has 4"
        );
        let found = refused(Attrs::DEFAULT.begin([-1]).size([1]));
        assert_eq!(found, "slice: [4]: `begin` is negative for axis 0: positions are counted from 0");
        let found = refused(Attrs::DEFAULT.begin([0, 0]).size([1]));
        assert_eq!(found, "slice: [4]: `begin` has 2 numbers and `size` 1: each of the 1 axes needs one in both");
    }
}
