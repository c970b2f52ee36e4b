//! What the rows and columns of a filter look at, for those positions at which they do look at the image.

use std::ops::Range;

use super::Convolution;
use crate::kernels::gemm::Gemm;

/// How many numbers of an image with its padding are read at once: 128 KiB of `f32`, a part of the second cache.
const AT_ONCE: usize = 1 << 15;

/// The channels from which on a column of a filter makes a sum of its own, and is left out where it stands beside the
/// image. Of fewer, images are copied with their padding, which is little beside the products.
const CHANNELS: usize = 32;

/// Some rows of an image, perhaps with padding on the left and on the right: those that a band of the result looks at.
pub struct Band<'a, T> {
    data: &'a [T],
    /// Which row of the image is the first.
    first: usize,
    /// How far apart its rows are.
    pub row: usize,
    /// How many columns of the padding on the left are not there.
    left: usize,
    channels: usize,
}

impl<'a, T> Band<'a, T> {
    /// The numbers from a row of the image and a column of the image with its padding on.
    pub fn from(&self, row: usize, column: usize) -> &'a [T] {
        &self.data[(row - self.first) * self.row + (column - self.left) * self.channels..]
    }
}

impl Convolution {
    /// The numbers of an image.
    pub fn of_image(&self) -> usize {
        self.image[0] * self.image[1] * self.channels
    }

    /// The rows or columns of an image, with padding, that so many positions look at.
    fn span(&self, axis: usize, positions: usize) -> usize {
        (positions - 1) * self.strides[axis] + self.window[axis]
    }

    /// How many rows of the result look at [`AT_ONCE`] numbers.
    pub fn rows_at_once(&self) -> usize {
        let row = self.span(1, self.output[1]) * self.channels * self.strides[0];
        (AT_ONCE / row.max(1)).clamp(1, self.output[0])
    }

    /// Whether bands are copied with their padding.
    fn is_copied(&self) -> bool {
        let is_inside = self.before[1] == 0 && self.span(1, self.output[1]) <= self.image[1];
        !is_inside && self.channels < CHANNELS
    }

    /// The memory that a band of so many rows of a result needs.
    pub fn memory(&self, rows: usize) -> usize {
        let columns = self.span(1, self.output[1]) * self.channels;
        if self.is_copied() { self.span(0, rows).min(self.image[0]) * columns } else { 0 }
    }

    /// The rows or columns of a filter that look at the image, and not beside it, for a position of the result.
    pub fn taps(&self, axis: usize, position: usize) -> Range<usize> {
        let first = position * self.strides[axis];
        let end = (self.image[axis] + self.before[axis]).saturating_sub(first).min(self.window[axis]);
        self.before[axis].saturating_sub(first).min(end)..end
    }

    /// Those of some positions of the result for which a row or column of the filter looks at the image.
    pub fn positions(&self, axis: usize, tap: usize, positions: &Range<usize>) -> Range<usize> {
        let first = |place: usize| (place + self.before[axis]).saturating_sub(tap).div_ceil(self.strides[axis]);
        let end = first(self.image[axis]).clamp(positions.start, positions.end);
        first(0).clamp(positions.start, end)..end
    }

    /// Calls `work` with some columns of a filter, and those of some pixels of a row for which they look at what there is
    /// in a band: first with the columns, if any, that do so for all of the pixels, then with one after the other.
    #[inline]
    pub fn for_columns(&self, pixels: &Range<usize>, mut work: impl FnMut(Range<usize>, Range<usize>)) {
        if self.is_copied() {
            return work(0..self.window[1], pixels.clone());
        }
        let start = self.taps(1, pixels.start).start;
        let end = self.taps(1, pixels.end - 1).end.max(start);
        work(start..end, pixels.clone());
        for tap in (0..start).chain(end..self.window[1]) {
            work(tap..tap + 1, self.positions(1, tap, pixels));
        }
    }

    /// The row of the image that a row of the filter looks at; it does look at one.
    pub fn image_row(&self, row: usize, tap: usize) -> usize {
        row * self.strides[0] + tap - self.before[0]
    }

    /// What some rows of a result look at, copied into memory where that is to be.
    pub fn band<'a, T: Gemm>(&self, x: &'a [T], rows: &Range<usize>, memory: &'a mut [T]) -> Band<'a, T> {
        let (row, channels) = (self.image[1] * self.channels, self.channels);
        let first = (rows.start * self.strides[0]).saturating_sub(self.before[0]).min(self.image[0]);
        let end = ((rows.end - 1) * self.strides[0] + self.window[0]).saturating_sub(self.before[0]);
        let x = &x[first * row..end.clamp(first, self.image[0]) * row];
        if !self.is_copied() {
            return Band { data: x, first, row, left: self.before[1], channels };
        }
        let padded = self.span(1, self.output[1]) * self.channels;
        let data = &mut memory[..x.len() / row.max(1) * padded];
        for (out, x) in data.chunks_exact_mut(padded).zip(x.chunks_exact(row.max(1))) {
            self.copy_row(x, out);
        }
        Band { data, first, row: padded, left: 0, channels }
    }

    /// A row of an image between its padding.
    fn copy_row<T: Gemm>(&self, from: &[T], out: &mut [T]) {
        let (before, out) = out.split_at_mut((self.before[1] * self.channels).min(out.len()));
        let (inside, after) = out.split_at_mut((self.image[1] * self.channels).min(out.len()));
        before.fill(T::zero());
        inside.copy_from_slice(&from[..inside.len()]);
        after.fill(T::zero());
    }

    /// Divides rows of all results into those of each image: its number, which of its rows, and which of the given.
    pub fn images_of(&self, rows: Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> + use<> {
        let height = self.output[0];
        (rows.start / height..rows.end.div_ceil(height)).map(move |image| {
            let first = image * height;
            (image, rows.start.max(first) - first..rows.end.min(first + height) - first)
        })
    }
}
