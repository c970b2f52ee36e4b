//! `squeeze(x)`: the axes of size 1 left out, `[batch, 1, n] → [batch, n]`.
//!
//! A size that is a name stays. But where the model runs with 1 for it, that axis has size 1 too: `axes = [1]` says
//! which axes go, whatever the sizes are.

use crate::op::*;
use crate::ops::reduction::reduced;

crate::attributes! {
    /// The axes to leave out, each of size 1; all such axes where none is named.
    axes: Axes = Axes::NONE,
}

/// Without the axes of size 1.
pub const fn shape(x: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    let named = match reduced(&x, &attrs.axes) {
        Ok(named) => named,
        Err(error) => return Err(error),
    };
    let (mut shape, mut axis) = (Shape::scalar(x.dtype()), 0);
    while axis < x.rank() {
        let dim = x.dim(axis);
        if attrs.axes.is_empty() && matches!(dim, Dim::Unknown) {
            // It may be 1, and then there is one axis less.
            return Ok(Shapes::one(Shape::ABSENT));
        }
        if !attrs.axes.is_empty() && named[axis] && !dim.agrees(Dim::known(1)) {
            return Err(ShapeError::new("axis {} is {}, and can only be left out if it is 1")
                .number(axis as isize)
                .with(dim));
        }
        let is_left_out = if attrs.axes.is_empty() { dim.is(1) } else { named[axis] };
        if !is_left_out {
            shape = shape.push(dim);
        }
        axis += 1;
    }
    Ok(Shapes::one(shape))
}

/// `dx = dy`, in the sizes of `x`.
pub fn backward<T: Float>(_: &Context, dy: View<T>, _: &Attrs, dx: Gradient<T>) -> Result<()> {
    dx.map(dy, |dy| dy);
    Ok(())
}

crate::op! {
    squeeze(x: T) -> (y: T), for T in [f32, f64] and [i32, i64, u8, u32, bool];
    alias;
    backward(reads [], from [y], to [x]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::expected::{check, refusal, results, tensor};

    #[test]
    fn gradients_and_shapes() {
        let x = tensor(&[1, 3, 1, 2], &[0.5, -2.0, 3.0, 1.5, 0.25, -0.75]);
        check(&OPERATION, Attrs::DEFAULT.axes([0, -2]), std::slice::from_ref(&x)).unwrap();
        let sizes = |attrs| results(&OPERATION, attrs, std::slice::from_ref(&x)).unwrap()[0].array.shape().to_vec();
        assert_eq!(sizes(Attrs::DEFAULT), [3, 2]);
        assert_eq!(sizes(Attrs::DEFAULT.axes([2])), [1, 3, 2]);
    }

    #[test]
    fn a_name_stays_and_an_unknown_size_leaves_the_rank_open() {
        let made = |dim, attrs| shape(Shape::new(DType::F32, &[dim, Dim::known(1)]), &attrs).unwrap().results()[0];
        assert_eq!(made(Dim::Symbol(0), Attrs::DEFAULT).dims(), [Dim::Symbol(0)]);
        assert!(made(Dim::Unknown, Attrs::DEFAULT).is_absent());
        assert_eq!(made(Dim::Unknown, Attrs::DEFAULT.axes([1])).dims(), [Dim::Unknown]);
    }

    #[test]
    fn only_ones_are_left_out() {
        let found = refusal(&OPERATION, Attrs::DEFAULT.axes([0]), &[tensor(&[2, 1], &[0.0; 2])]);
        assert_eq!(found, "squeeze: [2, 1]: axis 0 is 2, and can only be left out if it is 1");
    }
}
