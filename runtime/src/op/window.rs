//! Windows that move over an image: those of convolutions and of pooling.

use super::{Dim, ShapeError};

/// How many rows and columns are added around an image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Padding {
    /// So many that the result has the image's size divided by the stride, rounded up; the odd one goes to the bottom
    /// and to the right, as in TensorFlow.
    Same,
    /// None.
    Valid,
    /// These: `[[top, bottom], [left, right]]`.
    Explicit([[usize; 2]; 2]),
}

/// A window along one axis.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// How many elements it looks at.
    pub size: usize,
    /// How far it moves.
    pub stride: usize,
    /// How far apart the elements are that it looks at.
    pub dilation: usize,
}

/// The largest stride, dilation and padding: one that is no size of a tensor is a mistake, and sums of them must not
/// overflow.
const LARGEST: usize = u32::MAX as usize;

impl Window {
    /// The elements from the first that it looks at to the last.
    pub const fn extent(&self) -> usize {
        if self.size == 0 { 0 } else { (self.size - 1).saturating_mul(self.dilation).saturating_add(1) }
    }

    /// How many positions the window has along an axis of this length.
    ///
    /// # Errors
    ///
    /// A window, stride or dilation of 0; one of them, or padding, that no tensor is as large as; a window that is
    /// longer than the padded axis.
    pub const fn positions(&self, length: Dim, padding: Padding, axis: usize) -> Result<Dim, ShapeError> {
        if self.size == 0 || self.stride == 0 || self.dilation == 0 {
            return Err(ShapeError::new("a window, a stride and a dilation are at least 1"));
        }
        let added = match padding {
            Padding::Same | Padding::Valid => [0, 0],
            Padding::Explicit(around) => around[axis],
        };
        if self.stride > LARGEST || self.dilation > LARGEST || added[0] > LARGEST || added[1] > LARGEST {
            return Err(ShapeError::new("a stride, a dilation and padding are at most 4294967295"));
        }
        let Some(length) = length.size() else { return Ok(Dim::Unknown) };
        let padded = match padding {
            Padding::Same => return Ok(Dim::known(length.div_ceil(self.stride))),
            Padding::Valid | Padding::Explicit(_) => length.saturating_add(added[0]).saturating_add(added[1]),
        };
        let extent = self.extent();
        if extent > padded {
            let error = ShapeError::new("a window over {} elements does not fit into {}");
            return Err(error.with(Dim::known(extent)).with(Dim::known(padded)));
        }
        Ok(Dim::known((padded - extent) / self.stride + 1))
    }

    /// How many elements are added before the first, where the window has so many positions along an axis of this
    /// length.
    pub const fn before(&self, length: usize, positions: usize, padding: Padding, axis: usize) -> usize {
        match padding {
            Padding::Same => {
                let covered = positions.saturating_sub(1).saturating_mul(self.stride).saturating_add(self.extent());
                covered.saturating_sub(length) / 2
            }
            Padding::Valid => 0,
            Padding::Explicit(around) => around[axis][0],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(size: usize, stride: usize, dilation: usize, length: usize, padding: Padding) -> Option<Dim> {
        Window { size, stride, dilation }.positions(Dim::known(length), padding, 0).ok()
    }

    #[test]
    fn positions_are_tensorflows() {
        assert_eq!(positions(3, 2, 1, 5, Padding::Same), Some(Dim::known(3)));
        assert_eq!(positions(3, 2, 1, 5, Padding::Valid), Some(Dim::known(2)));
        assert_eq!(positions(3, 1, 2, 7, Padding::Valid), Some(Dim::known(3)));
        assert_eq!(positions(3, 1, 1, 2, Padding::Explicit([[1, 0], [0, 0]])), Some(Dim::known(1)));
        assert_eq!(positions(3, 1, 1, 2, Padding::Valid), None);
        assert_eq!(positions(3, 0, 1, 5, Padding::Same), None);
        assert_eq!(positions(2, 1, 1, 0, Padding::Same), Some(Dim::known(0)));
    }

    #[test]
    fn the_odd_row_of_padding_goes_to_the_end() {
        let window = Window { size: 2, stride: 1, dilation: 1 };
        assert_eq!(window.before(5, 5, Padding::Same, 0), 0);
        let window = Window { size: 5, stride: 2, dilation: 1 };
        assert_eq!(window.before(6, 3, Padding::Same, 0), 1);
    }

    /// What TensorFlow gives for an axis of 1 to 8 elements, windows of 1, 2, 3 and 5, each with the strides 1, 2 and
    /// 3: the positions with `Same`, the padding before, and the positions with `Valid`, 0 where it refuses.
    #[rustfmt::skip]
    const TENSORFLOW: [[[usize; 3]; 12]; 8] = [
        [[1, 0, 1], [1, 0, 1], [1, 0, 1], [1, 0, 0], [1, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 0], [1, 1, 0], [1, 2, 0], [1, 2, 0], [1, 2, 0]],
        [[2, 0, 2], [1, 0, 1], [1, 0, 1], [2, 0, 1], [1, 0, 1], [1, 0, 1], [2, 1, 0], [1, 0, 0], [1, 0, 0], [2, 2, 0], [1, 1, 0], [1, 1, 0]],
        [[3, 0, 3], [2, 0, 2], [1, 0, 1], [3, 0, 2], [2, 0, 1], [1, 0, 1], [3, 1, 1], [2, 1, 1], [1, 0, 1], [3, 2, 0], [2, 2, 0], [1, 1, 0]],
        [[4, 0, 4], [2, 0, 2], [2, 0, 2], [4, 0, 3], [2, 0, 2], [2, 0, 1], [4, 1, 2], [2, 0, 1], [2, 1, 1], [4, 2, 0], [2, 1, 0], [2, 2, 0]],
        [[5, 0, 5], [3, 0, 3], [2, 0, 2], [5, 0, 4], [3, 0, 2], [2, 0, 2], [5, 1, 3], [3, 1, 2], [2, 0, 1], [5, 2, 1], [3, 2, 1], [2, 1, 1]],
        [[6, 0, 6], [3, 0, 3], [2, 0, 2], [6, 0, 5], [3, 0, 3], [2, 0, 2], [6, 1, 4], [3, 0, 2], [2, 0, 2], [6, 2, 2], [3, 1, 1], [2, 1, 1]],
        [[7, 0, 7], [4, 0, 4], [3, 0, 3], [7, 0, 6], [4, 0, 3], [3, 0, 2], [7, 1, 5], [4, 1, 3], [3, 1, 2], [7, 2, 3], [4, 2, 2], [3, 2, 1]],
        [[8, 0, 8], [4, 0, 4], [3, 0, 3], [8, 0, 7], [4, 0, 4], [3, 0, 3], [8, 1, 6], [4, 0, 3], [3, 0, 2], [8, 2, 4], [4, 1, 2], [3, 1, 2]],
    ];

    #[test]
    fn sizes_and_padding_are_tensorflows() {
        for (length, row) in (1..).zip(TENSORFLOW) {
            let windows = [1, 2, 3, 5].into_iter().flat_map(|size| [1, 2, 3].map(|stride| (size, stride)));
            for ((size, stride), [same, before, valid]) in windows.zip(row) {
                let what = format!("a window of {size}, stride {stride}, on {length}");
                assert_eq!(positions(size, stride, 1, length, Padding::Same), Some(Dim::known(same)), "{what}");
                let window = Window { size, stride, dilation: 1 };
                assert_eq!(window.before(length, same, Padding::Same, 0), before, "{what}");
                let wanted = (valid > 0).then_some(Dim::known(valid));
                assert_eq!(positions(size, stride, 1, length, Padding::Valid), wanted, "{what}");
            }
        }
    }

    #[test]
    fn numbers_that_are_no_sizes_are_errors() {
        let explicit = Padding::Explicit([[usize::MAX, usize::MAX], [0, 0]]);
        assert_eq!(positions(2, usize::MAX, 1, 5, Padding::Same), None);
        assert_eq!(positions(2, 1, usize::MAX, 5, Padding::Same), None);
        assert_eq!(positions(2, 1, 1, 5, explicit), None);
        assert_eq!(positions(usize::MAX, 1, LARGEST, 5, Padding::Valid), None);
    }
}
