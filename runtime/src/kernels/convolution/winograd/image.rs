//! Tiles of images, mapped, multiplied and mapped back.

use std::ops::Range;

use super::maps::{Input, N, Output};
use super::transform::{Source, Target, transform};
use crate::kernels::convolution::Convolution;
use crate::kernels::gemm::{Epilogue, Gemm, Rows, Steps, TASKS};
use crate::kernels::isa::Isa;
use crate::kernels::parallel::{Units, for_each_stretch_with, members};
use crate::kernels::simd::line;
use crate::op::Update;

/// About how many numbers of mapped tiles are computed at once: 384 KiB of `f32`, a part of the second cache.
const AT_ONCE: usize = 96 << 10;

/// Tiles of M × M numbers of the results of a convolution, each of which looks at N × N pixels.
pub struct Tiles<'a, const M: usize> {
    pub sizes: &'a Convolution,
    /// Rows and columns of tiles in a result, the last of which may reach beyond it.
    pub count: [usize; 2],
}

/// A tile: the image it is in, and its first row and column of the result.
#[derive(Clone, Copy)]
pub struct Place {
    pub image: usize,
    pub at: [usize; 2],
}

impl<'a, const M: usize> Tiles<'a, M> {
    pub fn new(sizes: &'a Convolution) -> Self {
        Self { sizes, count: sizes.output.map(|size| size.div_ceil(M)) }
    }

    /// How many there are.
    pub fn all(&self) -> usize {
        self.sizes.images * self.count[0] * self.count[1]
    }

    /// How many multiplications they need for each channel and filter.
    pub fn multiplications(&self) -> usize {
        self.all() * N * N
    }

    /// Where a tile is.
    pub fn place(&self, number: usize) -> Place {
        let [rows, columns] = self.count;
        let (row, column) = (number / columns, number % columns);
        Place { image: row / rows, at: [row % rows * M, column * M] }
    }

    /// The pixels that a tile looks at; those beside the image are zeros, of which so many are given as a tile's row has.
    pub fn pixels<'x, T>(&self, x: &'x [T], zeros: &'x [T], place: Place) -> Source<'x, T, N> {
        let &Convolution { image, channels, before, .. } = self.sizes;
        look(x, zeros, (image, channels), (place, M), before)
    }

    /// The numbers of a tile of the result; those beyond it are zeros.
    pub fn numbers<'y, T>(&self, y: &'y [T], zeros: &'y [T], place: Place) -> Source<'y, T, M> {
        look(y, zeros, (self.sizes.output, self.sizes.filters), (place, M), [0, 0])
    }

    /// The zeros that stand for a row of a tile.
    pub fn zeros(&self) -> usize {
        N * self.sizes.channels.max(self.sizes.filters)
    }

    /// `y = x ∗ filter` of filters that are mapped, or that added to it, and then what is still to be done with it.
    pub fn convolve<T: Gemm>(
        &self,
        x: &[T],
        filter: &[T],
        y: &mut [T],
        update: Update,
        epilogue: Option<Epilogue<'_, T>>,
    ) {
        let Convolution { images, output: [height, width], channels, filters, .. } = *self.sizes;
        let rows = images * self.count[0];
        let operations = self.multiplications() * channels * filters;
        let tasks = (TASKS * members(operations, rows)).min(rows);
        let of_row = width * filters;
        let units = Units { length: M * of_row, group: height * of_row, of_group: self.count[0] };
        let at_once = self.at_once::<T>();
        let memory = self.zeros() + N * N * (distance::<T>(at_once, channels) + distance::<T>(at_once, filters));
        for_each_stretch_with(y, (units, tasks), operations, memory, |rows, y, memory| {
            let (zeros, memory) = memory.split_at_mut(self.zeros());
            zeros.fill(T::zero());
            let (first, tiles) = (units.start(rows.start), rows.start * self.count[1]..rows.end * self.count[1]);
            for from in tiles.clone().step_by(at_once) {
                let tiles = from..tiles.end.min(from + at_once);
                self.convolve_some((x, zeros), filter, (first, y), tiles, update, memory);
            }
            epilogue.into_iter().for_each(|epilogue| epilogue(first, y));
        });
    }

    /// How many tiles are computed at once.
    fn at_once<T: Gemm>(&self) -> usize {
        let rows = T::tile(Isa::best()).rows;
        let tiles = AT_ONCE / (N * N * (self.sizes.channels + self.sizes.filters));
        (tiles / rows).max(1) * rows
    }

    /// Some tiles of `y`, of which the first number is given.
    fn convolve_some<T: Gemm>(
        &self,
        (x, zeros): (&[T], &[T]),
        filter: &[T],
        (first, y): (usize, &mut [T]),
        tiles: Range<usize>,
        update: Update,
        memory: &mut [T],
    ) {
        let columns = T::tile(Isa::best()).columns;
        let Convolution { output: [height, width], channels, filters, .. } = *self.sizes;
        let (of_input, of_output) = (distance::<T>(tiles.len(), channels), distance::<T>(tiles.len(), filters));
        let (mapped, products) = memory.split_at_mut(N * N * of_input);
        for (n, tile) in tiles.clone().enumerate() {
            let pixels = self.pixels(x, zeros, self.place(tile));
            let to = Target::all::<N>(&mut mapped[n * channels..], [N * of_input, of_input], columns);
            transform::<T, Input, N, N>(pixels, to, channels);
        }
        self.multiply((mapped, of_input), filter, (products, of_output), tiles.len());
        for (n, tile) in tiles.enumerate() {
            let Place { image, at: [row, column] } = self.place(tile);
            let from = Source::all(&products[n * filters..], [N * of_output, of_output]);
            let data = &mut y[((image * height + row) * width + column) * filters - first..];
            let inside = [M.min(height - row), M.min(width - column)];
            let to = Target { inside, update, ..Target::all::<M>(data, [width * filters, filters], columns) };
            transform::<T, Output, N, M>(from, to, filters);
        }
    }

    /// The products of so many tiles: for each place in a tile, which are so far apart, tiles × filters.
    fn multiply<T: Gemm>(
        &self,
        (mapped, of_input): (&[T], usize),
        filter: &[T],
        (products, of_output): (&mut [T], usize),
        tiles: usize,
    ) {
        let tile = T::tile(Isa::best());
        let Convolution { channels, filters, .. } = *self.sizes;
        let steps = Steps::single(channels, Rows::Apart(channels), tile.columns);
        let panel = channels * tile.columns;
        for place in 0..N * N {
            for (number, first) in (0..filters).step_by(tile.columns).enumerate() {
                let filter = &filter[(number * N * N + place) * panel..][..panel];
                let width = tile.columns.min(filters - first);
                let parts = tiles.div_ceil(tile.rows);
                for part in 0..parts {
                    let (row, end) = (part * tiles / parts, (part + 1) * tiles / parts);
                    let a = &mapped[place * of_input + row * channels..];
                    let c = &mut products[place * of_output + row * filters + first..];
                    tile.run(&steps, a, filter, c, [end - row, width, filters], Update::Set);
                }
            }
        }
    }
}

/// How far apart the places of so many tiles are, with a line of the cache between them: at powers of two they would
/// drive each other out of the first cache.
fn distance<T>(tiles: usize, channels: usize) -> usize {
    tiles * channels + line::<T>()
}

/// The pixels from a place on, after what stands before the image.
fn look<'x, T, const N: usize>(
    x: &'x [T],
    zeros: &'x [T],
    (size, channels): ([usize; 2], usize),
    (place, next): (Place, usize),
    before: [usize; 2],
) -> Source<'x, T, N> {
    // Of the tile's columns those that are inside, and the first of these in the image.
    let [row, column] = place.at;
    let start = before[1].saturating_sub(column).min(N);
    let columns = start..(size[1] + before[1]).saturating_sub(column).min(N).max(start);
    let first = (column + start).saturating_sub(before[1]);
    let mut rows = [zeros; N];
    for (n, pixels) in rows.iter_mut().enumerate().filter(|_| !columns.is_empty()) {
        if let Some(row) = (row + n).checked_sub(before[0]).filter(|&row| row < size[0]) {
            *pixels = &x[((place.image * size[0] + row) * size[1] + first) * channels..];
        }
    }
    Source { rows, step: channels, columns, next: next * channels }
}
