//! `global_avg_pool2d(x)`: the mean over rows and columns, `[batch, height, width, channels] → [batch, channels]`.

use crate::op::*;
use crate::ops::mean;

crate::attributes! {}

const OF_MEAN: mean::Attrs = mean::Attrs::DEFAULT.axes([1, 2]);

/// The batch and the channels; no image may be empty.
pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    if x.rank() != 4 {
        let error = ShapeError::new("images have four axes, `[batch, height, width, channels]`, not {}");
        return Err(error.number(x.rank() as isize));
    }
    mean::shape(x, &OF_MEAN)
}

/// The mean of each channel of each image.
pub fn forward<T: Float>(context: &Context, x: View<T>, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    mean::forward(context, x, &OF_MEAN, y)
}

/// `dx = dy / n`, `n` being the number of pixels.
pub fn backward<T: Float>(context: &Context, dy: View<T>, _: &Attrs, dx: Gradient<T>) -> Result<()> {
    mean::backward(context, dy, &OF_MEAN, dx)
}

crate::op! {
    global_avg_pool2d(x: T) -> (y: T), for T in [f32, f64];
    backward(reads [], from [y], to [x]);
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::{check, refusal, results, tensor};

    #[test]
    fn gradients_and_values() {
        let x = tensor(&[1, 3, 2, 2], &[0.5, -2.0, 3.0, 1.5, 0.25, -0.75, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0]);
        check(&OPERATION, Attrs::DEFAULT, std::slice::from_ref(&x)).unwrap();
        let found = results(&OPERATION, Attrs::DEFAULT, &[x]).unwrap();
        assert!((&found[0].array - array![[24.75 / 6.0, 40.75 / 6.0]]).iter().all(|d| d.abs() < 1e-14));
        check(&OPERATION, Attrs::DEFAULT, &[tensor(&[0, 3, 2, 2], &[])]).unwrap();
    }

    #[test]
    fn images_have_four_axes() {
        let found = refusal(&OPERATION, Attrs::DEFAULT, &[tensor(&[1, 1], &[0.0])]);
        let wanted = "global_avg_pool2d: [1, 1]: images have four axes, `[batch, height, width, channels]`, not 2";
        assert_eq!(found, wanted);
    }
}
