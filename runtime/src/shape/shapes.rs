//! What an op's `shape` takes and gives besides single shapes.

use super::{Dim, Shape};
use crate::element::DType;

/// What an op makes: the shapes of its results, and of the buffers that it keeps for its backward pass.
///
/// ```
/// use varscope::op::{DType, Dim, Shape, Shapes};
/// let image = Shape::new(DType::F32, &[Dim::known(8), Dim::known(8)]);
/// let made = Shapes::one(image).and_saved(image.with_dtype(DType::U32));
/// assert_eq!((made.results().len(), made.saved().len()), (1, 1));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Shapes {
    results: [Shape; Self::RESULTS],
    result_count: u8,
    saved: [Shape; Self::SAVED],
    saved_count: u8,
}

impl Shapes {
    /// The most results an op may have.
    pub const RESULTS: usize = 16;
    /// The most buffers an op may keep.
    pub const SAVED: usize = 4;

    /// No result yet.
    pub const NONE: Self = Self {
        results: [Shape::ABSENT; Self::RESULTS],
        result_count: 0,
        saved: [Shape::ABSENT; Self::SAVED],
        saved_count: 0,
    };

    /// One result.
    pub const fn one(result: Shape) -> Self {
        Self::NONE.and(result)
    }

    /// One result more. A seventeenth is dropped: an op that can make so many says so itself.
    pub const fn and(mut self, result: Shape) -> Self {
        if (self.result_count as usize) < Self::RESULTS {
            self.results[self.result_count as usize] = result;
            self.result_count += 1;
        }
        self
    }

    /// A buffer, kept for backward. A fifth is dropped.
    pub const fn and_saved(mut self, saved: Shape) -> Self {
        if (self.saved_count as usize) < Self::SAVED {
            self.saved[self.saved_count as usize] = saved;
            self.saved_count += 1;
        }
        self
    }

    /// The same with this element type for each tensor that has [`DType::Number`]: an op whose operands do not fix its
    /// element type leaves it open so.
    pub const fn of_element(mut self, element: DType) -> Self {
        let mut n = 0;
        while n < Self::RESULTS {
            if matches!(self.results[n].dtype(), DType::Number) {
                self.results[n] = self.results[n].with_dtype(element);
            }
            n += 1;
        }
        self
    }

    /// The results.
    pub const fn results(&self) -> &[Shape] {
        self.results.split_at(self.result_count as usize).0
    }

    /// The buffers kept for backward.
    pub const fn saved(&self) -> &[Shape] {
        self.saved.split_at(self.saved_count as usize).0
    }
}

/// The operand of an op that takes a list, as `concat([a, b])` does.
///
/// A list that a loop of the graph makes has one shape for all its elements, and a length that may be a name.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    shapes: &'a [Shape],
    length: Dim,
}

impl<'a> List<'a> {
    /// A list written out.
    pub const fn of(shapes: &'a [Shape]) -> Self {
        Self { shapes, length: Dim::known(shapes.len()) }
    }

    /// `length` elements of one shape.
    pub const fn repeated(shape: &'a [Shape], length: Dim) -> Self {
        Self { shapes: shape, length }
    }

    /// The number of elements.
    pub const fn length(&self) -> Dim {
        self.length
    }

    /// The shapes that occur, in order: all of them, or the one that all elements have.
    pub const fn shapes(&self) -> &'a [Shape] {
        self.shapes
    }

    /// How often each of [`List::shapes`] stands in the list.
    pub const fn times(&self) -> Dim {
        if self.length.is(self.shapes.len()) { Dim::Known(1) } else { self.length }
    }
}
