//! Partitioned variables: one variable, listed as parts along an axis.

use std::fmt;

use crate::element::DType;
use crate::shape::{MAX_RANK, Shape, ShapeError};

/// Into how many parts a new variable is divided.
///
/// The parts exist in the listing, as `w/part_0`, `w/part_1`, …; the value is one contiguous array.
///
/// ```
/// use varscope::prelude::*;
/// use varscope::partition::fixed_size;
///
/// let store = VariableStore::new(0);
/// let w = store.root().variable("w").shape(&[5, 2]).partitioner(fixed_size(3)).get_any()?;
/// let parts: Vec<_> = w.parts().into_iter().map(|(name, shape)| (name, shape[0])).collect();
/// assert_eq!(parts, [("w/part_0".to_string(), 2), ("w/part_1".to_string(), 2), ("w/part_2".to_string(), 1)]);
/// # Ok::<(), varscope::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Partitioner {
    kind: Kind,
    axis: usize,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    FixedSize(usize),
    MaxPartBytes(usize),
    PerAxis { parts: [usize; MAX_RANK], rank: usize },
}

/// So many parts, along the first axis unless [`Partitioner::axis`] says another.
pub const fn fixed_size(parts: usize) -> Partitioner {
    Partitioner { kind: Kind::FixedSize(parts), axis: 0 }
}

/// As many parts as it takes for none to be larger than so many bytes, as far as there are rows to divide.
pub const fn max_part_bytes(bytes: usize) -> Partitioner {
    Partitioner { kind: Kind::MaxPartBytes(bytes), axis: 0 }
}

/// The number of parts along each axis, all but one of them 1.
pub const fn per_axis(parts: &[usize]) -> Partitioner {
    let mut given = [0; MAX_RANK];
    let mut axis = 0;
    while axis < parts.len() && axis < MAX_RANK {
        given[axis] = parts[axis];
        axis += 1;
    }
    Partitioner { kind: Kind::PerAxis { parts: given, rank: parts.len() }, axis: 0 }
}

/// Why a variable cannot be divided, or is not divided so.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PartitionError {
    /// The variable exists, in one piece.
    Whole,
    /// The variable exists in parts, and is asked for in one piece.
    Divided,
    /// A scalar has no axis to divide.
    Scalar,
    /// The number of parts is not given for each axis, is 0, or is more than 1 for two of them.
    Invalid {
        /// The number of parts for each axis.
        parts: Vec<usize>,
        /// The variable's shape.
        shape: Vec<usize>,
    },
    /// There are more parts than rows.
    TooMany {
        /// The number of parts.
        parts: usize,
        /// The size of the axis.
        size: usize,
    },
    /// The variable exists with other parts.
    Differs {
        /// The parts asked for.
        expected: Vec<usize>,
        /// The variable's parts.
        found: Vec<usize>,
    },
}

impl fmt::Display for PartitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("is in one piece, and is asked for in parts"),
            Self::Divided => f.write_str("is in parts, and is asked for without a partitioner"),
            Self::Scalar => f.write_str("is a scalar, which cannot be divided"),
            Self::Invalid { parts, shape } => write!(
                f,
                "of shape {shape:?} cannot be divided into {parts:?} parts: each axis needs a number, and one of them \
                 may be more than 1"
            ),
            Self::TooMany { parts, size } => write!(f, "cannot be divided into {parts} parts along an axis of {size}"),
            Self::Differs { expected, found } => {
                write!(f, "is in {found:?} parts along its axes, and is asked for in {expected:?}")
            }
        }
    }
}

impl Partitioner {
    /// The axis to divide.
    #[must_use]
    pub const fn axis(mut self, axis: usize) -> Self {
        self.axis = axis;
        self
    }

    /// Why no variable of this shape can be divided so, as far as its sizes are known. A scalar stays in one piece.
    pub(crate) const fn refuses(&self, shape: &Shape) -> Option<ShapeError> {
        let rank = shape.rank();
        if rank == 0 {
            return None;
        }
        match self.kind {
            Kind::FixedSize(count) => refuses_along(shape, self.axis, count),
            Kind::MaxPartBytes(_) => refuses_along(shape, self.axis, 1),
            Kind::PerAxis { rank: given, .. } if given != rank => Some(
                ShapeError::new("numbers of parts are given for {} axes, and it has {}")
                    .number(given as isize)
                    .number(rank as isize),
            ),
            Kind::PerAxis { parts, .. } => {
                let (mut axis, mut divided) = (0, 0);
                while axis < rank {
                    if let Some(error) = refuses_along(shape, axis, parts[axis]) {
                        return Some(error);
                    }
                    divided += (parts[axis] > 1) as usize;
                    axis += 1;
                }
                if divided > 1 { Some(ShapeError::new("it can be divided along one axis only")) } else { None }
            }
        }
    }

    /// The number of parts along each axis.
    pub(crate) fn parts(&self, shape: &[usize], dtype: DType) -> Result<Vec<usize>, PartitionError> {
        if shape.is_empty() {
            return Err(PartitionError::Scalar);
        }
        // For an axis that is not there, no numbers.
        let along = |count: usize| -> Vec<usize> {
            if self.axis >= shape.len() {
                return Vec::new();
            }
            (0..shape.len()).map(|axis| if axis == self.axis { count } else { 1 }).collect()
        };
        let parts: Vec<usize> = match &self.kind {
            Kind::FixedSize(count) => along(*count),
            Kind::MaxPartBytes(bytes) => {
                let size = shape.get(self.axis).copied().unwrap_or(1);
                let length =
                    shape.iter().try_fold(1_usize, |length, &size| length.checked_mul(size)).unwrap_or(usize::MAX);
                let row = (length / size.max(1)).saturating_mul(dtype.size());
                let rows = (bytes / row.max(1)).max(1);
                along(size.div_ceil(rows).max(1))
            }
            // More numbers than there can be axes are none.
            Kind::PerAxis { parts, rank } => parts.get(..*rank).unwrap_or_default().to_vec(),
        };
        let divided = parts.iter().filter(|&&count| count > 1).count();
        if parts.len() != shape.len() || parts.contains(&0) || divided > 1 {
            return Err(PartitionError::Invalid { parts, shape: shape.to_vec() });
        }
        Ok(parts)
    }
}

/// Why a shape cannot be divided into so many parts along an axis.
const fn refuses_along(shape: &Shape, axis: usize, count: usize) -> Option<ShapeError> {
    if axis >= shape.rank() {
        return Some(ShapeError::new("there is no axis {} to divide it along").number(axis as isize));
    }
    match shape.dim(axis).size() {
        _ if count == 0 => Some(ShapeError::new("a variable has one part at least")),
        Some(size) if count > size => Some(
            ShapeError::new("it cannot be divided into {} parts along an axis of {}")
                .number(count as isize)
                .with(shape.dim(axis)),
        ),
        _ => None,
    }
}

/// How a variable is divided.
#[derive(Clone, PartialEq, Debug)]
pub struct Partition {
    /// The number of parts along each axis.
    pub parts: Vec<usize>,
}

impl Partition {
    /// A division of a new variable.
    ///
    /// # Errors
    ///
    /// [`PartitionError::TooMany`]
    pub fn new(parts: Vec<usize>, shape: &[usize]) -> Result<Self, PartitionError> {
        match parts.iter().zip(shape).find(|(parts, size)| parts > size) {
            Some((&parts, &size)) => Err(PartitionError::TooMany { parts, size }),
            None => Ok(Self { parts }),
        }
    }

    /// The shapes of the parts: the first of them take what is left over.
    pub fn shapes(&self, shape: &[usize]) -> Vec<Vec<usize>> {
        let axis = self.parts.iter().position(|&count| count > 1).unwrap_or(0);
        let count = self.parts.get(axis).copied().unwrap_or(1);
        let size = shape.get(axis).copied().unwrap_or(1);
        let part = |n: usize| {
            let mut part = shape.to_vec();
            part[axis] = size / count + usize::from(n < size % count);
            part
        };
        (0..count).map(part).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_parts_take_what_is_left_over() {
        let parts = fixed_size(3).axis(1).parts(&[2, 5], DType::F32).unwrap();
        assert_eq!(parts, [1, 3]);
        assert_eq!(Partition::new(parts, &[2, 5]).unwrap().shapes(&[2, 5]), [[2, 2], [2, 2], [2, 1]]);
    }

    #[test]
    fn parts_are_as_large_as_may_be() {
        assert_eq!(max_part_bytes(100).parts(&[10, 5], DType::F32).unwrap(), [2, 1]);
        assert_eq!(max_part_bytes(1).parts(&[10, 5], DType::F32).unwrap(), [10, 1]);
        assert_eq!(max_part_bytes(1000).axis(1).parts(&[10, 5], DType::F32).unwrap(), [1, 1]);
    }

    #[test]
    fn what_cannot_be_divided_is_said() {
        assert_eq!(fixed_size(2).parts(&[], DType::F32), Err(PartitionError::Scalar));
        for (partitioner, shape) in
            [(per_axis(&[2, 2]), [4, 4]), (fixed_size(2).axis(2), [4, 4]), (fixed_size(0), [4, 4])]
        {
            assert!(matches!(partitioner.parts(&shape, DType::F32), Err(PartitionError::Invalid { .. })));
        }
        assert_eq!(Partition::new(vec![2], &[1]), Err(PartitionError::TooMany { parts: 2, size: 1 }));
    }
}
