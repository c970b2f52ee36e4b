//! Pooling of images with channels last (NHWC): the maximum or the mean of the pixels in a window, channel by channel.
//!
//! What stands around an image is no pixel: it is never the maximum, and it does not count in a mean.

use std::ops::Range;

use super::elementwise::ELEMENT;
use super::isa::vectorised;
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

    /// How many pixels those are.
    fn count(&self, row: usize, column: usize) -> usize {
        self.inside(0, row).len() * self.inside(1, column).len()
    }
}

/// The maxima, and the number of the first pixel of the image that has each. A number that is none is the maximum.
pub fn max<T: Float>(sizes: &Pooling, x: &[T], y: &mut [T], pixels: &mut [u32]) {
    let Pooling { channels, output, .. } = *sizes;
    for_each_pair((y, pixels), sizes.row(), ELEMENT / 4 * sizes.operations(), |number, (y, pixels)| {
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
    for_each_chunk(dx, sizes.length(), ELEMENT * dy.len(), |image, dx| {
        begin(dx, update);
        let results = image * result..(image + 1) * result;
        let rows = pixels[results.clone()].chunks_exact(channels).zip(dy[results].chunks_exact(channels));
        for (pixels, dy) in rows {
            for (channel, (&pixel, &dy)) in pixels.iter().zip(dy).enumerate() {
                dx[pixel as usize * channels + channel] += dy;
            }
        }
    });
}

/// The means.
pub fn mean<T: Float>(sizes: &Pooling, x: &[T], y: &mut [T]) {
    let Pooling { channels, output, .. } = *sizes;
    for_each_chunk(y, sizes.row(), ELEMENT / 4 * sizes.operations(), |number, y| {
        let (row, x) = (number % output[0], &x[number / output[0] * sizes.length()..]);
        for (column, y) in y.chunks_exact_mut(channels).enumerate() {
            y.fill(T::zero());
            for pixel in sizes.pixels(row, column) {
                y.iter_mut().zip(&x[pixel * channels..]).for_each(|(y, &x)| *y += x);
            }
            let factor = T::of(1.0 / sizes.count(row, column).max(1) as f64);
            y.iter_mut().for_each(|y| *y *= factor);
        }
    });
}

/// `dx`: to each pixel its part of the `dy` of each window that it is in, or that added to it.
pub fn mean_gradient<T: Float>(sizes: &Pooling, dy: &[T], dx: &mut [T], update: Update) {
    let channels = sizes.channels;
    if dy.is_empty() {
        return begin(dx, update);
    }
    for_each_chunk(dx, sizes.length(), ELEMENT * sizes.operations(), |image, dx| {
        begin(dx, update);
        for row in 0..sizes.output[0] {
            let dy = &dy[(image * sizes.output[0] + row) * sizes.row()..][..sizes.row()];
            for (column, dy) in dy.chunks_exact(channels).enumerate() {
                let factor = T::of(1.0 / sizes.count(row, column).max(1) as f64);
                for pixel in sizes.pixels(row, column) {
                    dx[pixel * channels..].iter_mut().zip(dy).for_each(|(dx, &dy)| *dx += dy * factor);
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::reference;

    fn every_size() -> Vec<Pooling> {
        let mut all = Vec::new();
        for (images, image, channels) in [(1, [1_usize, 1], 1), (2, [5, 4], 3), (3, [2, 9], 17), (0, [4, 4], 2)] {
            for (window, strides) in [([1, 1], [1, 1]), ([2, 2], [2, 2]), ([3, 2], [1, 2]), ([2, 5], [3, 1])] {
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

    #[test]
    fn agrees_with_the_definition() {
        for sizes in every_size() {
            let count = sizes.images * sizes.output[0] * sizes.row();
            // Few values, so that windows have several maxima.
            let x: Vec<f64> = (0..sizes.images * sizes.length()).map(|n| (n * 7 % 5) as f64).collect();
            let dy: Vec<f64> = (0..count).map(|n| n as f64 + 0.5).collect();
            let (mut y, mut pixels, mut means) = (vec![9.0; count], vec![9; count], vec![9.0; count]);
            let (mut dx, mut dx_of_means) = (vec![1.0; x.len()], vec![1.0; x.len()]);
            max(&sizes, &x, &mut y, &mut pixels);
            max_gradient(&sizes, &pixels, &dy, &mut dx, Update::Add);
            mean(&sizes, &x, &mut means);
            mean_gradient(&sizes, &dy, &mut dx_of_means, Update::Add);
            let (mut dx_wanted, mut dx_of_means_wanted) = (vec![1.0; x.len()], vec![1.0; x.len()]);
            for n in 0..count {
                let window = reference::window(&sizes, n);
                let first = window.iter().copied().reduce(|a, b| if x[b] > x[a] { b } else { a }).unwrap();
                assert_eq!(y[n], x[first], "{sizes:?}");
                dx_wanted[first] += dy[n];
                let sum: f64 = window.iter().map(|&at| x[at]).sum();
                assert!((means[n] - sum / window.len() as f64).abs() < 1e-12, "{sizes:?}");
                window.iter().for_each(|&at| dx_of_means_wanted[at] += dy[n] / window.len() as f64);
            }
            assert_eq!(dx, dx_wanted, "{sizes:?}");
            for (found, wanted) in dx_of_means.iter().zip(&dx_of_means_wanted) {
                assert!((found - wanted).abs() < 1e-9, "{sizes:?}");
            }
        }
    }
}
