//! Convolutions that read images as they lie: rows of a tile are neighbouring pixels of the result, or neighbouring
//! numbers of a filter's row, and no patch is ever gathered.
//!
//! The taps of a filter's row are neighbours in the image, so a sum is one segment of `columns × channels` steps for
//! each row of the filter. Where a filter looks past the edge, the rows of a band are copied with their padding first,
//! which is little beside the products.

use std::ops::Range;

use super::Convolution;
use crate::kernels::gemm::{Gemm, Matrix, PACKING, Pack, Packs, Rows, Steps, TASKS, Tile, with_panels};
use crate::kernels::parallel::{for_each_chunk, for_each_chunk_with, members};
use crate::op::Update;

/// How many numbers of an image with its padding are copied at once: 128 KiB of `f32`, a part of the second cache.
const COPIED: usize = 1 << 15;

/// About how many pixels a filter's gradient sums up at once: a panel of as many steps fills the first cache.
const PIXELS: usize = 256;

/// How many parts the sums of a small filter's gradient have, and how many numbers these at most.
const PARTIAL_SUMS: usize = 8;
const LARGE_SUM: usize = 1 << 18;

/// The numbers of a patch from which on threads take parts of it.
const LARGE_PATCH: usize = 512;

/// The narrowest result of which rows of pixels make good tiles.
const NARROWEST: usize = 4;

/// Whether these convolutions read such images well.
pub fn suits(sizes: &Convolution) -> bool {
    let is_plain = sizes.groups == 1 && sizes.dilations == [1, 1];
    let is_empty = sizes.patch() == 0 || sizes.filters == 0 || sizes.pixels() == 0 || sizes.images == 0;
    is_plain && !is_empty && sizes.output[1] >= NARROWEST
}

/// The convolution of `dy` that gives the image's gradient; `None` where that is no convolution that suits, or one of so
/// few channels that it computes more than there is.
pub fn backward<T: Gemm>(tile: &Tile<T>, sizes: &Convolution) -> Option<Convolution> {
    if !suits(sizes) || sizes.strides != [1, 1] || sizes.channels < tile.columns / 4 {
        return None;
    }
    let before = |axis: usize| (sizes.window[axis] - 1).checked_sub(sizes.before[axis]);
    let back = Convolution {
        image: sizes.output,
        channels: sizes.filters,
        output: sizes.image,
        filters: sizes.channels,
        before: [before(0)?, before(1)?],
        ..*sizes
    };
    suits(&back).then_some(back)
}

/// Some rows of an image with their padding, from the first that a band of the result looks at.
struct Band<'a, T> {
    data: &'a [T],
    /// How far apart its rows are.
    row: usize,
}

impl Convolution {
    /// The numbers of an image.
    fn of_image(&self) -> usize {
        self.image[0] * self.image[1] * self.channels
    }

    /// The rows or columns of an image, with padding, that so many positions look at.
    fn span(&self, axis: usize, positions: usize) -> usize {
        (positions - 1) * self.strides[axis] + self.window[axis]
    }

    /// How many rows of the result look at [`COPIED`] numbers.
    fn rows_at_once(&self) -> usize {
        let row = self.span(1, self.output[1]) * self.channels * self.strides[0];
        (COPIED / row.max(1)).clamp(1, self.output[0])
    }

    /// Whether a filter never looks past the edge.
    fn is_inside(&self) -> bool {
        (0..2).all(|axis| self.before[axis] == 0 && self.span(axis, self.output[axis]) <= self.image[axis])
    }

    /// The memory that a band of so many rows of a result needs.
    fn memory(&self, rows: usize) -> usize {
        if self.is_inside() { 0 } else { self.span(0, rows) * self.span(1, self.output[1]) * self.channels }
    }

    /// What some rows of a result look at, copied into memory where a filter looks past the edge.
    fn band<'a, T: Gemm>(&self, x: &'a [T], rows: &Range<usize>, memory: &'a mut [T]) -> Band<'a, T> {
        let first = rows.start * self.strides[0];
        if self.is_inside() {
            let row = self.image[1] * self.channels;
            return Band { data: &x[first * row..], row };
        }
        let row = self.span(1, self.output[1]) * self.channels;
        let data = &mut memory[..self.span(0, rows.len()) * row];
        for (n, out) in data.chunks_exact_mut(row).enumerate() {
            let from = (first + n).checked_sub(self.before[0]).filter(|&row| row < self.image[0]);
            self.copy_row(from.map(|row| &x[row * self.image[1] * self.channels..]), out);
        }
        Band { data, row }
    }

    /// A row of an image between its padding; padding alone without it.
    fn copy_row<T: Gemm>(&self, from: Option<&[T]>, out: &mut [T]) {
        let Some(from) = from else { return out.fill(T::zero()) };
        let (before, out) = out.split_at_mut((self.before[1] * self.channels).min(out.len()));
        let (inside, after) = out.split_at_mut((self.image[1] * self.channels).min(out.len()));
        before.fill(T::zero());
        inside.copy_from_slice(&from[..inside.len()]);
        after.fill(T::zero());
    }

    /// Divides rows of all results into those of each image: its number, which of its rows, and which of the given.
    fn images_of(&self, rows: Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> + use<> {
        let height = self.output[0];
        (rows.start / height..rows.end.div_ceil(height)).map(move |image| {
            let first = image * height;
            (image, rows.start.max(first) - first..rows.end.min(first + height) - first)
        })
    }
}

/// Divides positions as evenly as can be into stretches of at most so many.
fn evenly(positions: Range<usize>, most: usize) -> impl Iterator<Item = Range<usize>> {
    let (first, count) = (positions.start, positions.len());
    let parts = count.div_ceil(most);
    (0..parts).map(move |part| first + part * count / parts..first + (part + 1) * count / parts)
}

/// The filters, in panels over all numbers of a patch.
struct Panels<'a, T: 'static> {
    tile: &'a Tile<T>,
    filters: usize,
    panel: usize,
    data: &'a [T],
}

impl<T: Gemm> Panels<'_, T> {
    /// The memory of the panels of so many filters over patches of this many numbers.
    fn memory(tile: &Tile<T>, [patch, filters]: [usize; 2]) -> usize {
        patch * filters.next_multiple_of(tile.columns)
    }

    /// Lets `pack` lay out each panel, of the filters that it is given, for this many operations.
    fn with<R>(
        tile: &Tile<T>,
        sizes: &Convolution,
        pack: impl Fn(Range<usize>, &mut [T]) + Sync,
        work: impl FnOnce(&Panels<'_, T>) -> R,
    ) -> R {
        let (filters, panel) = (sizes.filters, sizes.patch() * tile.columns);
        T::with_scratch(Self::memory(tile, [sizes.patch(), filters]), |data| {
            let operations = PACKING * data.len();
            for_each_chunk(data, panel, operations, |number, out| pack(Self::filters(tile, filters, number), out));
            work(&Panels { tile, filters, panel, data })
        })
    }

    /// The filters of a panel.
    fn filters(tile: &Tile<T>, filters: usize, panel: usize) -> Range<usize> {
        let first = panel * tile.columns;
        first..filters.min(first + tile.columns)
    }

    /// Each panel and its filters.
    fn each(&self) -> impl Iterator<Item = (Range<usize>, &[T])> {
        let panels = self.data.chunks_exact(self.panel).enumerate();
        panels.map(|(number, panel)| (Self::filters(self.tile, self.filters, number), panel))
    }
}

/// `y = x ∗ filter`, or that added to it.
pub fn convolve<T: Gemm>(tile: &Tile<T>, sizes: &Convolution, x: &[T], filter: &[T], y: &mut [T], update: Update) {
    let patch = sizes.patch();
    let filter = Matrix::new(filter, patch, sizes.filters);
    let pack = |columns, out: &mut [T]| filter.pack_columns(0..patch, columns, tile.columns, out);
    Panels::with(tile, sizes, pack, |panels| convolve_with(panels, sizes, x, y, update));
}

/// As [`convolve()`], with a packed copy of the filter that is kept.
pub fn convolve_kept<T: Gemm>(
    tile: &Tile<T>,
    sizes: &Convolution,
    x: &[T],
    (filter, packs): (&[T], &Packs<T>),
    y: &mut [T],
    update: Update,
) {
    let (patch, filters) = (sizes.patch(), sizes.filters);
    with_panels(&Matrix::new(filter, patch, filters), [patch, filters], tile.columns, packs, |data| {
        let panels = Panels { tile, filters, panel: patch * tile.columns, data };
        convolve_with(&panels, sizes, x, y, update);
    });
}

/// `dx`, what comes back from `dy`, or that added to it; `sizes` are those of [`backward()`].
pub fn image_gradient<T: Gemm>(
    tile: &Tile<T>,
    sizes: &Convolution,
    dy: &[T],
    filter: &[T],
    dx: &mut [T],
    update: Update,
) {
    // The same filter, turned round, with channels and filters exchanged.
    let (depth, of_tap) = (sizes.channels, sizes.channels * sizes.filters);
    let pack = |columns: Range<usize>, out: &mut [T]| {
        let taps = filter.chunks_exact(of_tap).rev();
        for (tap, out) in taps.zip(out.chunks_exact_mut(depth * tile.columns)) {
            let tap = Matrix::new(tap, sizes.filters, depth).transposed();
            tap.pack_columns(0..depth, columns.clone(), tile.columns, out);
        }
    };
    Panels::with(tile, sizes, pack, |panels| {
        convolve_with(panels, sizes, dy, dx, update);
    });
}

fn convolve_with<T: Gemm>(panels: &Panels<'_, T>, sizes: &Convolution, x: &[T], y: &mut [T], update: Update) {
    let rows = sizes.images * sizes.output[0];
    let tasks = TASKS * members(sizes.operations(), rows);
    let at_once = sizes.rows_at_once().min(rows.div_ceil(tasks));
    let row = sizes.output[1] * sizes.filters;
    let memory = sizes.memory(at_once);
    for_each_chunk_with(y, at_once * row, sizes.operations(), memory, |number, y, memory| {
        let first = number * at_once;
        let mut rest = y;
        for (image, rows) in sizes.images_of(first..first + rest.len() / row) {
            let (y, after) = rest.split_at_mut(rows.len() * row);
            let x = &x[image * sizes.of_image()..][..sizes.of_image()];
            convolve_band(panels, sizes, &sizes.band(x, &rows, memory), y, update);
            rest = after;
        }
    });
}

/// Some rows of one result.
fn convolve_band<T: Gemm>(
    panels: &Panels<'_, T>,
    sizes: &Convolution,
    band: &Band<'_, T>,
    y: &mut [T],
    update: Update,
) {
    let (width, filters) = (sizes.output[1], sizes.filters);
    let step = sizes.strides[1] * sizes.channels;
    let steps = Steps {
        segments: sizes.window[0],
        depth: sizes.window[1] * sizes.channels,
        segment: band.row,
        a: Rows::Apart(step),
        b_step: panels.tile.columns,
    };
    for (columns, panel) in panels.each() {
        for (row, y) in y.chunks_exact_mut(width * filters).enumerate() {
            let x = &band.data[row * sizes.strides[0] * band.row..];
            for pixels in evenly(0..width, panels.tile.rows) {
                let y = &mut y[pixels.start * filters + columns.start..];
                let size = [pixels.len(), columns.len(), filters];
                panels.tile.run(&steps, &x[pixels.start * step..], panel, y, size, update);
            }
        }
    }
}

/// `dfilter = xᵀ ∗ dy`, or that added to it.
///
/// Threads take parts of a large filter, for which each of them packs all of `dy`. For a small one that would take
/// longer than the sums: there they take parts of the images, always the same parts, whose sums are then added up.
pub fn filter_gradient<T: Gemm>(
    tile: &Tile<T>,
    sizes: &Convolution,
    x: &[T],
    dy: &[T],
    dfilter: &mut [T],
    update: Update,
) {
    let (patch, length, operations) = (sizes.patch(), dfilter.len(), sizes.operations());
    let rows = sizes.images * sizes.output[0];
    let parts = if patch < LARGE_PATCH { PARTIAL_SUMS.min(rows).min(LARGE_SUM / length) } else { 0 };
    let sums = Sums { tile, sizes, x, dy };
    if parts < 2 {
        let tasks = members(operations, patch);
        let chunk = if tasks > 1 { patch.div_ceil(tasks).max(tile.rows) } else { patch };
        return for_each_chunk_with(dfilter, chunk * sizes.filters, operations, sums.memory(), |task, out, memory| {
            let first = task * chunk;
            sums.add(0..rows, first..first + out.len() / sizes.filters, out, update, memory);
        });
    }
    T::with_scratch(parts * length, |partial| {
        for_each_chunk_with(partial, length, operations, sums.memory(), |part, out, memory| {
            sums.add(part * rows / parts..(part + 1) * rows / parts, 0..patch, out, Update::Set, memory);
        });
        if update == Update::Set {
            dfilter.fill(T::zero());
        }
        for part in partial.chunks_exact(length) {
            dfilter.iter_mut().zip(part).for_each(|(sum, &part)| *sum += part);
        }
    });
}

/// What a filter's gradient is summed from.
struct Sums<'a, T: 'static> {
    tile: &'a Tile<T>,
    sizes: &'a Convolution,
    x: &'a [T],
    dy: &'a [T],
}

impl<T: Gemm> Sums<'_, T> {
    /// How many rows of a result are summed up at once.
    fn rows_at_once(&self) -> usize {
        self.sizes.rows_at_once().min((PIXELS / self.sizes.output[1]).max(1))
    }

    /// The memory that [`Sums::add`] needs.
    fn memory(&self) -> usize {
        let rows = self.rows_at_once();
        let panels = Panels::memory(self.tile, [rows * self.sizes.output[1], self.sizes.filters]);
        panels + self.sizes.memory(rows)
    }

    /// Adds up over some rows of all results, for some numbers of the filters.
    fn add(&self, rows: Range<usize>, numbers: Range<usize>, dfilter: &mut [T], update: Update, memory: &mut [T]) {
        let Self { tile, sizes, x, dy } = *self;
        let (filters, width, mut update) = (sizes.filters, sizes.output[1], update);
        for (image, rows) in sizes.images_of(rows) {
            let x = &x[image * sizes.of_image()..][..sizes.of_image()];
            for rows in evenly(rows, self.rows_at_once()) {
                let pixels = rows.len() * width;
                let dy = &dy[(image * sizes.output[0] + rows.start) * width * filters..];
                let (data, memory) = memory.split_at_mut(Panels::memory(tile, [pixels, filters]));
                let panel = pixels * tile.columns;
                for (number, out) in data.chunks_exact_mut(panel).enumerate() {
                    let columns = Panels::filters(tile, filters, number);
                    Matrix::new(dy, pixels, filters).pack_columns(0..pixels, columns, tile.columns, out);
                }
                let (panels, band) = (Panels { tile, filters, panel, data }, sizes.band(x, &rows, memory));
                add_band(&panels, sizes, (&band, rows.len()), numbers.clone(), dfilter, update);
                update = Update::Add;
            }
        }
    }
}

/// What some rows of one result, whose gradients are the panels, give to some numbers of the filters.
fn add_band<T: Gemm>(
    panels: &Panels<'_, T>,
    sizes: &Convolution,
    (band, rows): (&Band<'_, T>, usize),
    numbers: Range<usize>,
    dfilter: &mut [T],
    update: Update,
) {
    let steps = Steps {
        segments: rows,
        depth: sizes.output[1],
        segment: sizes.strides[0] * band.row,
        a: Rows::Together(sizes.strides[1] * sizes.channels),
        b_step: panels.tile.columns,
    };
    let run = sizes.window[1] * sizes.channels;
    for tap_row in numbers.start / run..numbers.end.div_ceil(run) {
        let first = tap_row * run;
        let inside = numbers.start.max(first)..numbers.end.min(first + run);
        for numbers_of_tile in evenly(inside, panels.tile.rows) {
            let x = &band.data[tap_row * band.row + numbers_of_tile.start - first..];
            let dfilter = &mut dfilter[(numbers_of_tile.start - numbers.start) * sizes.filters..];
            for (columns, panel) in panels.each() {
                let size = [numbers_of_tile.len(), columns.len(), sizes.filters];
                panels.tile.run(&steps, x, panel, &mut dfilter[columns.start..], size, update);
            }
        }
    }
}
