//! Convolutions in which each filter looks at one channel: too little for a matrix product, so channel by channel,
//! side by side.

use std::ops::Range;

use super::Convolution;
use crate::element::Float;
use crate::kernels::gemm::Epilogue;
use crate::kernels::isa::vectorised;
use crate::kernels::parallel::for_each_chunk;
use crate::op::Update;

/// The most parts of a filter's gradient, each a sum over some images' rows, which threads share. They are always the
/// same, and are added in their order.
const PARTS: usize = 16;

/// How many filters look at each channel.
fn multiplier(sizes: &Convolution) -> usize {
    sizes.filters / sizes.channels
}

/// Calls `work` with each tap that looks at a pixel of the image from a pixel of the result, and with the number of the
/// one that it looks at.
#[inline(always)]
fn for_each_tap(sizes: &Convolution, from: [usize; 2], mut work: impl FnMut(usize, usize)) {
    let along = |axis: usize, tap: usize| {
        let at = from[axis] * sizes.strides[axis] + tap * sizes.dilations[axis];
        at.checked_sub(sizes.before[axis]).filter(|&at| at < sizes.image[axis])
    };
    for tap_row in 0..sizes.window[0] {
        let Some(row) = along(0, tap_row) else { continue };
        for tap_column in 0..sizes.window[1] {
            if let Some(column) = along(1, tap_column) {
                work(tap_row * sizes.window[1] + tap_column, row * sizes.image[1] + column);
            }
        }
    }
}

/// The numbers of a pixel, or those of the filters of a tap.
#[inline(always)]
fn at<T>(data: &[T], pixel: usize, channels: usize) -> &[T] {
    &data[pixel * channels..][..channels]
}

/// `c += a · b`, where each number of `a` meets `times` of `b` and of `c`.
#[inline(always)]
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
#[inline(always)]
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
        vectorised(
            #[inline(always)]
            || {
                if update == Update::Set {
                    y.fill(T::zero());
                }
                for (column, y) in y.chunks_exact_mut(filters).enumerate() {
                    for_each_tap(sizes, [number % height, column], |tap, pixel| {
                        add_products(at(x, pixel, sizes.channels), at(filter, tap, filters), times, y);
                    });
                }
            },
        );
    });
}

/// As [`super::filter_gradient`].
pub fn filter_gradient<T: Float>(sizes: &Convolution, x: &[T], dy: &[T], dfilter: &mut [T], update: Update) {
    if update == Update::Set {
        dfilter.fill(T::zero());
    }
    let (rows, length) = (sizes.images * sizes.output[0], dfilter.len());
    if dy.is_empty() || length == 0 {
        return;
    }
    // A sum is read and written for each product, so that each part should have many of them.
    let parts = PARTS.min(dy.len() / length).clamp(1, rows);
    T::with_scratch(parts * length, |sums| {
        for_each_chunk(sums, length, sizes.operations(), |part, sums| {
            let rows = part * rows / parts..(part + 1) * rows / parts;
            vectorised(
                #[inline(always)]
                || {
                    sums.fill(T::zero());
                    add_rows(sizes, rows, x, dy, sums);
                },
            );
        });
        for sums in sums.chunks_exact(length) {
            dfilter.iter_mut().zip(sums).for_each(|(dfilter, &sum)| *dfilter += sum);
        }
    });
}

/// Adds the filter's gradient of some of the images' rows.
#[inline(always)]
fn add_rows<T: Float>(sizes: &Convolution, rows: Range<usize>, x: &[T], dy: &[T], dfilter: &mut [T]) {
    let ([height, width], filters, times) = (sizes.output, sizes.filters, multiplier(sizes));
    let image = sizes.image[0] * sizes.image[1] * sizes.channels;
    for row in rows {
        let (x, dy) = (&x[row / height * image..][..image], &dy[row * width * filters..][..width * filters]);
        for (column, dy) in dy.chunks_exact(filters).enumerate() {
            for_each_tap(sizes, [row % height, column], |tap, pixel| {
                let dfilter = &mut dfilter[tap * filters..][..filters];
                add_products(at(x, pixel, sizes.channels), dy, times, dfilter);
            });
        }
    }
}

/// As [`super::image_gradient`].
pub fn image_gradient<T: Float>(
    sizes: &Convolution,
    dy: &[T],
    filter: &[T],
    dx: &mut [T],
    update: Update,
    epilogue: Option<Epilogue<'_, T>>,
) {
    let (width, times, channels) = (sizes.output[1], multiplier(sizes), sizes.channels);
    let (image, result) = (sizes.image[0] * sizes.image[1] * channels, sizes.pixels() * sizes.filters);
    for_each_chunk(dx, image, sizes.operations(), |number, dx| {
        vectorised(
            #[inline(always)]
            || {
                if update == Update::Set {
                    dx.fill(T::zero());
                }
                let dy = dy[number * result..][..result].chunks_exact(sizes.filters);
                for (number, dy) in dy.enumerate() {
                    for_each_tap(sizes, [number / width, number % width], |tap, pixel| {
                        let dx = &mut dx[pixel * channels..][..channels];
                        add_sums(dy, at(filter, tap, sizes.filters), times, dx);
                    });
                }
            },
        );
        epilogue.into_iter().for_each(|epilogue| epilogue(number * image, dx));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::{isa, reference};
    use crate::random::Random;

    fn check<T: Float>(sizes: &Convolution, what: &str) {
        let mut random = Random::new(7, "depthwise", 0);
        let mut numbers = |count: usize| -> Vec<T> { (0..count).map(|_| T::of(random.normal())).collect() };
        let x = numbers(sizes.images * sizes.image[0] * sizes.image[1] * sizes.channels);
        let filter = numbers(sizes.window[0] * sizes.window[1] * sizes.filters);
        let dy = numbers(sizes.images * sizes.pixels() * sizes.filters);
        for (update, before, base) in [(Update::Set, f64::NAN, 0.0), (Update::Add, 1.0, 1.0)] {
            let mut found = [&dy, &x, &filter].map(|like| vec![T::of(before); like.len()]);
            let mut wanted = [&dy, &x, &filter].map(|like| vec![base; like.len()]);
            let [y, dx, dfilter] = &mut found;
            convolve(sizes, &x, &filter, y, update);
            image_gradient(sizes, &dy, &filter, dx, update, None);
            filter_gradient(sizes, &x, &dy, dfilter, update);
            let [y, dx, dfilter] = &mut wanted;
            reference::convolution(sizes, |at_x, at_filter, at_y| {
                y[at_y] += x[at_x].as_f64() * filter[at_filter].as_f64();
                dx[at_x] += dy[at_y].as_f64() * filter[at_filter].as_f64();
                dfilter[at_filter] += dy[at_y].as_f64() * x[at_x].as_f64();
            });
            for (found, wanted) in found.iter().zip(&wanted) {
                let largest = wanted.iter().fold(1.0_f64, |largest, number| largest.max(number.abs()));
                for (found, wanted) in found.iter().zip(wanted) {
                    let error = (found.as_f64() - wanted).abs();
                    assert!(error < 64.0 * T::epsilon().as_f64() * largest, "{what}: {found:?}, not {wanted}");
                }
            }
        }
    }

    #[test]
    fn agrees_with_the_definition_on_every_path() {
        isa::on_each(|isa| {
            for channels in [1, 7, 8, 9, 15, 16, 17, 40] {
                for (images, image, window, strides, before, times) in [
                    (2, [5, 6], [3, 3], [1, 1], [1, 1], 1),
                    (3, [9, 4], [3, 2], [2, 1], [0, 1], 1),
                    (1, [6, 5], [3, 3], [1, 2], [1, 0], 2),
                    (0, [4, 4], [2, 2], [1, 1], [0, 0], 1),
                    (2, [20, 17], [3, 3], [1, 1], [1, 1], 3),
                ] {
                    let output = [0, 1].map(|axis| (image[axis] + 2 * before[axis] - window[axis]) / strides[axis] + 1);
                    let (filters, groups) = (channels * times, channels);
                    let dilations = [1, 1];
                    let sizes = Convolution {
                        images,
                        image,
                        channels,
                        output,
                        filters,
                        window,
                        strides,
                        dilations,
                        before,
                        groups,
                    };
                    check::<f32>(&sizes, &format!("{isa:?} {sizes:?}"));
                    check::<f64>(&sizes, &format!("{isa:?} {sizes:?}"));
                }
            }
        });
    }
}
