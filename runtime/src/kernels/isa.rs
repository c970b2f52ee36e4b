//! Which instructions the machine has.

#![expect(unsafe_code, reason = "code compiled for instructions that were found")]

use std::sync::OnceLock;

/// A set of vector instructions that kernels are compiled for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Isa {
    /// 512-bit vectors with fused multiply-add: AVX-512F.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 256-bit vectors with fused multiply-add: AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// What every machine has.
    Portable,
}

impl Isa {
    /// The widest that this machine has.
    pub fn best() -> Self {
        static BEST: OnceLock<Isa> = OnceLock::new();
        *BEST.get_or_init(|| Self::available()[0])
    }

    /// All that this machine has, the widest first.
    pub fn available() -> Vec<Self> {
        let mut available = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("avx512f") {
                available.push(Self::Avx512);
            }
            if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
                available.push(Self::Avx2);
            }
        }
        available.push(Self::Portable);
        available
    }
}

/// Does work with the widest vectors that the machine has. What is inlined into it is compiled for these, so that the
/// closure should be `#[inline(always)]`. Each number comes out the same with any, since products and sums are never
/// contracted.
#[inline]
pub fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    match Isa::best() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `Isa::best` names instructions that the machine has.
        Isa::Avx512 => unsafe { x86::avx512(work) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Isa::Avx2 => unsafe { x86::avx2(work) },
        Isa::Portable => work(),
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    #[target_feature(enable = "avx512f")]
    pub(super) fn avx512<R>(work: impl FnOnce() -> R) -> R {
        work()
    }

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn avx2<R>(work: impl FnOnce() -> R) -> R {
        work()
    }
}
