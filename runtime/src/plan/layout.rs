//! Offsets in the arena: tensors whose lifetimes overlap get places that do not.

use std::cmp::Reverse;

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
/// The largest span is placed first, and each at the lowest place that is free for as long as it lives: small ones find
/// gaps between large ones, while large ones hardly ever do between small ones.
///
/// # Errors
///
/// [`Error::TooLarge`] where the addresses run out.
pub fn place(spans: &[Span]) -> Result<(Vec<usize>, usize)> {
    let mut order: Vec<usize> = (0..spans.len()).collect();
    order.sort_by_key(|&number| (Reverse(spans[number].bytes), spans[number].first));
    let (mut offsets, mut end) = (vec![0; spans.len()], 0);
    // What is placed, the lowest first.
    let mut placed: Vec<usize> = Vec::with_capacity(spans.len());
    for number in order {
        let (span, bytes) = (&spans[number], rounded(spans[number].bytes)?);
        let mut start: usize = 0;
        for &other in &placed {
            let (offset, other) = (offsets[other], &spans[other]);
            if offset >= start.saturating_add(bytes) {
                break;
            }
            if other.first <= span.last && span.first <= other.last {
                start = start.max(offset + rounded(other.bytes)?);
            }
        }
        let own_end = start.checked_add(bytes).filter(|&end| end <= isize::MAX as usize).ok_or_else(too_large)?;
        (offsets[number], end) = (start, end.max(own_end));
        placed.insert(placed.partition_point(|&other| offsets[other] < start), number);
    }
    Ok((offsets, end))
}

/// The most bytes that are needed at one time: what no plan can do without.
pub fn peak(spans: &[Span]) -> usize {
    // Before what begins at a time, all that ended earlier is given back.
    let mut changes: Vec<(usize, bool, usize)> =
        spans.iter().flat_map(|span| [(span.first, true, span.bytes), (span.last + 1, false, span.bytes)]).collect();
    changes.sort_unstable();
    let (mut live, mut peak) = (0_usize, 0);
    for (_, begins, bytes) in changes {
        live = if begins { live.saturating_add(bytes) } else { live.saturating_sub(bytes) };
        peak = peak.max(live);
    }
    peak
}

fn too_large() -> Error {
    Error::TooLarge { what: "the memory plan".into() }
}

fn rounded(bytes: usize) -> Result<usize> {
    bytes.checked_next_multiple_of(ALIGNMENT).filter(|&bytes| bytes <= isize::MAX as usize).ok_or_else(too_large)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// The least that a plan can do with whose places are aligned.
    fn least(spans: &[Span]) -> usize {
        let aligned: Vec<Span> =
            spans.iter().map(|span| Span { bytes: rounded(span.bytes).unwrap(), ..*span }).collect();
        let needed =
            |time| aligned.iter().filter(|span| span.first <= time && time <= span.last).map(|span| span.bytes).sum();
        let least = spans.iter().map(|span| needed(span.first)).max().unwrap_or(0);
        assert_eq!(peak(&aligned), least);
        least
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
