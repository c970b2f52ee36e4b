//! What a filter looks at, pixel by pixel of the result: gathered into panels, or added to the image.
//!
//! A patch consists of runs: stretches that are neighbours in the image as well. Without dilation and groups the taps of
//! a filter's row are one run, so that even an image of one channel has some numbers side by side.

use std::ops::Range;

use super::Convolution;
use crate::element::Float;
use crate::kernels::gemm::{Pack, copy};

/// The matrix `pixels × patch` of a batch of images, for one group of channels.
#[derive(Clone, Copy)]
pub struct Patches<'a, T> {
    x: &'a [T],
    runs: Runs<'a>,
}

/// How patches lie in an image.
#[derive(Clone, Copy)]
struct Runs<'a> {
    sizes: &'a Convolution,
    /// The first channel of the group.
    channel: usize,
    /// Taps in a run.
    taps: usize,
    /// Numbers of a tap.
    channels: usize,
    /// Numbers of a run.
    length: usize,
    /// Runs of a filter's row.
    per_row: usize,
}

/// Neighbouring pixels of one row of a result.
struct Piece {
    image: usize,
    row: usize,
    columns: Range<usize>,
}

/// The part of a run that lies inside the image.
struct Inside {
    /// Which numbers of the run.
    numbers: Range<usize>,
    /// Where in the image the first of them is.
    at: usize,
}

impl<'a> Runs<'a> {
    fn new(sizes: &'a Convolution, group: usize) -> Self {
        let channels = sizes.group_channels();
        let is_joined = sizes.dilations[1] == 1 && sizes.groups == 1;
        let taps = if is_joined { sizes.window[1] } else { 1 };
        let per_row = if is_joined { 1 } else { sizes.window[1] };
        Self { sizes, channel: group * channels, taps, channels, length: taps * channels, per_row }
    }

    /// The runs that hold some numbers of a patch: each with its number and which of its numbers they are.
    fn of(&self, numbers: Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> + use<> {
        let length = self.length;
        let runs = numbers.start / length..numbers.end.div_ceil(length);
        runs.map(move |run| {
            let first = run * length;
            (run, numbers.start.max(first) - first..numbers.end.min(first + length) - first)
        })
    }

    /// Where the image's row begins that a run looks at from a row of the result; `None` outside of the image.
    fn row(&self, run: usize, row: usize) -> Option<usize> {
        let sizes = self.sizes;
        let row = row * sizes.strides[0] + run / self.per_row * sizes.dilations[0];
        let row = row.checked_sub(sizes.before[0]).filter(|&row| row < sizes.image[0] && sizes.image[1] > 0)?;
        Some(row * sizes.image[1] * sizes.channels + self.channel)
    }

    /// What of some numbers of a run is inside the image, seen from a column of the result.
    fn inside(&self, run: usize, wanted: &Range<usize>, column: usize) -> Inside {
        let sizes = self.sizes;
        let from = column * sizes.strides[1] + run % self.per_row * sizes.dilations[1];
        let first = sizes.before[1].saturating_sub(from).min(self.taps) * self.channels;
        let end = (sizes.image[1] + sizes.before[1]).saturating_sub(from).min(self.taps) * self.channels;
        let start = wanted.start.max(first).min(wanted.end);
        let numbers = start..wanted.end.min(end).max(start);
        // The run's first number may stand before the image; the first that is wanted does not, if there is one.
        let at = (from * sizes.channels + start).saturating_sub(sizes.before[1] * sizes.channels);
        Inside { numbers, at }
    }

    /// The rows of results that some pixels of a batch belong to.
    fn pieces(&self, pixels: Range<usize>) -> impl Iterator<Item = Piece> + use<> {
        let [height, width] = self.sizes.output;
        let mut next = pixels.start;
        std::iter::from_fn(move || {
            if next >= pixels.end {
                return None;
            }
            let (row, column) = (next / width, next % width);
            let columns = column..width.min(column + pixels.end - next);
            next += columns.len();
            Some(Piece { image: row / height, row: row % height, columns })
        })
    }
}

impl<'a, T: Float> Patches<'a, T> {
    /// The patches of a batch, for one group of its channels.
    pub fn new(sizes: &'a Convolution, group: usize, x: &'a [T]) -> Self {
        Self { x, runs: Runs::new(sizes, group) }
    }

    fn image(&self, number: usize) -> &'a [T] {
        let sizes = self.runs.sizes;
        let length = sizes.image[0] * sizes.image[1] * sizes.channels;
        &self.x[number * length..][..length]
    }

    /// Some numbers of a run, seen from one pixel, `width` apart.
    fn spread(
        &self,
        (run, wanted): (usize, Range<usize>),
        row: Option<&[T]>,
        column: usize,
        out: &mut [T],
        width: usize,
    ) {
        let mut out = out.iter_mut().step_by(width);
        let Some(row) = row else {
            out.take(wanted.len()).for_each(|out| *out = T::zero());
            return;
        };
        let Inside { numbers, at } = self.runs.inside(run, &wanted, column);
        out.by_ref().take(numbers.start - wanted.start).for_each(|out| *out = T::zero());
        if !numbers.is_empty() {
            row[at..][..numbers.len()].iter().zip(&mut out).for_each(|(&from, out)| *out = from);
        }
        out.take(wanted.end - numbers.end).for_each(|out| *out = T::zero());
    }

    /// Some numbers of a run, seen from neighbouring pixels: side by side for a pixel, `width` from pixel to pixel.
    fn beside(&self, (run, wanted): (usize, Range<usize>), piece: &Piece, out: &mut [T], width: usize) {
        let image = self.image(piece.image);
        let row = self.runs.row(run, piece.row);
        for (column, out) in piece.columns.clone().zip(out.chunks_mut(width)) {
            let out = &mut out[..wanted.len()];
            let Some(row) = row else {
                out.fill(T::zero());
                continue;
            };
            let Inside { numbers, at } = self.runs.inside(run, &wanted, column);
            if numbers == wanted {
                copy(&image[row + at..][..out.len()], out);
            } else {
                out.fill(T::zero());
                let out = &mut out[numbers.start - wanted.start..numbers.end - wanted.start];
                if !out.is_empty() {
                    copy(&image[row + at..][..out.len()], out);
                }
            }
        }
    }
}

impl<T: Float> Pack<T> for Patches<'_, T> {
    fn pack_rows(&self, rows: Range<usize>, inner: Range<usize>, width: usize, out: &mut [T]) {
        let depth = inner.len();
        let panels = out.chunks_exact_mut(width * depth);
        for (first, out) in rows.clone().step_by(width).zip(panels) {
            let pixels = first..rows.end.min(first + width);
            let mut lane = 0;
            for piece in self.runs.pieces(pixels) {
                let image = self.image(piece.image);
                let mut at = 0;
                for (run, wanted) in self.runs.of(inner.clone()) {
                    let row = self.runs.row(run, piece.row).map(|row| &image[row..]);
                    for (n, column) in piece.columns.clone().enumerate() {
                        let out = &mut out[at * width + lane + n..];
                        self.spread((run, wanted.clone()), row, column, out, width);
                    }
                    at += wanted.len();
                }
                lane += piece.columns.len();
            }
            for lane in lane..width {
                out[lane..].iter_mut().step_by(width).for_each(|out| *out = T::zero());
            }
        }
    }

    fn pack_columns(&self, inner: Range<usize>, columns: Range<usize>, width: usize, out: &mut [T]) {
        let panels = out.chunks_exact_mut(width * inner.len());
        for (first, out) in columns.clone().step_by(width).zip(panels) {
            let wanted = first..columns.end.min(first + width);
            if wanted.len() < width {
                out.chunks_exact_mut(width).for_each(|out| out[wanted.len()..].fill(T::zero()));
            }
            let mut rest = out;
            for piece in self.runs.pieces(inner.clone()) {
                let (out, after) = rest.split_at_mut(piece.columns.len() * width);
                let mut at = 0;
                for (run, wanted) in self.runs.of(wanted.clone()) {
                    let length = wanted.len();
                    self.beside((run, wanted), &piece, &mut out[at..], width);
                    at += length;
                }
                rest = after;
            }
        }
    }
}

/// Adds the patches of some pixels, row by row, to the image that they were taken from.
pub fn add<T: Float>(sizes: &Convolution, group: usize, pixels: Range<usize>, patches: &[T], image: &mut [T]) {
    let runs = Runs::new(sizes, group);
    let patch = sizes.patch();
    let mut rest = patches;
    for piece in runs.pieces(pixels) {
        for column in piece.columns {
            let (patch, after) = rest.split_at(patch);
            for (run, numbers) in runs.of(0..patch.len()) {
                let Some(row) = runs.row(run, piece.row) else { continue };
                let patch = &patch[run * runs.length..];
                let Inside { numbers, at } = runs.inside(run, &numbers, column);
                if !numbers.is_empty() {
                    let image = image[row + at..].iter_mut();
                    image.zip(&patch[numbers]).for_each(|(image, &patch)| *image += patch);
                }
            }
            rest = after;
        }
    }
}
