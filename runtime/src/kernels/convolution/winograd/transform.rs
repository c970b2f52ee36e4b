//! Maps tiles: each of their columns and then each of their rows is multiplied by a matrix, for many channels side by
//! side.

#![expect(unsafe_code, reason = "vector instructions; bounds are checked once in `transform`")]

use std::mem::MaybeUninit;
use std::ops::Range;

use super::maps::Map;
use crate::element::Float;
use crate::kernels::isa::Isa;
use crate::kernels::simd::{Four, Registers, Vector};
use crate::op::Update;

/// Where a tile is read.
pub struct Source<'a, T, const I: usize> {
    /// The rows, each from the first number on that is there.
    pub rows: [&'a [T]; I],
    /// How far apart columns are.
    pub step: usize,
    /// Which of the columns are there; the others are zeros.
    pub columns: Range<usize>,
}

impl<'a, T, const I: usize> Source<'a, T, I> {
    /// A tile whose rows and columns are so far apart.
    pub fn all(data: &'a [T], [row, column]: [usize; 2]) -> Self {
        Self { rows: std::array::from_fn(|n| &data[n * row..]), step: column, columns: 0..I }
    }
}

/// Where a tile is written.
pub struct Target<'a, T> {
    /// From the tile's first number on.
    pub data: &'a mut [T],
    /// How far apart its rows are, and its columns.
    pub steps: [usize; 2],
    /// How many of its rows and columns are written.
    pub inside: [usize; 2],
    /// How far apart pairs of vectors of channels are: twice the length of a vector where channels are neighbours.
    pub pair: usize,
    /// What becomes of what is there.
    pub update: Update,
}

impl<'a, T> Target<'a, T> {
    /// All of a tile of `O × O`, to be set.
    pub fn all<const O: usize>(data: &'a mut [T], steps: [usize; 2], pair: usize) -> Self {
        Self { data, steps, inside: [O, O], pair, update: Update::Set }
    }
}

/// The numbers of a vector.
pub const fn lanes<T: Registers>(isa: Isa) -> usize {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => T::Avx512::LANES,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => T::Avx2::LANES,
        Isa::Portable => Four::<T>::LANES,
    }
}

/// `K · tile · Kᵀ` for each of so many channels, which fill vectors.
///
/// # Panics
///
/// Where a slice is too short, or channels do not fill vectors; a caller's defect.
#[inline]
pub fn transform<T: Registers, K: Map<I, O>, const I: usize, const O: usize>(
    isa: Isa,
    from: Source<'_, T, I>,
    to: Target<'_, T>,
    channels: usize,
) {
    let vector = lanes::<T>(isa);
    let vectors = channels / vector;
    assert!(channels > 0 && channels.is_multiple_of(vector) && to.pair >= 2 * vector, "vectors are whole, and apart");
    let reach = from.columns.len().saturating_sub(1) * from.step + channels;
    assert!(from.columns.end <= I && from.rows.iter().all(|row| row.len() >= reach), "the tile is too small");
    let [rows, columns] = to.inside;
    assert!(0 < rows && rows <= O && 0 < columns && columns <= O, "no part of a tile");
    let last = (rows - 1) * to.steps[0] + (columns - 1) * to.steps[1] + (vectors - 1) / 2 * to.pair;
    assert!(to.data.len() >= last + vector * (2 - vectors % 2), "the target is too short");
    match isa {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: whoever names instructions has found that the machine has them; all reads and writes are inside the
        // slices, as just checked.
        Isa::Avx512 => unsafe { avx512::<T, K, I, O>(from, to, vectors) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Isa::Avx2 => unsafe { avx2::<T, K, I, O>(from, to, vectors) },
        // SAFETY: as above.
        Isa::Portable => unsafe { map::<Four<T>, K, I, O>(from, to, vectors) },
    }
}

/// # Safety
///
/// As for [`map`], on a machine with the features that are named here.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn avx512<T: Registers, K: Map<I, O>, const I: usize, const O: usize>(
    from: Source<'_, T, I>,
    to: Target<'_, T>,
    vectors: usize,
) {
    // SAFETY: the caller vouches for all of it.
    unsafe { map::<T::Avx512, K, I, O>(from, to, vectors) }
}

/// # Safety
///
/// As for [`map`], on a machine with the features that are named here.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2<T: Registers, K: Map<I, O>, const I: usize, const O: usize>(
    from: Source<'_, T, I>,
    to: Target<'_, T>,
    vectors: usize,
) {
    // SAFETY: the caller vouches for all of it.
    unsafe { map::<T::Avx2, K, I, O>(from, to, vectors) }
}

/// The kernel.
///
/// # Safety
///
/// The machine has the instructions of `V`. So many vectors can be read from all rows of the source, in its columns, and
/// written (and read, for [`Update::Add`]) at those places of the target that are inside.
#[inline(always)]
unsafe fn map<V: Vector, K: Map<I, O>, const I: usize, const O: usize>(
    from: Source<'_, V::Element, I>,
    to: Target<'_, V::Element>,
    vectors: usize,
) {
    let rows = from.rows.map(<[V::Element]>::as_ptr);
    let data = to.data.as_mut_ptr();
    // SAFETY: the caller vouches for the instructions and for all addresses.
    unsafe {
        let zero = V::splat(<V::Element as num_traits::Zero>::zero());
        for number in 0..vectors {
            // Not all of it fits into registers, and clearing it would take as long as writing it.
            let mut half = MaybeUninit::<[[V; I]; O]>::uninit();
            for column in 0..I {
                let mut mapped = [zero; O];
                if from.columns.contains(&column) {
                    let at = number * V::LANES + (column - from.columns.start) * from.step;
                    let mut numbers = [zero; I];
                    for (number, row) in numbers.iter_mut().zip(rows) {
                        *number = V::load(row.add(at));
                    }
                    mapped = multiply::<V, K, I, O>(&numbers);
                }
                for (row, number) in mapped.into_iter().enumerate() {
                    half.as_mut_ptr().cast::<V>().add(row * I + column).write(number);
                }
            }
            // Each row and each column of it has been written.
            let half = half.assume_init_ref();
            let data = data.add(number / 2 * to.pair + number % 2 * V::LANES);
            for (row, numbers) in half.iter().enumerate() {
                if row < to.inside[0] {
                    for (column, number) in multiply::<V, K, I, O>(numbers).into_iter().enumerate() {
                        if column < to.inside[1] {
                            let at = data.add(row * to.steps[0] + column * to.steps[1]);
                            let number = if to.update == Update::Add { number.add(V::load(at)) } else { number };
                            number.store(at);
                        }
                    }
                }
            }
        }
    }
}

/// The matrix times a column of vectors. Terms that are zero, and factors that are one, are known to the compiler.
///
/// # Safety
///
/// The machine has the instructions of `V`.
#[inline(always)]
unsafe fn multiply<V: Vector, K: Map<I, O>, const I: usize, const O: usize>(column: &[V; I]) -> [V; O] {
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let mut result = [V::splat(<V::Element as num_traits::Zero>::zero()); O];
        // No closure: one over vectors is not always compiled for the caller's instructions. From the last term on, whose
        // factor is one as a rule.
        for (row, result) in result.iter_mut().enumerate() {
            let mut is_first = true;
            for (&number, &factor) in column.iter().zip(&K::MATRIX[row]).rev() {
                if factor != 0.0 {
                    *result = match (is_first, factor == 1.0) {
                        (true, true) => number,
                        (false, true) => result.add(number),
                        (_, false) => number.mul_add(V::splat(<V::Element as Float>::of(factor)), *result),
                    };
                    is_first = false;
                }
            }
        }
        result
    }
}
