//! `flatten(x)`: `[batch, …] → [batch, product of the others]`, the same elements in the same order.

use crate::op::*;

crate::attributes! {}

/// The first axis, and the others as one.
pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    if x.rank() == 0 {
        return Err(ShapeError::new("a scalar has no axis to keep"));
    }
    let mut elements = Dim::known(1);
    let mut axis = 1;
    while axis < x.rank() {
        elements = elements.mul(x.dim(axis));
        axis += 1;
    }
    Ok(Shapes::one(Shape::new(x.dtype(), &[x.dim(0), elements])))
}

/// `dx = dy`, in the sizes of `x`.
pub fn backward<T: Float>(_: &Context, dy: View<T>, _: &Attrs, dx: Gradient<T>) -> Result<()> {
    dx.map(dy, |dy| dy);
    Ok(())
}

crate::op! {
    flatten(x: T) -> (y: T), for T in [f32, f64] and [i32, i64, u8, u32, bool];
    alias;
    backward(reads [], from [y], to [x]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::expected::{check, refusal, results, tensor};

    #[test]
    fn gradients_and_shapes() {
        check(&OPERATION, Attrs::DEFAULT, &[tensor(&[2, 1, 3], &[0.5, -2.0, 3.0, 1.5, 0.25, -0.75])]).unwrap();
        let shapes: [(&[usize], [usize; 2]); 3] = [(&[2, 3, 4], [2, 12]), (&[5], [5, 1]), (&[0, 3, 4], [0, 12])];
        for (shape, flat) in shapes {
            let x = tensor(shape, &vec![1.5; shape.iter().product()]);
            assert_eq!(results(&OPERATION, Attrs::DEFAULT, &[x]).unwrap()[0].array.shape(), flat);
        }
    }

    #[test]
    fn the_batch_may_be_a_name() {
        let image = Shape::new(DType::F32, &[Dim::Symbol(0), Dim::known(28), Dim::known(28), Dim::known(1)]);
        let made = shape(image, &Attrs::DEFAULT).unwrap();
        assert_eq!(made.results()[0].dims(), [Dim::Symbol(0), Dim::known(784)]);
    }

    #[test]
    fn a_scalar_is_refused() {
        let found = refusal(&OPERATION, Attrs::DEFAULT, &[tensor(&[], &[1.0])]);
        assert_eq!(found, "flatten: []: a scalar has no axis to keep");
    }
}
