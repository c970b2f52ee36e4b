//! `gather(table, ids)`: the entries of a table at some positions of an axis, as TensorFlow's `gather`.
//!
//! `[…, n, rest…] × u32[ids…] → […, ids…, rest…]`. The first `batch_axes` axes are those of both operands: each
//! example has its own table. `axis = 0` is then the first axis after them. An id that is not below `n` is an error.

use crate::op::*;
use crate::ops::axis::axis_of;

crate::attributes! {
    /// The axis of the table in which the ids are positions.
    axis: isize = 0,
    /// How many leading axes the table and the ids have in common.
    batch_axes: isize = 0,
}

/// The axis of the table and the number of common axes, as numbers that are there.
const fn axes(table: &Shape, ids_rank: usize, attrs: &Attrs) -> Result<(usize, usize), ShapeError> {
    let batch = if attrs.batch_axes < 0 { attrs.batch_axes + ids_rank as isize } else { attrs.batch_axes };
    if batch < 0 || batch > ids_rank as isize {
        let error = ShapeError::new("`batch_axes` is {}, and the ids have {} axes");
        return Err(error.number(attrs.batch_axes).number(ids_rank as isize));
    }
    let axis = if attrs.axis == 0 { batch } else { attrs.axis };
    let axis = match axis_of(table, axis) {
        Ok(axis) => axis,
        Err(error) => return Err(error),
    };
    if axis < batch as usize {
        let error = ShapeError::new("axis {} is one of the {} that the table and the ids have in common");
        return Err(error.number(attrs.axis).number(batch));
    }
    Ok((axis, batch as usize))
}

/// The table's sizes, with those of the ids in place of its axis.
pub const fn shape(table: Shape, ids: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    let (axis, batch) = match axes(&table, ids.rank(), attrs) {
        Ok(axes) => axes,
        Err(error) => return Err(error),
    };
    let mut shape = table.leading(axis);
    let mut n = 0;
    while n < batch {
        if !table.dim(n).agrees(ids.dim(n)) {
            let error = ShapeError::new("the common axis {} is {} in the table and {} in the ids");
            return Err(error.number(n as isize).with(table.dim(n)).with(ids.dim(n)));
        }
        shape = shape.with(n, table.dim(n).or(ids.dim(n)));
        n += 1;
    }
    if table.rank() - 1 + ids.rank() - batch > MAX_RANK {
        return Err(ShapeError::new("the result would have more than {} axes").number(MAX_RANK as isize));
    }
    while n < ids.rank() {
        shape = shape.push(ids.dim(n));
        n += 1;
    }
    n = axis + 1;
    while n < table.rank() {
        shape = shape.push(table.dim(n));
        n += 1;
    }
    Ok(Shapes::one(shape))
}

/// The loops: for each example of the batch and each position before the axis, one entry for each id.
struct Entries {
    batch: usize,
    before: usize,
    /// How many entries the table has along the axis.
    entries: usize,
    /// How many elements each has.
    length: usize,
    ids: usize,
}

impl Entries {
    fn new(table: &[usize], ids: &[usize], attrs: &Attrs) -> Result<Self> {
        let (axis, batch) =
            axes(&Shape::of(DType::F32, table), ids.len(), attrs).map_err(|error| Error::defect(error.to_string()))?;
        let product = |sizes: &[usize]| sizes.iter().product();
        Ok(Self {
            batch: product(&table[..batch]),
            before: product(&table[batch..axis]),
            entries: table[axis],
            length: product(&table[axis + 1..]),
            ids: product(&ids[batch..]),
        })
    }

    /// Calls `visit` with the number of each id, and the offsets of its entry's row of entries and of its result.
    fn each(&self, mut visit: impl FnMut(usize, usize, usize) -> Result<()>) -> Result<()> {
        let mut result = 0;
        for row in 0..self.batch * self.before {
            let first = row / self.before * self.ids;
            for id in first..first + self.ids {
                visit(id, row * self.entries * self.length, result)?;
                result += self.length;
            }
        }
        Ok(())
    }
}

/// Copies the entry of each id.
pub fn forward<T: Element>(
    context: &Context,
    table: View<T>,
    ids: View<u32>,
    attrs: &Attrs,
    mut y: ViewMut<T>,
) -> Result<()> {
    let entries = Entries::new(table.shape(), ids.shape(), attrs)?;
    let length = entries.length;
    if let Some(&id) = ids.data().iter().find(|&&id| id as usize >= entries.entries) {
        let (op, index, size) = (context.op().to_string(), u64::from(id), entries.entries);
        return Err(Error::IndexOutOfRange { op, index, size });
    }
    entries.each(|id, row, result| {
        let from = row + ids.data()[id] as usize * length;
        y.data()[result..result + length].copy_from_slice(&table.data()[from..from + length]);
        Ok(())
    })
}

/// Adds each row of `dy` to the entry that it came from; 0 for entries that no id names.
pub fn backward<T: Float>(_: &Context, ids: View<u32>, dy: View<T>, attrs: &Attrs, dtable: Gradient<T>) -> Result<()> {
    let Some(mut dtable) = dtable.zeroed() else { return Ok(()) };
    let entries = Entries::new(dtable.shape(), ids.shape(), attrs)?;
    let length = entries.length;
    entries.each(|id, row, result| {
        let to = row + ids.data()[id] as usize * length;
        let entry = dtable.data()[to..to + length].iter_mut();
        entry.zip(&dy.data()[result..result + length]).for_each(|(entry, &dy)| *entry += dy);
        Ok(())
    })
}

crate::op! {
    gather(table: T, ids: u32) -> (y: T), for T in [f32, f64] and [i32, i64, u8, u32, bool];
    backward(reads [ids], from [y], to [table]);
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::{check, expect, ids, refusal, results, tensor};

    #[test]
    fn gradients_and_shapes() {
        let table = tensor(&[2, 3, 2], &[0.5, -2.0, 3.0, 1.5, 0.25, -0.75, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0]);
        let check = |attrs, ids| check(&OPERATION, attrs, &[table.clone(), ids]).unwrap();
        check(Attrs::DEFAULT, ids(&[3], &[1, 0, 1]));
        check(Attrs::DEFAULT, ids(&[], &[1]));
        check(Attrs::DEFAULT.axis(1), ids(&[2, 2], &[2, 0, 2, 1]));
        check(Attrs::DEFAULT.axis(-1), ids(&[0], &[]));
        check(Attrs::DEFAULT.batch_axes(1), ids(&[2, 2], &[2, 0, 2, 1]));
        check(Attrs::DEFAULT.batch_axes(1).axis(2), ids(&[2, 1], &[1, 0]));
        check(Attrs::DEFAULT.batch_axes(-1).axis(2), ids(&[2, 3], &[1, 0, 1, 0, 0, 1]));
    }

    #[test]
    fn numbers_are_tensorflows() {
        let table = tensor(&[2, 4], &[1.5923, 0.8268, 1.0089, 1.205, -0.0942, -0.7694, -0.1317, -2.1043]);
        let y = tensor(&[2, 3], &[1.205, 1.5923, 1.205, -2.1043, -0.0942, -2.1043]);
        let upstream = [1.8999, 0.2088, 0.8952, -1.1807, 0.2735, 0.6029];
        let gradient = [0.2088, 0.0, 0.0, 2.7951, 0.2735, 0.0, 0.0, -0.5778];
        let operands = [table, ids(&[3], &[3, 0, 3])];
        expect(&OPERATION, Attrs::DEFAULT.axis(1), &operands, &[y], (&[&upstream], &[&gradient]));
    }

    #[test]
    fn each_example_may_have_its_own_table() {
        let table = array![[[1, 2], [3, 4]], [[5, 6], [7, 8]]];
        let found = results(&OPERATION, Attrs::DEFAULT.batch_axes(1), &[table.into(), ids(&[2, 1], &[1, 0])]).unwrap();
        assert_eq!(found, [array![[[3, 4]], [[5, 6]]].into()]);
    }

    #[test]
    fn ids_must_be_in_the_table() {
        let table = tensor(&[2, 1], &[0.0; 2]);
        let error = results(&OPERATION, Attrs::DEFAULT, &[table.clone(), ids(&[1], &[2])]).unwrap_err();
        assert_eq!(error, Error::IndexOutOfRange { op: "gather".into(), index: 2, size: 2 });
        assert!(results(&OPERATION, Attrs::DEFAULT, &[tensor(&[0, 1], &[]), ids(&[1], &[0])]).is_err());
        let found = refusal(&OPERATION, Attrs::DEFAULT.axis(2), &[table.clone(), ids(&[1], &[0])]);
        assert_eq!(found, "gather: [2, 1] × u32[1]: axis 2 is outside of 2 axes: 0 to 1, or from -1 for the last");
        let found = refusal(&OPERATION, Attrs::DEFAULT.batch_axes(2), &[table.clone(), ids(&[1], &[0])]);
        assert_eq!(found, "gather: [2, 1] × u32[1]: `batch_axes` is 2, and the ids have 1 axes");
        let found = refusal(&OPERATION, Attrs::DEFAULT.batch_axes(1), &[table.clone(), ids(&[1], &[0])]);
        assert_eq!(found, "gather: [2, 1] × u32[1]: the common axis 0 is 2 in the table and 1 in the ids");
        let found = refusal(&OPERATION, Attrs::DEFAULT.axis(-2).batch_axes(1), &[table, ids(&[2], &[0, 0])]);
        assert_eq!(found, "gather: [2, 1] × u32[2]: axis -2 is one of the 1 that the table and the ids have in common");
    }
}
