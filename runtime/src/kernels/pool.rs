//! Pooling of images with channels last (NHWC): the maximum or the mean of the pixels in a window, channel by channel.
//!
//! What stands around an image is no pixel: it is never the maximum, and it does not count in a mean.

use std::ops::Range;

use super::elementwise::ELEMENT;
use super::isa::vectorised;
use super::lanes::{LANES, load, store};
use super::parallel::{for_each_chunk, for_each_pair};
use crate::element::Float;
use crate::op::Update;

/// The sizes of a pooling; `[rows, columns]` where there are two.
#[derive(Clone, Copy, Debug)]
pub struct Pooling {
    /// How many images there are.
    pub images: usize,
    /// The size of an image.
    pub image: [usize; 2],
    /// The channels.
    pub channels: usize,
    /// The size of the result.
    pub output: [usize; 2],
    /// The size of the window.
    pub window: [usize; 2],
    /// How far the window moves.
    pub strides: [usize; 2],
    /// How many rows and columns stand before the image.
    pub before: [usize; 2],
}

impl Pooling {
    /// The numbers of an image.
    fn length(&self) -> usize {
        self.image[0] * self.image[1] * self.channels
    }

    /// The numbers of a row of the result.
    fn row(&self) -> usize {
        self.output[1] * self.channels
    }

    /// About how many numbers are looked at.
    fn operations(&self) -> usize {
        let window = self.window[0].min(self.image[0]) * self.window[1].min(self.image[1]);
        self.images * self.output[0] * self.row() * window
    }

    /// The rows (axis 0) or columns (axis 1) of the image in the window at a position.
    #[inline(always)]
    fn inside(&self, axis: usize, position: usize) -> Range<usize> {
        let first = position * self.strides[axis];
        let (before, length) = (self.before[axis], self.image[axis]);
        let start = first.saturating_sub(before).min(length);
        start..first.saturating_add(self.window[axis]).saturating_sub(before).clamp(start, length)
    }

    /// The pixels of an image in the window at a row and a column of the result, by their numbers.
    fn pixels(&self, row: usize, column: usize) -> impl Iterator<Item = usize> + use<> {
        let (width, columns) = (self.image[1], self.inside(1, column));
        self.inside(0, row).flat_map(move |row| columns.clone().map(move |column| row * width + column))
    }

    /// Whether each pixel is in one window.
    fn is_tiled(&self) -> bool {
        let is_tiled = |axis: usize| self.output[axis] * self.window[axis] == self.image[axis];
        self.strides == self.window && self.before == [0, 0] && is_tiled(0) && is_tiled(1)
    }

    /// How many pixels those are.
    #[inline(always)]
    fn count(&self, row: usize, column: usize) -> usize {
        self.inside(0, row).len() * self.inside(1, column).len()
    }

    /// As many channels at a time as there are lanes: the first, and how many there are.
    ///
    /// Where a pixel has fewer, the other lanes are the next pixel's: computed in vain and written, and written again
    /// in their turn. A loop over six channels would take longer.
    #[inline(always)]
    fn channels_at_a_time(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let channels = self.channels;
        (0..channels.div_ceil(LANES)).map(move |n| (n * LANES, LANES.min(channels - n * LANES)))
    }
}

/// The maxima, and the number of the first pixel of the image that has each. A number that is none is the maximum.
pub fn max<T: Float>(sizes: &Pooling, x: &[T], y: &mut [T], pixels: &mut [u32]) {
    let Pooling { channels, output, .. } = *sizes;
    for_each_pair((y, pixels), sizes.row(), ELEMENT * sizes.operations(), |number, (y, pixels)| {
        vectorised(
            #[inline(always)]
            || {
                let x = &x[number / output[0] * sizes.length()..];
                let results = y.chunks_exact_mut(channels).zip(pixels.chunks_exact_mut(channels));
                for (column, (y, pixels)) in results.enumerate() {
                    let mut inside = sizes.pixels(number % output[0], column);
                    let Some(first) = inside.next() else { continue };
                    y.copy_from_slice(&x[first * channels..][..channels]);
                    pixels.fill(first as u32);
                    for pixel in inside {
                        let x = &x[pixel * channels..][..channels];
                        for ((y, at), &x) in y.iter_mut().zip(pixels.iter_mut()).zip(x) {
                            let is_larger = x > *y || x.is_nan();
                            *at = if is_larger { pixel as u32 } else { *at };
                            *y = if is_larger { x } else { *y };
                        }
                    }
                }
            },
        )
    });
}

/// Zeros, unless something is added to what is there.
fn begin<T: Float>(dx: &mut [T], update: Update) {
    if update == Update::Set {
        dx.fill(T::zero());
    }
}

/// `dx`: each `dy` at the pixel that was the maximum, or that added to it.
pub fn max_gradient<T: Float>(sizes: &Pooling, pixels: &[u32], dy: &[T], dx: &mut [T], update: Update) {
    if dy.is_empty() {
        return begin(dx, update);
    }
    let (channels, result) = (sizes.channels, sizes.output[0] * sizes.row());
    let is_tiled = sizes.is_tiled();
    for_each_chunk(dx, sizes.length(), ELEMENT * dy.len(), |image, dx| {
        let results = image * result..(image + 1) * result;
        let (pixels, dy) = (&pixels[results.clone()], &dy[results]);
        if is_tiled {
            return tiled_max_gradient(sizes, pixels, dy, dx, update);
        }
        begin(dx, update);
        for (pixels, dy) in pixels.chunks_exact(channels).zip(dy.chunks_exact(channels)) {
            for (channel, (&pixel, &dy)) in pixels.iter().zip(dy).enumerate() {
                dx[pixel as usize * channels + channel] += dy;
            }
        }
    });
}

/// The same for one image, of which each pixel is in one window: each number is written once, in vectors.
fn tiled_max_gradient<T: Float>(sizes: &Pooling, pixels: &[u32], dy: &[T], dx: &mut [T], update: Update) {
    let (channels, width) = (sizes.channels, sizes.output[1]);
    vectorised(
        #[inline(always)]
        || {
            for (number, dy) in dy.chunks_exact(channels).enumerate() {
                let at = &pixels[number * channels..][..channels];
                for pixel in sizes.pixels(number / width, number % width) {
                    let dx = &mut dx[pixel * channels..][..channels];
                    for ((dx, &at), &dy) in dx.iter_mut().zip(at).zip(dy) {
                        let d = if at == pixel as u32 { dy } else { T::zero() };
                        *dx = if update == Update::Set { d } else { *dx + d };
                    }
                }
            }
        },
    );
}

/// The means.
pub fn mean<T: Float>(sizes: &Pooling, x: &[T], y: &mut [T]) {
    let Pooling { channels, output, image: [_, width], .. } = *sizes;
    for_each_chunk(y, sizes.row(), ELEMENT * sizes.operations(), |number, y| {
        let (row, x) = (number % output[0], &x[number / output[0] * sizes.length()..]);
        vectorised(
            #[inline(always)]
            || {
                for column in 0..output[1] {
                    let columns = sizes.inside(1, column);
                    let factor = T::of(1.0 / sizes.count(row, column).max(1) as f64);
                    for (channel, count) in sizes.channels_at_a_time() {
                        let mut sums = [T::zero(); LANES];
                        for row in sizes.inside(0, row) {
                            for pixel in row * width + columns.start..row * width + columns.end {
                                let x = load(x, pixel * channels + channel, count);
                                for lane in 0..LANES {
                                    sums[lane] += x[lane];
                                }
                            }
                        }
                        sums.iter_mut().for_each(|sum| *sum *= factor);
                        store(y, column * channels + channel, count, &sums);
                    }
                }
            },
        );
    });
}

/// `dx`: to each pixel its part of the `dy` of each window that it is in, or that added to it.
pub fn mean_gradient<T: Float>(sizes: &Pooling, dy: &[T], dx: &mut [T], update: Update) {
    let (channels, width) = (sizes.channels, sizes.image[1]);
    if dy.is_empty() {
        return begin(dx, update);
    }
    for_each_chunk(dx, sizes.length(), ELEMENT * sizes.operations(), |image, dx| {
        vectorised(
            #[inline(always)]
            || {
                begin(dx, update);
                for row in 0..sizes.output[0] {
                    let dy = &dy[(image * sizes.output[0] + row) * sizes.row()..][..sizes.row()];
                    for (column, dy) in dy.chunks_exact(channels).enumerate() {
                        let (factor, columns) =
                            (T::of(1.0 / sizes.count(row, column).max(1) as f64), sizes.inside(1, column));
                        for row in sizes.inside(0, row) {
                            for pixel in row * width + columns.start..row * width + columns.end {
                                let dx = &mut dx[pixel * channels..][..channels];
                                dx.iter_mut().zip(dy).for_each(|(dx, &dy)| *dx += dy * factor);
                            }
                        }
                    }
                }
            },
        );
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::isa::{self, Isa};
    use crate::kernels::reference;

    fn every_size() -> Vec<Pooling> {
        let mut all = Vec::new();
        let lanes = [LANES - 1, LANES, LANES + 1, 2 * LANES + 3].map(|channels| (2, [3_usize, 9], channels));
        let images =
            [(1, [1_usize, 1], 1), (2, [5, 4], 3), (3, [2, 9], 6), (2, [4, 6], 19), (0, [4, 4], 2), (1, [3, 3], 0)];
        for (images, image, channels) in images.into_iter().chain(lanes) {
            for (window, strides) in
                [([1, 1], [1, 1]), ([2, 2], [2, 2]), ([3, 2], [1, 2]), ([2, 5], [3, 1]), ([1, 2], [2, 4])]
            {
                for before in [[0, 0], [1, 0], [0, 1]] {
                    let output: [usize; 2] =
                        std::array::from_fn(|axis| (image[axis] + before[axis]).div_ceil(strides[axis]));
                    let is_inside = |axis: usize| before[axis] < window[axis];
                    if is_inside(0) && is_inside(1) {
                        all.push(Pooling { images, image, channels, output, window, strides, before });
                    }
                }
            }
        }
        all
    }

    fn check<T: Float>(sizes: &Pooling, isa: Isa) {
        let count = sizes.images * sizes.output[0] * sizes.row();
        // Few values, so that windows have several maxima.
        let x: Vec<T> = (0..sizes.images * sizes.length()).map(|n| T::of((n * 7 % 5) as f64)).collect();
        let dy: Vec<T> = (0..count).map(|n| T::of(n as f64 + 0.5)).collect();
        let (mut y, mut pixels, mut means) = (vec![T::nan(); count], vec![9; count], vec![T::nan(); count]);
        max(sizes, &x, &mut y, &mut pixels);
        mean(sizes, &x, &mut means);
        let (mut dx_wanted, mut dx_of_means_wanted) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        for n in 0..count {
            let window = reference::window(sizes, n);
            let first = window.iter().copied().reduce(|a, b| if x[b] > x[a] { b } else { a }).unwrap();
            assert_eq!(y[n].as_f64(), x[first].as_f64(), "{isa:?} {sizes:?}");
            assert_eq!(pixels[n] as usize, first % sizes.length() / sizes.channels, "{isa:?} {sizes:?}");
            dx_wanted[first] += dy[n].as_f64();
            let wanted = window.iter().map(|&at| x[at].as_f64()).sum::<f64>() / window.len() as f64;
            assert!((means[n].as_f64() - wanted).abs() < 8.0 * T::epsilon().as_f64() * wanted.max(1.0), "{sizes:?}");
            window.iter().for_each(|&at| dx_of_means_wanted[at] += dy[n].as_f64() / window.len() as f64);
        }
        for (update, before, base) in [(Update::Set, f64::NAN, 0.0), (Update::Add, 1.0, 1.0)] {
            let (mut dx, mut dx_of_means) = (vec![T::of(before); x.len()], vec![T::of(before); x.len()]);
            max_gradient(sizes, &pixels, &dy, &mut dx, update);
            mean_gradient(sizes, &dy, &mut dx_of_means, update);
            let wanted = dx_wanted.iter().zip(&dx_of_means_wanted);
            for ((dx, dx_of_means), (wanted, of_means)) in dx.iter().zip(&dx_of_means).zip(wanted) {
                assert_eq!(dx.as_f64(), wanted + base, "{isa:?} {update:?} {sizes:?}");
                let error = (dx_of_means.as_f64() - (of_means + base)).abs();
                assert!(error < 8.0 * T::epsilon().as_f64() * of_means.max(1.0), "{isa:?} {update:?} {sizes:?}");
            }
        }
    }

    #[test]
    fn agrees_with_the_definition_on_every_path() {
        isa::on_each(|isa| {
            for sizes in every_size() {
                check::<f32>(&sizes, isa);
                check::<f64>(&sizes, isa);
            }
        });
    }

    #[test]
    fn a_number_that_is_none_is_the_maximum() {
        let sizes = Pooling {
            images: 1,
            image: [2, 2],
            channels: 1,
            output: [1, 1],
            window: [2, 2],
            strides: [2, 2],
            before: [0, 0],
        };
        isa::on_each(|_| {
            for at in 0..4 {
                let mut x = [5.0, 6.0, 7.0, 8.0];
                x[at] = f32::NAN;
                let (mut y, mut pixels) = ([0.0], [9]);
                max(&sizes, &x, &mut y, &mut pixels);
                assert!(y[0].is_nan() && pixels[0] as usize == at);
            }
        });
    }
}
