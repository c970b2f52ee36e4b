//! What comes back to filters: tiles of the images times what comes back to tiles of the results, each mapped.
//!
//! For each place in a tile this is a matrix product, channels × tiles by tiles × filters. The tiles are mapped in groups,
//! each by one thread, and then places are divided between threads. So each number is summed up in the same order,
//! whatever their number is.

use super::image::Tiles;
use super::maps::{FilterGradient, Input, N, OutputGradient};
use super::transform::{Source, Target, transform};
use crate::kernels::convolution::Convolution;
use crate::kernels::gemm::{Gemm, PACKING, Rows, Steps};
use crate::kernels::isa::Isa;
use crate::kernels::parallel::for_each_chunk;
use crate::kernels::simd::line;
use crate::op::Update;

/// About how many numbers of mapped tiles there are at once: 2 MiB of `f32`, the second caches of two cores; and how many
/// tiles at least, since all sums are read and written for them.
const AT_ONCE: usize = 512 << 10;
const LEAST: usize = 128;

/// The most tiles of a group.
const GROUP: usize = 32;

/// How a group of mapped tiles lies in memory: first those of the images, channels side by side, then those of the
/// results in panels of filters.
struct Group {
    tiles: usize,
    /// How far apart the places of a tile of an image are, and of one panel of a tile of a result.
    places: [usize; 2],
    /// Where the panels begin, and how far apart they are.
    panels: usize,
    panel: usize,
    length: usize,
}

impl Group {
    fn new<T: Gemm>(tiles: usize, sizes: &Convolution) -> Self {
        let columns = T::tile(Isa::best()).columns;
        // With a line between them, for places that are powers of two apart drive each other out of the first cache.
        let places = [sizes.channels, columns].map(|numbers| tiles * numbers + line::<T>());
        let [panels, panel] = places.map(|place| N * N * place);
        Self { tiles, places, panels, panel, length: panels + panel * sizes.filters.div_ceil(columns) }
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
    let of_tile = N * N * (channels + filters);
    let most = (AT_ONCE / of_tile).max(LEAST).min(tiles.all());
    let groups = most.div_ceil(GROUP);
    let group = Group::new::<T>(most.div_ceil(groups), tiles.sizes);
    let at_once = groups * group.tiles;
    let [of_groups, of_sums] = [groups * group.length, N * N * channels * filters];
    T::with_scratch(tiles.zeros() + of_groups + of_sums, |memory| {
        let (zeros, memory) = memory.split_at_mut(tiles.zeros());
        let (mapped, sums) = memory.split_at_mut(of_groups);
        zeros.fill(T::zero());
        for first in (0..tiles.all()).step_by(at_once) {
            let update = if first == 0 { Update::Set } else { Update::Add };
            let count = (tiles.all() - first).div_ceil(group.tiles).min(groups);
            let mapped = &mut mapped[..count * group.length];
            for_each_chunk(mapped, group.length, PACKING * count * group.length, |number, mapped| {
                map(tiles, (x, dy, zeros), &group, first + number * group.tiles, mapped);
            });
            let operations = count * group.tiles * of_sums;
            for_each_chunk(sums, channels * filters, operations, |place, sums| {
                multiply(tiles.sizes, &group, (mapped, count), place, sums, update);
            });
        }
        map_back::<T, R>(tiles.sizes, sums, dfilter, update);
    });
}

/// Some tiles from this on; those past the last one are zeros.
fn map<T: Gemm, const M: usize>(
    tiles: &Tiles<'_, M>,
    (x, dy, zeros): (&[T], &[T], &[T]),
    group: &Group,
    first: usize,
    mapped: &mut [T],
) {
    let (isa, columns) = (Isa::best(), T::tile(Isa::best()).columns);
    let Convolution { channels, filters, .. } = *tiles.sizes;
    let (of_images, of_results) = mapped.split_at_mut(group.panels);
    for n in 0..group.tiles {
        let place = Some(first + n).filter(|&tile| tile < tiles.all()).map(|tile| tiles.place(tile));
        let pixels = place.map_or(Source::all(zeros, [0, 0]), |place| tiles.pixels(x, zeros, place));
        let numbers = place.map_or(Source::all(zeros, [0, 0]), |place| tiles.numbers(dy, zeros, place));
        let [of_image, of_panel] = group.places;
        let to = Target::all::<N>(&mut of_images[n * channels..], [N * of_image, of_image], columns);
        transform::<T, Input, N, N>(isa, pixels, to, channels);
        let to = Target::all::<N>(&mut of_results[n * columns..], [N * of_panel, of_panel], group.panel);
        transform::<T, OutputGradient, M, N>(isa, numbers, to, filters);
    }
}

/// What so many groups add to the sums at one place.
fn multiply<T: Gemm>(
    sizes: &Convolution,
    group: &Group,
    (mapped, groups): (&[T], usize),
    place: usize,
    sums: &mut [T],
    update: Update,
) {
    let tile = T::tile(Isa::best());
    let Convolution { channels, filters, .. } = *sizes;
    let steps = Steps {
        segments: groups,
        depth: group.tiles,
        segment: group.length,
        a: Rows::Together(channels),
        b_segment: group.length,
        b_step: tile.columns,
    };
    let [of_image, of_panel] = group.places.map(|distance| place * distance);
    let parts = channels.div_ceil(tile.rows);
    for part in 0..parts {
        let (row, end) = (part * channels / parts, (part + 1) * channels / parts);
        let a = &mapped[of_image + row..];
        for (number, first) in (0..filters).step_by(tile.columns).enumerate() {
            let b = &mapped[group.panels + number * group.panel + of_panel..];
            let size = [end - row, tile.columns.min(filters - first), filters];
            tile.run(&steps, a, b, &mut sums[row * filters + first..], size, update);
        }
    }
}

/// The sums of all places to the taps of the filters.
fn map_back<T: Gemm, const R: usize>(sizes: &Convolution, sums: &[T], dfilter: &mut [T], update: Update) {
    let (isa, columns) = (Isa::best(), T::tile(Isa::best()).columns);
    let Convolution { channels, filters, .. } = *sizes;
    for channel in 0..channels {
        let sums = Source::all(&sums[channel * filters..], [N * channels * filters, channels * filters]);
        let tap = channels * filters;
        let to = Target::all::<R>(&mut dfilter[channel * filters..], [R * tap, tap], columns);
        transform::<T, FilterGradient, N, R>(isa, sums, Target { update, ..to }, filters);
    }
}
