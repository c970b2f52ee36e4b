//! Maps tiles: each of their columns and then each of their rows is multiplied by a matrix, for many channels side by
//! side.

#![expect(unsafe_code, reason = "vector instructions; bounds are checked once in `transform`")]

use std::mem::MaybeUninit;
use std::ops::Range;

use super::maps::Map;
use crate::kernels::gemm::reach;
use crate::kernels::isa::Isa;
use crate::kernels::simd::{Four, Registers, Vector, prefetch};
use crate::op::Update;

/// Where a tile is read.
pub struct Source<'a, T, const I: usize> {
    /// The rows, each from the first number on that is there.
    pub rows: [&'a [T]; I],
    /// How far apart columns are.
    pub step: usize,
    /// Which of the columns are there; the others are zeros.
    pub columns: Range<usize>,
    /// How far away the next tile of an image is.
    pub next: usize,
}

impl<'a, T, const I: usize> Source<'a, T, I> {
    /// A tile whose rows and columns are so far apart.
    pub fn all(data: &'a [T], [row, column]: [usize; 2]) -> Self {
        Self { rows: std::array::from_fn(|n| &data[n * row..]), step: column, columns: 0..I, next: 0 }
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
    from: Source<'_, T, I>,
    to: Target<'_, T>,
    channels: usize,
) {
    if from.columns == (0..I) && to.inside == [O, O] && to.update == Update::Set {
        transform_as::<T, K, I, O, true>(from, to, channels);
    } else {
        transform_as::<T, K, I, O, false>(from, to, channels);
    }
}

/// As [`transform`], of a tile all of which is there, to be set.
#[inline]
pub fn transform_whole<T: Registers, K: Map<I, O>, const I: usize, const O: usize>(
    from: Source<'_, T, I>,
    to: Target<'_, T>,
    channels: usize,
) {
    assert!(from.columns == (0..I) && to.inside == [O, O] && to.update == Update::Set, "not all of a tile");
    transform_as::<T, K, I, O, true>(from, to, channels);
}

/// As [`transform`]; only whole tiles are mapped without looking at what there is of them.
#[inline(always)]
fn transform_as<T: Registers, K: Map<I, O>, const I: usize, const O: usize, const IS_WHOLE: bool>(
    from: Source<'_, T, I>,
    to: Target<'_, T>,
    channels: usize,
) {
    let isa = Isa::best();
    let vector = lanes::<T>(isa);
    let vectors = channels / vector;
    assert!(channels > 0 && channels.is_multiple_of(vector) && to.pair >= 2 * vector, "vectors are whole, and apart");
    let read = reach([(from.columns.len(), from.step), (channels, 1)]);
    assert!(from.columns.end <= I && from.rows.iter().all(|row| row.len() >= read), "the tile is too small");
    let [rows, columns] = to.inside;
    assert!(0 < rows && rows <= O && 0 < columns && columns <= O, "no part of a tile");
    let pairs = [(vectors.div_ceil(2), to.pair), (vector * (2 - vectors % 2), 1)];
    let written = reach([(rows, to.steps[0]), (columns, to.steps[1]), pairs[0], pairs[1]]);
    assert!(to.data.len() >= written, "the target is too short");
    match isa {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `Isa::best` names instructions that the machine has; all reads and writes are inside the
        // slices, as just checked.
        Isa::Avx512 => unsafe { avx512::<T, K, I, O, IS_WHOLE>(from, to, vectors) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Isa::Avx2 => unsafe { avx2::<T, K, I, O, IS_WHOLE>(from, to, vectors) },
        // SAFETY: as above.
        Isa::Portable => unsafe { map::<Four<T>, K, I, O, IS_WHOLE>(from, to, vectors) },
    }
}

/// # Safety
///
/// As for [`map`], on a machine with the features that are named here.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn avx512<T: Registers, K: Map<I, O>, const I: usize, const O: usize, const IS_WHOLE: bool>(
    from: Source<'_, T, I>,
    to: Target<'_, T>,
    vectors: usize,
) {
    // SAFETY: the caller vouches for all of it.
    unsafe { map::<T::Avx512, K, I, O, IS_WHOLE>(from, to, vectors) }
}

/// # Safety
///
/// As for [`map`], on a machine with the features that are named here.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2<T: Registers, K: Map<I, O>, const I: usize, const O: usize, const IS_WHOLE: bool>(
    from: Source<'_, T, I>,
    to: Target<'_, T>,
    vectors: usize,
) {
    // SAFETY: the caller vouches for all of it.
    unsafe { map::<T::Avx2, K, I, O, IS_WHOLE>(from, to, vectors) }
}

/// The kernel.
///
/// # Safety
///
/// The machine has the instructions of `V`. So many vectors can be read from all rows of the source, in its columns, and
/// written (and read, for [`Update::Add`]) at those places of the target that are inside. If that is said, these are all
/// columns and all places.
#[inline(always)]
unsafe fn map<V: Vector, K: Map<I, O>, const I: usize, const O: usize, const IS_WHOLE: bool>(
    from: Source<'_, V::Element, I>,
    to: Target<'_, V::Element>,
    vectors: usize,
) {
    let rows = from.rows.map(<[V::Element]>::as_ptr);
    let data = to.data.as_mut_ptr();
    let (columns, [height, width]) = if IS_WHOLE { (0..I, [O, O]) } else { (from.columns, to.inside) };
    let adds = !IS_WHOLE && to.update == Update::Add;
    // SAFETY: the caller vouches for the instructions and for all addresses.
    unsafe {
        let zero = V::splat(<V::Element as num_traits::Zero>::zero());
        for number in 0..vectors {
            let data = data.add(number / 2 * to.pair + number % 2 * V::LANES);
            // Tiles of an image are too many short stretches of memory for the processor to see what is next.
            for place in 0..if K::OF_IMAGES[1] { O * O } else { 0 } {
                prefetch(data.wrapping_add(place / O * to.steps[0] + (O + place % O) * to.steps[1]));
            }
            // Not all of it fits into registers, and clearing it would take as long as writing it.
            let mut half = MaybeUninit::<[[V; I]; O]>::uninit();
            for column in 0..I {
                let mut mapped = [zero; O];
                if columns.contains(&column) {
                    let at = number * V::LANES + (column - columns.start) * from.step;
                    let mut numbers = [zero; I];
                    for (number, row) in numbers.iter_mut().zip(rows) {
                        *number = V::load(row.add(at));
                        if K::OF_IMAGES[0] {
                            prefetch(row.wrapping_add(at + from.next));
                        }
                    }
                    mapped = K::multiply(&numbers);
                }
                for (row, number) in mapped.into_iter().enumerate() {
                    half.as_mut_ptr().cast::<V>().add(row * I + column).write(number);
                }
            }
            // Each row and each column of it has been written.
            let half = half.assume_init_ref();
            for (row, numbers) in half.iter().enumerate().take(height) {
                for (column, number) in K::multiply(numbers).into_iter().enumerate().take(width) {
                    let at = data.add(row * to.steps[0] + column * to.steps[1]);
                    let number = if adds { number.add(V::load(at)) } else { number };
                    number.store(at);
                }
            }
        }
    }
}
