//! `max_pool2d(x)`: the largest pixel in a window, channel by channel, `[batch, height, width, channels] → [batch,
//! height', width', channels]`.
//!
//! Padding is no pixel: it is never the largest. The gradient goes to the first of the largest pixels, row by row, as
//! in TensorFlow.

use crate::kernels::elementwise::ELEMENT;
use crate::kernels::parallel::for_each_chunk;
use crate::kernels::pool;
use crate::op::*;
use crate::ops::pooling::Pool;

crate::attributes! {
    /// The size of the window, its height and its width.
    window: [usize; 2] = [2, 2],
    /// How far the window moves, down and to the right.
    strides: [usize; 2] = [2, 2],
    /// What stands around the image.
    padding: Padding = Padding::Valid,
}

impl Attrs {
    const fn pool(&self) -> Pool {
        Pool { window: self.window, strides: self.strides, padding: self.padding }
    }
}

/// `[batch, height', width', channels]`: the positions of the window. It keeps which pixel was the largest.
pub const fn shape(x: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    match attrs.pool().shape(&x) {
        Ok(shape) => Ok(Shapes::one(shape).and_saved(shape.with_dtype(DType::U32))),
        Err(error) => Err(error),
    }
}

/// `y = max x` over the window; `pixels` are the numbers of these pixels in their image.
pub fn forward<T: Float>(
    _: &Context,
    x: View<T>,
    attrs: &Attrs,
    mut y: ViewMut<T>,
    mut pixels: ViewMut<u32>,
) -> Result<()> {
    let sizes = attrs.pool().sizes(x.shape(), y.shape())?;
    pool::max(&sizes, x.data(), y.data(), pixels.data());
    Ok(())
}

/// `dx = dy` at the pixel that was the largest, summed over windows.
pub fn backward<T: Float>(
    context: &Context,
    pixels: View<u32>,
    dy: View<T>,
    attrs: &Attrs,
    dx: Gradient<T>,
) -> Result<()> {
    let Some((mut dx, update)) = dx.into_parts() else { return Ok(()) };
    let sizes = attrs.pool().sizes(dx.shape(), dy.shape())?;
    if !context.is_followed() {
        pool::max_gradient(&sizes, pixels.data(), dy.data(), dx.data(), update);
        return Ok(());
    }
    let images = sizes.images.max(1);
    let (image, result) = (dx.data().len() / images, dy.len() / images);
    for_each_chunk(dx.data(), image, dy.len() * ELEMENT, |number, dx| {
        let results = number * result..(number + 1) * result;
        pool::max_gradient(&sizes, &pixels.data()[results.clone()], &dy.data()[results], dx, update);
        context.finish(number * image, dx);
    });
    Ok(())
}

crate::op! {
    max_pool2d(x: T) -> (y: T) saves (pixels: u32), for T in [f32, f64];
    backward(reads [pixels], from [y], to [x], pieces);
}

#[cfg(test)]
mod tests {
    use ndarray::Array4;

    use super::*;
    use crate::ops::expected::check;
    use crate::ops::image::tests::TensorFlow;

    #[test]
    #[rustfmt::skip]
    fn tensorflow_on_ties() {
        TensorFlow {
            operands: &[
                (&[1, 4, 4, 1], &[1.0, 1.0, 2.0, 0.0, 1.0, 1.0, 0.0, 2.0, 0.0, 0.0, -1.0, -1.0, 0.0, 3.0, -1.0,
                 -1.0]),
            ],
            result: (&[1, 2, 2, 1], &[1.0, 2.0, 3.0, -1.0]),
            upstream: &[-1.0432, -0.8209, 0.6651, 1.8226],
            gradients: &[
                &[-1.0432, 0.0, -0.8209, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.8226, 0.0, 0.0, 0.6651, 0.0, 0.0],
            ],
        }
        .check(&OPERATION, Attrs::DEFAULT);
    }

    #[test]
    #[rustfmt::skip]
    #[expect(clippy::approx_constant, reason = "the numbers are random")]
    fn tensorflow_on_negative_numbers_in_padding() {
        TensorFlow {
            operands: &[
                (&[1, 3, 3, 1], &[-1.4427, -0.7416, -1.9668, -2.0827, -1.1295, -1.0025, -0.732, -0.6024, -0.6481]),
            ],
            result: (&[1, 2, 2, 1], &[-0.7416, -0.7416, -0.6024, -0.6024]),
            upstream: &[-1.5604, -0.031, -0.6209, -1.4646],
            gradients: &[
                &[0.0, -1.5914, 0.0, 0.0, 0.0, 0.0, 0.0, -2.0855, 0.0],
            ],
        }
        .check(&OPERATION, Attrs::DEFAULT.window([3, 3]).padding(Padding::Same));
    }

    #[test]
    #[rustfmt::skip]
    fn tensorflow_on_a_stride_larger_than_the_window() {
        TensorFlow {
            operands: &[
                (&[1, 6, 7, 2], &[0.084, -0.4881, 0.9386, -1.9201, -0.935, 0.6416, 0.1091, -0.7715, 0.5407, 0.2172,
                 0.1164, -0.1978, 0.7901, 1.1518, 1.5551, -1.8051, -0.0147, -0.2021, 1.4366, -1.5722, -0.4966,
                 -0.1533, 0.186, 0.0653, 0.0421, 0.1663, -0.3714, 2.3291, 2.1537, 0.6903, -0.9478, 0.8237, -0.7098,
                 0.0219, 0.3553, 0.4122, 0.2857, 1.3193, 1.534, -1.1843, 0.1233, -0.5553, -0.2581, -1.5445, 1.4209,
                 -1.4636, -0.528, 0.764, 0.3562, 1.2803, -0.0184, -0.8664, 0.2537, 0.6743, 1.7682, 2.1954, -0.861,
                 -0.8639, -0.3738, -0.301, -0.3975, 0.3023, 0.2764, -1.1637, 1.2419, 1.622, 1.1122, 0.511, 0.1946,
                 0.2803, 0.2235, -0.9171, 0.467, -0.0789, -0.8734, -0.4739, 0.5287, 0.9818, -1.7207, 1.0921, 0.0525,
                 -0.707, -2.469, -0.2492]),
            ],
            result: (&[1, 2, 3, 2], &[1.5551, -0.2021, 0.5407, 0.2172, 0.7901, 2.3291, 1.4209, -0.301, 1.2419,
             1.622, 1.7682, 2.1954]),
            upstream: &[0.0264, 0.2603, -0.3951, -0.2043, -1.2716, -2.5969, 0.2897, -0.8733, 0.3941, 0.9351,
             -0.0157, 0.2596],
            gradients: &[
                &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -0.3951, -0.2043, 0.0, 0.0, -1.2716, 0.0, 0.0264, 0.0,
                 0.0, 0.2603, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -2.5969, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
                 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.2897, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
                 0.0, -0.0157, 0.2596, 0.0, 0.0, 0.0, -0.8733, 0.0, 0.0, 0.0, 0.0, 0.3941, 0.9351, 0.0, 0.0, 0.0,
                 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            ],
        }
        .check(&OPERATION, Attrs::DEFAULT.strides([3, 3]).padding(Padding::Same));
    }

    #[test]
    #[rustfmt::skip]
    fn tensorflow_on_windows_that_overlap() {
        TensorFlow {
            operands: &[
                (&[1, 4, 6, 2], &[0.345, 0.5932, -0.5754, 1.4884, -0.5391, 0.2708, -0.3113, 0.5401, 1.7326, -0.3815,
                 -0.2964, -0.3099, 1.5829, 0.2068, -0.9877, 0.1332, 0.0196, 0.2232, -0.4213, -1.3857, 0.904,
                 -1.3382, -1.5966, 0.8348, 0.996, -1.3563, 0.5864, -0.7723, 1.5718, 0.3954, -0.1651, 0.1117, 1.8066,
                 0.6494, -0.3783, -0.9706, 0.9646, -0.6357, 2.2415, -1.8293, 0.0758, 0.4012, -0.8767, -0.0492,
                 0.0829, -0.8851, 0.265, 0.5872]),
            ],
            result: (&[1, 2, 4, 2], &[1.5829, 1.4884, 1.5718, 1.4884, 1.8066, 0.6494, 1.8066, 0.8348, 2.2415,
             0.4012, 2.2415, 0.4012, 1.8066, 0.6494, 1.8066, 0.8348]),
            upstream: &[0.2574, -0.9085, -0.3785, -0.5349, 0.8581, -0.413, 0.4982, 2.0102, 1.2629, -0.4392, -0.3464,
             0.4553, -1.6687, -0.8621, 0.4929, -0.1243],
            gradients: &[
                &[0.0, 0.0, 0.0, -1.4434, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.2574, 0.0, 0.0, 0.0, 0.0, 0.0,
                 0.0, 0.0, 0.0, 0.0, 0.0, 1.8859, 0.0, 0.0, 0.0, 0.0, -0.3785, 0.0, 0.0, 0.0, 0.1805, -1.2751, 0.0,
                 0.0, 0.0, 0.0, 0.9165, 0.0, 0.0, 0.0161, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            ],
        }
        .check(&OPERATION, Attrs::DEFAULT.window([3, 3]).strides([1, 1]));
    }

    #[test]
    fn gradients_and_shapes() {
        // All different, and far enough apart for finite differences.
        let x = |shape| Array4::from_shape_fn(shape, |(n, i, j, c)| ((n * 37 + i * 19 + j * 7 + c * 11) % 41) as f64);
        let attrs = Attrs::DEFAULT;
        check(&OPERATION, attrs, &[x((2, 5, 4, 2)).into()]).unwrap();
        check(&OPERATION, attrs.window([3, 2]).strides([1, 2]).padding(Padding::Same), &[x((1, 4, 5, 1)).into()])
            .unwrap();
        check(
            &OPERATION,
            attrs.strides([3, 1]).padding(Padding::Explicit([[1, 0], [1, 1]])),
            &[x((1, 4, 3, 3)).into()],
        )
        .unwrap();
        check(&OPERATION, attrs, &[x((0, 4, 3, 3)).into()]).unwrap();
    }
}
