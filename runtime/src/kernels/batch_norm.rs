//! Normalisation over all axes but the last: statistics of each channel, and their gradients.
//!
//! Sums are taken in `f64`, since a channel may have very many numbers.

use super::parallel::{for_each_chunk, for_each_pair};
use crate::element::Float;

/// How many channels are summed at a time: a cache line of `f32`.
const LANES: usize = 16;

/// About how many numbers a thread takes at a time.
const NUMBERS: usize = 1 << 14;

/// What each channel is normalised by: `(x − mean) · scale`.
#[derive(Clone, Copy, Debug)]
pub struct Statistics<'a, T> {
    /// The means.
    pub mean: &'a [T],
    /// One over the standard deviations.
    pub scale: &'a [T],
}

/// Adds `terms` of each row, for the channels of a block.
fn sums<const N: usize>(rows: usize, block: usize, terms: impl Fn(usize, usize) -> [f64; N]) -> [[f64; LANES]; N] {
    let mut sums = [[0.0; LANES]; N];
    for row in 0..rows {
        for lane in 0..block {
            for (sums, term) in sums.iter_mut().zip(terms(row, lane)) {
                sums[lane] += term;
            }
        }
    }
    sums
}

/// The mean and the variance of each channel, the latter not corrected. Without rows both are 0.
pub fn moments<T: Float>(x: &[T], means: &mut [T], variances: &mut [T]) {
    let channels = means.len();
    let rows = x.len() / channels.max(1);
    let count = rows.max(1) as f64;
    for_each_pair((means, variances), LANES, 2 * x.len(), |block, (means, variances)| {
        let at = |row: usize, lane: usize| x[row * channels + block * LANES + lane].as_f64();
        let [mean] = sums(rows, means.len(), |row, lane| [at(row, lane)]).map(|sums| sums.map(|sum| sum / count));
        let [squares] = sums(rows, means.len(), |row, lane| [(at(row, lane) - mean[lane]).powi(2)]);
        for (lane, (to_mean, to_variance)) in means.iter_mut().zip(variances).enumerate() {
            (*to_mean, *to_variance) = (T::of(mean[lane]), T::of(squares[lane] / count));
        }
    });
}

/// How many numbers make up whole rows, about as many as a thread takes at a time.
fn chunk(channels: usize) -> usize {
    channels * (NUMBERS / channels.max(1)).max(1)
}

/// `y = (x − mean) · scale · gamma + beta`.
pub fn normalize<T: Float>(x: &[T], by: Statistics<'_, T>, gamma: &[T], beta: &[T], y: &mut [T]) {
    let (channels, chunk) = (gamma.len().max(1), chunk(gamma.len()));
    for_each_chunk(y, chunk, 4 * x.len(), |number, y| {
        for (y, x) in y.chunks_exact_mut(channels).zip(x[number * chunk..].chunks_exact(channels)) {
            let channels = by.mean.iter().zip(by.scale).zip(gamma.iter().zip(beta));
            for ((y, &x), ((&mean, &scale), (&gamma, &beta))) in y.iter_mut().zip(x).zip(channels) {
                *y = (x - mean) * scale * gamma + beta;
            }
        }
    });
}

/// `dbeta = Σ dy` and `dgamma = Σ dy · (x − mean) · scale`, channel by channel.
pub fn parameter_gradients<T: Float>(x: &[T], by: Statistics<'_, T>, dy: &[T], dbeta: &mut [f64], dgamma: &mut [f64]) {
    let channels = by.mean.len();
    let rows = x.len() / channels.max(1);
    for_each_pair((dbeta, dgamma), LANES, 2 * x.len(), |block, (dbeta, dgamma)| {
        let first = block * LANES;
        let (mean, scale) = (&by.mean[first..][..dbeta.len()], &by.scale[first..][..dbeta.len()]);
        let found = sums(rows, dbeta.len(), |row, lane| {
            let (x, dy) = (x[row * channels + first + lane], dy[row * channels + first + lane]);
            [dy.as_f64(), dy.as_f64() * ((x - mean[lane]) * scale[lane]).as_f64()]
        });
        let lanes = dbeta.len();
        dbeta.copy_from_slice(&found[0][..lanes]);
        dgamma.copy_from_slice(&found[1][..lanes]);
    });
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
    let (channels, chunk) = (gamma.len().max(1), chunk(gamma.len()));
    for_each_chunk(dx, chunk, 8 * x.len(), |number, dx| {
        let rows = x[number * chunk..].chunks_exact(channels).zip(dy[number * chunk..].chunks_exact(channels));
        for (dx, (x, dy)) in dx.chunks_exact_mut(channels).zip(rows) {
            for (channel, (dx, (&x, &dy))) in dx.iter_mut().zip(x.iter().zip(dy)).enumerate() {
                let scale = by.scale[channel];
                let through = T::of(dbeta[channel]) + (x - by.mean[channel]) * scale * T::of(dgamma[channel]);
                put(dx, gamma[channel] * scale * (dy - through));
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::reference;
    use crate::random::Random;

    #[test]
    fn moments_agree_with_the_definition() {
        let mut random = Random::new(1, "moments", 0);
        for (rows, channels) in [(0, 3), (1, 1), (5, 15), (7, 16), (3, 17), (40, 33), (4, 0)] {
            let x: Vec<f64> = (0..rows * channels).map(|_| 100.0 + random.normal()).collect();
            let (mut means, mut variances) = (vec![9.0; channels], vec![9.0; channels]);
            moments(&x, &mut means, &mut variances);
            for channel in 0..channels {
                let (mean, variance) = reference::moments(x.iter().copied().skip(channel).step_by(channels));
                assert!((means[channel] - mean).abs() < 1e-10, "{rows} × {channels}");
                assert!((variances[channel] - variance).abs() < 1e-10, "{rows} × {channels}");
            }
        }
    }

    #[test]
    fn does_not_depend_on_the_number_of_threads() {
        let mut random = Random::new(2, "moments", 0);
        let x: Vec<f32> = (0..1 << 21).map(|_| random.normal() as f32).collect();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let (mut means, mut variances, mut y) = (vec![0.0; 64], vec![0.0; 64], vec![0.0; x.len()]);
            pool.install(|| {
                moments(&x, &mut means, &mut variances);
                normalize(&x, Statistics { mean: &means, scale: &variances }, &variances, &means, &mut y);
            });
            (means, variances, y)
        };
        assert_eq!(run(1), run(3));
    }
}
