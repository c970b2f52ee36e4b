//! Memory for what a computation needs only while it runs.

use std::cell::RefCell;

use super::gemm::Gemm;

/// A number of which threads have such memory.
pub trait Scratch: Gemm {
    /// Lends so many numbers, of any value. The memory belongs to the thread and stays allocated, so that the next run
    /// does not ask for it again.
    fn with_scratch<R>(length: usize, work: impl FnOnce(&mut [Self]) -> R) -> R;
}

macro_rules! scratch {
    ($($number:ty),*) => {$(
        impl Scratch for $number {
            fn with_scratch<R>(length: usize, work: impl FnOnce(&mut [Self]) -> R) -> R {
                thread_local! {
                    static SCRATCH: RefCell<Vec<$number>> = const { RefCell::new(Vec::new()) };
                }
                // Taken out for the time being, because `work` may need some as well.
                let mut scratch = SCRATCH.take();
                scratch.resize(scratch.len().max(length), 0.0);
                let result = work(&mut scratch[..length]);
                SCRATCH.set(scratch);
                result
            }
        }
    )*};
}

scratch!(f32, f64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_stays_and_may_be_lent_twice() {
        let address = |length| f64::with_scratch(length, |numbers| numbers.as_ptr());
        let first = address(1000);
        assert_eq!(address(10), first);
        let lengths = f64::with_scratch(5, |outer| f64::with_scratch(7, |inner| (outer.len(), inner.len())));
        assert_eq!(lengths, (5, 7));
    }
}
