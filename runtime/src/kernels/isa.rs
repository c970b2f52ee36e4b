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
        #[cfg(test)]
        if let Some(forced) = tests::FORCED.get() {
            return forced;
        }
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

/// Does work with the widest vectors that the machine has. What is inlined into it is compiled for these, and nothing
/// else: the closure should be `#[inline(always)]`, and so should what it calls with loops over elements in it. Each
/// number comes out the same with any vectors, since products and sums are never contracted.
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

/// Calls `work` for each set of vectors that the machine has, with that set as the best, in a pool of one thread: so
/// no helper, for whom it is not, does any of the work.
#[cfg(test)]
pub fn on_each(work: impl Fn(Isa) + Sync) {
    for isa in Isa::available() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
        pool.install(|| {
            tests::FORCED.set(Some(isa));
            work(isa);
        });
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Mutex;

    use super::*;
    use crate::kernels::parallel;

    thread_local! {
        /// What is the best on this thread, if that is said.
        pub(super) static FORCED: Cell<Option<Isa>> = const { Cell::new(None) };
    }

    #[test]
    fn each_is_the_best_in_its_turn_for_all_of_the_work() {
        let seen = Mutex::new(Vec::new());
        on_each(|isa| {
            parallel::for_each(100, 1 << 30, |_| assert_eq!(Isa::best(), isa));
            seen.lock().unwrap().push(isa);
        });
        assert_eq!(seen.into_inner().unwrap(), Isa::available());
        assert_eq!(Isa::best(), Isa::available()[0]);
    }
}
