//! Products of one row, with rows of B as they lie: these are read but once, and packing them takes longer than that.
//!
//! Each part of B's rows is read from its first number to its last, by one thread; their sums are then added up. How
//! many parts there are depends on the sizes alone.

use super::{Gemm, Lying, Pack, Tile};
use crate::kernels::parallel::for_each_chunk;
use crate::op::Update;

/// Multiply-adds that a part has at least, and how many parts there are at most.
const PART: usize = 1 << 16;
const MOST: usize = 8;

/// `c = a · b`, or that added to it, for a row `a` of `inner` numbers and rows of B whose columns are neighbours.
pub fn multiply<T: Gemm>(
    tile: &Tile<T>,
    a: &impl Pack<T>,
    b: Lying<'_, T>,
    [inner, columns]: [usize; 2],
    (c, update): (&mut [T], Update),
) {
    let operations = inner * columns;
    // A power of two, so that as many fall to each of two or four threads.
    let parts = 1 << (operations / PART).clamp(1, MOST).ilog2();
    let padded = columns.next_multiple_of(tile.columns / 2);
    T::with_scratch(parts * padded + inner, |memory| {
        let (sums, row) = memory.split_at_mut(parts * padded);
        a.pack_rows(0..1, 0..inner, 1, row);
        let row = &*row;
        for_each_chunk(sums, padded, operations, |part, sums| {
            let (first, end) = (part * inner / parts, (part + 1) * inner / parts);
            part_of(tile, &row[first..end], &b.data[first * b.row_step..], [b.row_step, columns], sums);
        });
        if update == Update::Set {
            c.fill(T::zero());
        }
        for sums in sums.chunks_exact(padded) {
            c.iter_mut().zip(sums).for_each(|(c, &sum)| *c += sum);
        }
    });
}

/// Sums up some rows, `step` apart. What stands in `sums` behind the columns is of no use.
fn part_of<T: Gemm>(tile: &Tile<T>, a: &[T], b: &[T], [step, columns]: [usize; 2], sums: &mut [T]) {
    // Whole vectors reach into the next row, which the last rows do not have.
    let inside = b.len().checked_sub(sums.len()).map_or(0, |rest| rest / step.max(1) + 1).min(a.len());
    tile.run_row(&a[..inside], b, step, sums, Update::Set);
    for (k, &factor) in a.iter().enumerate().skip(inside) {
        sums.iter_mut().zip(&b[k * step..][..columns]).for_each(|(sum, &number)| *sum += factor * number);
    }
}
