//! `add(a, b)`, `a + b`: the sum, element by element, broadcast both ways.

use crate::op::*;
use crate::ops::broadcast::{self, apply, apply_in_place, gradient, unread};

crate::attributes! {}

/// The broadcast shape.
pub const fn shape(a: Shape, b: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    broadcast::shape(a, b)
}

/// `y = a + b`.
pub fn forward<T: Number>(_: &Context, a: View<T>, b: View<T>, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply(a, b, y, |a, b| a.plus(b));
    Ok(())
}

/// `y += b`.
pub fn forward_in_place<T: Number>(_: &Context, b: View<T>, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply_in_place(b, y, |a, b| a.plus(b));
    Ok(())
}

/// `da = dy` and `db = dy`, each summed over the axes along which it was broadcast.
pub fn backward<T: Float>(_: &Context, dy: View<T>, _: &Attrs, da: Gradient<T>, db: Gradient<T>) -> Result<()> {
    gradient(da, dy, unread(), unread(), |dy, _, _| dy);
    gradient(db, dy, unread(), unread(), |dy, _, _| dy);
    Ok(())
}

/// `da` is `dy` already; `db = dy`, summed over the axes along which it was broadcast.
pub fn backward_in_place<T: Float>(_: &Context, _: &Attrs, mut da: ViewMut<T>, db: Gradient<T>) -> Result<()> {
    let shape = da.shape();
    gradient(db, View::new(da.data(), shape)?, unread(), unread(), |dy, _, _| dy);
    Ok(())
}

crate::op! {
    add(a: T, b: T) -> (y: T), for T in [f32, f64] and [i32, i64, u8, u32];
    in_place;
    elementwise;
    commutes;
    backward(reads [], from [y], to [a, b], in_place);
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, Array2, Dimension, array};

    use super::*;
    use crate::ops::expected::{check, expect, refusal, results, tensor};

    #[test]
    fn gradients_in_place_and_shapes() {
        let numbers = |shape: &[usize]| Array::from_shape_fn(shape, |at| at.slice().iter().sum::<usize>() as f64 - 1.5);
        let shapes: [(&[usize], &[usize]); 6] =
            [(&[3, 5], &[3, 5]), (&[3, 5], &[5]), (&[2, 1, 3], &[4, 1]), (&[3], &[]), (&[], &[]), (&[0, 3], &[1, 3])];
        for (a, b) in shapes {
            check(&OPERATION, Attrs::DEFAULT, &[numbers(a).into(), numbers(b).into()]).unwrap();
            check(&OPERATION, Attrs::DEFAULT, &[numbers(b).into(), numbers(a).into()]).unwrap();
        }
    }

    #[test]
    fn numbers_are_tensorflows() {
        let a = &[-3.1492, 0.4173, -0.0654, 0.1443, 1.1951, -0.2981, -0.0125, -1.2705, 0.541, 1.8643, -1.0893, 0.6087];
        let b = &[0.2506, 0.0099, -0.5439, 0.7406, 1.0026, 0.4765, 0.187, 1.5063];
        let y = &[
            -2.8986,
            0.4272,
            -0.6093000000000001,
            0.8849,
            -2.1466000000000003,
            0.8937999999999999,
            0.1216,
            1.6506,
            1.4457,
            -0.28819999999999996,
            -0.5564,
            -0.5298999999999999,
            2.1977,
            0.1784,
            0.1745,
            0.2358,
            0.7916000000000001,
            1.8742,
            -1.6332,
            1.3493,
            1.5436,
            2.3408,
            -0.9022999999999999,
            2.115,
        ];
        let dy = &[
            -0.4148, -0.3334, 0.0811, -0.791, -0.2186, -0.7632, -0.7771, 1.8494, -0.7056, -0.086, 0.2879, -0.1314,
            -0.9827, -0.9188, 1.1994, -0.3414, -1.7586, 0.0511, -0.5719, -0.7006, -0.9351, 1.5345, 1.9774, -0.4351,
        ];
        let da = &[
            -0.6334,
            -1.0966,
            -0.696,
            1.0583999999999998,
            -1.6883,
            -1.0048,
            1.4873,
            -0.4728,
            -2.6936999999999998,
            1.5856,
            1.4055,
            -1.1357,
        ];
        let db = &[-2.879, -0.3683, -0.20289999999999997, -1.623, -2.1364, -0.14749999999999996, 2.3997, 1.0729];
        let operands = [tensor(&[3, 1, 4], a), tensor(&[2, 4], b)];
        expect(&OPERATION, Attrs::DEFAULT, &operands, &[tensor(&[3, 2, 4], y)], (&[dy], &[da, db]));
    }

    #[test]
    fn integers_add_as_well() {
        let operands = [array![[1_i32, -2], [3, 4]].into(), array![10_i32, 20].into()];
        let y = results(&OPERATION, Attrs::DEFAULT, &operands).unwrap();
        assert_eq!(y, [array![[11_i32, 18], [13, 24]].into()]);
    }

    #[test]
    fn sizes_must_be_equal_or_one() {
        let zeros = |sizes: [usize; 2]| Array2::<f64>::zeros(sizes).into();
        let message = refusal(&OPERATION, Attrs::DEFAULT, &[zeros([2, 3]), zeros([2, 2])]);
        assert_eq!(message, "add: [2, 3] × [2, 2]: 3 cannot be broadcast with 2");
        let message = refusal(&OPERATION, Attrs::DEFAULT, &[zeros([2, 3]), zeros([0, 3])]);
        assert_eq!(message, "add: [2, 3] × [0, 3]: 2 cannot be broadcast with 0");
    }
}
