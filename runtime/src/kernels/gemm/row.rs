//! Products of one row, with rows of B as they lie: these are read but once, and packing them takes longer than that.
//!
//! Each part of B's rows is read from its first number to its last, by one thread; their sums are then added up. How
//! many parts there are depends on the sizes alone.

#![expect(unsafe_code, reason = "the kernel; bounds are checked in `Tile::run_row`")]

use super::{Gemm, Lying, Pack, Tile};
use crate::arena::ALIGNMENT;
use crate::kernels::parallel::for_each_chunk;
use crate::kernels::simd::Vector;
use crate::op::Update;

/// Multiply-adds that a part has at least, and how many parts there are at most.
const PART: usize = 1 << 16;
const MOST: usize = 4;

/// The rows of B that are read at once.
const AT_ONCE: usize = 8;

/// The same where rows are a multiple of [`WAY`] apart: eight lines of the cache would drive out the sums' line beside
/// which they come.
const FEWER: usize = 4;

/// Addresses that are so many bytes apart share a place of the first cache, which has eight lines or some more.
const WAY: usize = 4096;

/// Where in a row vectors are read: first at its beginning, then from `second` on, one after the other, and last at its
/// end. So they cover the row, whichever of its numbers is the first of a line of the cache, and overlap only there.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// The columns of the row.
    pub(super) columns: usize,
    /// The numbers of a vector.
    pub(super) vector: usize,
    /// Where the second vector begins.
    pub(super) second: usize,
}

impl Places {
    /// The places of vectors of so many numbers, at least one, in a row of at least as many columns, of which a line of
    /// the cache begins with this one.
    pub fn new(columns: usize, vector: usize, line: usize) -> Self {
        assert!(0 < vector && vector <= columns, "a row of a vector");
        // A first vector that is at the beginning of a line is followed by whole ones.
        let second = if line.is_multiple_of(vector) { vector } else { line % vector };
        Self { columns, vector, second }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        let between = (self.columns - self.vector).saturating_sub(self.second).div_ceil(self.vector);
        if self.columns == self.vector { 1 } else { between + 2 }
    }

    /// The first column of each.
    #[inline(always)]
    pub fn columns(self) -> impl Iterator<Item = usize> {
        let last = self.columns - self.vector;
        (0..self.count()).map(move |n| n.checked_sub(1).map_or(0, |n| (self.second + n * self.vector).min(last)))
    }
}

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

/// The kernel: multiplies `depth` numbers at `a` by as many rows at `b`, `b_step` apart, into a vector at `c` for each of
/// [`Places`] of so many columns. It reads several rows at once, each from its beginning to its end.
///
/// # Safety
///
/// The machine has the instructions of `V`. `depth` numbers can be read at `a`, and as many rows of `columns`, which are
/// at least a vector, at `b`, `b_step` apart; `c` can be written and read in a vector for each of [`Places`].
#[inline(always)]
pub unsafe fn multiply_row<V: Vector>(
    [depth, b_step, columns, second]: [usize; 4],
    a: *const V::Element,
    b: *const V::Element,
    c: *mut V::Element,
) {
    let places = Places { columns, vector: V::LANES, second };
    // SAFETY: the caller vouches for the instructions and for all addresses.
    unsafe {
        let zero = V::splat(<V::Element as num_traits::Zero>::zero());
        for n in 0..places.count() {
            zero.store(c.add(n * V::LANES));
        }
        if (b_step * size_of::<V::Element>()).is_multiple_of(WAY) {
            add_all::<V, FEWER>([depth, b_step], a, b, places, c);
        } else {
            add_all::<V, AT_ONCE>([depth, b_step], a, b, places, c);
        }
    }
}

/// Adds `depth` numbers times rows to the vectors at `c`, so many rows at a time.
///
/// # Safety
///
/// As for [`multiply_row`].
#[inline(always)]
unsafe fn add_all<V: Vector, const ROWS: usize>(
    [depth, b_step]: [usize; 2],
    a: *const V::Element,
    b: *const V::Element,
    places: Places,
    c: *mut V::Element,
) {
    // SAFETY: the caller vouches for the instructions and for all addresses; rows are counted up to `depth`.
    unsafe {
        let whole = depth / ROWS * ROWS;
        for k in (0..whole).step_by(ROWS) {
            let mut factors = [V::splat(*a.add(k)); ROWS];
            for (n, factor) in factors.iter_mut().enumerate() {
                *factor = V::splat(*a.add(k + n));
            }
            add_rows(factors, std::array::from_fn(|n| b.add((k + n) * b_step)), places, c);
        }
        for k in whole..depth {
            add_rows([V::splat(*a.add(k))], [b.add(k * b_step)], places, c);
        }
    }
}

/// Adds factors times rows to the vectors at `c`.
///
/// # Safety
///
/// As for [`multiply_row`], of these rows.
#[inline(always)]
unsafe fn add_rows<V: Vector, const N: usize>(
    factors: [V; N],
    rows: [*const V::Element; N],
    places: Places,
    c: *mut V::Element,
) {
    let (count, last) = (places.count(), places.columns - V::LANES);
    // SAFETY: the caller vouches for the instructions and the addresses; these are the places and as many vectors of `c`.
    unsafe {
        add_vector(factors, rows, c);
        for n in 1..count.saturating_sub(1) {
            let column = places.second + (n - 1) * V::LANES;
            add_vector(factors, rows.map(|row| row.add(column)), c.add(n * V::LANES));
        }
        if count > 1 {
            add_vector(factors, rows.map(|row| row.add(last)), c.add((count - 1) * V::LANES));
        }
    }
}

/// Adds factors times vectors to that at `sum`.
///
/// # Safety
///
/// As for [`multiply_row`], of these vectors.
#[inline(always)]
unsafe fn add_vector<V: Vector, const N: usize>(factors: [V; N], from: [*const V::Element; N], sum: *mut V::Element) {
    // SAFETY: the caller vouches for the instructions and the addresses.
    unsafe {
        // No closure: one over vectors is not always compiled for the caller's instructions.
        let mut total = V::load(sum);
        for (factor, from) in factors.iter().zip(from) {
            total = factor.mul_add(V::load(from), total);
        }
        total.store(sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::gemm::{Matrix, gemm_with};
    use crate::kernels::isa::Isa;
    use crate::random::Random;

    #[test]
    fn vectors_cover_a_row_and_begin_where_lines_do() {
        for columns in [16, 17, 31, 32, 33, 100] {
            for line in 0..16 {
                let places: Vec<usize> = Places::new(columns, 16, line).columns().collect();
                assert_eq!((places[0], places.last()), (0, Some(&(columns - 16))));
                assert!(places.windows(2).all(|pair| pair[0] < pair[1] && pair[1] <= pair[0] + 16), "{places:?}");
                let between = places.iter().take(places.len() - 1).skip(1);
                assert!(between.into_iter().all(|place| place % 16 == line), "{places:?} from {line}");
                assert!(places.len() <= columns.div_ceil(16) + 1, "{places:?} from {line}");
            }
        }
        assert_eq!(Places::new(64, 16, 0).columns().collect::<Vec<_>>(), [0, 16, 32, 48]);
        // A line of two vectors.
        assert_eq!(Places::new(32, 8, 12).columns().collect::<Vec<_>>(), [0, 4, 12, 20, 24]);
    }

    #[test]
    fn a_product_is_the_same_wherever_the_rows_begin() {
        let mut random = Random::new(8, "row", 0);
        for [inner, columns] in [[9, 10], [37, 16], [37, 64], [700, 301], [39, 1024]] {
            let mut numbers = |count: usize| (0..count).map(|_| random.normal() as f32).collect::<Vec<_>>();
            let (a, b) = (numbers(inner), numbers(inner * columns));
            for isa in Isa::available() {
                let product = |before: usize| {
                    let shifted: Vec<f32> = std::iter::repeat_n(0.0, before).chain(b.iter().copied()).collect();
                    let (a, b) = (Matrix::new(&a, 1, inner), Matrix::new(&shifted[before..], inner, columns));
                    let mut c = vec![0.0; columns];
                    gemm_with(isa, [1, inner, columns], &a, &b, &mut c, Update::Set);
                    c
                };
                let wanted = product(0);
                (1..17).for_each(|before| assert_eq!(product(before), wanted, "{isa:?} {inner} × {columns}, {before}"));
            }
        }
    }
}
