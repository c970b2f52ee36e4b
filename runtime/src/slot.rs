//! Where the tensors of a plan are.

use crate::element::DType;
use crate::shape::{MAX_RANK, Shape};

/// Where a tensor is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// In the arena, at an offset in bytes.
    Arena(usize),
    /// In the memory of the gradients, at an offset in bytes.
    Gradients(usize),
    /// An input of the run, by number.
    Input(usize),
    /// A variable of the plan, by number.
    Variable(usize),
}

/// A tensor in its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slot {
    place: Place,
    dtype: DType,
    rank: usize,
    sizes: [usize; MAX_RANK],
    length: usize,
}

impl Slot {
    /// The tensor of a known shape at a place.
    pub fn new(place: Place, shape: &Shape) -> Self {
        let mut sizes = [0; MAX_RANK];
        for (size, dim) in sizes.iter_mut().zip(shape.dims()) {
            *size = dim.size().unwrap_or(0);
        }
        let rank = shape.rank();
        Self { place, dtype: shape.dtype(), rank, sizes, length: sizes[..rank].iter().product() }
    }

    /// Where it is.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Its element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Its sizes.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes[..self.rank]
    }

    /// The number of its elements.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Whether the two have a byte in common.
    pub fn overlaps(&self, other: &Self) -> bool {
        let meets = |a: usize, b: usize| {
            let (length_a, length_b) = (self.length * self.dtype.size(), other.length * other.dtype.size());
            length_a > 0 && length_b > 0 && a < b + length_b && b < a + length_a
        };
        match (self.place, other.place) {
            (Place::Arena(a), Place::Arena(b)) | (Place::Gradients(a), Place::Gradients(b)) => meets(a, b),
            _ => false,
        }
    }
}
