//! What the convolutions share: the sizes of a call, and the gradients.

use crate::kernels::convolution::{Convolution, filter_gradient, image_gradient};
use crate::kernels::gemm::Gemm;
use crate::op::*;
use crate::ops::image::{Moves, four};

/// The sizes of a convolution of images by a filter, to `y`.
///
/// # Errors
///
/// [`Error::Defect`] where `shape` has refused them.
pub fn sizes(moves: Moves, images: &[usize], filter: &[usize], y: &[usize], groups: usize) -> Result<Convolution> {
    let ([images, height, width, channels], [rows, columns, _, _]) = (four(images)?, four(filter)?);
    let [_, output_height, output_width, filters] = four(y)?;
    let (image, window, output) = ([height, width], [rows, columns], [output_height, output_width]);
    let (before, Moves { strides, dilations, .. }) = (moves.before(image, window, output), moves);
    Ok(Convolution { images, image, channels, output, filters, window, strides, dilations, before, groups })
}

/// `dx`: each `dy` goes back to the pixels that the filter looked at; `dfilter`: each of them times `dy`.
pub fn gradients<T: Gemm>(
    context: &Context,
    sizes: &Convolution,
    (x, filter, dy): (View<T>, View<T>, View<T>),
    dx: Gradient<T>,
    dfilter: Gradient<T>,
) {
    if let Some((mut dx, update)) = dx.into_parts() {
        let (dy, filter) = (dy.data(), filter.data());
        context.with_epilogue(|epilogue| image_gradient(sizes, dy, filter, dx.data(), update, epilogue));
    }
    if let Some((mut dfilter, update)) = dfilter.into_parts() {
        filter_gradient(sizes, x.data(), dy.data(), dfilter.data(), update);
    }
}

#[cfg(test)]
pub mod tests {
    use ndarray::{ArrayD, IxDyn};

    use crate::random::Random;
    use crate::testing::Tensor;

    /// An operand of these sizes.
    pub fn normal(shape: &[usize]) -> Tensor {
        let mut random = Random::new(3, "operand", shape.len() as u64);
        ArrayD::from_shape_simple_fn(IxDyn(shape), || random.normal()).into()
    }
}
