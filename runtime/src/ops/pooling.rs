//! What the pooling ops share: their keywords' meaning, and the sizes of a call.

use crate::kernels::pool::Pooling;
use crate::op::*;
use crate::ops::image::{Moves, four};

/// The keywords of a pooling.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    /// The size of the window, its height and its width.
    pub window: [usize; 2],
    /// How far the window moves, down and to the right.
    pub strides: [usize; 2],
    /// What stands around the image.
    pub padding: Padding,
}

impl Pool {
    const fn moves(&self) -> Moves {
        Moves { strides: self.strides, dilations: [1, 1], padding: self.padding }
    }

    /// `[batch, height', width', channels]`: the positions of the window.
    ///
    /// # Errors
    ///
    /// Images that do not have four axes; a window that does not fit, or that sees no pixel at one of its positions.
    pub const fn shape(&self, x: &Shape) -> Result<Shape, ShapeError> {
        let window = [Dim::known(self.window[0]), Dim::known(self.window[1])];
        let positions = match self.moves().positions(x, window) {
            Ok(positions) => positions,
            Err(error) => return Err(error),
        };
        let mut axis = 0;
        while axis < 2 {
            if let Err(error) = self.check_padding(x.dim(axis + 1), positions[axis], axis) {
                return Err(error);
            }
            axis += 1;
        }
        if let Some(pixels) = x.dim(1).mul(x.dim(2)).size()
            && pixels >= u32::MAX as usize
        {
            return Err(ShapeError::new("an image has at most 4294967294 pixels"));
        }
        Ok(x.with(1, positions[0]).with(2, positions[1]))
    }

    /// Whether the window sees a pixel at its first position, and at its last.
    const fn check_padding(&self, length: Dim, positions: Dim, axis: usize) -> Result<(), ShapeError> {
        let Padding::Explicit(around) = self.padding else { return Ok(()) };
        let [before, after] = around[axis];
        let sees_last = match (length.size(), positions.size()) {
            (Some(length), Some(positions)) => {
                length > 0 && positions.saturating_sub(1) * self.strides[axis] < before + length
            }
            _ => true,
        };
        if before < self.window[axis] && sees_last {
            return Ok(());
        }
        let padding = if before < self.window[axis] { after } else { before };
        let error = ShapeError::new("with padding of {}, a window of {} has a place where it sees no pixel");
        Err(error.with(Dim::known(padding)).with(Dim::known(self.window[axis])))
    }

    /// The sizes of a call.
    ///
    /// # Errors
    ///
    /// [`Error::Defect`] where `shape` has refused them.
    pub fn sizes(&self, x: &[usize], y: &[usize]) -> Result<Pooling> {
        let ([images, height, width, channels], [_, output_height, output_width, _]) = (four(x)?, four(y)?);
        let (image, output, Self { window, strides, .. }) = ([height, width], [output_height, output_width], *self);
        let before = self.moves().before(image, window, output);
        Ok(Pooling { images, image, channels, output, window, strides, before })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(x: &[usize], window: [usize; 2], strides: [usize; 2], padding: Padding) -> String {
        Pool { window, strides, padding }.shape(&Shape::of(DType::F32, x)).unwrap_err().to_string()
    }

    #[test]
    fn bad_arguments_are_errors() {
        let explicit = |before, after| Padding::Explicit([[before, after], [0, 0]]);
        let x = [1, 5, 5, 2];
        let cases = [
            (
                error(&x[1..], [2, 2], [2, 2], Padding::Same),
                "images are `[batch, height, width, channels]`: 4 axes, not 3",
            ),
            (error(&x, [0, 2], [2, 2], Padding::Same), "a window, a stride and a dilation are at least 1"),
            (error(&x, [2, 2], [2, 0], Padding::Same), "a window, a stride and a dilation are at least 1"),
            (error(&x, [2, 6], [2, 2], Padding::Valid), "a window over 6 elements does not fit into 5"),
            (
                error(&x, [2, 2], [1, 1], explicit(2, 0)),
                "with padding of 2, a window of 2 has a place where it sees no pixel",
            ),
            (
                error(&x, [2, 2], [1, 1], explicit(0, 3)),
                "with padding of 3, a window of 2 has a place where it sees no pixel",
            ),
            (
                error(&[1, 0, 5, 2], [2, 2], [1, 1], explicit(1, 1)),
                "with padding of 1, a window of 2 has a place where it sees no pixel",
            ),
        ];
        for (found, wanted) in cases {
            assert_eq!(found, wanted);
        }
    }

    #[test]
    fn a_window_of_any_size_is_padded_by_same() {
        let pool = Pool { window: [usize::MAX, 9], strides: [1, 7], padding: Padding::Same };
        let (x, y) = ([2, 3, 4, 1], [2, 3, 1, 1]);
        assert_eq!(pool.shape(&Shape::of(DType::F32, &x)).unwrap(), Shape::of(DType::F32, &y));
        let mut means = [0.0; 6];
        crate::kernels::pool::mean(&pool.sizes(&x, &y).unwrap(), &[1.0; 24], &mut means);
        assert_eq!(means, [1.0; 6]);
    }
}
