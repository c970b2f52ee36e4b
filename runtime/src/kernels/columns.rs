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

/// Wide rows whose terms are added up before they are added to the sums: in the type of the terms, and sums are read
/// and written once for all. Four terms that were rounded to their type when they were made lose little more by that.
const TOGETHER: usize = 4;

/// The most parts that sums have, and the least wide rows of a part. Sums of parts are added in their order, so that a
/// result does not depend on how many threads there are.
const PARTS: usize = 32;
const ROWS: usize = 16;

/// Multiply-adds that take as long as a number.
pub const COST: usize = ELEMENT / 2;

/// The length of a wide row: whole rows.
pub fn width(columns: usize) -> usize {
    columns * WIDE.div_ceil(columns.max(1))
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
    let (count, width) = (sums.len() / columns, width(columns));
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
    sums_of_parts([a.len(), columns], sums, &|part, sums| {
        let (a, b, mut sums) = (&a[part.clone()], &b[part], sums.chunks_exact_mut(of_columns.len()));
        let sums = std::array::from_fn(|_| sums.next().unwrap_or_default());
        vectorised(
            #[inline(always)]
            || add(a, b, of_columns, sums, &f),
        );
    });
}

/// Adds the terms of some wide rows, the last of which may be shorter.
#[inline(always)]
fn add<T: Float, A: Copy, B: Copy, C: Copy, const N: usize>(
    a: &[A],
    b: &[B],
    of_columns: &[C],
    mut sums: [&mut [f64]; N],
    f: impl Fn(A, B, C) -> [T; N],
) {
    let width = of_columns.len();
    sums.iter_mut().for_each(|sums| *sums = &mut std::mem::take(sums)[..width]);
    let (several, of_b) = (a.chunks_exact(TOGETHER * width), b.chunks_exact(TOGETHER * width));
    let rest = several.remainder().chunks(width).zip(of_b.remainder().chunks(width));
    for (a, b) in several.zip(of_b) {
        let a: [&[A]; TOGETHER] = std::array::from_fn(|row| &a[row * width..][..width]);
        let b: [&[B]; TOGETHER] = std::array::from_fn(|row| &b[row * width..][..width]);
        for n in 0..width {
            let [first, second, third, fourth] = std::array::from_fn(|row| f(a[row][n], b[row][n], of_columns[n]));
            for (k, sums) in sums.iter_mut().enumerate() {
                sums[n] += ((first[k] + second[k]) + (third[k] + fourth[k])).as_f64();
            }
        }
    }
    for (a, b) in rest {
        for (n, ((&a, &b), &of_column)) in a.iter().zip(b).zip(of_columns).enumerate() {
            let terms = f(a, b, of_column);
            sums.iter_mut().zip(terms).for_each(|(sums, term)| sums[n] += term.as_f64());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::isa;

    #[test]
    fn sums_are_those_of_each_column_on_every_path() {
        let rows = [0, 1, 7, 8, 9, 129, 3000];
        let columns = [0, 1, 6, 15, 16, 17, 64, 127, 128, 129, 300];
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
