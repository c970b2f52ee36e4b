//! Shapes as values, computed by `const fn`s: by `cargo check` with the batch as a name, and again with real sizes when
//! a model runs.

mod dim;
mod error;
mod pattern;
mod shapes;
mod text;

pub use dim::Dim;
pub use error::ShapeError;
pub use pattern::{Axis, Pattern};
pub use shapes::{List, Shapes};
pub use text::Text;

use crate::element::DType;

/// The most axes a tensor may have.
pub const MAX_RANK: usize = 6;

/// The element type and the axes of a tensor: `f32[batch, 784]`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shape {
    dtype: DType,
    rank: u8,
    dims: [Dim; MAX_RANK],
}

impl Shape {
    const NO_RANK: u8 = u8::MAX;

    /// The shape of a value about which nothing is known, because what it comes from is wrong or depends on
    /// hyper-parameters that have no value yet.
    pub const ABSENT: Self = Self { dtype: DType::Number, rank: Self::NO_RANK, dims: [Dim::Unknown; MAX_RANK] };

    /// A shape of up to six axes; [`Shape::ABSENT`] for more.
    pub const fn new(dtype: DType, dims: &[Dim]) -> Self {
        if dims.len() > MAX_RANK {
            return Self::ABSENT;
        }
        let mut shape = Self { dtype, rank: dims.len() as u8, dims: [Dim::Known(1); MAX_RANK] };
        let mut axis = 0;
        while axis < dims.len() {
            shape.dims[axis] = dims[axis];
            axis += 1;
        }
        shape
    }

    /// A shape of known sizes.
    pub fn of(dtype: DType, sizes: &[usize]) -> Self {
        let mut dims = [Dim::Unknown; MAX_RANK + 1];
        let rank = sizes.len().min(MAX_RANK + 1);
        for (dim, &size) in dims.iter_mut().zip(sizes) {
            *dim = Dim::known(size);
        }
        Self::new(dtype, &dims[..rank])
    }

    /// A single element.
    pub const fn scalar(dtype: DType) -> Self {
        Self::new(dtype, &[])
    }

    /// The element type.
    pub const fn dtype(&self) -> DType {
        self.dtype
    }

    /// The same axes with another element type.
    pub const fn with_dtype(mut self, dtype: DType) -> Self {
        self.dtype = dtype;
        self
    }

    /// The number of axes.
    pub const fn rank(&self) -> usize {
        if self.is_absent() { 0 } else { self.rank as usize }
    }

    /// Whether nothing is known of the value.
    pub const fn is_absent(&self) -> bool {
        self.rank == Self::NO_RANK
    }

    /// The axes.
    pub const fn dims(&self) -> &[Dim] {
        self.dims.split_at(self.rank()).0
    }

    /// The size of an axis; 1 beyond the last.
    pub const fn dim(&self, axis: usize) -> Dim {
        if axis < self.rank() { self.dims[axis] } else { Dim::Known(1) }
    }

    /// The size of an axis counted from the last: `from_end(0)` is the last.
    pub const fn from_end(&self, axis: usize) -> Dim {
        if axis < self.rank() { self.dims[self.rank() - 1 - axis] } else { Dim::Known(1) }
    }

    /// The shape with another size of one axis.
    pub const fn with(mut self, axis: usize, dim: Dim) -> Self {
        if axis < self.rank() {
            self.dims[axis] = dim;
        }
        self
    }

    /// The shape with one axis more, at its end. [`Shape::ABSENT`] past the sixth.
    pub const fn push(mut self, dim: Dim) -> Self {
        if self.rank() >= MAX_RANK {
            return Self::ABSENT;
        }
        self.dims[self.rank as usize] = dim;
        self.rank += 1;
        self
    }

    /// The first `count` axes.
    pub const fn leading(&self, count: usize) -> Self {
        Self::new(self.dtype, self.dims().split_at(if count < self.rank() { count } else { self.rank() }).0)
    }

    /// The number of elements.
    pub const fn elements(&self) -> Dim {
        let mut elements = Dim::Known(1);
        let mut axis = 0;
        while axis < self.rank() {
            elements = elements.mul(self.dims[axis]);
            axis += 1;
        }
        elements
    }

    /// Whether every size is a number.
    pub const fn is_known(&self) -> bool {
        let mut axis = 0;
        while axis < self.rank() {
            if self.dims[axis].size().is_none() {
                return false;
            }
            axis += 1;
        }
        !self.is_absent()
    }

    /// Whether the two have the same element type and sizes that can be equal.
    pub const fn agrees(&self, other: &Self) -> bool {
        if self.rank != other.rank || !self.dtype.same(other.dtype) {
            return false;
        }
        let mut axis = 0;
        while axis < self.rank() {
            if !self.dims[axis].agrees(other.dims[axis]) {
                return false;
            }
            axis += 1;
        }
        true
    }

    /// An axis from its keyword, which may count from the end: `-1` is the last. `None` if there is no such axis.
    pub const fn axis(&self, axis: isize) -> Option<usize> {
        let rank = self.rank() as isize;
        if axis >= 0 && axis < rank {
            Some(axis as usize)
        } else if axis < 0 && axis >= -rank {
            Some((axis + rank) as usize)
        } else {
            None
        }
    }

    /// The sizes as numbers; an axis that is not known counts 0.
    pub fn sizes(&self) -> Vec<usize> {
        self.dims().iter().map(|dim| dim.size().unwrap_or(0)).collect()
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = Text::new();
        text.shape(self, &[]);
        f.write_str(text.as_str())
    }
}
