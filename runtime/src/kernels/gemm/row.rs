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
    /// The places of vectors of so many numbers, at least one, in a row of at least as many columns.
    pub fn new(columns: usize, vector: usize, second: usize) -> Self {
        assert!(0 < vector && vector <= columns, "a row of a vector");
        Self { columns, vector, second: second.clamp(1, vector) }
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
    // SAFETY: the caller vouches for the instructions and for all addresses; rows are counted up to `depth`, and each
    // vector is inside a row.
    unsafe {
        let zero = V::splat(<V::Element as num_traits::Zero>::zero());
        for n in 0..places.count() {
            zero.store(c.add(n * V::LANES));
        }
        let whole = depth / AT_ONCE * AT_ONCE;
        for k in (0..whole).step_by(AT_ONCE) {
            let mut factors = [zero; AT_ONCE];
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
