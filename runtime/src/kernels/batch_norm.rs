//! Normalisation over all axes but the last: statistics of each channel, and their gradients.
//!
//! Sums are taken in `f64`, since a channel may have very many numbers. Each function is one pass over memory, in the
//! order in which it lies.

use super::columns::{COST, NOTHING, chunk, repeat, sums, width};
use super::gemm::Epilogue;
use super::isa::vectorised;
use super::parallel::for_each_chunk;
use super::scratch::Scratch;
use crate::element::Float;

/// What each channel is normalised by: `(x − mean) · scale`.
#[derive(Clone, Copy, Debug)]
pub struct Statistics<'a, T> {
    /// The means.
    pub mean: &'a [T],
    /// One over the standard deviations.
    pub scale: &'a [T],
}

/// The mean and the variance of each channel, the latter not corrected. Without rows both are 0.
///
/// Both come of `d = x − s`, `s` being the channel's first number: the mean is `s + Σ d / n`, and the variance
/// `Σ d² / n − (Σ d / n)²`. As `s` is one of the `n` numbers, the variance is at least `(s − mean)² / n`. So the second
/// term is at most `n` times the difference, and what cancels costs a relative error of at most some `n · 2⁻⁵³`,
/// however far from the others `s` is: less than what a sum of `n` terms may lose anyhow.
pub fn moments<T: Float>(x: &[T], means: &mut [T], variances: &mut [T]) {
    let channels = means.len();
    let (count, width) = ((x.len() / channels.max(1)).max(1) as f64, width(channels));
    f64::with_scratch(width + 2 * channels, |scratch| {
        let (first, found) = scratch.split_at_mut(width);
        first.fill(0.0);
        repeat(x[..channels.min(x.len())].iter().map(|x| x.as_f64()), first);
        sums(channels, (x, NOTHING), first, found, |x, (), first| {
            let d = x.as_f64() - first;
            [d, d * d]
        });
        let (sums, squares) = found.split_at(channels);
        let moments = means.iter_mut().zip(variances);
        for ((mean, variance), ((&sum, &square), &first)) in moments.zip(sums.iter().zip(squares).zip(&*first)) {
            let distance = sum / count;
            let found = square / count - distance * distance;
            (*mean, *variance) = (T::of(first + distance), T::of(if found < 0.0 { 0.0 } else { found }));
        }
    });
}

/// What each channel has, `N` numbers of it, for wide rows.
fn with_wide<T: Float, const N: usize>(
    channels: usize,
    of_channel: [impl Fn(usize) -> T; N],
    work: impl FnOnce([&[T]; N]),
) {
    let width = width(channels);
    T::with_scratch(N * width, |wide| {
        for (of_channel, wide) in of_channel.iter().zip(wide.chunks_exact_mut(width.max(1))) {
            repeat((0..channels).map(of_channel), wide);
        }
        work(std::array::from_fn(|n| &wide[n * width..][..width]));
    });
}

/// `y = (x − mean) · scale · gamma + beta`, and then with each row what is still to be done.
pub fn normalize<T: Float>(
    x: &[T],
    by: Statistics<'_, T>,
    gamma: &[T],
    beta: &[T],
    y: &mut [T],
    epilogue: Option<Epilogue<'_, T>>,
) {
    let of_channel: [&dyn Fn(usize) -> T; 3] = [&|n| by.mean[n], &|n| by.scale[n] * gamma[n], &|n| beta[n]];
    with_wide(gamma.len(), of_channel, |[mean, factor, beta]| {
        let chunk = chunk(gamma.len());
        for_each_chunk(y, chunk, x.len() * COST, |number, y| {
            let x = &x[number * chunk..][..y.len()];
            vectorised(
                #[inline(always)]
                || {
                    for (y, x) in y.chunks_mut(mean.len()).zip(x.chunks(mean.len())) {
                        let channels = mean.iter().zip(factor).zip(beta);
                        for ((y, &x), ((&mean, &factor), &beta)) in y.iter_mut().zip(x).zip(channels) {
                            *y = (x - mean) * factor + beta;
                        }
                    }
                },
            );
            epilogue.into_iter().for_each(|epilogue| epilogue(number * chunk, y));
        });
    });
}

/// `Σ dy` of each channel, and after them `Σ dy · (x − mean) · scale`: the gradients of `beta` and of `gamma`.
pub fn parameter_gradients<T: Float>(x: &[T], by: Statistics<'_, T>, dy: &[T], gradients: &mut [f64]) {
    let channels = by.mean.len();
    with_wide(channels, [|n: usize| by.mean[n]], |[mean]| {
        sums(channels, (x, dy), mean, gradients, |x, dy, mean| [dy, dy * (x - mean)]);
    });
    gradients[channels..].iter_mut().zip(by.scale).for_each(|(sum, scale)| *sum *= scale.as_f64());
}

/// Gives `put` each number of `dx`, and for it `gamma · scale · (dy − dbeta − (x − mean) · scale · dgamma)`: what goes
/// back through the normalisation and, where the statistics are those of `x`, through them. `dbeta` and `dgamma` are
/// divided by the number of rows, or 0 where the statistics are not those of `x`.
pub fn input_gradient<T: Float>(
    (x, dy): (&[T], &[T]),
    by: Statistics<'_, T>,
    gamma: &[T],
    (dbeta, dgamma): (&[f64], &[f64]),
    dx: &mut [T],
    put: impl Fn(&mut T, T) + Sync + Send,
) {
    let factor = |n: usize| gamma[n].as_f64() * by.scale[n].as_f64();
    let of_channel: [&dyn Fn(usize) -> T; 4] =
        [&|n| by.mean[n], &|n| T::of(factor(n)), &|n| T::of(factor(n) * by.scale[n].as_f64() * dgamma[n]), &|n| {
            T::of(factor(n) * dbeta[n])
        }];
    with_wide(gamma.len(), of_channel, |[mean, factor, slope, shift]| {
        let chunk = chunk(gamma.len());
        for_each_chunk(dx, chunk, x.len() * COST, |number, dx| {
            let (x, dy) = (&x[number * chunk..][..dx.len()], &dy[number * chunk..][..dx.len()]);
            vectorised(
                #[inline(always)]
                || {
                    let rows = x.chunks(mean.len()).zip(dy.chunks(mean.len()));
                    for (dx, (x, dy)) in dx.chunks_mut(mean.len()).zip(rows) {
                        let channels = mean.iter().zip(factor).zip(slope.iter().zip(shift));
                        let terms = x.iter().zip(dy).zip(channels);
                        for (dx, ((&x, &dy), ((&mean, &factor), (&slope, &shift)))) in dx.iter_mut().zip(terms) {
                            put(dx, dy * factor - (x - mean) * slope - shift);
                        }
                    }
                },
            );
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::isa::{self, Isa};
    use crate::kernels::reference;
    use crate::random::Random;

    /// Rows and channels: at the edges of wide rows, of several together, and of parts.
    const SIZES: [[usize; 2]; 15] = [
        [0, 3],
        [4, 0],
        [1, 1],
        [5, 15],
        [7, 16],
        [3, 17],
        [40, 33],
        [128, 1],
        [513, 1],
        [31, 16],
        [33, 16],
        [9, 127],
        [9, 129],
        [5, 300],
        [2600, 16],
    ];

    fn check<T: Float>([rows, channels]: [usize; 2], isa: Isa) {
        let what = format!("{isa:?} {rows} × {channels}");
        let mut random = Random::new(1, "batch_norm", 0);
        let mut numbers =
            |count: usize, mean: f64| -> Vec<T> { (0..count).map(|_| T::of(mean + random.normal())).collect() };
        let (x, dy) = (numbers(rows * channels, 10.0), numbers(rows * channels, 0.5));
        let (gamma, beta) = (numbers(channels, 1.0), numbers(channels, 0.0));
        // The definition's own sums, term after term, may be a rounding error off for each row.
        let tolerance = 16.0 * T::epsilon().as_f64() + rows as f64 * f64::EPSILON;
        let near = |found: T, wanted: f64, of: f64| {
            let error = (found.as_f64() - wanted).abs();
            assert!(error <= tolerance * of.abs().max(1.0), "{what}: {found:?}, not {wanted}");
        };
        let (mut mean, mut variance) = (vec![T::nan(); channels], vec![T::nan(); channels]);
        moments(&x, &mut mean, &mut variance);
        let scale: Vec<T> = variance.iter().map(|&variance| (variance + T::of(0.5)).sqrt().recip()).collect();
        let by = Statistics { mean: &mean, scale: &scale };
        let (mut y, mut sums) = (vec![T::nan(); x.len()], vec![f64::NAN; 2 * channels]);
        normalize(&x, by, &gamma, &beta, &mut y, None);
        parameter_gradients(&x, by, &dy, &mut sums);
        let mut dx = vec![T::one(); x.len()];
        let of_rows: Vec<f64> = sums.iter().map(|sum| sum / rows.max(1) as f64).collect();
        input_gradient((&x, &dy), by, &gamma, of_rows.split_at(channels), &mut dx, |dx, d| *dx += d);
        for channel in 0..channels {
            let of_channel = |all: &[T]| -> Vec<f64> {
                all.iter().skip(channel).step_by(channels).map(|number| number.as_f64()).collect()
            };
            let (x, dy, y, dx) = (of_channel(&x), of_channel(&dy), of_channel(&y), of_channel(&dx));
            let (wanted_mean, wanted_variance) = reference::moments(x.iter().copied());
            near(mean[channel], wanted_mean, 10.0);
            near(variance[channel], wanted_variance, 1.0);
            let given = [mean[channel], scale[channel], gamma[channel], beta[channel]].map(|number| number.as_f64());
            let wanted = reference::batch_norm(&x, &dy, given);
            near(T::of(sums[channel]), wanted.dbeta, rows as f64);
            near(T::of(sums[channels + channel]), wanted.dgamma, rows as f64);
            for (found, wanted) in y.iter().zip(wanted.y).chain(dx.iter().zip(wanted.dx.iter().map(|dx| dx + 1.0))) {
                near(T::of(*found), wanted, 10.0);
            }
        }
    }

    #[test]
    fn agrees_with_the_definition_on_every_path() {
        isa::on_each(|isa| {
            for sizes in SIZES {
                check::<f32>(sizes, isa);
                check::<f64>(sizes, isa);
            }
        });
    }

    /// The variance is that of the others even where the first number, from which distances are taken, is far off.
    #[test]
    fn a_first_number_far_from_the_others_costs_no_digits() {
        let mut random = Random::new(3, "moments", 0);
        for first in [0.0, 1e3, -1e6] {
            let x: Vec<f32> = (0..10_000).map(|n| if n == 0 { first } else { 1e3 + random.normal() as f32 }).collect();
            let (mut mean, mut variance) = ([0.0], [0.0]);
            moments(&x, &mut mean, &mut variance);
            let (wanted_mean, wanted_variance) = reference::moments(x.iter().map(|&x| f64::from(x)));
            assert!((f64::from(mean[0]) / wanted_mean - 1.0).abs() < 1e-7, "{first}");
            assert!((f64::from(variance[0]) / wanted_variance - 1.0).abs() < 1e-7, "{first}");
        }
    }

    #[test]
    fn does_not_depend_on_the_number_of_threads() {
        let mut random = Random::new(2, "moments", 0);
        let x: Vec<f32> = (0..1 << 21).map(|_| random.normal() as f32).collect();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let (mut means, mut variances, mut y) = (vec![0.0; 64], vec![0.0; 64], vec![0.0; x.len()]);
            let mut sums = vec![0.0; 128];
            pool.install(|| {
                moments(&x, &mut means, &mut variances);
                let by = Statistics { mean: &means, scale: &variances };
                normalize(&x, by, &variances, &means, &mut y, None);
                parameter_gradients(&x, by, &y, &mut sums);
            });
            (means, variances, y, sums)
        };
        assert_eq!(run(1), run(3));
    }
}
