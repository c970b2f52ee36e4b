//! Tensors as ops see them: contiguous, row-major, of run-time rank.

use ndarray::{ArrayView, ArrayViewMut, Dimension};

use crate::element::Element;
use crate::error::{Error, Result};
use crate::kernels::elementwise::{update_with, update_with_three, update_with_two};
use crate::kernels::gemm::Packs;

/// A tensor to read.
#[derive(Clone, Copy, Debug)]
pub struct View<'a, T> {
    data: &'a [T],
    shape: &'a [usize],
    /// The packed copies of a variable that keeps some.
    packs: Option<&'a Packs<T>>,
}

impl<'a, T> View<'a, T> {
    /// The tensor of this shape whose elements, row by row, are these.
    ///
    /// # Errors
    ///
    /// [`Error::Defect`] where their number is not the shape's.
    pub fn new(data: &'a [T], shape: &'a [usize]) -> Result<Self> {
        check_length(data.len(), shape)?;
        Ok(Self { data, shape, packs: None })
    }

    /// The same with packed copies.
    pub(crate) fn keeping(self, packs: Option<&'a Packs<T>>) -> Self {
        Self { packs, ..self }
    }

    /// The packed copies that are kept of the elements, if they are those of a variable with `cache = packed`.
    pub(crate) fn packs(&self) -> Option<&'a Packs<T>> {
        self.packs
    }

    /// The elements, the last axis fastest.
    pub fn data(&self) -> &'a [T] {
        self.data
    }

    /// The sizes.
    pub fn shape(&self) -> &'a [usize] {
        self.shape
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The tensor as an `ndarray` view of a static rank; costs nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Defect`] where the rank differs.
    pub fn array<D: Dimension>(&self) -> Result<ArrayView<'a, T, D>> {
        ArrayView::from_shape(dimension::<D>(self.shape)?, self.data).map_err(|error| Error::defect(error.to_string()))
    }
}

/// A tensor to write.
#[derive(Debug)]
pub struct ViewMut<'a, T> {
    data: &'a mut [T],
    shape: &'a [usize],
}

impl<'a, T> ViewMut<'a, T> {
    /// The tensor of this shape whose elements, row by row, are these.
    ///
    /// # Errors
    ///
    /// [`Error::Defect`] where their number is not the shape's.
    pub fn new(data: &'a mut [T], shape: &'a [usize]) -> Result<Self> {
        check_length(data.len(), shape)?;
        Ok(Self { data, shape })
    }

    /// The elements, the last axis fastest.
    pub fn data(&mut self) -> &mut [T] {
        self.data
    }

    /// The elements, for as long as the memory is lent.
    pub fn into_data(self) -> &'a mut [T] {
        self.data
    }

    /// The sizes.
    pub fn shape(&self) -> &'a [usize] {
        self.shape
    }

    /// The tensor as an `ndarray` view of a static rank; costs nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Defect`] where the rank differs.
    pub fn into_array<D: Dimension>(self) -> Result<ArrayViewMut<'a, T, D>> {
        ArrayViewMut::from_shape(dimension::<D>(self.shape)?, self.data)
            .map_err(|error| Error::defect(error.to_string()))
    }
}

fn check_length(length: usize, shape: &[usize]) -> Result<()> {
    if length == shape.iter().product::<usize>() {
        Ok(())
    } else {
        Err(Error::defect(format!("{length} elements are not a tensor of shape {shape:?}")))
    }
}

fn dimension<D: Dimension>(shape: &[usize]) -> Result<D> {
    if D::NDIM.is_some_and(|rank| rank != shape.len()) {
        return Err(Error::defect(format!("{shape:?} has {} axes, not {:?}", shape.len(), D::NDIM)));
    }
    let mut dimension = D::zeros(shape.len());
    dimension.slice_mut().copy_from_slice(shape);
    Ok(dimension)
}

/// Whether a gradient replaces what is in its memory, or is added to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Update {
    /// The first contribution to this gradient: the memory holds nothing of worth.
    Set,
    /// A further one.
    Add,
}

/// Where `backward` puts the gradient of one operand: it may be the first contribution to it, a further one, or not
/// wanted at all.
#[derive(Debug)]
pub struct Gradient<'a, T> {
    target: Option<(ViewMut<'a, T>, Update)>,
}

impl<'a, T: Element> Gradient<'a, T> {
    /// The gradient that goes to this tensor; `None` if nobody wants it.
    pub fn new(target: Option<(ViewMut<'a, T>, Update)>) -> Self {
        Self { target }
    }

    /// Whether it has to be computed.
    pub fn is_wanted(&self) -> bool {
        self.target.is_some()
    }

    /// The memory and what to do with it, for ops that do it themselves.
    pub fn into_parts(self) -> Option<(ViewMut<'a, T>, Update)> {
        self.target
    }

    /// The memory, zero where this is the first contribution, for ops that add to it here and there.
    pub fn zeroed(self) -> Option<ViewMut<'a, T>> {
        let (mut view, update) = self.target?;
        if update == Update::Set {
            view.data().fill(T::default());
        }
        Some(view)
    }
}

impl<T: crate::element::Number> Gradient<'_, T> {
    /// Element by element from one tensor of the same number of elements.
    pub fn map<A: Copy + Sync>(self, a: View<'_, A>, derivative: impl Fn(A) -> T + Sync) {
        match self.target {
            Some((mut view, Update::Set)) => update_with(view.data(), a.data(), |d, a| *d = derivative(a)),
            Some((mut view, Update::Add)) => update_with(view.data(), a.data(), |d, a| *d += derivative(a)),
            None => {}
        }
    }

    /// Element by element from two tensors of the same number of elements.
    pub fn zip<A: Copy + Sync, B: Copy + Sync>(
        self,
        a: View<'_, A>,
        b: View<'_, B>,
        derivative: impl Fn(A, B) -> T + Sync,
    ) {
        let operands = (a.data(), b.data());
        match self.target {
            Some((mut view, Update::Set)) => update_with_two(view.data(), operands, |d, a, b| *d = derivative(a, b)),
            Some((mut view, Update::Add)) => update_with_two(view.data(), operands, |d, a, b| *d += derivative(a, b)),
            None => {}
        }
    }

    /// Element by element from three tensors of the same number of elements.
    pub fn zip_three<A: Copy + Sync, B: Copy + Sync, C: Copy + Sync>(
        self,
        (a, b, c): (View<'_, A>, View<'_, B>, View<'_, C>),
        derivative: impl Fn(A, B, C) -> T + Sync,
    ) {
        let operands = (a.data(), b.data(), c.data());
        let Some((mut view, update)) = self.target else { return };
        match update {
            Update::Set => update_with_three(view.data(), operands, |d, a, b, c| *d = derivative(a, b, c)),
            Update::Add => update_with_three(view.data(), operands, |d, a, b, c| *d += derivative(a, b, c)),
        }
    }
}
