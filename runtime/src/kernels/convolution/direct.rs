//! Convolutions that read images as they lie: rows of a tile are neighbouring pixels of the result, or neighbouring
//! numbers of a filter's row, and no patch is ever gathered.
//!
//! The taps of a filter's row are neighbours in the image, so a sum is one segment of `columns × channels` steps for
//! each row of the filter. Rows of the filter that stand above or below the image are left out of the sum, and so are
//! columns on its left and right: pixels near an edge get the sums of fewer columns (`band`).

use std::ops::Range;

use super::Convolution;
use super::band::Band;
use crate::kernels::gemm::{Epilogue, Gemm, Matrix, PACKING, Pack, Packs, Rows, Steps, TASKS, Tile, with_panels};
use crate::kernels::parallel::{Units, for_each_chunk, for_each_chunk_with, for_each_stretch_with, members};
use crate::op::Update;

/// The most numbers of filters of which all panels are read for each tile: 256 KiB of `f32`, a part of the second cache.
const SMALL_FILTER: usize = 1 << 16;

/// How far apart in bytes pixels are at most whose filters are read as they lie.
const NEAR: usize = 512;

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
    let is_empty =
        sizes.of_image() == 0 || sizes.patch() == 0 || sizes.filters == 0 || sizes.pixels() == 0 || sizes.images == 0;
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

/// Divides positions as evenly as can be into stretches of at most so many.
fn evenly(positions: Range<usize>, most: usize) -> impl Iterator<Item = Range<usize>> {
    let (first, count) = (positions.start, positions.len());
    let parts = count.div_ceil(most);
    (0..parts).map(move |part| first + part * count / parts..first + (part + 1) * count / parts)
}

/// The numbers of filters in panels: as a rule packed, over all numbers of a patch.
struct Panels<'a, T: 'static> {
    tile: &'a Tile<T>,
    filters: usize,
    /// How far apart the panels begin.
    panel: usize,
    /// How far apart the steps of a panel are.
    step: usize,
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
            work(&Panels { tile, filters, panel, step: tile.columns, data })
        })
    }

    /// The filters of a panel.
    fn filters(tile: &Tile<T>, filters: usize, panel: usize) -> Range<usize> {
        let first = panel * tile.columns;
        first..filters.min(first + tile.columns)
    }

    /// Each panel of some filters, and which these are.
    fn of(&self, filters: Range<usize>) -> impl Iterator<Item = (Range<usize>, &[T])> {
        let panels = filters.start / self.tile.columns..filters.end.div_ceil(self.tile.columns);
        panels.map(|number| (Self::filters(self.tile, self.filters, number), &self.data[number * self.panel..]))
    }
}

/// `y = x ∗ filter`, or that added to it, and then what is still to be done with it. A packed copy of the filter is kept
/// if there is a place for it.
pub fn convolve<T: Gemm>(
    tile: &Tile<T>,
    sizes: &Convolution,
    x: &[T],
    (filter, packs): (&[T], Option<&Packs<T>>),
    y: &mut [T],
    update: Update,
    epilogue: Option<Epilogue<'_, T>>,
) {
    let (patch, filters) = (sizes.patch(), sizes.filters);
    let filter = Matrix::new(filter, patch, filters);
    if let Some(packs) = packs {
        let layout = ([patch, filters], patch, tile.columns);
        let pack = |panels: &mut [T]| filter.pack_columns(0..patch, 0..filters, tile.columns, panels);
        return with_panels(packs, layout, pack, |data| {
            let panels = Panels { tile, filters, panel: patch * tile.columns, step: tile.columns, data };
            convolve_with(&panels, sizes, x, y, update, epilogue);
        });
    }
    let pack = |columns, out: &mut [T]| filter.pack_columns(0..patch, columns, tile.columns, out);
    Panels::with(tile, sizes, pack, |panels| convolve_with(panels, sizes, x, y, update, epilogue));
}

/// `dx`, what comes back from `dy`, or that added to it, and then what is still to be done with it; `sizes` are those of
/// [`backward()`].
pub fn image_gradient<T: Gemm>(
    tile: &Tile<T>,
    sizes: &Convolution,
    dy: &[T],
    filter: &[T],
    dx: &mut [T],
    update: Update,
    epilogue: Option<Epilogue<'_, T>>,
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
        convolve_with(panels, sizes, dy, dx, update, epilogue);
    });
}

fn convolve_with<T: Gemm>(
    panels: &Panels<'_, T>,
    sizes: &Convolution,
    x: &[T],
    y: &mut [T],
    update: Update,
    epilogue: Option<Epilogue<'_, T>>,
) {
    let rows = sizes.images * sizes.output[0];
    let several = TASKS * members(sizes.operations(), rows);
    let tasks = rows.div_ceil(sizes.rows_at_once()).next_multiple_of(several).min(rows);
    let row = sizes.output[1] * sizes.filters;
    let memory = sizes.memory(rows.div_ceil(tasks));
    let units = Units { length: row, group: y.len(), of_group: rows };
    for_each_stretch_with(y, (units, tasks), sizes.operations(), memory, |part, y, memory| {
        let (first, mut done) = (units.start(part.start), 0);
        for (image, rows) in sizes.images_of(part) {
            let y = &mut y[done..][..rows.len() * row];
            done += y.len();
            let x = &x[image * sizes.of_image()..][..sizes.of_image()];
            convolve_band(panels, sizes, (&sizes.band(x, &rows, memory), rows), y, update);
        }
        epilogue.into_iter().for_each(|epilogue| epilogue(first, y));
    });
}

/// Some rows of one result. Panels that all fit into the second cache are read for each tile of pixels, so that what is
/// written lies together; larger ones one after the other, each for all pixels.
fn convolve_band<T: Gemm>(
    panels: &Panels<'_, T>,
    sizes: &Convolution,
    (band, rows): (&Band<'_, T>, Range<usize>),
    y: &mut [T],
    update: Update,
) {
    let (width, filters) = (sizes.output[1], sizes.filters);
    let at_once = if panels.data.len() <= SMALL_FILTER { filters } else { panels.tile.columns };
    for columns in (0..filters).step_by(at_once) {
        let inside = columns..filters.min(columns + at_once);
        for (row, y) in rows.clone().zip(y.chunks_exact_mut(width * filters)) {
            for pixels in evenly(0..width, panels.tile.rows) {
                let mut update = update;
                sizes.for_columns(&pixels, |of_window, pixels| {
                    if !pixels.is_empty() {
                        convolve_pixels(panels, sizes, (band, row), (of_window, pixels), inside.clone(), y, update);
                    }
                    update = Update::Add;
                });
            }
        }
    }
}

/// The sums of some columns of some filters at some pixels of a row.
fn convolve_pixels<T: Gemm>(
    panels: &Panels<'_, T>,
    sizes: &Convolution,
    (band, row): (&Band<'_, T>, usize),
    (of_window, pixels): (Range<usize>, Range<usize>),
    filters: Range<usize>,
    y: &mut [T],
    update: Update,
) {
    let (tile, taps) = (panels.tile, sizes.taps(0, row));
    let of_tap = sizes.channels * tile.columns;
    let steps = Steps {
        segments: taps.len(),
        depth: of_window.len() * sizes.channels,
        segment: band.row,
        a: Rows::Apart(sizes.strides[1] * sizes.channels),
        b_segment: sizes.window[1] * of_tap,
        b_step: tile.columns,
    };
    // Sums of nothing need no numbers.
    let is_empty = taps.is_empty() || of_window.is_empty();
    let column = pixels.start * sizes.strides[1] + of_window.start;
    let x = if is_empty { &[] } else { band.from(sizes.image_row(row, taps.start), column) };
    let first = (taps.start * sizes.window[1] + of_window.start) * of_tap;
    for (columns, panel) in panels.of(filters) {
        let panel = if is_empty { &[] } else { &panel[first..] };
        let y = &mut y[pixels.start * sizes.filters + columns.start..];
        tile.run(&steps, x, panel, y, [pixels.len(), columns.len(), sizes.filters], update);
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

    /// Whether the filters of pixels are panels as they lie: whole ones, not so far apart that few are in the first cache.
    fn reads_panels(&self) -> bool {
        let filters = self.sizes.filters;
        filters.is_multiple_of(self.tile.columns) && filters * size_of::<T>() <= NEAR
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
                let panels = if self.reads_panels() {
                    Panels { tile, filters, panel: tile.columns, step: filters, data: &dy[..pixels * filters] }
                } else {
                    Matrix::new(dy, pixels, filters).pack_columns(0..pixels, 0..filters, tile.columns, data);
                    Panels { tile, filters, panel: pixels * tile.columns, step: tile.columns, data }
                };
                let band = sizes.band(x, &rows, memory);
                add_band(&panels, sizes, (&band, rows), numbers.clone(), dfilter, update);
                update = Update::Add;
            }
        }
    }
}

/// What some rows of one result, whose gradients are the panels, give to some numbers of the filters.
fn add_band<T: Gemm>(
    panels: &Panels<'_, T>,
    sizes: &Convolution,
    (band, rows): (&Band<'_, T>, Range<usize>),
    numbers: Range<usize>,
    dfilter: &mut [T],
    update: Update,
) {
    let of_row = sizes.window[1] * sizes.channels;
    for tap in numbers.start / of_row..numbers.end.div_ceil(of_row) {
        sizes.for_columns(&(0..sizes.output[1]), |of_window, pixels| {
            add_taps(panels, sizes, (band, &rows), (tap, of_window, pixels), &numbers, dfilter, update);
        });
    }
}

/// What they give to those in some columns of a row of the filters, which look at the image for these pixels of a row.
fn add_taps<T: Gemm>(
    panels: &Panels<'_, T>,
    sizes: &Convolution,
    (band, rows): (&Band<'_, T>, &Range<usize>),
    (tap, of_window, pixels): (usize, Range<usize>, Range<usize>),
    numbers: &Range<usize>,
    dfilter: &mut [T],
    update: Update,
) {
    let (width, tile, rows_inside) = (sizes.output[1], panels.tile, sizes.positions(0, tap, rows));
    let steps = Steps {
        segments: rows_inside.len(),
        depth: pixels.len(),
        segment: sizes.strides[0] * band.row,
        a: Rows::Together(sizes.strides[1] * sizes.channels),
        b_segment: width * panels.step,
        b_step: panels.step,
    };
    // Sums of nothing need no numbers.
    let is_empty = rows_inside.is_empty() || pixels.is_empty() || of_window.is_empty();
    let column = pixels.start * sizes.strides[1] + of_window.start;
    let x = if is_empty { &[] } else { band.from(sizes.image_row(rows_inside.start, tap), column) };
    let pixel = (rows_inside.start - rows.start) * width + pixels.start;
    let first = (tap * sizes.window[1] + of_window.start) * sizes.channels;
    let end = first + of_window.len() * sizes.channels;
    for of_tile in evenly(numbers.start.max(first)..numbers.end.min(end), tile.rows) {
        let x = if is_empty { &[] } else { &x[of_tile.start - first..] };
        let dfilter = &mut dfilter[(of_tile.start - numbers.start) * sizes.filters..];
        for (columns, panel) in panels.of(0..sizes.filters) {
            let panel = if is_empty { &[] } else { &panel[pixel * panels.step..] };
            let size = [of_tile.len(), columns.len(), sizes.filters];
            tile.run(&steps, x, panel, &mut dfilter[columns.start..], size, update);
        }
    }
}
