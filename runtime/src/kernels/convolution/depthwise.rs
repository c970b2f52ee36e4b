//! Convolutions in which each filter looks at one channel: too little for a matrix product, so channel by channel,
//! side by side.

use super::Convolution;
use crate::element::Float;
use crate::kernels::parallel::for_each_chunk;
use crate::op::Update;

/// How many filters look at each channel.
fn multiplier(sizes: &Convolution) -> usize {
    sizes.filters / sizes.channels
}

/// The pixel of the image that a tap looks at from a pixel of the result, by its number; `None` outside of the image.
fn pixel(sizes: &Convolution, tap: usize, [row, column]: [usize; 2]) -> Option<usize> {
    let along = |axis: usize, at: usize, tap: usize| {
        let at = at * sizes.strides[axis] + tap * sizes.dilations[axis];
        at.checked_sub(sizes.before[axis]).filter(|&at| at < sizes.image[axis])
    };
    let row = along(0, row, tap / sizes.window[1])?;
    Some(row * sizes.image[1] + along(1, column, tap % sizes.window[1])?)
}

/// The numbers of a pixel.
fn at<T>(data: &[T], pixel: usize, channels: usize) -> &[T] {
    &data[pixel * channels..][..channels]
}

/// `c += a · b`, where each number of `a` meets `times` of `b` and of `c`.
fn add_products<T: Float>(a: &[T], b: &[T], times: usize, c: &mut [T]) {
    if times == 1 {
        c.iter_mut().zip(a.iter().zip(b)).for_each(|(c, (&a, &b))| *c += a * b);
        return;
    }
    for (&a, (b, c)) in a.iter().zip(b.chunks_exact(times).zip(c.chunks_exact_mut(times))) {
        c.iter_mut().zip(b).for_each(|(c, &b)| *c += a * b);
    }
}

/// `c += Σ a · b`, where `times` products of `a` and `b` go into each number of `c`.
fn add_sums<T: Float>(a: &[T], b: &[T], times: usize, c: &mut [T]) {
    if times == 1 {
        return add_products(a, b, 1, c);
    }
    for (c, (a, b)) in c.iter_mut().zip(a.chunks_exact(times).zip(b.chunks_exact(times))) {
        *c += a.iter().zip(b).map(|(&a, &b)| a * b).sum::<T>();
    }
}

/// As [`super::convolve`].
pub fn convolve<T: Float>(sizes: &Convolution, x: &[T], filter: &[T], y: &mut [T], update: Update) {
    let ([height, width], filters, times) = (sizes.output, sizes.filters, multiplier(sizes));
    let image = sizes.image[0] * sizes.image[1] * sizes.channels;
    for_each_chunk(y, width * filters, sizes.operations(), |number, y| {
        let x = &x[number / height * image..][..image];
        if update == Update::Set {
            y.fill(T::zero());
        }
        for (column, y) in y.chunks_exact_mut(filters).enumerate() {
            for (tap, filter) in filter.chunks_exact(filters).enumerate() {
                if let Some(pixel) = pixel(sizes, tap, [number % height, column]) {
                    add_products(at(x, pixel, sizes.channels), filter, times, y);
                }
            }
        }
    });
}

/// As [`super::filter_gradient`].
pub fn filter_gradient<T: Float>(sizes: &Convolution, x: &[T], dy: &[T], dfilter: &mut [T], update: Update) {
    let ([_, width], times) = (sizes.output, multiplier(sizes));
    let (image, pixels) = (sizes.image[0] * sizes.image[1], sizes.pixels());
    for_each_chunk(dfilter, sizes.filters, sizes.operations(), |tap, dfilter| {
        if update == Update::Set {
            dfilter.fill(T::zero());
        }
        for (number, dy) in dy.chunks_exact(sizes.filters).enumerate() {
            let at_image = number % pixels;
            if let Some(pixel) = pixel(sizes, tap, [at_image / width, at_image % width]) {
                let x = at(x, number / pixels * image + pixel, sizes.channels);
                add_products(x, dy, times, dfilter);
            }
        }
    });
}

/// As [`super::image_gradient`].
pub fn image_gradient<T: Float>(sizes: &Convolution, dy: &[T], filter: &[T], dx: &mut [T], update: Update) {
    let (width, times, channels) = (sizes.output[1], multiplier(sizes), sizes.channels);
    let (image, result) = (sizes.image[0] * sizes.image[1] * channels, sizes.pixels() * sizes.filters);
    for_each_chunk(dx, image, sizes.operations(), |number, dx| {
        if update == Update::Set {
            dx.fill(T::zero());
        }
        let dy = dy[number * result..][..result].chunks_exact(sizes.filters);
        for (number, dy) in dy.enumerate() {
            for (tap, filter) in filter.chunks_exact(sizes.filters).enumerate() {
                if let Some(pixel) = pixel(sizes, tap, [number / width, number % width]) {
                    add_sums(dy, filter, times, &mut dx[pixel * channels..][..channels]);
                }
            }
        }
    });
}
