//! Vectors of numbers, so that a microkernel is written once for all instruction sets.

#![expect(unsafe_code, reason = "vector instructions and unchecked loads; see `Vector`")]

use crate::arena::ALIGNMENT;
use crate::element::Float;

/// How many numbers a line of the cache has.
pub const fn line<T>() -> usize {
    ALIGNMENT / size_of::<T>()
}

/// Asks for the line of the cache at an address, before it is read or written. Any address will do.
#[inline(always)]
pub fn prefetch<T>(at: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every such machine has the instruction, and it does nothing that can be seen.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// Asks for all lines of the cache that numbers lie in.
#[inline(always)]
pub fn prefetch_all<T>(numbers: &[T]) {
    numbers.chunks(line::<T>()).for_each(|line| prefetch(line.as_ptr()));
}

/// A register of numbers.
///
/// # Safety
///
/// Every method may be called only on a machine that has the instructions of the implementing type.
pub unsafe trait Vector: Copy {
    /// One of the numbers.
    type Element: Float;
    /// How many there are.
    const LANES: usize;

    /// The same number in each lane.
    unsafe fn splat(number: Self::Element) -> Self;

    /// The numbers at an address.
    ///
    /// # Safety
    ///
    /// `LANES` numbers can be read there.
    unsafe fn load(from: *const Self::Element) -> Self;

    /// Stores the numbers at an address.
    ///
    /// # Safety
    ///
    /// `LANES` numbers can be written there.
    unsafe fn store(self, to: *mut Self::Element);

    /// `self * a + b`, lane by lane.
    unsafe fn mul_add(self, a: Self, b: Self) -> Self;

    /// `self + other`, lane by lane.
    unsafe fn add(self, other: Self) -> Self;
}

/// A number, with its registers in each set of instructions.
pub trait Registers: Float {
    /// 512 bits.
    #[cfg(target_arch = "x86_64")]
    type Avx512: Vector<Element = Self>;
    /// 256 bits.
    #[cfg(target_arch = "x86_64")]
    type Avx2: Vector<Element = Self>;
}

impl Registers for f32 {
    #[cfg(target_arch = "x86_64")]
    type Avx512 = std::arch::x86_64::__m512;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = std::arch::x86_64::__m256;
}

impl Registers for f64 {
    #[cfg(target_arch = "x86_64")]
    type Avx512 = std::arch::x86_64::__m512d;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = std::arch::x86_64::__m256d;
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::Vector;

    macro_rules! vectors {
        ($($vector:ty, $element:ty, $lanes:literal, $splat:ident, $load:ident, $store:ident, $mul_add:ident, $add:ident;)*) => {$(
            // SAFETY: all methods consist of the instruction of their name, for which the caller vouches; the addresses
            // are passed on, for which the caller vouches too.
            unsafe impl Vector for $vector {
                type Element = $element;
                const LANES: usize = $lanes;

                #[inline(always)]
                unsafe fn splat(number: $element) -> Self {
                    // SAFETY: see above.
                    unsafe { $splat(number) }
                }

                #[inline(always)]
                unsafe fn load(from: *const $element) -> Self {
                    // SAFETY: see above.
                    unsafe { $load(from) }
                }

                #[inline(always)]
                unsafe fn store(self, to: *mut $element) {
                    // SAFETY: see above.
                    unsafe { $store(to, self) }
                }

                #[inline(always)]
                unsafe fn mul_add(self, a: Self, b: Self) -> Self {
                    // SAFETY: see above.
                    unsafe { $mul_add(self, a, b) }
                }

                #[inline(always)]
                unsafe fn add(self, other: Self) -> Self {
                    // SAFETY: see above.
                    unsafe { $add(self, other) }
                }
            }
        )*};
    }

    vectors! {
        __m512, f32, 16, _mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_fmadd_ps, _mm512_add_ps;
        __m512d, f64, 8, _mm512_set1_pd, _mm512_loadu_pd, _mm512_storeu_pd, _mm512_fmadd_pd, _mm512_add_pd;
        __m256, f32, 8, _mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_fmadd_ps, _mm256_add_ps;
        __m256d, f64, 4, _mm256_set1_pd, _mm256_loadu_pd, _mm256_storeu_pd, _mm256_fmadd_pd, _mm256_add_pd;
    }
}

/// Four numbers without vector instructions; a compiler finds those that every machine of its target has.
#[derive(Clone, Copy)]
pub struct Four<T>([T; 4]);

// SAFETY: no method needs any instruction that the target does not have.
unsafe impl<T: Float> Vector for Four<T> {
    type Element = T;
    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn splat(number: T) -> Self {
        Self([number; 4])
    }

    #[inline(always)]
    unsafe fn load(from: *const T) -> Self {
        // SAFETY: the caller promises that four numbers can be read; an array of them needs no stricter alignment.
        Self(unsafe { from.cast::<[T; 4]>().read() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut T) {
        // SAFETY: the caller promises that four numbers can be written.
        unsafe { to.cast::<[T; 4]>().write(self.0) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, a: Self, b: Self) -> Self {
        // Not `f32::mul_add`, which calls a function where there is no such instruction.
        Self(std::array::from_fn(|lane| self.0[lane] * a.0[lane] + b.0[lane]))
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] + other.0[lane]))
    }
}
