//! Filters, mapped and packed: for each panel of filters and each place in a tile, channels × the filters of a panel.

use std::ops::Range;

use super::maps::{Filter, N, TurnedFilter};
use super::transform::{Source, Target, transform_whole};
use crate::kernels::convolution::Convolution;
use crate::kernels::gemm::{Gemm, Matrix, PACKING, Pack, Packs, with_panels};
use crate::kernels::isa::Isa;
use crate::kernels::parallel::{for_each_chunk, for_each_chunk_with};

/// Lends the filters of a convolution, mapped; a copy is kept if there is a place for it.
pub fn with_mapped<T: Gemm, const R: usize>(
    sizes: &Convolution,
    (filter, packs): (&[T], Option<&Packs<T>>),
    work: impl FnOnce(&[T]),
) {
    let columns = T::tile(Isa::best()).columns;
    let [channels, filters] = [sizes.channels, sizes.filters];
    let (panel, length) = lengths(columns, [channels, filters]);
    let map = |out: &mut [T]| {
        for_each_chunk(out, panel, PACKING * length, |number, out| {
            let of_panel = of_panel(number, columns, filters);
            for channel in 0..channels {
                let tap = channels * filters;
                let taps = Source::all(&filter[channel * filters + of_panel.start..], [R * tap, tap]);
                let place = channels * columns;
                let to = Target::all::<N>(&mut out[channel * columns..], [N * place, place], columns);
                transform_whole::<T, Filter, R, N>(taps, to, of_panel.len());
            }
        });
    };
    let layout = ([N * N * channels, filters], channels, columns);
    match packs {
        Some(packs) => with_panels(packs, layout, map, work),
        None => T::with_scratch(length, |out| {
            map(out);
            work(out);
        }),
    }
}

/// Lends the filters of the convolution whose image's gradient a convolution of these sizes gives, mapped: turned round,
/// with channels and filters exchanged.
pub fn with_turned<T: Gemm, const R: usize>(sizes: &Convolution, filter: &[T], work: impl FnOnce(&[T])) {
    let columns = T::tile(Isa::best()).columns;
    let [channels, filters] = [sizes.channels, sizes.filters];
    let (panel, length) = lengths(columns, [channels, filters]);
    T::with_scratch(length, |out| {
        let place = columns * channels;
        for_each_chunk_with(out, panel, PACKING * length, N * N * place, |number, out, memory| {
            let of_panel = of_panel(number, columns, filters);
            for (n, of_filter) in of_panel.clone().enumerate() {
                let tap = channels * filters;
                let taps = Source::all(&filter[of_filter * channels..], [R * tap, tap]);
                let to = Target::all::<N>(&mut memory[n * channels..], [N * place, place], columns);
                transform_whole::<T, TurnedFilter, R, N>(taps, to, channels);
            }
            for (memory, out) in memory.chunks_exact(place).zip(out.chunks_exact_mut(place)) {
                let mapped = Matrix::new(memory, of_panel.len(), channels).transposed();
                mapped.pack_columns(0..channels, 0..of_panel.len(), columns, out);
            }
        });
        work(out);
    });
}

/// How long a panel is, and all of them.
fn lengths(columns: usize, [channels, filters]: [usize; 2]) -> (usize, usize) {
    let panel = N * N * channels * columns;
    (panel, panel * filters.div_ceil(columns))
}

/// The filters of a panel.
fn of_panel(panel: usize, columns: usize, filters: usize) -> Range<usize> {
    let first = panel * columns;
    first..filters.min(first + columns)
}
