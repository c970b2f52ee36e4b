//! `one_hot(ids, depth = 10)`: a row for each id, 1 at its position and 0 elsewhere, `u32[…] → […, depth]`.
//!
//! An id that is not below the depth is an error; TensorFlow gives a row of zeros for it.

use crate::op::*;

crate::attributes! {
    /// How many elements each row has; it must be given.
    depth: usize = 0,
}

/// The sizes of `ids` and the depth; of the model's element type.
pub const fn shape(ids: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    if attrs.depth == 0 {
        return Err(ShapeError::new("it needs the number of classes: `depth = 10`"));
    }
    if ids.rank() >= MAX_RANK {
        return Err(ShapeError::new("a tensor has at most {} axes").number(MAX_RANK as isize));
    }
    Ok(Shapes::one(ids.with_dtype(DType::Number).push(Dim::known(attrs.depth))))
}

/// Puts a 1 into each row of zeros.
pub fn forward<T: Number>(context: &Context, ids: View<u32>, attrs: &Attrs, y: ViewMut<T>) -> Result<()> {
    let y = y.into_data();
    y.fill(T::zero());
    for (row, &id) in y.chunks_exact_mut(attrs.depth.max(1)).zip(ids.data()) {
        let Some(y) = row.get_mut(id as usize) else {
            let (op, index, size) = (context.op().to_string(), u64::from(id), attrs.depth);
            return Err(Error::IndexOutOfRange { op, index, size });
        };
        *y = T::one();
    }
    Ok(())
}

crate::op! {
    one_hot(ids: u32) -> (y: T), for T in [f32, f64];
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::{check, ids, refusal, results};

    #[test]
    fn values() {
        check(&OPERATION, Attrs::DEFAULT.depth(3), &[ids(&[2, 2], &[0, 1, 2, 0])]).unwrap();
        let found = results(&OPERATION, Attrs::DEFAULT.depth(3), &[ids(&[2], &[2, 0])]).unwrap();
        assert_eq!(found, [array![[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]].into()]);
    }

    #[test]
    fn ids_are_below_the_depth() {
        let found = refusal(&OPERATION, Attrs::DEFAULT.depth(3), &[ids(&[2], &[2, 3])]);
        assert_eq!(found, "one_hot: index 3 is out of range, there are 3 (0 to 2)");
        let found = refusal(&OPERATION, Attrs::DEFAULT, &[ids(&[2], &[2, 3])]);
        assert_eq!(found, "one_hot: u32[2]: it needs the number of classes: `depth = 10`");
        let found = refusal(&OPERATION, Attrs::DEFAULT.depth(2), &[ids(&[1; 6], &[0])]);
        assert_eq!(found, "one_hot: u32[1, 1, 1, 1, 1, 1]: a tensor has at most 6 axes");
    }
}
