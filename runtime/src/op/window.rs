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

impl Window {
    /// The elements from the first that it looks at to the last.
    pub const fn extent(&self) -> usize {
        if self.size == 0 { 0 } else { (self.size - 1) * self.dilation + 1 }
    }

    /// How many positions the window has along an axis of this length.
    ///
    /// # Errors
    ///
    /// A window, stride or dilation of 0; a window that is longer than the padded axis.
    pub const fn positions(&self, length: Dim, padding: Padding, axis: usize) -> Result<Dim, ShapeError> {
        if self.size == 0 || self.stride == 0 || self.dilation == 0 {
            return Err(ShapeError::new("a window, a stride and a dilation are at least 1"));
        }
        let Some(length) = length.size() else { return Ok(Dim::Unknown) };
        let padded = match padding {
            Padding::Same => return Ok(Dim::known(length.div_ceil(self.stride))),
            Padding::Valid => length,
            Padding::Explicit(around) => length.saturating_add(around[axis][0]).saturating_add(around[axis][1]),
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
            Padding::Same => (positions.saturating_sub(1) * self.stride + self.extent()).saturating_sub(length) / 2,
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
}
