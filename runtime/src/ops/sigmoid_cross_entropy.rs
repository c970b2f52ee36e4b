//! `sigmoid_cross_entropy(logits, labels)`: `−z · log σ(x) − (1 − z) · log(1 − σ(x))` for each logit `x` and label `z`,
//! `σ` being the sigmoid.
//!
//! `[…] × […] → […]`, one loss per element, as TensorFlow's `sigmoid_cross_entropy_with_logits`, in its form that
//! neither overflows nor rounds to 0: `max(x, 0) − x · z + log(1 + exp(−|x|))`. Both operands have a gradient.

use crate::kernels::elementwise::update_with_two;
use crate::kernels::exponential::{exp, logistic};
use crate::op::*;
use crate::ops::targets::common;

crate::attributes! {}

/// The shape of both.
pub const fn shape(logits: Shape, labels: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    match common(logits, labels) {
        Ok(shape) => Ok(Shapes::one(shape)),
        Err(error) => Err(error),
    }
}

/// `max(x, 0) − x · z + log(1 + exp(−|x|))`.
pub fn forward<T: Float>(
    _: &Context,
    logits: View<T>,
    labels: View<T>,
    _: &Attrs,
    mut losses: ViewMut<T>,
) -> Result<()> {
    update_with_two(losses.data(), (logits.data(), labels.data()), |loss, x, z| {
        let positive = if x < T::zero() { T::zero() } else { x };
        *loss = positive - x * z + exp(-x.abs()).ln_1p();
    });
    Ok(())
}

/// `dx = (σ(x) − z) · dlosses` and `dz = −x · dlosses`.
pub fn backward<T: Float>(
    _: &Context,
    logits: View<T>,
    labels: View<T>,
    dlosses: View<T>,
    _: &Attrs,
    dlogits: Gradient<T>,
    dlabels: Gradient<T>,
) -> Result<()> {
    dlogits.zip_three((logits, labels, dlosses), |x, z, dloss| (logistic(x) - z) * dloss);
    dlabels.zip(logits, dlosses, |x, dloss| -x * dloss);
    Ok(())
}

crate::op! {
    sigmoid_cross_entropy(logits: T, labels: T) -> (losses: T), for T in [f32, f64];
    backward(reads [logits, labels], from [losses], to [logits, labels]);
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, array};

    use super::*;
    use crate::ops::expected::{check, expect, refusal, results, tensor};

    #[test]
    fn gradients_in_place_and_shapes() {
        let logits = Array::from_shape_fn((3, 1, 5), |(i, _, k)| 2.5 * i as f64 - 1.3 * k as f64 + 0.1);
        let labels = logits.mapv(|logit: f64| logit.sin().abs());
        check(&OPERATION, Attrs::DEFAULT, &[logits.into(), labels.into()]).unwrap();
        let empty = Array::<f64, _>::zeros((0, 3));
        check(&OPERATION, Attrs::DEFAULT, &[empty.clone().into(), empty.into()]).unwrap();
        check(&OPERATION, Attrs::DEFAULT, &[tensor(&[], &[0.5]), tensor(&[], &[1.0])]).unwrap();
    }

    #[test]
    fn numbers_are_tensorflows() {
        let logits = &[-100.0, -2.0, 0.0, 0.3, 5.0, 100.0];
        let labels = &[0.0, 1.0, 1.0, 0.25, 0.0, 1.0];
        let losses = &[
            3.7200759760208356e-44,
            2.1269280110429727,
            std::f64::consts::LN_2,
            0.7793552444685271,
            5.006715348489118,
            3.720075976020836e-44,
        ];
        let dlosses = &[1.1285, 0.1442, -1.1153, 1.231, -0.1547, -0.5984];
        let dlogits =
            &[4.1981057389395134e-44, -0.12701093864441065, 0.55765, 0.39938873819515225, -0.15366461596201314, 0.0];
        let dlabels = &[112.85000000000001, 0.2884, 0.0, -0.3693, 0.7735000000000001, 59.84];
        let operands = [tensor(&[2, 3], logits), tensor(&[2, 3], labels)];
        expect(&OPERATION, Attrs::DEFAULT, &operands, &[tensor(&[2, 3], losses)], (&[dlosses], &[dlogits, dlabels]));
    }

    #[test]
    fn small_losses_do_not_round_to_zero() {
        let losses = results(&OPERATION, Attrs::DEFAULT, &[array![-100.0].into(), array![0.0].into()]).unwrap();
        assert!((losses[0].array[[0]] / (-100_f64).exp() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn nan_stays_where_it_is() {
        let operands = [array![f64::NAN, 0.0].into(), array![1.0, 1.0].into()];
        let losses = &results(&OPERATION, Attrs::DEFAULT, &operands).unwrap()[0].array;
        assert!(losses[[0]].is_nan() && (losses[[1]] - 2_f64.ln()).abs() < 1e-15);
    }

    #[test]
    fn both_must_have_one_shape() {
        let message = refusal(&OPERATION, Attrs::DEFAULT, &[array![1.0, 2.0].into(), array![1.0].into()]);
        let wanted = "both should have the shape [2], nothing is broadcast";
        assert_eq!(message, format!("sigmoid_cross_entropy: [2] × [1]: {wanted}"));
    }
}
