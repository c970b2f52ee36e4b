//! Passes over matrices whose columns have numbers of their own, as the channels of images do: sums of columns, and
//! what is done to each column by its numbers.
//!
//! Rows are as a rule short. Several are seen as one, which a loop over vectors is worth beginning for; so what each
//! column has is written down as often as it comes in such a wide row.

use std::ops::Range;

use super::elementwise::{CHUNK, ELEMENT};
use super::isa::vectorised;
use super::parallel::for_each_chunk;
use super::scratch::Scratch;
use crate::element::Float;

/// Numbers that a wide row has at least.
const WIDE: usize = 128;

/// Columns that are summed up in registers: two sums for each of so many fit.
const BLOCK: usize = 64;

/// The longest wide row that is made so that it has whole blocks of columns.
const WIDEST: usize = 512;

/// Wide rows whose terms are added up before they are added to the sums: in the type of the terms, and sums are read
/// and written once for all. What seven such sums lose is as little as what the terms lost when they were made.
const TOGETHER: usize = 8;

/// The most parts that sums have, and the least wide rows of a part. Sums of parts are added in their order, so that a
/// result does not depend on how many threads there are.
const PARTS: usize = 32;
const ROWS: usize = 16;

/// Multiply-adds that take as long as a number.
pub const COST: usize = ELEMENT / 2;

/// The length of a wide row: whole rows, and whole blocks where it is not long for that.
pub fn width(columns: usize) -> usize {
    let whole = columns << (BLOCK.trailing_zeros() - columns.trailing_zeros().min(BLOCK.trailing_zeros()));
    let rows = if whole <= WIDEST { whole } else { columns };
    rows * WIDE.div_ceil(rows.max(1))
}

/// The length of a wide row whose sums are taken: a block if it has whole rows, so that rows which are taken together
/// lie one behind the other. Processors read these ahead: from memory, sums of two tensors take a third of the time.
fn width_of_sums(columns: usize) -> usize {
    if columns > 0 && BLOCK.is_multiple_of(columns) { BLOCK } else { width(columns) }
}

/// Numbers that a thread takes at a time, in whole wide rows.
pub fn chunk(columns: usize) -> usize {
    let width = width(columns).max(1);
    width * (CHUNK / width).max(1)
}

/// What each column has, for a wide row.
pub fn repeat<T: Copy>(of_columns: impl Iterator<Item = T> + Clone, wide: &mut [T]) {
    wide.iter_mut().zip(of_columns.cycle()).for_each(|(wide, number)| *wide = number);
}

/// Some sums for each column of a matrix of so many numbers: `sums` gets all columns of the first, then of the second.
///
/// `add` is given the numbers of some rows, by where they begin and end, and adds their terms to sums for each number
/// of a wide row, all of the first before the second.
pub fn sums_of_parts([length, columns]: [usize; 2], sums: &mut [f64], add: &(dyn Fn(Range<usize>, &mut [f64]) + Sync)) {
    sums.fill(0.0);
    if length == 0 || columns == 0 {
        return;
    }
    let (count, width) = (sums.len() / columns, width_of_sums(columns));
    let part = length.div_ceil(PARTS).max(CHUNK).next_multiple_of(width).max(ROWS * width);
    f64::with_scratch(length.div_ceil(part) * count * width, |parts| {
        for_each_chunk(parts, count * width, length * count * COST, |number, sums| {
            sums.fill(0.0);
            add(number * part..length.min((number + 1) * part), sums);
        });
        for part in parts.chunks_exact(count * width) {
            for (sums, part) in sums.chunks_exact_mut(columns).zip(part.chunks_exact(width)) {
                for part in part.chunks_exact(columns) {
                    sums.iter_mut().zip(part).for_each(|(sum, &part)| *sum += part);
                }
            }
        }
    });
}

/// What stands for numbers that `f` does not look at.
pub const NOTHING: &[()] = &[(); isize::MAX as usize];

/// The sums of the terms that `f` makes of each number of `a`, of `b`, and of what its column has, `of_columns` being
/// those of a wide row; in `sums` as [`sums_of_parts`] has them.
pub fn sums<T: Float, A: Copy + Sync, B: Copy + Sync, C: Copy + Sync, const N: usize>(
    columns: usize,
    (a, b): (&[A], &[B]),
    of_columns: &[C],
    sums: &mut [f64],
    f: impl Fn(A, B, C) -> [T; N] + Sync,
) {
    let of_columns = &of_columns[..width_of_sums(columns)];
    sums_of_parts([a.len(), columns], sums, &|part, sums| {
        let (a, b, mut sums) = (&a[part.clone()], &b[part], sums.chunks_exact_mut(of_columns.len()));
        let sums = std::array::from_fn(|_| sums.next().unwrap_or_default());
        vectorised(
            #[inline(always)]
            || add((a, b), of_columns, sums, &f),
        );
    });
}

/// Adds the terms of some wide rows, the last of which may be shorter.
#[inline(always)]
fn add<T: Float, A: Copy, B: Copy, C: Copy, const N: usize>(
    (a, b): (&[A], &[B]),
    of_columns: &[C],
    mut sums: [&mut [f64]; N],
    f: impl Fn(A, B, C) -> [T; N],
) {
    let (width, (blocks, _)) = (of_columns.len(), of_columns.as_chunks());
    let whole = a.len() / width * width;
    for (a, b) in a[..whole].chunks(TOGETHER * width).zip(b[..whole].chunks(TOGETHER * width)) {
        for (block, of_columns) in blocks.iter().enumerate() {
            let first = block * BLOCK;
            add_block(
                (&a[first..], &b[first..]),
                width,
                of_columns,
                sums.each_mut().map(|sums| &mut sums[first..]),
                &f,
            );
        }
        for (a, b) in a.chunks(width).zip(b.chunks(width)) {
            add_columns((a, b), of_columns, blocks.len() * BLOCK, &mut sums, &f);
        }
    }
    add_columns((&a[whole..], &b[whole..]), of_columns, 0, &mut sums, &f);
}

/// Adds the terms of a block of columns, of wide rows that are taken together. Their number is not a constant here: all of
/// them would be compiled side by side, for which there are not enough registers.
#[inline(always)]
fn add_block<T: Float, A: Copy, B: Copy, C: Copy, const N: usize>(
    (a, b): (&[A], &[B]),
    width: usize,
    of_columns: &[C; BLOCK],
    sums: [&mut [f64]; N],
    f: impl Fn(A, B, C) -> [T; N],
) {
    let mut together = [[T::zero(); BLOCK]; N];
    for (a, b) in a.chunks(width).zip(b.chunks(width)) {
        let (a, b) = (&a[..BLOCK], &b[..BLOCK]);
        for n in 0..BLOCK {
            let terms = f(a[n], b[n], of_columns[n]);
            for (together, term) in together.iter_mut().zip(terms) {
                together[n] += term;
            }
        }
    }
    for (sums, together) in sums.into_iter().zip(together) {
        sums.iter_mut().zip(together).for_each(|(sum, together)| *sum += together.as_f64());
    }
}

/// Adds the terms of the columns of a wide row from `first` on.
#[inline(always)]
fn add_columns<T: Float, A: Copy, B: Copy, C: Copy, const N: usize>(
    (a, b): (&[A], &[B]),
    of_columns: &[C],
    first: usize,
    sums: &mut [&mut [f64]; N],
    f: impl Fn(A, B, C) -> [T; N],
) {
    for n in first..a.len().min(b.len()) {
        let terms = f(a[n], b[n], of_columns[n]);
        sums.iter_mut().zip(terms).for_each(|(sums, term)| sums[n] += term.as_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::isa;

    #[test]
    fn sums_are_those_of_each_column_on_every_path() {
        let rows = [0, 1, 7, 8, 9, 129, 3000];
        let columns = [0, 1, 6, 15, 16, 17, 24, 64, 96, 127, 128, 129, 300];
        isa::on_each(|isa| {
            for [rows, columns] in rows.into_iter().flat_map(|rows| columns.map(|columns| [rows, columns])) {
                let x: Vec<f32> = (0..rows * columns).map(|n| (n % 23) as f32 - 9.0).collect();
                let mut wide = vec![0.0; width(columns)];
                repeat((0..columns).map(|column| (column % 3) as f32), &mut wide);
                let mut found = vec![f64::NAN; 2 * columns];
                sums(columns, (&x, NOTHING), &wide, &mut found, |x, (), of_column| [x, x * of_column]);
                for column in 0..columns {
                    let wanted: f64 = x.iter().skip(column).step_by(columns).map(|&x| f64::from(x)).sum();
                    assert_eq!(found[column], wanted, "{isa:?} {rows} × {columns}");
                    assert_eq!(found[columns + column], wanted * (column % 3) as f64, "{isa:?} {rows} × {columns}");
                }
            }
        });
    }
}
