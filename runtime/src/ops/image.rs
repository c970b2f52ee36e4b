//! What the ops on images share: batches of images with channels last (NHWC), and windows that move over them.

use crate::op::*;

/// The keywords of a window that moves over images.
#[derive(Clone, Copy, Debug)]
pub struct Moves {
    /// How far it moves, down and to the right.
    pub strides: [usize; 2],
    /// How far apart the pixels are that it looks at.
    pub dilations: [usize; 2],
    /// What stands around the image.
    pub padding: Padding,
}

impl Moves {
    /// The window of this size along an axis: 0 is down, 1 to the right.
    pub const fn window(&self, size: usize, axis: usize) -> Window {
        Window { size, stride: self.strides[axis], dilation: self.dilations[axis] }
    }

    /// How many positions a window of this size has on these images, down and to the right.
    ///
    /// # Errors
    ///
    /// Images that do not have four axes; as for [`Window::positions`].
    pub const fn positions(&self, images: &Shape, window: [Dim; 2]) -> Result<[Dim; 2], ShapeError> {
        if let Err(error) = images_have_four_axes(images) {
            return Err(error);
        }
        let mut positions = [Dim::Unknown; 2];
        let mut axis = 0;
        while axis < 2 {
            // A window whose size is not known yet has at least one tap.
            let (size, is_known) = match window[axis].size() {
                Some(size) => (size, true),
                None => (1, false),
            };
            match self.window(size, axis).positions(images.dim(axis + 1), self.padding, axis) {
                Ok(dim) if is_known || matches!(self.padding, Padding::Same) => positions[axis] = dim,
                Ok(_) => {}
                Err(error) => return Err(error),
            }
            axis += 1;
        }
        Ok(positions)
    }

    /// How many rows and columns stand before an image of this size, where the window has so many positions on it.
    pub const fn before(&self, image: [usize; 2], window: [usize; 2], positions: [usize; 2]) -> [usize; 2] {
        let rows = self.window(window[0], 0).before(image[0], positions[0], self.padding, 0);
        [rows, self.window(window[1], 1).before(image[1], positions[1], self.padding, 1)]
    }
}

/// Whether images have the axes of a batch.
///
/// # Errors
///
/// Where they have more or fewer.
pub const fn images_have_four_axes(images: &Shape) -> Result<(), ShapeError> {
    if images.rank() == 4 {
        return Ok(());
    }
    Err(ShapeError::new("images are `[batch, height, width, channels]`: 4 axes, not {}").number(images.rank() as isize))
}

/// The sizes of four axes.
///
/// # Errors
///
/// [`Error::Defect`] where there are more or fewer, which `shape` has refused.
pub fn four(sizes: &[usize]) -> Result<[usize; 4]> {
    sizes.try_into().map_err(|_| Error::defect(format!("{sizes:?} are not the sizes of images")))
}

#[cfg(test)]
pub mod tests {
    use std::any::Any;

    use ndarray::{ArrayD, IxDyn};

    use crate::kernels::isa;
    use crate::op::Operation;
    use crate::testing::{Tensor, differentiate};

    /// An array by its sizes and its elements.
    pub type Numbers<'a> = (&'a [usize], &'a [f64]);

    /// What TensorFlow gives for an op, in `f64`.
    pub struct TensorFlow<'a> {
        pub operands: &'a [Numbers<'a>],
        pub result: Numbers<'a>,
        pub upstream: &'a [f64],
        /// The gradients of the first operands.
        pub gradients: &'a [&'a [f64]],
    }

    impl TensorFlow<'_> {
        /// Holds an op, run as in training, against the numbers, with each set of vectors that the machine has.
        pub fn check<A: Any + Copy + Send + Sync>(&self, operation: &'static Operation, attrs: A) {
            isa::on_each(|_| self.check_on_one(operation, attrs));
        }

        fn check_on_one<A: Any + Copy + Send + Sync>(&self, operation: &'static Operation, attrs: A) {
            let array =
                |(shape, elements): Numbers<'_>| ArrayD::from_shape_vec(IxDyn(shape), elements.to_vec()).unwrap();
            let operands: Vec<Tensor> = self.operands.iter().map(|&numbers| array(numbers).into()).collect();
            let upstream = [Some(array((self.result.0, self.upstream)))];
            let found = differentiate(&operands, &upstream, move |recorder, operands| {
                Ok(recorder.op(operation, "op", operands, std::sync::Arc::new(attrs))?.into_vec())
            })
            .unwrap();
            assert_eq!(found.results[0].array.shape(), self.result.0);
            close("the result", found.results[0].array.iter(), self.result.1);
            for (number, (found, wanted)) in found.gradients.iter().zip(self.gradients).enumerate() {
                close(&format!("gradient {number}"), found.iter(), wanted);
            }
        }
    }

    /// Whether numbers are those of `f64` arithmetic, in whatever order it was done.
    pub fn close<'a>(what: &str, found: impl ExactSizeIterator<Item = &'a f64>, wanted: &[f64]) {
        assert_eq!(found.len(), wanted.len(), "{what}");
        for (n, (found, wanted)) in found.zip(wanted).enumerate() {
            assert!((found - wanted).abs() < 1e-10, "{what}: {found} at {n}, not {wanted}");
        }
    }
}
