//! The gradients of a step.

use std::sync::Arc;

use ndarray::{ArrayView, Dimension, ShapeBuilder};

use crate::arena::{ALIGNMENT, Arena};
use crate::element::{DType, Element, Float};
use crate::error::{Error, Result};
use crate::kernels::columns::{NOTHING, sums, width};
use crate::kernels::elementwise::{update, update_with};
use crate::slot::Place;
use crate::variable::{AnyVariable, Variable};

/// Where the gradient of each variable is.
#[derive(Clone, Debug, Default)]
pub struct GradientLayout {
    entries: Vec<Entry>,
    bytes: usize,
}

#[derive(Clone, Debug)]
struct Entry {
    variable: Arc<dyn AnyVariable>,
    offset: usize,
    length: usize,
}

impl GradientLayout {
    /// The place of a variable's gradient, a new one where it has none yet.
    pub(crate) fn place(&mut self, variable: &Arc<dyn AnyVariable>) -> Place {
        if let Some(entry) = self.find(variable.id()) {
            return Place::Gradients(entry.offset);
        }
        let (offset, length) = (self.bytes, variable.shape().iter().product::<usize>());
        self.bytes = offset.saturating_add(length.saturating_mul(variable.dtype().size())).next_multiple_of(ALIGNMENT);
        self.entries.push(Entry { variable: Arc::clone(variable), offset, length });
        Place::Gradients(offset)
    }

    fn find(&self, id: usize) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.variable.id() == id)
    }
}

/// The gradients of a loss, one for each variable: the sum over its uses.
///
/// ```
/// use varscope::prelude::*;
/// use ndarray::arr2;
///
/// model! {
///     struct Line {
///         fn loss(x: [batch, 1], y: [batch, 1]) -> [] {
///             var slope: [1, 1] = constant(2.0);
///             mean(square(matmul(x, slope) - y))
///         }
///     }
/// }
///
/// # fn main() -> Result<(), varscope::Error> {
/// let net = Line::seeded(1)?;
/// let mut step = net.loss_gradients();
/// let (loss, gradients) = step.compute(arr2(&[[1.0], [2.0]]).view(), arr2(&[[3.0], [6.0]]).view())?;
/// assert_eq!(loss, 2.5);
/// assert_eq!(gradients.of(&net.slope)[[0, 0]], -5.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Gradients {
    layout: GradientLayout,
    arena: Arena,
}

/// The gradient of one variable, its type looked at.
pub(crate) enum Values<'a> {
    F32(&'a [f32]),
    F64(&'a [f64]),
}

impl Gradients {
    /// The gradient of a variable. It is zero where the loss does not depend on it, or the gradient was not asked for.
    pub fn of<T: Element, D: Dimension + 'static>(&self, variable: &Variable<T, D>) -> ArrayView<'_, T, D> {
        self.get(variable).unwrap_or_else(|| {
            let shape = dimension::<D>(variable.shape());
            let strides = D::zeros(shape.ndim());
            ArrayView::from_shape(shape.strides(strides), std::slice::from_ref(T::ZERO))
                .expect("one element without strides is a view of any shape that an array has")
        })
    }

    /// The gradient of a variable, if it was computed.
    pub fn get<T: Element, D: Dimension + 'static>(&self, variable: &Variable<T, D>) -> Option<ArrayView<'_, T, D>> {
        let entry = self.layout.find(variable.erase().id())?;
        let elements = self.arena.read::<T>(entry.offset, entry.length).ok()?;
        ArrayView::from_shape(dimension::<D>(variable.shape()), elements).ok()
    }

    /// The number of variables that have a gradient.
    pub fn len(&self) -> usize {
        self.layout.entries.len()
    }

    /// Whether no variable has one.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The variables and their gradients, in the order in which the `fn` uses them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Arc<dyn AnyVariable>, Values<'_>)> {
        self.layout.entries.iter().filter_map(|entry| {
            let values = match entry.variable.dtype() {
                DType::F32 => Values::F32(self.arena.read(entry.offset, entry.length).ok()?),
                DType::F64 => Values::F64(self.arena.read(entry.offset, entry.length).ok()?),
                _ => return None,
            };
            Some((&entry.variable, values))
        })
    }

    /// The square root of the sum of all squares.
    pub fn global_norm(&self) -> f64 {
        let squares = self.iter().map(|(_, values)| match values {
            Values::F32(values) => sum_of_squares(values),
            Values::F64(values) => sum_of_squares(values),
        });
        squares.sum::<f64>().sqrt()
    }

    /// The gradients, scaled down so that their global norm is at most `norm`.
    ///
    /// As TensorFlow has it: each is multiplied by `norm / max(norm, global norm)` (Pascanu, Mikolov and Bengio, 2013).
    #[must_use]
    pub fn clip_by_global_norm(&self, norm: impl Into<f64>) -> Self {
        let mut clipped = self.clone();
        clipped.clip(norm.into());
        clipped
    }

    /// Clips in place.
    pub(crate) fn clip(&mut self, norm: f64) {
        let global = self.global_norm();
        if global > norm || global.is_nan() || norm.is_nan() {
            self.scale(norm / global);
        }
    }

    fn scale(&mut self, factor: f64) {
        for entry in &self.layout.entries {
            match entry.variable.dtype() {
                DType::F32 => scale(self.arena.write::<f32>(entry.offset, entry.length), factor),
                DType::F64 => scale(self.arena.write::<f64>(entry.offset, entry.length), factor),
                _ => {}
            }
        }
    }

    /// The means of several gradients of the same variables, for steps on parts of a batch.
    ///
    /// # Errors
    ///
    /// [`Error::Gradients`] where there are none, or they are not of the same variables.
    pub fn mean(gradients: &[&Self]) -> Result<Self> {
        let Some((first, rest)) = gradients.split_first() else {
            return Err(Error::Gradients { message: "the mean of no gradients does not exist".into() });
        };
        let mut mean = Self::clone(first);
        for other in rest {
            if other.len() != first.len() {
                let message = format!("gradients of {} variables and of {} have no mean", first.len(), other.len());
                return Err(Error::Gradients { message });
            }
            mean.add(other)?;
        }
        mean.scale(1.0 / gradients.len() as f64);
        Ok(mean)
    }

    fn add(&mut self, other: &Self) -> Result<()> {
        for entry in &self.layout.entries {
            let name = entry.variable.name();
            let found = other.layout.find(entry.variable.id()).ok_or_else(|| Error::Gradients {
                message: format!("variable `{name}` has a gradient in one step and none in another"),
            })?;
            match entry.variable.dtype() {
                DType::F32 => add::<f32>((&mut self.arena, entry), (&other.arena, found))?,
                DType::F64 => add::<f64>((&mut self.arena, entry), (&other.arena, found))?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Adapts to what a plan has added to the layout; new gradients are zero.
    pub(crate) fn adopt(&mut self, layout: GradientLayout) -> Result<()> {
        self.arena.grow(layout.bytes)?;
        self.layout = layout;
        Ok(())
    }

    pub(crate) fn layout(&self) -> &GradientLayout {
        &self.layout
    }

    /// Sets all gradients to zero.
    pub(crate) fn clear(&mut self) {
        self.arena.clear();
    }

    pub(crate) fn arena(&mut self) -> &mut Arena {
        &mut self.arena
    }
}

fn dimension<D: Dimension + 'static>(sizes: &[usize]) -> D {
    let mut dimension = D::zeros(sizes.len());
    dimension.slice_mut().copy_from_slice(sizes);
    dimension
}

fn sum_of_squares<T: Float>(values: &[T]) -> f64 {
    let mut sum = [0.0];
    sums(1, (values, NOTHING), &NOTHING[..width(1)], &mut sum, |value, (), ()| [value.as_f64() * value.as_f64()]);
    sum[0]
}

fn scale<T: Float>(values: Result<&mut [T]>, factor: f64) {
    if let Ok(values) = values {
        let factor = T::of(factor);
        update(values, |value| *value *= factor);
    }
}

fn add<T: Float>(to: (&mut Arena, &Entry), from: (&Arena, &Entry)) -> Result<()> {
    let from = from.0.read::<T>(from.1.offset, from.1.length)?;
    update_with(to.0.write::<T>(to.1.offset, to.1.length)?, from, |to, from| *to += from);
    Ok(())
}
