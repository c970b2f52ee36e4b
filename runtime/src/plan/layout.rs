//! Offsets in the arena: tensors whose lifetimes overlap get places that do not.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::arena::ALIGNMENT;
use crate::error::{Error, Result};

/// Memory that is needed from one stage to another, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// How much.
    pub bytes: usize,
    /// The first stage.
    pub first: usize,
    /// The last stage.
    pub last: usize,
}

/// An offset for each span, and the size of the arena that holds them.
///
/// Goes through time; a span takes the smallest gap that is wide enough, or the end. The tensors of a forward pass die
/// in about the opposite order of their births, which leaves few gaps.
///
/// # Errors
///
/// [`Error::TooLarge`] where the addresses run out.
pub fn place(spans: &[Span]) -> Result<(Vec<usize>, usize)> {
    let mut order: Vec<usize> = (0..spans.len()).collect();
    // Of what begins at the same time the longest-lived lies lowest.
    order.sort_by_key(|&span| (spans[span].first, Reverse(spans[span].last)));
    let mut offsets = vec![0; spans.len()];
    let mut live: BinaryHeap<Reverse<(usize, usize)>> = BinaryHeap::new();
    let mut free = FreeList::default();
    for number in order {
        let span = &spans[number];
        while let Some(&Reverse((last, done))) = live.peek()
            && last < span.first
        {
            free.give_back(offsets[done], rounded(spans[done].bytes)?);
            live.pop();
        }
        offsets[number] = free.take(rounded(span.bytes)?)?;
        live.push(Reverse((span.last, number)));
    }
    Ok((offsets, free.end))
}

fn too_large() -> Error {
    Error::TooLarge { what: "the memory plan".into() }
}

fn rounded(bytes: usize) -> Result<usize> {
    bytes.checked_next_multiple_of(ALIGNMENT).filter(|&bytes| bytes <= isize::MAX as usize).ok_or_else(too_large)
}

/// The gaps below the end of the arena, in order, no two of them touching.
#[derive(Default)]
struct FreeList {
    gaps: Vec<(usize, usize)>,
    end: usize,
}

impl FreeList {
    fn take(&mut self, bytes: usize) -> Result<usize> {
        let fitting = self.gaps.iter().enumerate().filter(|(_, (_, length))| *length >= bytes);
        if let Some((gap, _)) = fitting.min_by_key(|(_, (_, length))| *length) {
            let (offset, length) = &mut self.gaps[gap];
            let taken = *offset;
            (*offset, *length) = (taken + bytes, *length - bytes);
            if *length == 0 {
                self.gaps.remove(gap);
            }
            return Ok(taken);
        }
        // No gap is wide enough; one that touches the end is used and the arena grows by the rest.
        let start = match self.gaps.last() {
            Some(&(offset, length)) if offset + length == self.end => {
                self.gaps.pop();
                offset
            }
            _ => self.end,
        };
        self.end = start.checked_add(bytes).filter(|&end| end <= isize::MAX as usize).ok_or_else(too_large)?;
        Ok(start)
    }

    fn give_back(&mut self, offset: usize, bytes: usize) {
        if bytes == 0 {
            return;
        }
        let at = self.gaps.partition_point(|&(gap, _)| gap < offset);
        self.gaps.insert(at, (offset, bytes));
        if at + 1 < self.gaps.len() && offset + bytes == self.gaps[at + 1].0 {
            self.gaps[at].1 += self.gaps.remove(at + 1).1;
        }
        if at > 0 && self.gaps[at - 1].0 + self.gaps[at - 1].1 == offset {
            self.gaps[at - 1].1 += self.gaps.remove(at).1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// The most bytes that are needed at one time: no plan can do with less.
    fn least(spans: &[Span]) -> usize {
        let needed = |time| {
            let live = spans.iter().filter(|span| span.first <= time && time <= span.last);
            live.map(|span| rounded(span.bytes).unwrap()).sum()
        };
        spans.iter().map(|span| needed(span.first)).max().unwrap_or(0)
    }

    fn check(spans: &[Span]) -> usize {
        let (offsets, end) = place(spans).unwrap();
        for (a, &at_a) in spans.iter().zip(&offsets) {
            assert!(at_a % ALIGNMENT == 0 && at_a + a.bytes <= end);
            for (b, &at_b) in spans.iter().zip(&offsets) {
                let together = a.first <= b.last && b.first <= a.last;
                let apart = at_a + a.bytes <= at_b || at_b + b.bytes <= at_a;
                assert!(std::ptr::eq(a, b) || !together || apart, "{a:?} at {at_a} meets {b:?} at {at_b}");
            }
        }
        end
    }

    #[test]
    fn spans_that_meet_in_time_are_apart_in_memory() {
        let mut random = Random::new(1, "spans", 0);
        for _ in 0..200 {
            let spans: Vec<Span> = (0..random.below(60))
                .map(|_| {
                    let first = random.below(50);
                    Span { bytes: random.below(1000), first, last: first + random.below(20) }
                })
                .collect();
            let end = check(&spans);
            assert!(end <= 2 * least(&spans), "{end} bytes, {} would do", least(&spans));
        }
    }

    #[test]
    fn a_stack_of_lifetimes_needs_no_more_than_it_must() {
        let spans: Vec<Span> = (0..10).map(|n| Span { bytes: 64 * (n + 1), first: n, last: 40 - n }).collect();
        assert_eq!(check(&spans), least(&spans));
    }

    #[test]
    fn memory_beyond_the_address_space_is_an_error() {
        let span = Span { bytes: isize::MAX as usize - 100, first: 0, last: 1 };
        assert!(place(&[span, span]).is_err());
        assert!(place(&[Span { bytes: usize::MAX, ..span }]).is_err());
    }
}
