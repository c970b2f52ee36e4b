//! `select(condition, a, b)`: `a` where the condition holds, `b` elsewhere, element by element, all three broadcast.

use crate::kernels::broadcast::for_each_run;
use crate::kernels::elementwise::update_with_three;
use crate::op::*;
use crate::ops::broadcast::{broadcast, gradient, operand, unread};

crate::attributes! {}

/// The broadcast shape, of the type of `a` and `b`.
pub const fn shape(condition: Shape, a: Shape, b: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    let values = match broadcast(a, b) {
        Ok(values) => values,
        Err(error) => return Err(error),
    };
    match broadcast(condition, values) {
        Ok(shape) => Ok(Shapes::one(shape.with_dtype(a.dtype()))),
        Err(error) => Err(error),
    }
}

/// `y = if condition { a } else { b }`.
pub fn forward<T: Element>(
    _: &Context,
    condition: View<bool>,
    a: View<T>,
    b: View<T>,
    _: &Attrs,
    y: ViewMut<T>,
) -> Result<()> {
    let shape = y.shape();
    let mut rest = y.into_data();
    let operands = [condition.shape(), a.shape(), b.shape()];
    if operands == [shape; 3] {
        update_with_three(rest, (condition.data(), a.data(), b.data()), |y, holds, a, b| {
            *y = if holds { a } else { b }
        });
        return Ok(());
    }
    for_each_run(shape, operands, |[at, at_a, at_b], length, [step, step_a, step_b]| {
        let (y, after) = std::mem::take(&mut rest).split_at_mut(length);
        rest = after;
        for (n, y) in y.iter_mut().enumerate() {
            let holds = condition.data()[at + n * step];
            *y = if holds { a.data()[at_a + n * step_a] } else { b.data()[at_b + n * step_b] };
        }
    });
    Ok(())
}

/// `da = dy` where the condition holds and `db = dy` elsewhere, each summed over the axes along which it was broadcast.
pub fn backward<T: Float>(
    _: &Context,
    condition: View<bool>,
    dy: View<T>,
    _: &Attrs,
    da: Gradient<T>,
    db: Gradient<T>,
) -> Result<()> {
    gradient(da, dy, operand(condition), unread(), |dy, holds, ()| if holds { dy } else { T::zero() });
    gradient(db, dy, operand(condition), unread(), |dy, holds, ()| if holds { T::zero() } else { dy });
    Ok(())
}

crate::op! {
    select(condition: bool, a: T, b: T) -> (y: T), for T in [f32, f64] and [i32, i64, u8, u32, bool];
    backward(reads [condition], from [y], to [a, b]);
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::{check, refusal, results, tensor};

    #[test]
    fn gradients_and_shapes() {
        let condition = || array![[true], [false]].into();
        let (a, b) = (tensor(&[2, 3], &[0.5, -2.0, 3.0, 1.5, 0.25, -0.75]), tensor(&[3], &[1.0, 2.0, 3.0]));
        check(&OPERATION, Attrs::DEFAULT, &[condition(), a.clone(), b.clone()]).unwrap();
        check(&OPERATION, Attrs::DEFAULT, &[condition(), b.clone(), a]).unwrap();
        check(&OPERATION, Attrs::DEFAULT, &[array![true, false, true].into(), b, tensor(&[], &[1.0])]).unwrap();
    }

    #[test]
    fn values() {
        let operands = [array![true, false].into(), array![1_u32, 2].into(), array![[3_u32], [4]].into()];
        let found = results(&OPERATION, Attrs::DEFAULT, &operands).unwrap();
        assert_eq!(found, [array![[1_u32, 3], [1, 4]].into()]);
    }

    #[test]
    fn a_condition_is_of_bool() {
        let found =
            refusal(&OPERATION, Attrs::DEFAULT, &[tensor(&[1], &[1.0]), tensor(&[], &[1.0]), tensor(&[], &[1.0])]);
        assert_eq!(found, "select: [1] × [] × []: operand 1 is of f64, and bool is needed");
    }
}
