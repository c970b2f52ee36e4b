//! What comes back to filters: tiles of the images times what comes back to tiles of the results, each mapped.
//!
//! For each place in a tile this is a matrix product, channels × tiles by tiles × filters. Threads take parts of the tiles,
//! always the same parts, whose sums are then added up: were tiles mapped by one thread and multiplied by another, what
//! goes from core to core would take as long as the products.

use std::ops::Range;

use super::image::Tiles;
use super::maps::{FilterGradient, Input, N, OutputGradient};
use super::transform::{Source, Target, transform};
use crate::kernels::convolution::Convolution;
use crate::kernels::elementwise::ELEMENT;
use crate::kernels::gemm::{Gemm, Rows, Steps};
use crate::kernels::isa::Isa;
use crate::kernels::parallel::{for_each_chunk, for_each_chunk_with};
use crate::kernels::simd::line;
use crate::op::Update;

/// About how many numbers of mapped tiles there are at once, 1 MiB of `f32`, the second cache; and how many tiles at least,
/// since all sums are read and written for them.
const AT_ONCE: usize = 256 << 10;
const LEAST: usize = 64;

/// The fewest and the most parts of the tiles, and about how many numbers their sums have together: more threads than
/// that find nothing to do.
const FEWEST: usize = 2;
const MOST: usize = 4;
const SUMS: usize = 1 << 20;

/// How many sums are added up at once.
const CHUNK: usize = 4096;

/// How some mapped tiles lie in memory: first those of the images, channels side by side, then those of the results in
/// panels of filters.
struct Mapped {
    /// How far apart the places of a tile of an image are, and of one panel of a tile of a result.
    places: [usize; 2],
    /// Where the panels begin, and how far apart they are.
    panels: usize,
    panel: usize,
    length: usize,
}

impl Mapped {
    fn new<T: Gemm>(tiles: usize, sizes: &Convolution) -> Self {
        let columns = T::tile(Isa::best()).columns;
        // With a line between them, for places that are powers of two apart drive each other out of the first cache.
        let places = [sizes.channels, columns].map(|numbers| tiles * numbers + line::<T>());
        let [panels, panel] = places.map(|place| N * N * place);
        Self { places, panels, panel, length: panels + panel * sizes.filters.div_ceil(columns) }
    }
}

/// `dfilter = xᵀ ∗ dy`, or that added to it.
pub fn add<T: Gemm, const M: usize, const R: usize>(
    tiles: &Tiles<'_, M>,
    x: &[T],
    dy: &[T],
    dfilter: &mut [T],
    update: Update,
) {
    let Convolution { channels, filters, .. } = *tiles.sizes;
    let (all, of_part) = (tiles.all(), N * N * channels * filters);
    let parts = (SUMS / of_part).clamp(FEWEST, MOST).min(all);
    let at_once = (AT_ONCE / (N * N * (channels + filters))).max(LEAST).min(all.div_ceil(parts));
    let mapped = Mapped::new::<T>(at_once, tiles.sizes);
    let (memory, operations) = (tiles.zeros() + mapped.length, all * of_part);
    T::with_scratch(parts * of_part, |sums| {
        for_each_chunk_with(sums, of_part, operations, memory, |part, sums, memory| {
            let (zeros, memory) = memory.split_at_mut(tiles.zeros());
            zeros.fill(T::zero());
            let (first, end) = (part * all / parts, (part + 1) * all / parts);
            for start in (first..end).step_by(at_once) {
                let some = start..end.min(start + at_once);
                map(tiles, (x, dy, zeros), &mapped, some.clone(), memory);
                let update = if start == first { Update::Set } else { Update::Add };
                multiply(tiles.sizes, &mapped, (memory, some.len()), sums, update);
            }
        });
        let (whole, others) = sums.split_at_mut(of_part);
        for_each_chunk(whole, CHUNK, ELEMENT * others.len(), |number, whole| {
            for part in others.chunks_exact(of_part) {
                whole.iter_mut().zip(&part[number * CHUNK..]).for_each(|(sum, &part)| *sum += part);
            }
        });
        map_back::<T, R>(tiles.sizes, whole, dfilter, update);
    });
}

/// Maps some tiles.
fn map<T: Gemm, const M: usize>(
    tiles: &Tiles<'_, M>,
    (x, dy, zeros): (&[T], &[T], &[T]),
    mapped: &Mapped,
    some: Range<usize>,
    memory: &mut [T],
) {
    let columns = T::tile(Isa::best()).columns;
    let Convolution { channels, filters, .. } = *tiles.sizes;
    let (of_images, of_results) = memory.split_at_mut(mapped.panels);
    let [of_image, of_panel] = mapped.places;
    for (n, tile) in some.enumerate() {
        let place = tiles.place(tile);
        let to = Target::all::<N>(&mut of_images[n * channels..], [N * of_image, of_image], columns);
        transform::<T, Input, N, N>(tiles.pixels(x, zeros, place), to, channels);
        let to = Target::all::<N>(&mut of_results[n * columns..], [N * of_panel, of_panel], mapped.panel);
        transform::<T, OutputGradient, M, N>(tiles.numbers(dy, zeros, place), to, filters);
    }
}

/// What so many tiles add to the sums of all places.
fn multiply<T: Gemm>(
    sizes: &Convolution,
    mapped: &Mapped,
    (memory, tiles): (&[T], usize),
    sums: &mut [T],
    update: Update,
) {
    let tile = T::tile(Isa::best());
    let Convolution { channels, filters, .. } = *sizes;
    let steps = Steps::single(tiles, Rows::Together(channels), tile.columns);
    let parts = channels.div_ceil(tile.rows);
    for (place, sums) in sums.chunks_exact_mut(channels * filters).enumerate() {
        let [of_image, of_panel] = mapped.places.map(|distance| place * distance);
        for part in 0..parts {
            let (row, end) = (part * channels / parts, (part + 1) * channels / parts);
            for (number, first) in (0..filters).step_by(tile.columns).enumerate() {
                let b = &memory[mapped.panels + number * mapped.panel + of_panel..];
                let size = [end - row, tile.columns.min(filters - first), filters];
                tile.run(&steps, &memory[of_image + row..], b, &mut sums[row * filters + first..], size, update);
            }
        }
    }
}

/// The sums of all places to the taps of the filters.
fn map_back<T: Gemm, const R: usize>(sizes: &Convolution, sums: &[T], dfilter: &mut [T], update: Update) {
    let columns = T::tile(Isa::best()).columns;
    let Convolution { channels, filters, .. } = *sizes;
    let of_all = channels * filters;
    for first in (0..of_all).step_by(filters) {
        let from = Source::all(&sums[first..], [N * of_all, of_all]);
        let to = Target::all::<R>(&mut dfilter[first..], [R * of_all, of_all], columns);
        transform::<T, FilterGradient, N, R>(from, Target { update, ..to }, filters);
    }
}
