//! Memory for what a kernel computes on the way. It belongs to the thread that calls the kernel and stays allocated, so
//! that a second run allocates nothing. Threads that help with a kernel are lent parts of it.

use std::cell::RefCell;

use crate::arena::ALIGNMENT;

/// Numbers that memory can be lent for.
pub trait Scratch: Sized + Send {
    /// Lends memory for so many numbers, which hold anything; it begins with a line of the cache, so that no vector
    /// straddles two. `work` may borrow again: a thread has several pieces.
    fn with_scratch<R>(length: usize, work: impl FnOnce(&mut [Self]) -> R) -> R;
}

macro_rules! scratch {
    ($($number:ty),*) => {$(
        impl Scratch for $number {
            fn with_scratch<R>(length: usize, work: impl FnOnce(&mut [Self]) -> R) -> R {
                const LINE: usize = ALIGNMENT / size_of::<$number>();
                thread_local! {
                    static IDLE: RefCell<Vec<Vec<$number>>> = const { RefCell::new(Vec::new()) };
                }
                let mut piece = IDLE.with_borrow_mut(|idle| take(idle, length + LINE));
                piece.resize(piece.len().max(length + LINE), 0.0);
                let first = piece.as_ptr().align_offset(ALIGNMENT).min(LINE);
                let result = work(&mut piece[first..][..length]);
                IDLE.with_borrow_mut(|idle| idle.push(piece));
                result
            }
        }
    )*};
}

scratch!(f32, f64);

/// The smallest piece that is long enough, otherwise the longest there is, to be made longer.
fn take<T>(idle: &mut Vec<Vec<T>>, length: usize) -> Vec<T> {
    let rank = |piece: &Vec<T>| (piece.len() < length, piece.len().abs_diff(length));
    match idle.iter().enumerate().min_by_key(|(_, piece)| rank(piece)) {
        Some((number, _)) => idle.swap_remove(number),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_apart_and_come_back() {
        let address = f64::with_scratch(100, |first| {
            first.fill(1.0);
            f64::with_scratch(10, |second| second.fill(2.0));
            assert!(first.iter().all(|&number| number == 1.0));
            first.as_ptr().addr()
        });
        assert_eq!(f64::with_scratch(90, |again| again.as_ptr().addr()), address);
        f64::with_scratch(5, |small| assert_ne!(small.as_ptr().addr(), address));
    }

    #[test]
    fn the_longest_is_made_longer() {
        let mut idle = vec![vec![0.0; 3], vec![0.0; 8], vec![0.0; 5]];
        assert_eq!(take(&mut idle, 4).len(), 5);
        assert_eq!(take(&mut idle, 9).len(), 8);
        assert_eq!(take(&mut Vec::<Vec<f32>>::new(), 9).len(), 0);
    }
}
