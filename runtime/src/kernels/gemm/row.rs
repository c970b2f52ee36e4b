//! Products of one row, with rows of B as they lie: these are read but once, and packing them takes longer than that.
//!
//! Each part of B's rows is read from its first number to its last, by one thread; their sums are then added up. How
//! many parts there are depends on the sizes alone.

use super::tile::Places;
use super::{Gemm, Lying, Pack, Tile};
use crate::arena::ALIGNMENT;
use crate::kernels::parallel::for_each_chunk;
use crate::op::Update;

/// Multiply-adds that a part has at least, and how many parts there are at most.
const PART: usize = 1 << 16;
const MOST: usize = 4;

/// `c = a · b`, or that added to it, for a row `a` of `inner` numbers and rows of B whose columns are neighbours.
pub fn multiply<T: Gemm>(
    tile: &Tile<T>,
    a: &impl Pack<T>,
    b: Lying<'_, T>,
    [inner, columns]: [usize; 2],
    (c, update): (&mut [T], Update),
) {
    let (operations, vector) = (inner * columns, tile.columns / 2);
    // In narrow rows a vector reaches into the next one, which the last rows do not have. In others vectors begin where
    // they do not straddle two lines of the cache, if all rows lie alike.
    let width = columns.max(vector);
    let places = Places::new(width, vector, b.data.as_ptr().align_offset(ALIGNMENT));
    let inside = b.data.len().checked_sub(width).map_or(0, |rest| rest / b.row_step.max(1) + 1).min(inner);
    // A power of two, so that as many parts fall to each of two or four threads.
    let (parts, length) = (1 << (operations / PART).clamp(1, MOST).ilog2(), places.count() * vector);
    T::with_scratch(parts * length + inner, |memory| {
        let (sums, row) = memory.split_at_mut(parts * length);
        a.pack_rows(0..1, 0..inner, 1, row);
        for_each_chunk(sums, length, operations, |part, sums| {
            let (first, end) = (part * inside / parts, (part + 1) * inside / parts);
            let rows = if first < end { b.from(first, 0) } else { &[] };
            tile.run_row(&row[first..end], rows, b.row_step, places, sums);
        });
        let (whole, others) = sums.split_at_mut(length);
        for part in others.chunks_exact(length) {
            whole.iter_mut().zip(part).for_each(|(sum, &part)| *sum += part);
        }
        if update == Update::Set {
            c.fill(T::zero());
        }
        // Where vectors overlap, the sums of the one are those of the other.
        let mut done = 0;
        for (column, sums) in places.columns().zip(whole.chunks_exact(vector)) {
            c[done..].iter_mut().zip(&sums[done - column..]).for_each(|(c, &sum)| *c += sum);
            done = columns.min(column + vector);
        }
        for (k, &factor) in row.iter().enumerate().skip(inside) {
            c.iter_mut().zip(b.from(k, 0)).for_each(|(sum, &number)| *sum += factor * number);
        }
    });
}
