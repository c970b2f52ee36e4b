//! What the processor could do at most: multiply-adds of numbers that are in registers already.

#![expect(unsafe_code, reason = "vector instructions, chosen for the machine")]

use super::isa::Isa;
use super::simd::{Four, Vector};

/// Sums that grow side by side: enough to hide how long a multiply-add takes, few enough for the registers.
const SUMS: usize = 12;

/// Computes for so many rounds with the widest vectors, and says how many multiplications and additions that were.
pub fn multiply_and_add(rounds: usize) -> f64 {
    let lanes = match Isa::best() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `Isa::best` names instructions that the machine has.
        Isa::Avx512 => unsafe { x86::avx512(rounds) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Isa::Avx2 => unsafe { x86::avx2(rounds) },
        // SAFETY: these vectors need no instruction that the target does not have.
        Isa::Portable => unsafe { chains::<Four<f32>>(rounds) },
    };
    (2 * SUMS * lanes * rounds) as f64
}

/// Does the work and gives the lanes of a vector.
///
/// # Safety
///
/// The machine has the instructions of `V`.
#[inline(always)]
unsafe fn chains<V: Vector<Element = f32>>(rounds: usize) -> usize {
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        // Opaque, so that nothing is computed beforehand.
        let (factor, summand) = (V::splat(std::hint::black_box(0.5)), V::splat(std::hint::black_box(1.0)));
        let mut sums = [summand; SUMS];
        for _ in 0..rounds {
            // A closure would not always be compiled for the caller's instructions.
            for sum in &mut sums {
                *sum = sum.mul_add(factor, summand);
            }
        }
        std::hint::black_box(sums);
    }
    V::LANES
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{__m256, __m512};

    use super::chains;

    /// # Safety
    ///
    /// The machine has AVX-512F.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn avx512(rounds: usize) -> usize {
        // SAFETY: the caller vouches for the instructions.
        unsafe { chains::<__m512>(rounds) }
    }

    /// # Safety
    ///
    /// The machine has AVX2 and FMA.
    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn avx2(rounds: usize) -> usize {
        // SAFETY: the caller vouches for the instructions.
        unsafe { chains::<__m256>(rounds) }
    }
}
