//! `regularization_loss()`: the penalties of a model's variables, added up.
//!
//! It is recorded as one op on all variables that have a regularizer; if some are of another float type than the model,
//! as one for these as well.

use std::sync::Arc;

use super::AnyRegularizer;
use crate::members::Member;
use crate::op::*;
use crate::ops::{add, cast};
use crate::record::{Recorder, Value};

/// The regularizers of the variables.
#[derive(Clone)]
pub struct Attrs {
    pub regularizers: Vec<Arc<dyn AnyRegularizer>>,
}

/// A scalar.
pub const fn shape(variables: List, _: &Attrs) -> Result<Shapes, ShapeError> {
    match variables.shapes() {
        [first, ..] => Ok(Shapes::one(Shape::scalar(first.dtype()))),
        [] => Err(ShapeError::new("the list is empty")),
    }
}

/// The sum of the penalties, in the order of the variables.
pub fn forward<T: Float>(_: &Context, variables: Views<T>, attrs: &Attrs, mut loss: ViewMut<T>) -> Result<()> {
    let mut sum = T::zero();
    for (value, regularizer) in variables.iter().zip(&attrs.regularizers) {
        sum += T::of(regularizer.loss(T::wrap(value.data()), value.shape())?);
    }
    loss.data().fill(sum);
    Ok(())
}

/// Each variable's own gradient.
pub fn backward<T: Float>(
    _: &Context,
    variables: Views<T>,
    upstream: View<T>,
    attrs: &Attrs,
    gradients: Gradients<T>,
) -> Result<()> {
    let upstream = upstream.data().first().map_or(0.0, |upstream| upstream.as_f64());
    for ((value, gradient), regularizer) in variables.iter().zip(gradients).zip(&attrs.regularizers) {
        if let Some((gradient, update)) = gradient?.into_parts() {
            let gradient = (T::wrap_mut(gradient.into_data()), update);
            regularizer.gradient(T::wrap(value.data()), value.shape(), upstream, gradient)?;
        }
    }
    Ok(())
}

crate::op! {
    regularization_loss(variables: [T]) -> (loss: T), for T in [f32, f64];
    backward(reads [variables], from [loss], to [variables]);
}

/// Records the sum of the penalties of some variables, in this float type; 0 where none has a regularizer.
///
/// # Errors
///
/// [`Error::Defect`] where a regularizer is one of integers.
pub(crate) fn record_loss(
    recorder: &mut Recorder,
    name: &'static str,
    element: DType,
    members: &[Member],
) -> Result<Value> {
    let mut loss = None;
    for dtype in [DType::F32, DType::F64] {
        let Some(part) = record_part(recorder, name, dtype, members)? else { continue };
        let part = match (dtype == element, element) {
            (true, _) => part,
            (false, DType::F64) => cast::record(recorder, name, &[part], cast::Attrs::of::<f64>())?.one()?,
            (false, _) => cast::record(recorder, name, &[part], cast::Attrs::of::<f32>())?.one()?,
        };
        loss = Some(match loss {
            None => part,
            Some(loss) => add::record(recorder, name, &[loss, part], add::Attrs::DEFAULT)?.one()?,
        });
    }
    Ok(loss.unwrap_or_else(|| recorder.number(0.0)))
}

/// The penalties of those that are of one type.
fn record_part(recorder: &mut Recorder, name: &'static str, dtype: DType, members: &[Member]) -> Result<Option<Value>> {
    let (mut variables, mut regularizers) = (Vec::new(), Vec::new());
    for Member { variable, .. } in members {
        if let Some(regularizer) = variable.about().regularizer.as_ref().filter(|_| variable.dtype() == dtype) {
            variables.push(recorder.any_variable(Arc::clone(variable)));
            regularizers.push(Arc::clone(regularizer));
        }
    }
    match variables.is_empty() {
        true => Ok(None),
        false => record(recorder, name, &variables, Attrs { regularizers })?.one().map(Some),
    }
}
