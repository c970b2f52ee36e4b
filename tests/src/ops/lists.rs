//! Lists of axes and of sizes, whose constructors take arrays, from slices.

use varscope::op::{Axes, Paddings, Sizes};

/// Calls a constructor with an array of as many elements as the slice has, if that is one of some lengths.
macro_rules! of_length {
    ($slice:expr, $make:path: $($length:literal)*) => {
        match $slice.len() {
            $($length => <[_; $length]>::try_from($slice).ok().map($make),)*
            _ => None,
        }
    };
}

/// A list of axes; none for more than a tensor has.
pub fn axes(axes: &[i64]) -> Option<Axes> {
    of_length!(axes, Axes::new: 0 1 2 3 4 5 6)
}

/// A list of sizes, −1 being `_`; none for more than a list holds.
pub fn sizes(sizes: &[i64]) -> Option<Sizes> {
    of_length!(sizes, Sizes::new: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
}

/// A list of pairs of sizes, before and after; none for more than a tensor has axes.
pub fn paddings(pairs: &[[i64; 2]]) -> Option<Paddings> {
    of_length!(pairs, Paddings::new: 0 1 2 3 4 5 6)
}

#[cfg(test)]
mod tests {
    use varscope::op::Dim;

    use super::*;

    #[test]
    fn as_many_as_there_are() {
        let list = axes(&[1, -1]).unwrap();
        assert_eq!((list.len(), list.get(0), list.get(1)), (2, 1, -1));
        assert!(axes(&[]).unwrap().is_empty());
        assert!(axes(&[0; 7]).is_none());
        assert_eq!(sizes(&[4, -1]).unwrap().dims(), [Dim::known(4), Dim::Rest]);
        assert!(sizes(&[1; 17]).is_none());
    }
}
