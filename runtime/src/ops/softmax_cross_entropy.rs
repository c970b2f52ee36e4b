//! `softmax_cross_entropy(logits, labels)`: `−Σ labels · log softmax(logits)`, the sum going over the last axis, the
//! classes.
//!
//! `[…, classes] × […, classes] → […]`, as TensorFlow's `softmax_cross_entropy_with_logits_v2`. The labels of an
//! example are the probabilities of its classes. The gradient of `logits` relies on their sum being 1, as TensorFlow's
//! does; where it is not, that gradient is another one. `labels` have a gradient too, `−log softmax(logits)`; a
//! `stop_gradient` around them keeps it from what they are computed from.

use crate::kernels::exponential::exp;
use crate::kernels::isa::vectorised;
use crate::kernels::parallel::for_each_rows;
use crate::kernels::reduce::row_sum_of;
use crate::kernels::softmax::{EXPONENTIAL, largest, sum_of_exponentials};
use crate::op::*;
use crate::ops::targets::classified;

crate::attributes! {}

/// The leading axes of both. What is kept are two numbers for each example: the largest logit, and the logarithm of the
/// sum of the exponentials of all, less the largest.
pub const fn shape(logits: Shape, labels: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    match classified(logits, labels) {
        Ok(shape) => {
            let losses = shape.leading(shape.rank() - 1);
            Ok(Shapes::one(losses).and_saved(losses.push(Dim::known(2))))
        }
        Err(error) => Err(error),
    }
}

/// The number of classes, for slices that hold one after the other.
fn classes(shape: &[usize]) -> usize {
    shape.last().copied().unwrap_or(1).max(1)
}

/// `−log softmax(logit)`. The two are taken off one after the other: their sum would round away what the logarithm adds
/// to a large number.
#[inline(always)]
fn surprise<T: Float>(logit: T, normalizer: &[T; 2]) -> T {
    normalizer[1] - (logit - normalizer[0])
}

/// The losses; `normalizers` keeps what makes probabilities of logits.
pub fn forward<T: Float>(
    _: &Context,
    logits: View<T>,
    labels: View<T>,
    _: &Attrs,
    mut losses: ViewMut<T>,
    mut normalizers: ViewMut<T>,
) -> Result<()> {
    let (classes, rows) = (classes(logits.shape()), losses.data().len());
    let (logits, labels) = (logits.data(), labels.data());
    let outputs = [(losses.data(), 1), (normalizers.data(), 2)];
    for_each_rows(outputs, rows, logits.len() * EXPONENTIAL, |rows, [losses, normalizers]| {
        let (logits, labels) = (&logits[rows.start * classes..], &labels[rows.start * classes..]);
        vectorised(
            #[inline(always)]
            || {
                let examples = logits.chunks_exact(classes).zip(labels.chunks_exact(classes));
                let (kept, _) = normalizers.as_chunks_mut::<2>();
                for (((logits, labels), loss), kept) in examples.zip(losses).zip(kept) {
                    let largest = largest(logits);
                    *kept = [largest, sum_of_exponentials(logits, largest).ln()];
                    *loss = row_sum_of([logits, labels], |[logit, label]| label * surprise(logit, kept));
                }
            },
        );
    });
    Ok(())
}

/// `dlogits = (softmax(logits) − labels) · dlosses` and `dlabels = −log softmax(logits) · dlosses`.
#[expect(clippy::too_many_arguments, reason = "the contract gives each tensor by itself")]
pub fn backward<T: Float>(
    _: &Context,
    logits: View<T>,
    labels: View<T>,
    normalizers: View<T>,
    dlosses: View<T>,
    _: &Attrs,
    dlogits: Gradient<T>,
    dlabels: Gradient<T>,
) -> Result<()> {
    let classes = classes(logits.shape());
    let examples = Examples { classes, logits: logits.data(), normalizers: normalizers.data() };
    let (labels, dlosses) = (labels.data(), dlosses.data());
    examples.gradient(
        dlogits,
        #[inline(always)]
        |at, dlogits, logits, kept, update| {
            let (labels, dloss) = (&labels[at * classes..], dlosses[at]);
            let terms = logits.iter().zip(labels).map(|(&logit, &label)| (exp(-surprise(logit, kept)) - label) * dloss);
            put(dlogits, terms, update);
        },
    );
    examples.gradient(
        dlabels,
        #[inline(always)]
        |at, dlabels, logits, kept, update| {
            put(dlabels, logits.iter().map(|&logit| surprise(logit, kept) * dlosses[at]), update);
        },
    );
    Ok(())
}

/// The logits of examples, and what makes probabilities of them.
struct Examples<'a, T> {
    classes: usize,
    logits: &'a [T],
    normalizers: &'a [T],
}

impl<T: Float> Examples<'_, T> {
    /// Calls `of_example` with the number of each example, its part of the gradient, its logits and its normalizers.
    fn gradient(&self, gradient: Gradient<T>, of_example: impl Fn(usize, &mut [T], &[T], &[T; 2], Update) + Sync) {
        let Some((mut gradient, update)) = gradient.into_parts() else { return };
        let Self { classes, logits, normalizers } = *self;
        let (kept, _) = normalizers.as_chunks::<2>();
        for_each_rows([(gradient.data(), classes)], kept.len(), logits.len() * EXPONENTIAL, |rows, [gradient]| {
            vectorised(
                #[inline(always)]
                || {
                    for (at, gradient) in rows.zip(gradient.chunks_exact_mut(classes)) {
                        of_example(at, gradient, &logits[at * classes..][..classes], &kept[at], update);
                    }
                },
            );
        });
    }
}

#[inline(always)]
fn put<T: Float>(gradient: &mut [T], terms: impl Iterator<Item = T>, update: Update) {
    let elements = gradient.iter_mut().zip(terms);
    match update {
        Update::Set => elements.for_each(|(element, term)| *element = term),
        Update::Add => elements.for_each(|(element, term)| *element += term),
    }
}

crate::op! {
    softmax_cross_entropy(logits: T, labels: T) -> (losses: T) saves (normalizers: T), for T in [f32, f64];
    backward(reads [logits, labels, normalizers], from [losses], to [logits, labels]);
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, Array2, Array3, Axis, array};

    use super::*;
    use crate::ops::expected::{check, expect, refusal, results, tensor};

    /// Logits, and labels whose sum is 1 for each example.
    fn example(sizes: [usize; 3]) -> (Array3<f64>, Array3<f64>) {
        let logits = Array::from_shape_fn(sizes, |(i, j, k)| (i as f64 - 0.7 * j as f64 + 1.3 * k as f64).sin());
        let labels = logits.mapv(|logit| (1.5 - logit).abs());
        let sums = labels.sum_axis(Axis(2)).insert_axis(Axis(2));
        (logits, labels / sums)
    }

    #[test]
    fn gradients_in_place_and_shapes() {
        for sizes in [[2, 1, 3], [1, 3, 17], [3, 2, 1], [0, 2, 3]] {
            let (logits, labels) = example(sizes);
            check(&OPERATION, Attrs::DEFAULT, &[logits.into(), labels.into()]).unwrap();
        }
        let (logits, labels) = (array![0.5, -1.0], array![0.25, 0.75]);
        check(&OPERATION, Attrs::DEFAULT, &[logits.into(), labels.into()]).unwrap();
    }

    mod tensorflow {
        pub const LOGITS: &[f64] = &[
            -0.4291, 0.2136, -0.577, -0.7298, 0.0004, 0.9992, 1.5161, 0.6491, 0.5167, 0.3723, -0.8524, -0.4156, 1000.0,
            0.0, -1000.0, 999.0,
        ];
        pub const LABELS: &[f64] = &[
            0.21583639223911905,
            0.24362873623492395,
            0.23759832197168326,
            0.30293654955427374,
            0.18065717130611716,
            0.43356855275120143,
            0.07177799904757783,
            0.3139962768951037,
            0.12297670746150811,
            0.442262139755231,
            0.22986577181208057,
            0.20489538097118046,
            0.32561687644866943,
            0.17568875979227183,
            0.1927647214153684,
            0.3059296423436904,
        ];
        pub const LOSSES: &[f64] = &[1.474713978857367, 1.5749603291240648, 1.4912817965599212, 561.8373939528706];
        pub const DLOSSES: &[f64] = &[1.4156, -1.0853, -0.6163, -0.7569];
        pub const DLOGITS: &[f64] = &[
            0.008730715919536456,
            0.25273515255014956,
            -0.06528196336783808,
            -0.19618390510184788,
            0.08946335664877554,
            0.18112011059504565,
            -0.4074248512292613,
            0.1368413839854403,
            -0.1694030070542831,
            0.06034097132446337,
            0.07930478711155144,
            0.029757248618268443,
            -0.3068788243810528,
            0.13297882228677055,
            0.14590361763929235,
            0.02799638445498998,
        ];
        pub const DLABELS: &[f64] = &[
            2.1305634390546526,
            1.2207573190546526,
            2.3399306790546524,
            2.5562343590546526,
            -2.5184298564546785,
            -1.4344322164546788,
            -0.8734406464546788,
            -1.814395746454679,
            -0.5680350520400531,
            -0.657028772040053,
            -1.4118113820400529,
            -1.142611542040053,
            -0.2371077712825429,
            -757.1371077712826,
            -1514.0371077712825,
            -0.9940077712825429,
        ];
    }

    #[test]
    fn numbers_are_tensorflows() {
        let operands = [tensor(&[4, 4], tensorflow::LOGITS), tensor(&[4, 4], tensorflow::LABELS)];
        expect(
            &OPERATION,
            Attrs::DEFAULT,
            &operands,
            &[tensor(&[4], tensorflow::LOSSES)],
            (&[tensorflow::DLOSSES], &[tensorflow::DLOGITS, tensorflow::DLABELS]),
        );
    }

    #[test]
    fn nan_goes_to_its_example_only() {
        let operands = [array![[f64::NAN, 1.0], [2.0, 2.0]].into(), array![[0.5, 0.5], [0.0, 1.0]].into()];
        let losses = &results(&OPERATION, Attrs::DEFAULT, &operands).unwrap()[0].array;
        assert!(losses[[0]].is_nan());
        assert!((losses[[1]] - 2_f64.ln()).abs() < 1e-15);
    }

    #[test]
    fn both_must_have_one_shape_with_classes() {
        let zeros = |sizes: [usize; 2]| Array2::<f64>::zeros(sizes).into();
        let message = refusal(&OPERATION, Attrs::DEFAULT, &[zeros([2, 3]), zeros([1, 3])]);
        let wanted = "both should have the shape [2, 3], nothing is broadcast";
        assert_eq!(message, format!("softmax_cross_entropy: [2, 3] × [1, 3]: {wanted}"));
        let message = refusal(&OPERATION, Attrs::DEFAULT, &[zeros([2, 0]), zeros([2, 0])]);
        assert!(message.ends_with("the last axis of the logits has the classes, and there are 0"), "{message}");
        let message = refusal(&OPERATION, Attrs::DEFAULT, &[tensor(&[], &[1.0]), tensor(&[], &[1.0])]);
        assert!(message.ends_with("logits have at least one axis, the classes"), "{message}");
    }
}
