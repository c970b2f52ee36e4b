//! `sparse_softmax_cross_entropy(logits, ids)`: `−log softmax(logits)` at the class of each example.
//!
//! `[…, classes] × u32[…] → […]`, as TensorFlow's `sparse_softmax_cross_entropy_with_logits`. The gradient is
//! `softmax(logits)`, less 1 at the class.

use crate::kernels::elementwise::ELEMENT;
use crate::kernels::isa::vectorised;
use crate::kernels::parallel::for_each_rows;
use crate::kernels::softmax::{EXPONENTIAL, exponentials, largest};
use crate::op::*;
use crate::ops::targets::classes;

crate::attributes! {}

/// The leading axes of `logits`, which are those of `ids`.
pub const fn shape(logits: Shape, ids: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    if let Err(error) = classes(&logits) {
        return Err(error);
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
    let classes = logits.shape().last().copied().unwrap_or(1).max(1);
    let (logits, ids) = (logits.data(), ids.data());
    if let Some(&id) = ids.iter().find(|&&id| id as usize >= classes) {
        return Err(Error::IndexOutOfRange { op: context.op().to_string(), index: u64::from(id), size: classes });
    }
    let outputs = [(losses.data(), 1), (probabilities.data(), classes)];
    for_each_rows(outputs, ids.len(), logits.len() * EXPONENTIAL, |rows, [losses, probabilities]| {
        vectorised(
            #[inline(always)]
            || {
                let examples = rows.zip(losses).zip(probabilities.chunks_exact_mut(classes));
                for ((at, loss), probabilities) in examples {
                    let logits = &logits[at * classes..][..classes];
                    let largest = largest(logits);
                    probabilities.copy_from_slice(logits);
                    let sum = exponentials(probabilities, largest);
                    let factor = sum.recip();
                    probabilities.iter_mut().for_each(|probability| *probability *= factor);
                    // One after the other: their sum would round away what the logarithm adds to a large number.
                    *loss = sum.ln() - (logits[ids[at] as usize] - largest);
                }
            },
        );
    });
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
    let (probabilities, ids, dlosses) = (probabilities.data(), ids.data(), dlosses.data());
    for_each_rows([(dlogits.data(), classes)], ids.len(), probabilities.len() * ELEMENT, |rows, [dlogits]| {
        vectorised(
            #[inline(always)]
            || {
                for (at, dlogits) in rows.zip(dlogits.chunks_exact_mut(classes)) {
                    let (elements, dloss) = (dlogits.iter_mut().zip(&probabilities[at * classes..]), dlosses[at]);
                    match update {
                        Update::Set => elements.for_each(|(d, &p)| *d = p * dloss),
                        Update::Add => elements.for_each(|(d, &p)| *d += p * dloss),
                    }
                    if let Some(d) = dlogits.get_mut(ids[at] as usize) {
                        *d -= dloss;
                    }
                }
            },
        );
    });
    Ok(())
}

crate::op! {
    sparse_softmax_cross_entropy(logits: T, ids: u32) -> (losses: T) saves (probabilities: T), for T in [f32, f64];
    backward(reads [probabilities, ids], from [losses], to [logits]);
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, array};

    use super::*;
    use crate::ops::expected::{check, expect, ids, refusal, results, tensor};

    #[test]
    fn gradients_in_place_and_shapes() {
        for [one, other, classes] in [[2, 3, 5], [1, 1, 1], [3, 1, 17], [0, 2, 3]] {
            let logits = Array::from_shape_fn((one, other, classes), |(i, j, k)| (i + 2 * j) as f64 - 0.4 * k as f64);
            let labels = Array::from_shape_fn((one, other), |(i, j)| ((3 * i + j) % classes) as u32);
            check(&OPERATION, Attrs::DEFAULT, &[logits.into(), labels.into()]).unwrap();
        }
        check(&OPERATION, Attrs::DEFAULT, &[array![0.5, -1.0].into(), ids(&[], &[1])]).unwrap();
    }

    #[test]
    fn numbers_are_tensorflows() {
        let logits = &[
            -0.4291, 0.2136, -0.577, -0.7298, 0.0004, 0.9992, 1.5161, 0.6491, 0.5167, 0.3723, -0.8524, -0.4156, 1000.0,
            0.0, -1000.0, 999.0,
        ];
        let losses = &[1.5050603553649708, 1.6717918975902322, 1.0660859517119148, 1.3132616875182228];
        let dlosses = &[-0.8337, -0.5421, -0.8602, -0.5018];
        let dlogits = &[
            0.6486153533208218,
            -0.35195849969423815,
            -0.15963872126813805,
            -0.13701813235844565,
            -0.05324791179355324,
            -0.14456924380773262,
            -0.24241680726082504,
            0.4402339628621109,
            -0.34222861157291845,
            0.5639869471250513,
            -0.087040973593984,
            -0.13471736195814882,
            -0.3668451947565365,
            0.0,
            0.0,
            0.3668451947565365,
        ];
        let operands = [tensor(&[4, 4], logits), ids(&[4], &[0, 3, 1, 3])];
        expect(&OPERATION, Attrs::DEFAULT, &operands, &[tensor(&[4], losses)], (&[dlosses], &[dlogits]));
    }

    #[test]
    fn an_empty_batch_has_no_losses() {
        let losses = results(&OPERATION, Attrs::DEFAULT, &[tensor(&[0, 3], &[]), ids(&[0], &[])]).unwrap();
        assert_eq!(losses, [tensor(&[0], &[])]);
    }

    #[test]
    fn nan_goes_to_its_example_only() {
        let operands = [array![[f64::NAN, 1.0], [f64::NAN, f64::NAN], [2.0, 2.0]].into(), ids(&[3], &[1, 0, 1])];
        let losses = &results(&OPERATION, Attrs::DEFAULT, &operands).unwrap()[0].array;
        assert!(losses[[0]].is_nan() && losses[[1]].is_nan());
        assert!((losses[[2]] - 2_f64.ln()).abs() < 1e-15);
    }

    #[test]
    fn classes_must_be_there() {
        let message =
            |label: u32| refusal(&OPERATION, Attrs::DEFAULT, &[tensor(&[1, 3], &[0.0; 3]), ids(&[1], &[label])]);
        let wanted = "sparse_softmax_cross_entropy: index 3 is out of range, there are 3 (0 to 2)";
        assert_eq!(message(3), wanted);
        assert!(message(u32::MAX).contains("index 4294967295 is out of range"));
    }

    #[test]
    fn shapes_must_be_those_of_classes() {
        let message = |logits: &[usize], labels: &[usize]| {
            let logits = Array::<f64, _>::zeros(logits).into();
            refusal(&OPERATION, Attrs::DEFAULT, &[logits, Array::<u32, _>::zeros(labels).into()])
        };
        let name = "sparse_softmax_cross_entropy";
        let wanted = format!("{name}: [2, 3] × u32[2, 3]: there should be one class for each example: u32[2]");
        assert_eq!(message(&[2, 3], &[2, 3]), wanted);
        assert!(message(&[2, 3], &[1]).ends_with("there should be one class for each example: u32[2]"));
        assert!(message(&[], &[]).ends_with("logits have at least one axis, the classes"));
        assert!(message(&[2, 0], &[2]).ends_with("the last axis of the logits has the classes, and there are 0"));
    }
}
