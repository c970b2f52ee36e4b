//! `sparse_softmax_cross_entropy(logits, ids)`: `−log softmax(logits)` at the class of each example.
//!
//! `[…, classes] × u32[…] → […]`, as TensorFlow's `sparse_softmax_cross_entropy_with_logits`. The gradient is
//! `softmax(logits)`, less 1 at the class.

use crate::op::*;

crate::attributes! {}

/// The leading axes of `logits`, which are those of `ids`.
pub const fn shape(logits: Shape, ids: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    if logits.rank() == 0 {
        return Err(ShapeError::new("logits have at least one axis, the classes"));
    }
    let losses = logits.leading(logits.rank() - 1);
    if !losses.with_dtype(ids.dtype()).agrees(&ids) {
        return Err(
            ShapeError::new("there should be one class for each example: {}").shape(losses.with_dtype(ids.dtype()))
        );
    }
    Ok(Shapes::one(losses).and_saved(logits))
}

/// The losses; `probabilities` keeps `softmax(logits)`.
pub fn forward<T: Float>(
    context: &Context,
    logits: View<T>,
    ids: View<u32>,
    _: &Attrs,
    mut losses: ViewMut<T>,
    mut probabilities: ViewMut<T>,
) -> Result<()> {
    let classes = logits.shape().last().copied().unwrap_or(1);
    let rows = logits.data().chunks_exact(classes.max(1)).zip(probabilities.data().chunks_exact_mut(classes.max(1)));
    for (((logits, probabilities), &id), loss) in rows.zip(ids.data()).zip(losses.data()) {
        let Some(&logit) = logits.get(id as usize) else {
            return Err(Error::IndexOutOfRange { op: context.op().to_string(), index: u64::from(id), size: classes });
        };
        let largest = logits.iter().copied().fold(T::neg_infinity(), T::max);
        let mut sum = T::zero();
        for (probability, &logit) in probabilities.iter_mut().zip(logits) {
            *probability = (logit - largest).exp();
            sum += *probability;
        }
        probabilities.iter_mut().for_each(|probability| *probability /= sum);
        *loss = sum.ln() + largest - logit;
    }
    Ok(())
}

/// `dlogits = (softmax(logits) − onehot(id)) · dlosses`.
pub fn backward<T: Float>(
    _: &Context,
    probabilities: View<T>,
    ids: View<u32>,
    dlosses: View<T>,
    _: &Attrs,
    dlogits: Gradient<T>,
) -> Result<()> {
    let Some((mut dlogits, update)) = dlogits.into_parts() else { return Ok(()) };
    let classes = dlogits.shape().last().copied().unwrap_or(1).max(1);
    let rows = dlogits.data().chunks_exact_mut(classes).zip(probabilities.data().chunks_exact(classes));
    for (((dlogits, probabilities), &id), &dloss) in rows.zip(ids.data()).zip(dlosses.data()) {
        if update == Update::Set {
            dlogits.fill(T::zero());
        }
        dlogits.iter_mut().zip(probabilities).for_each(|(d, &p)| *d += p * dloss);
        if let Some(d) = dlogits.get_mut(id as usize) {
            *d -= dloss;
        }
    }
    Ok(())
}

crate::op! {
    sparse_softmax_cross_entropy(logits: T, ids: u32) -> (losses: T) saves (probabilities: T), for T in [f32, f64];
    backward(reads [probabilities, ids], from [losses], to [logits]);
}
