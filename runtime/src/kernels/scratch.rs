//! Memory for what a kernel computes on the way. It belongs to the thread that calls the kernel and stays allocated, so
//! that a second run allocates nothing. Threads that help with a kernel are lent parts of it.

use std::cell::RefCell;

use super::simd::line;
use crate::arena::ALIGNMENT;

/// Numbers that memory can be lent for.
pub trait Scratch: Sized + Send {
    /// Lends memory for so many numbers, which hold anything; it begins with a line of the cache, so that no vector
    /// straddles two. `work` may borrow again: a thread has several pieces.
    fn with_scratch<R>(length: usize, work: impl FnOnce(&mut [Self]) -> R) -> R {
        let mut piece = Self::take(length + line::<Self>());
        let first = piece.as_ptr().align_offset(ALIGNMENT).min(line::<Self>());
        let result = work(&mut piece[first..][..length]);
        Self::give_back(piece);
        result
    }

    /// Takes a piece of memory of at least this length that the thread has, or has from now on.
    fn take(length: usize) -> Vec<Self>;

    /// Gives a piece back to the thread.
    fn give_back(piece: Vec<Self>);
}

macro_rules! scratch {
    ($($number:ident),*) => {$(
        mod $number {
            use super::*;

            thread_local! {
                static IDLE: RefCell<Vec<Vec<$number>>> = const { RefCell::new(Vec::new()) };
            }

            impl Scratch for $number {
                fn take(length: usize) -> Vec<Self> {
                    let mut piece = IDLE.with_borrow_mut(|idle| take(idle, length));
                    piece.resize(piece.len().max(length), 0.0);
                    piece
                }

                fn give_back(piece: Vec<Self>) {
                    IDLE.with_borrow_mut(|idle| idle.push(piece));
                }
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
