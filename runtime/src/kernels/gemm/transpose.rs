//! Some rows written as columns.

#![expect(unsafe_code, reason = "vector instructions; bounds are checked once in `transpose`")]

use crate::element::{DType, Float};
use crate::kernels::isa::Isa;

/// How many rows are written at once.
pub const LANES: usize = 8;

/// Writes rows of the same length as columns: `out` has a line for each of their numbers, `width` from one to the next.
///
/// # Panics
///
/// Where `out` is too short; a caller's defect.
pub fn transpose<T: Float>(rows: [&[T]; LANES], width: usize, out: &mut [T]) {
    let length = rows.iter().map(|row| row.len()).min().unwrap_or(0);
    if length == 0 {
        return;
    }
    assert!(out.len() >= (length - 1) * width + LANES, "a transposed matrix is too short");
    let squares = squares(&rows, length, width, out);
    for k in squares * LANES..length {
        out[k * width..][..LANES].copy_from_slice(&rows.map(|row| row[k]));
    }
}

/// Transposes squares of `f32` if the machine has instructions for it, and gives how many.
#[cfg(target_arch = "x86_64")]
fn squares<T: Float>(rows: &[&[T]; LANES], length: usize, width: usize, out: &mut [T]) -> usize {
    let squares = length / LANES;
    if T::DTYPE != DType::F32 || Isa::best() == Isa::Portable {
        return 0;
    }
    for first in (0..squares).map(|square| square * LANES) {
        // SAFETY: both other sets of instructions come with AVX. `T` is `f32`. Rows have at least `length` numbers, and
        // `first + LANES` is no more; lines of `out` up to that of `length - 1` have room, as `transpose` has checked.
        unsafe {
            let from = rows.map(|row| row.as_ptr().add(first).cast::<f32>());
            avx::transpose(from, width, out.as_mut_ptr().add(first * width).cast());
        }
    }
    squares
}

#[cfg(not(target_arch = "x86_64"))]
fn squares<T: Float>(_: &[&[T]; LANES], _: usize, _: usize, _: &mut [T]) -> usize {
    0
}

#[cfg(target_arch = "x86_64")]
mod avx {
    use std::arch::x86_64::*;

    use super::LANES;

    /// Writes eight numbers of each of eight rows as eight lines, `width` apart.
    ///
    /// # Safety
    ///
    /// The machine has AVX; eight numbers can be read at each address, and eight lines be written.
    #[target_feature(enable = "avx")]
    pub(super) unsafe fn transpose(rows: [*const f32; LANES], width: usize, out: *mut f32) {
        // SAFETY: the caller vouches for it.
        let rows = rows.map(|row| unsafe { _mm256_loadu_ps(row) });
        // Pairs of rows, then fours, both in each half of the lanes; then the halves.
        let pairs: [__m256; LANES] = std::array::from_fn(|n| {
            let (a, b) = (rows[n / 2 * 2], rows[n / 2 * 2 + 1]);
            if n % 2 == 0 { _mm256_unpacklo_ps(a, b) } else { _mm256_unpackhi_ps(a, b) }
        });
        let fours: [__m256; LANES] = std::array::from_fn(|n| {
            let first = n / 4 * 4 + n % 4 / 2;
            let (a, b) = (pairs[first], pairs[first + 2]);
            if n % 2 == 0 { _mm256_shuffle_ps::<0x44>(a, b) } else { _mm256_shuffle_ps::<0xee>(a, b) }
        });
        for n in 0..LANES {
            let (a, b) = (fours[n % 4], fours[n % 4 + 4]);
            let line = if n < 4 { _mm256_permute2f128_ps::<0x20>(a, b) } else { _mm256_permute2f128_ps::<0x31>(a, b) };
            // SAFETY: the caller vouches for it.
            unsafe { _mm256_storeu_ps(out.add(n * width), line) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::isa;

    fn check<T: Float>(length: usize, width: usize) {
        let data: Vec<T> = (0..LANES * length).map(|n| T::of(n as f64)).collect();
        let mut out = vec![T::of(-1.0); length * width];
        transpose(std::array::from_fn(|row| &data[row * length..][..length]), width, &mut out);
        for (place, &number) in out.iter().enumerate() {
            let (k, row) = (place / width, place % width);
            let wanted = if row < LANES { (row * length + k) as f64 } else { -1.0 };
            assert_eq!(number.as_f64(), wanted, "{length} numbers, {width} apart");
        }
    }

    #[test]
    fn rows_become_columns_on_every_path() {
        isa::on_each(|_| {
            for length in [0, 1, LANES - 1, LANES, LANES + 1, 5 * LANES + 3] {
                for width in [LANES, LANES + 3, 32] {
                    check::<f32>(length, width);
                    check::<f64>(length, width);
                }
            }
        });
    }
}
