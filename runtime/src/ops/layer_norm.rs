//! `layer_norm(x, gamma, beta, epsilon = 0.001)`: `(x − mean) / √(variance + epsilon) · gamma + beta`, mean and
//! variance being those of an example's last axis (Ba, Kiros and Hinton, 2016).
//!
//! `[…, n] × [n] × [n] → […, n]`. The variance is the mean of the squared distances from the mean, as in Keras'
//! `LayerNormalization`.

use crate::kernels::columns::sums_of_parts;
use crate::kernels::elementwise::ELEMENT;
use crate::kernels::isa::vectorised;
use crate::kernels::lanes::{self, LANES, total};
use crate::kernels::parallel::for_each_rows;
use crate::kernels::reduce::row_sum_of;
use crate::kernels::scratch::Scratch;
use crate::op::*;

crate::attributes! {
    /// What is added to the variance, so that it is not 0.
    epsilon: f64 = 0.001,
}

/// The shape of `x`. What is kept are two numbers for each example: the mean, and what differences from it are
/// multiplied by.
pub const fn shape(x: Shape, gamma: Shape, beta: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    if attrs.epsilon < 0.0 {
        return Err(ShapeError::new("`epsilon` is added to a variance: it cannot be negative"));
    }
    if x.rank() == 0 {
        return Err(ShapeError::new("`x` has at least one axis, which is normalized"));
    }
    let (leading, width) = (x.leading(x.rank() - 1), x.from_end(0));
    if gamma.rank() != 1 || beta.rank() != 1 || !width.agrees(gamma.dim(0)) || !width.agrees(beta.dim(0)) {
        let wanted = Shape::new(x.dtype(), &[width]);
        return Err(ShapeError::new("gamma and beta should have the size of the last axis of `x`: {}").shape(wanted));
    }
    if !gamma.dim(0).agrees(beta.dim(0)) {
        let error = ShapeError::new("gamma has the size {}, and beta {}");
        return Err(error.with(gamma.dim(0)).with(beta.dim(0)));
    }
    let width = width.or(gamma.dim(0)).or(beta.dim(0));
    Ok(Shapes::one(leading.push(width)).and_saved(leading.push(Dim::known(2))))
}

/// The size of the last axis, for slices that hold one example after the other.
fn width(shape: &[usize]) -> usize {
    shape.last().copied().unwrap_or(1).max(1)
}

/// `y = (x − mean) / √(variance + epsilon) · gamma + beta`.
pub fn forward<T: Float>(
    _: &Context,
    x: View<T>,
    gamma: View<T>,
    beta: View<T>,
    attrs: &Attrs,
    mut y: ViewMut<T>,
    mut statistics: ViewMut<T>,
) -> Result<()> {
    let width = width(x.shape());
    let (count, epsilon) = (T::of(width as f64), T::of(attrs.epsilon));
    let (x, gamma, beta) = (x.data(), gamma.data(), beta.data());
    let outputs = [(y.data(), width), (statistics.data(), 2)];
    for_each_rows(outputs, x.len() / width, x.len() * ELEMENT, |rows, [y, statistics]| {
        vectorised(
            #[inline(always)]
            || {
                let (kept, _) = statistics.as_chunks_mut::<2>();
                for ((at, y), kept) in rows.zip(y.chunks_exact_mut(width)).zip(kept) {
                    let x = &x[at * width..][..width];
                    let mean = row_sum_of([x], |[x]| x) / count;
                    let variance = sum_of_squares(x, mean) / count;
                    let factor = (variance + epsilon).sqrt().recip();
                    *kept = [mean, factor];
                    for ((y, &x), (&gamma, &beta)) in y.iter_mut().zip(x).zip(gamma.iter().zip(beta)) {
                        *y = (x - mean) * factor * gamma + beta;
                    }
                }
            },
        );
    });
    Ok(())
}

/// The sum of the squared distances from the mean.
#[inline(always)]
fn sum_of_squares<T: Float>(x: &[T], mean: T) -> T {
    let mut sums = [T::zero(); LANES];
    // Where nothing is, there is no distance.
    lanes::for_each(x, mean, |x| {
        sums.iter_mut().zip(x).for_each(|(sum, &x)| *sum += (x - mean) * (x - mean));
    });
    total(sums)
}

/// With `x̂` for the normalized `x`: `dgamma = Σ dy · x̂` and `dbeta = Σ dy` over the examples, and
/// `dx = (g − mean(g) − x̂ · mean(g · x̂)) / √(variance + epsilon)` with `g = dy · gamma`.
#[expect(clippy::too_many_arguments, reason = "the contract gives each tensor by itself")]
pub fn backward<T: Float>(
    _: &Context,
    x: View<T>,
    gamma: View<T>,
    statistics: View<T>,
    dy: View<T>,
    _: &Attrs,
    dx: Gradient<T>,
    dgamma: Gradient<T>,
    dbeta: Gradient<T>,
) -> Result<()> {
    let width = width(x.shape());
    let (x, dy, gamma) = (x.data(), dy.data(), gamma.data());
    let (kept, _) = statistics.data().as_chunks::<2>();
    let example = |at: usize| (&x[at * width..][..width], &dy[at * width..][..width], kept[at]);
    if let Some((mut dx, update)) = dx.into_parts() {
        for_each_rows([(dx.data(), width)], x.len() / width, x.len() * ELEMENT, |rows, [dx]| {
            vectorised(
                #[inline(always)]
                || {
                    for (at, dx) in rows.zip(dx.chunks_exact_mut(width)) {
                        normalized_gradient(example(at), gamma, dx, update);
                    }
                },
            );
        });
    }
    if dgamma.is_wanted() || dbeta.is_wanted() {
        f64::with_scratch(2 * width, |sums| {
            sums_of_parts([x.len(), width], sums, &|part, sums| {
                let (of_beta, of_gamma) = sums.split_at_mut(sums.len() / 2);
                vectorised(
                    #[inline(always)]
                    || {
                        for at in part.start / width..part.end / width {
                            add_terms(example(at), of_beta, of_gamma);
                        }
                    },
                );
            });
            let ((of_beta, of_gamma), shape) = (sums.split_at(gamma.len().min(width)), [gamma.len()]);
            dgamma.map(View::new(&of_gamma[..gamma.len()], &shape)?, T::of);
            dbeta.map(View::new(of_beta, &shape)?, T::of);
            Ok(())
        })?;
    }
    Ok(())
}

/// Adds what one example gives to the gradients of `beta` and `gamma`.
#[inline(always)]
fn add_terms<T: Float>((x, dy, [mean, factor]): (&[T], &[T], [T; 2]), of_beta: &mut [f64], of_gamma: &mut [f64]) {
    for ((&x, &dy), (of_beta, of_gamma)) in x.iter().zip(dy).zip(of_beta.iter_mut().zip(of_gamma)) {
        *of_beta += dy.as_f64();
        *of_gamma += (dy * (x - mean) * factor).as_f64();
    }
}

/// The gradient of one example's `x`.
#[inline(always)]
fn normalized_gradient<T: Float>(
    (x, dy, [mean, factor]): (&[T], &[T], [T; 2]),
    gamma: &[T],
    dx: &mut [T],
    update: Update,
) {
    let count = T::of(x.len() as f64);
    let sum = row_sum_of([dy, gamma], |[dy, gamma]| dy * gamma) / count;
    let products = row_sum_of([x, dy, gamma], |[x, dy, gamma]| dy * gamma * (x - mean));
    let slope = products * factor * factor / count;
    let terms = x.iter().zip(dy).zip(gamma).map(|((&x, &dy), &gamma)| (dy * gamma - sum - (x - mean) * slope) * factor);
    let elements = dx.iter_mut().zip(terms);
    match update {
        Update::Set => elements.for_each(|(dx, term)| *dx = term),
        Update::Add => elements.for_each(|(dx, term)| *dx += term),
    }
}

crate::op! {
    layer_norm(x: T, gamma: T, beta: T) -> (y: T) saves (statistics: T), for T in [f32, f64];
    backward(reads [x, gamma, statistics], from [y], to [x, gamma, beta]);
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, Array1};

    use super::*;
    use crate::ops::expected::{check, expect, refusal, results, tensor};

    #[test]
    fn gradients_in_place_and_shapes() {
        for sizes @ [.., width] in [[2, 3, 5], [1, 2, 17], [3, 1, 1], [0, 2, 3]] {
            let x = Array::from_shape_fn(sizes, |(i, j, k)| (i as f64 - 0.7 * j as f64 + 1.3 * k as f64).sin());
            let gamma = Array1::from_shape_fn(width, |k| 1.0 - 0.3 * k as f64);
            let beta = Array1::from_shape_fn(width, |k| 0.1 * k as f64);
            check(&OPERATION, Attrs::DEFAULT, &[x.into(), gamma.into(), beta.into()]).unwrap();
        }
        let empty = || tensor(&[0], &[]);
        check(&OPERATION, Attrs::DEFAULT, &[tensor(&[2, 0], &[]), empty(), empty()]).unwrap();
    }

    #[test]
    fn numbers_are_tensorflows() {
        let x = &[
            -0.5949, -0.0272, -1.2237, -1.683, 1.4571, 0.0141, 1.4627, -0.1946, -0.3424, 0.0823, 0.5701, 0.9929,
            0.8383, -0.4088, 0.0637,
        ];
        let gamma = &[0.4519, -0.8426, 0.1781, 2.1745, 1.2384];
        let beta = &[1.6495, 0.0704, 1.4842, 1.1047, -1.0195];
        let y = &[
            1.5746980223993934,
            -0.2286464787030815,
            1.3520537483342585,
            -1.42432924526301,
            1.105143375618317,
            1.5165586489854377,
            -1.5684230590971333,
            1.3743520639357139,
            -0.7332645057807979,
            -1.2532658444093148,
            1.7882113265596902,
            -0.8765906243660866,
            1.6311629431420425,
            -2.3407779469813117,
            -1.851112034836445,
        ];
        let dy = &[
            0.2244, 0.6615, -0.5798, 0.4078, 0.4665, -1.9747, 0.2755, -1.5758, 1.5684, -0.7248, 0.3059, 1.1639,
            -1.0491, -0.9766, -0.6391,
        ];
        let dx = &[
            -0.07841856496209322,
            -0.6653563771550973,
            -0.284879866323398,
            0.6089649402908035,
            0.419689868149785,
            -1.970010561603918,
            0.9396744300202011,
            -1.2966317445566091,
            4.216114526823487,
            -1.8891466506831607,
            1.4731993757587607,
            -1.5356586084100328,
            0.30789311814998177,
            -0.9365332301898057,
            0.691099344691097,
        ];
        let dgamma =
            &[0.6376754079873629, 2.078705656471679, 0.5364286957640753, -0.2525398455106511, 1.3663298370621675];
        let dbeta = &[-1.4444, 2.1009, -3.2047, 0.9995999999999999, -0.8974];
        let operands = [tensor(&[3, 5], x), tensor(&[5], gamma), tensor(&[5], beta)];
        let attrs = Attrs::DEFAULT.epsilon(1e-5);
        expect(&OPERATION, attrs, &operands, &[tensor(&[3, 5], y)], (&[dy], &[dx, dgamma, dbeta]));
    }

    #[test]
    fn an_example_without_variance_is_beta() {
        let operands = [tensor(&[1, 3], &[7.0; 3]), tensor(&[3], &[2.0; 3]), tensor(&[3], &[0.5; 3])];
        assert_eq!(results(&OPERATION, Attrs::DEFAULT, &operands).unwrap(), [tensor(&[1, 3], &[0.5; 3])]);
    }

    #[test]
    fn sizes_must_be_those_of_the_last_axis() {
        let zeros = |shape: &[usize]| Array::<f64, _>::zeros(shape).into();
        let message = |x: &[usize], gamma: &[usize], beta: &[usize], attrs: Attrs| {
            refusal(&OPERATION, attrs, &[zeros(x), zeros(gamma), zeros(beta)])
        };
        let plain = Attrs::DEFAULT;
        let wanted = "gamma and beta should have the size of the last axis of `x`: [3]";
        assert_eq!(message(&[2, 3], &[2], &[3], plain), format!("layer_norm: [2, 3] × [2] × [3]: {wanted}"));
        assert!(message(&[2, 3], &[3], &[1, 3], plain).ends_with(wanted));
        assert!(message(&[], &[1], &[1], plain).ends_with("`x` has at least one axis, which is normalized"));
        assert!(message(&[2, 3], &[3], &[3], plain.epsilon(-1)).contains("`epsilon` is added to a variance"));
    }
}
