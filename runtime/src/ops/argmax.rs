//! `argmax(x)`: where along an axis the largest element is, `[…, n, …] → u32[…, …]`; the first of several.

use crate::op::*;
use crate::ops::axis::{around, axis_of, position};

crate::attributes! {
    /// The axis along which the largest is looked for.
    axis: isize = -1,
}

/// Without the axis, which may not be empty.
pub const fn shape(x: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    let axis = match axis_of(&x, attrs.axis) {
        Ok(axis) => axis,
        Err(error) => return Err(error),
    };
    if x.dim(axis).is(0) {
        return Err(ShapeError::new("axis {} is empty, and no elements have no largest").number(axis as isize));
    }
    let (mut shape, mut n) = (x.leading(axis).with_dtype(DType::U32), axis + 1);
    while n < x.rank() {
        shape = shape.push(x.dim(n));
        n += 1;
    }
    Ok(Shapes::one(shape))
}

/// The position of the first element that none exceeds.
pub fn forward<T: Number>(_: &Context, x: View<T>, attrs: &Attrs, mut y: ViewMut<u32>) -> Result<()> {
    let [_, size, after] = around(x.shape(), position(x.shape(), attrs.axis));
    let blocks = x.data().chunks_exact((size * after).max(1));
    for (block, y) in blocks.zip(y.data().chunks_exact_mut(after.max(1))) {
        for (n, y) in y.iter_mut().enumerate() {
            let mut largest = 0;
            for at in 1..size {
                if block[at * after + n] > block[largest * after + n] {
                    largest = at;
                }
            }
            *y = largest as u32;
        }
    }
    Ok(())
}

crate::op! {
    argmax(x: T) -> (y: u32), for T in [f32, f64] and [i32, i64, u8, u32];
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::{check, refusal, results, tensor};

    #[test]
    fn the_first_of_the_largest() {
        let x = array![[1.0, 3.0, 3.0], [-2.0, -1.0, -5.0]];
        check(&OPERATION, Attrs::DEFAULT, &[x.clone().into()]).unwrap();
        let found = results(&OPERATION, Attrs::DEFAULT, &[x.clone().into()]).unwrap();
        assert_eq!(found, [array![1_u32, 1].into()]);
        let found = results(&OPERATION, Attrs::DEFAULT.axis(0), &[x.into()]).unwrap();
        assert_eq!(found, [array![0_u32, 0, 0].into()]);
        let found = results(&OPERATION, Attrs::DEFAULT.axis(1), &[array![[[1, 9], [7, 8]]].into()]).unwrap();
        assert_eq!(found, [array![[1_u32, 0]].into()]);
    }

    #[test]
    fn an_empty_batch_is_fine_and_an_empty_axis_is_not() {
        let found = results(&OPERATION, Attrs::DEFAULT, &[tensor(&[0, 3], &[])]).unwrap();
        assert_eq!(found[0].array.shape(), [0]);
        let found = refusal(&OPERATION, Attrs::DEFAULT, &[tensor(&[3, 0], &[])]);
        assert_eq!(found, "argmax: [3, 0]: axis 1 is empty, and no elements have no largest");
    }
}
