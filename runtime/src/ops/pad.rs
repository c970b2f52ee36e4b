//! `pad(x, paddings = [[0, 0], [1, 1]])`: zeros around a tensor, so many before and after along each axis.

use crate::kernels::strided::{Strided, read, write};
use crate::op::*;

crate::attributes! {
    /// How many zeros are added before the first element of each axis, and after the last.
    paddings: Paddings = Paddings::NONE,
}

/// Each size with what is added before and after.
pub const fn shape(x: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    let paddings = &attrs.paddings;
    if paddings.len() != x.rank() {
        let error = ShapeError::new("`paddings` has {} pairs, and each of the {} axes needs one: `[before, after]`");
        return Err(error.number(paddings.len() as isize).number(x.rank() as isize));
    }
    let (mut padded, mut axis) = (x, 0);
    while axis < x.rank() {
        let (before, after) = paddings.get(axis);
        if matches!(before, Dim::Rest) || matches!(after, Dim::Rest) {
            return Err(ShapeError::new("`paddings` is negative for axis {}").number(axis as isize));
        }
        padded = padded.with(axis, before.add(x.dim(axis)).add(after));
        axis += 1;
    }
    Ok(Shapes::one(padded))
}

/// Where the elements of `x` are in the padded tensor.
fn inner(y: &[usize], x: &[usize], attrs: &Attrs) -> Strided {
    let before = |axis| attrs.paddings.get(axis).0.size().unwrap_or(0);
    x.iter().enumerate().fold(Strided::new(y), |part, (axis, &size)| part.part(axis, before(axis), size))
}

/// Copies `x` between zeros.
pub fn forward<T: Element>(_: &Context, x: View<T>, attrs: &Attrs, y: ViewMut<T>) -> Result<()> {
    let inner = inner(y.shape(), x.shape(), attrs);
    let y = y.into_data();
    y.fill(T::default());
    write(x.data(), y, &inner, |y, x| *y = x);
    Ok(())
}

/// `dx` is the part of `dy` between the zeros.
pub fn backward<T: Float>(_: &Context, dy: View<T>, attrs: &Attrs, dx: Gradient<T>) -> Result<()> {
    let Some((dx, update)) = dx.into_parts() else { return Ok(()) };
    let inner = inner(dy.shape(), dx.shape(), attrs);
    match update {
        Update::Set => read(dy.data(), &inner, dx.into_data(), |dx, dy| *dx = dy),
        Update::Add => read(dy.data(), &inner, dx.into_data(), |dx, dy| *dx += dy),
    }
    Ok(())
}

crate::op! {
    pad(x: T) -> (y: T), for T in [f32, f64] and [i32, i64, u8, u32, bool];
    backward(reads [], from [y], to [x]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::expected::{check, expect, refusal, tensor};

    #[test]
    fn gradients_and_shapes() {
        let x = tensor(&[2, 3], &[0.5, -2.0, 3.0, 1.5, 0.25, -0.75]);
        check(&OPERATION, Attrs::DEFAULT.paddings([[1, 2], [0, 3]]), std::slice::from_ref(&x)).unwrap();
        check(&OPERATION, Attrs::DEFAULT.paddings([[0, 0], [0, 0]]), &[x]).unwrap();
        check(&OPERATION, Attrs::DEFAULT.paddings([[1, 0]]), &[tensor(&[0], &[])]).unwrap();
    }

    #[test]
    fn numbers_are_tensorflows() {
        let x = tensor(&[2, 3], &[-1.6464, -0.7229, -1.5008, 0.6879, 0.0791, -0.7348]);
        let y = [0.0, 0.0, 0.0, 0.0, 0.0, -1.6464, -0.7229, -1.5008, 0.0, 0.0, 0.6879, 0.0791, -0.7348, 0.0, 0.0];
        let upstream = [
            -0.1316, -0.4604, 0.663, -1.3296, -0.5426, -0.7329, -1.0333, -0.2285, -0.0418, -1.8644, 0.4931, 2.1019,
            -1.168, 0.4115, 1.0167,
        ];
        let gradient = [-0.7329, -1.0333, -0.2285, 0.4931, 2.1019, -1.168];
        let attrs = Attrs::DEFAULT.paddings([[1, 0], [0, 2]]);
        expect(&OPERATION, attrs, &[x], &[tensor(&[3, 5], &y)], (&[&upstream], &[&gradient]));
    }

    #[test]
    fn each_axis_has_a_pair() {
        let refused = |attrs| refusal(&OPERATION, attrs, &[tensor(&[4], &[0.0; 4])]);
        let found = refused(Attrs::DEFAULT);
        assert_eq!(found, "pad: [4]: `paddings` has 0 pairs, and each of the 1 axes needs one: `[before, after]`");
        assert_eq!(refused(Attrs::DEFAULT.paddings([[-1, 0]])), "pad: [4]: `paddings` is negative for axis 0");
        assert!(refused(Attrs::DEFAULT.paddings([[1, 1]; 9])).contains("`paddings` has 9 pairs"));
    }
}
