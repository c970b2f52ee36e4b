//! The naive twins of the kernels: the definitions, written out.

use super::convolution::Convolution;
use super::pool::Pooling;
use crate::element::Float;
use crate::op::Update;

/// `C = A · B`, or that added to `C`.
pub fn gemm<T: Float>(
    [rows, inner, columns]: [usize; 3],
    a: impl Fn(usize, usize) -> T,
    b: impl Fn(usize, usize) -> T,
    c: &mut [T],
    update: Update,
) {
    for row in 0..rows {
        for column in 0..columns {
            let sum = T::of((0..inner).map(|k| a(row, k).as_f64() * b(k, column).as_f64()).sum());
            let c = &mut c[row * columns + column];
            *c = if update == Update::Add { *c + sum } else { sum };
        }
    }
}

/// Where in an operand the element is that goes with the `n`-th of a broadcast result.
pub fn broadcast_index(n: usize, shape: &[usize], operand: &[usize]) -> usize {
    let (mut rest, mut stride, mut index) = (n, 1, 0);
    for (from_end, &size) in shape.iter().rev().enumerate() {
        let at = rest % size;
        rest /= size;
        if let Some(axis) = operand.len().checked_sub(from_end + 1) {
            index += if operand[axis] == 1 { 0 } else { at * stride };
            stride *= operand[axis];
        }
    }
    index
}

/// `exp(x) / Σ exp(x)` along the middle axis of `outer × size × inner`.
pub fn softmax<T: Float>(x: &[T], [size, inner]: [usize; 2]) -> Vec<T> {
    let exponential = |n: usize| x[n].as_f64().exp();
    (0..x.len()).map(|n| T::of(exponential(n) / line(n, [size, inner]).map(exponential).sum::<f64>())).collect()
}

/// `Σ_j dy_j · dy_j/dx_i` with `dy_j/dx_i = y_j · ([i = j] − y_i)`.
pub fn softmax_gradient<T: Float>(y: &[T], dy: &[T], [size, inner]: [usize; 2]) -> Vec<T> {
    let term = |i: usize, j: usize| {
        let same = if i == j { 1.0 } else { 0.0 };
        dy[j].as_f64() * y[j].as_f64() * (same - y[i].as_f64())
    };
    (0..y.len()).map(|i| T::of(line(i, [size, inner]).map(|j| term(i, j)).sum())).collect()
}

/// The elements of the line that the `n`-th is in.
fn line(n: usize, [size, inner]: [usize; 2]) -> impl Iterator<Item = usize> {
    let first = n / (size * inner) * (size * inner) + n % inner;
    (0..size).map(move |row| first + row * inner)
}

/// Every product of a convolution: where in the images, in the filter and in the result its three numbers are.
pub fn convolution(sizes: &Convolution, mut product: impl FnMut(usize, usize, usize)) {
    let (group_channels, group_filters) = (sizes.channels / sizes.groups, sizes.filters / sizes.groups);
    let along = |axis: usize, at: usize, tap: usize| {
        let at = at * sizes.strides[axis] + tap * sizes.dilations[axis];
        at.checked_sub(sizes.before[axis]).filter(|&at| at < sizes.image[axis])
    };
    for y in 0..sizes.images * sizes.output[0] * sizes.output[1] * sizes.filters {
        let (filter, pixel) = (y % sizes.filters, y / sizes.filters);
        let (column, row) = (pixel % sizes.output[1], pixel / sizes.output[1] % sizes.output[0]);
        let image = pixel / sizes.output[1] / sizes.output[0];
        for w in 0..sizes.window[0] * sizes.window[1] * group_channels {
            let (channel, tap) = (w % group_channels, w / group_channels);
            let channel = filter / group_filters * group_channels + channel;
            let (row, column) = (along(0, row, tap / sizes.window[1]), along(1, column, tap % sizes.window[1]));
            if let (Some(row), Some(column)) = (row, column) {
                let pixel = (image * sizes.image[0] + row) * sizes.image[1] + column;
                product(pixel * sizes.channels + channel, w * sizes.filters + filter, y);
            }
        }
    }
}

/// A tensor with its axes in another order: axis `n` of the result is axis `order[n]`.
pub fn transposed<T: Copy>(x: &[T], shape: &[usize], order: &[usize]) -> Vec<T> {
    let sizes: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
    (0..x.len())
        .map(|n| {
            let (mut rest, mut at) = (n, vec![0; shape.len()]);
            for (&axis, &size) in order.iter().zip(&sizes).rev() {
                at[axis] = rest % size;
                rest /= size;
            }
            x[at.iter().zip(shape).fold(0, |index, (&at, &size)| index * size + at)]
        })
        .collect()
}

/// Where in the images the numbers are that the `n`-th result of a pooling looks at, row by row.
pub fn window(sizes: &Pooling, n: usize) -> Vec<usize> {
    let (channel, pixel) = (n % sizes.channels, n / sizes.channels);
    let (column, row) = (pixel % sizes.output[1], pixel / sizes.output[1] % sizes.output[0]);
    let image = pixel / sizes.output[1] / sizes.output[0];
    let along = |axis: usize, at: usize| {
        let taps = (0..sizes.window[axis])
            .filter_map(move |tap| (at * sizes.strides[axis] + tap).checked_sub(sizes.before[axis]));
        taps.filter(move |&at| at < sizes.image[axis])
    };
    let index = |row, column| ((image * sizes.image[0] + row) * sizes.image[1] + column) * sizes.channels + channel;
    along(0, row).flat_map(|row| along(1, column).map(move |column| index(row, column))).collect()
}

/// The mean of some numbers and their variance; 0 where there is no number.
pub fn moments(numbers: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = numbers.clone().count().max(1) as f64;
    let mean = numbers.clone().sum::<f64>() / count;
    (mean, numbers.map(|number| (number - mean) * (number - mean)).sum::<f64>() / count)
}

/// A normalised channel and its gradients.
pub struct BatchNorm {
    pub y: Vec<f64>,
    pub dx: Vec<f64>,
    pub dgamma: f64,
    pub dbeta: f64,
}

/// A channel normalised by what a batch has, and the gradients where `y` has `dy`.
pub fn batch_norm(x: &[f64], dy: &[f64], [mean, scale, gamma, beta]: [f64; 4]) -> BatchNorm {
    let (normal, count): (Vec<f64>, _) = (x.iter().map(|x| (x - mean) * scale).collect(), x.len() as f64);
    let dbeta: f64 = dy.iter().sum();
    let dgamma: f64 = dy.iter().zip(&normal).map(|(dy, normal)| dy * normal).sum();
    let through = |(dy, normal): (&f64, &f64)| gamma * scale * (dy - dbeta / count - normal * dgamma / count);
    let dx = dy.iter().zip(&normal).map(through).collect();
    BatchNorm { y: normal.iter().map(|normal| normal * gamma + beta).collect(), dx, dgamma, dbeta }
}

/// The complementary error function by the Taylor series of the error function, for `x` of a size up to 2.
pub fn erfc(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..80 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    1.0 - sum * std::f64::consts::FRAC_2_SQRT_PI
}

/// A unit of a long short-term memory, and the gradients of what goes into it.
pub struct Lstm {
    pub c: f64,
    pub h: f64,
    pub dc: f64,
    pub dgates: [f64; 4],
}

/// The unit with these gates before their functions, whose results have the gradients `dh` and `dc`.
pub fn lstm([i, j, f, o]: [f64; 4], c: f64, forget_bias: f64, [dh, dc]: [f64; 2]) -> Lstm {
    let sigma = |x: f64| 1.0 / (1.0 + (-x).exp());
    // The slope of σ is σ(x) · σ(−x).
    let slope = |x: f64| sigma(x) * sigma(-x);
    let new_c = c * sigma(f + forget_bias) + sigma(i) * j.tanh();
    let dnew_c = dc + dh * sigma(o) / new_c.cosh().powi(2);
    Lstm {
        c: new_c,
        h: sigma(o) * new_c.tanh(),
        dc: dnew_c * sigma(f + forget_bias),
        dgates: [
            dnew_c * j.tanh() * slope(i),
            dnew_c * sigma(i) / j.cosh().powi(2),
            dnew_c * c * slope(f + forget_bias),
            dh * new_c.tanh() * slope(o),
        ],
    }
}
