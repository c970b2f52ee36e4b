//! Inputs of a run.

use ndarray::{CowArray, Dimension};

use crate::element::{DType, Element, Slice};

/// An input of a run, its type looked at when it is read.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    slice: Slice<'a>,
    dtype: DType,
    shape: &'a [usize],
}

impl<'a> Input<'a> {
    /// An array in standard layout, as `as_standard_layout` gives it.
    pub fn array<T: Element, D: Dimension + 'static>(array: &'a CowArray<'_, T, D>) -> Self {
        Self { slice: T::wrap(array.as_slice().unwrap_or_default()), dtype: T::DTYPE, shape: array.shape() }
    }

    /// A single number.
    pub fn number<T: Element>(number: &'a T) -> Self {
        Self { slice: T::wrap(std::slice::from_ref(number)), dtype: T::DTYPE, shape: &[] }
    }

    /// The elements.
    pub fn slice(&self) -> Slice<'a> {
        self.slice
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The sizes.
    pub fn shape(&self) -> &'a [usize] {
        self.shape
    }
}
