//! `depthwise_conv2d(x, filter)`: a convolution in which each channel has filters of its own, `[batch, height, width,
//! channels] × [rows, columns, channels, multiplier] → [batch, height', width', channels · multiplier]`.
//!
//! Channel `c · multiplier + q` of the result is the convolution of channel `c` with its filter `q`, as in TensorFlow.
//! The rest is as in [`conv2d`](super::conv2d), of which this is the case of as many groups as channels.

use crate::kernels::convolution::convolve;
use crate::kernels::gemm::Gemm;
use crate::op::*;
use crate::ops::convolution::{gradients, sizes};
use crate::ops::image::{Moves, four};

crate::attributes! {
    /// How far the filter moves, down and to the right.
    strides: [usize; 2] = [1, 1],
    /// What stands around the image.
    padding: Padding = Padding::Same,
    /// How far apart the pixels are that the filter looks at, down and to the right.
    dilations: [usize; 2] = [1, 1],
}

impl Attrs {
    const fn moves(&self) -> Moves {
        Moves { strides: self.strides, dilations: self.dilations, padding: self.padding }
    }
}

/// `[batch, height', width', channels · multiplier]`: the positions of the filter, and a channel for each filter.
pub const fn shape(x: Shape, filter: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    if filter.rank() != 4 {
        let error = ShapeError::new("a filter is `[height, width, channels, multiplier]`: 4 axes, not {}");
        return Err(error.number(filter.rank() as isize));
    }
    let [height, width] = match attrs.moves().positions(&x, [filter.dim(0), filter.dim(1)]) {
        Ok(positions) => positions,
        Err(error) => return Err(error),
    };
    let (channels, of_filter) = (x.dim(3), filter.dim(2));
    if !channels.agrees(of_filter) {
        return Err(ShapeError::new("{} channels cannot meet a filter over {}").with(channels).with(of_filter));
    }
    let filters = channels.or(of_filter).mul(filter.dim(3));
    Ok(Shapes::one(Shape::new(x.dtype(), &[x.dim(0), height, width, filters])))
}

/// `y = x ∗ filter`, channel by channel.
pub fn forward<T: Gemm>(
    context: &Context,
    x: View<T>,
    filter: View<T>,
    attrs: &Attrs,
    mut y: ViewMut<T>,
) -> Result<()> {
    let sizes = sizes(attrs.moves(), x.shape(), filter.shape(), y.shape(), four(filter.shape())?[2])?;
    let filter = (filter.data(), None);
    context.with_epilogue(|epilogue| convolve(&sizes, x.data(), filter, y.data(), Update::Set, epilogue));
    Ok(())
}

/// `dx`: each `dy` goes back to the pixels that the filter looked at; `dfilter`: each of them times `dy`.
pub fn backward<T: Gemm>(
    context: &Context,
    x: View<T>,
    filter: View<T>,
    dy: View<T>,
    attrs: &Attrs,
    dx: Gradient<T>,
    dfilter: Gradient<T>,
) -> Result<()> {
    let sizes = sizes(attrs.moves(), x.shape(), filter.shape(), dy.shape(), four(filter.shape())?[2])?;
    gradients(context, &sizes, (x, filter, dy), dx, dfilter);
    Ok(())
}

crate::op! {
    depthwise_conv2d(x: T, filter: T) -> (y: T), for T in [f32, f64];
    pieces;
    backward(reads [x, filter], from [y], to [x, filter], pieces);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::convolution::tests::normal;
    use crate::ops::expected::check;
    use crate::ops::image::tests::TensorFlow;

    #[test]
    #[rustfmt::skip]
    fn tensorflow_on_two_filters_per_channel() {
        TensorFlow {
            operands: &[
                (&[1, 5, 4, 2], &[-0.6385, -0.4939, 0.5391, -0.8938, 0.4326, 1.0417, 0.3948, 0.7271, 0.3661,
                 -0.9257, -1.4976, 0.9298, -0.4255, 0.7911, -0.9387, 0.5283, -1.3563, 0.5919, -1.6242, -1.0365,
                 0.1666, -0.3928, -0.4076, 0.3227, 2.1279, 0.7351, -0.3944, -1.1541, -1.5509, 0.857, 0.9184,
                 -0.6802, -0.9304, -0.0924, 0.6681, -0.5801, 1.0695, -1.555, -1.3465, 0.309]),
                (&[3, 3, 2, 2], &[-0.3389, 0.6959, 0.8005, -0.4465, -0.5462, -0.5882, -0.0585, 0.2008, -1.1175,
                 -0.1567, 0.2827, 0.4227, 0.2761, 0.0196, 0.806, -0.2974, 0.0886, -0.4034, -0.3823, -0.0273, 0.141,
                 0.3009, -0.4728, 0.0065, 0.5343, 0.3273, -0.6058, 0.0343, 0.0635, 0.4381, 0.5305, -0.6926, -0.2361,
                 -0.0454, 0.6534, -0.6501]),
            ],
            result: (&[1, 5, 4, 4], &[0.39627271, 0.64816554, 0.72785408, 0.04435061, 0.13344119, -0.61677453,
             1.02205328, -1.01196745, -0.36271919, -0.67910821, -1.26082066, -0.61736769, -0.13253196, -0.70129398,
             0.36265464, -0.66841726, -0.13507212, -0.8276802, -0.67274459, -0.18179036, -1.52024397, -1.50898739,
             -2.68929167, 1.72998104, -2.20471607, -0.52143004, 0.25670933, 0.64762869, -0.49976549, 0.31511538,
             1.6361536, -0.80578816, 1.35266329, 1.02788229, 0.21666335, 0.42539993, 2.15258619, 2.47516779,
             -0.01034082, 1.05154694, 0.77174522, -1.71672582, 0.71890144, 0.09713987, -0.10352268, 0.31847056,
             -0.71761171, 0.36136712, 2.47195729, -0.362722, -0.49107049, 0.09427434, 0.78730774, -0.34083957,
             -0.21588406, 0.58952302, 1.54091601, 0.47819358, -1.92335162, 1.69195491, 0.30526823, -0.28504724,
             1.72341161, -0.26346888, -0.70974832, -0.61347365, -0.05967162, -0.34147812, 1.18051644, 1.98988289,
             1.78073813, -0.16450254, 0.04381535, -0.32964025, -1.18546339, 0.61685245, 0.19995898, -1.05533389,
             -0.6456405, -0.06521336]),
            upstream: &[0.667, 0.0258, -0.7776, 0.9486, 0.7017, -1.0511, -0.3675, -1.1375, -1.3221, 1.7723, -0.3475,
             0.6701, 0.3223, 0.0603, -1.0435, -1.0099, 0.4417, 1.1289, -1.8381, -0.9388, -0.2018, 1.0454, 0.5382,
             0.8121, 0.2411, -0.9525, -0.1363, 1.2672, 0.1736, -1.2233, 1.4153, 0.4577, 0.7289, 1.9684, -0.5478,
             -0.6794, -2.5062, 0.147, 0.6062, -0.0225, 0.0134, 0.9359, 0.4206, 0.4116, -0.0713, -0.0454, 1.0409,
             -0.094, -0.4208, -0.552, -0.1211, 0.1901, 0.5121, 0.1315, -0.3316, -1.6324, 0.6191, -0.9926, -0.1613,
             1.1924, 0.2507, -0.8136, 0.7036, -0.2681, -0.4826, 1.2446, 0.6769, 3.1875, -1.0806, 0.0102, 0.4378,
             1.3278, -0.2511, 1.5931, 0.1708, -0.7093, -0.133, -0.0174, -0.1011, -0.564],
            gradients: &[
                &[0.11243465, 0.30071146, -1.66203319, -1.39379816, -1.37910977, 1.42663475, 0.85565197, 1.10137851,
                 -0.9712296, 0.42563575, 0.11554592, -0.47920605, 3.69454008, 2.31647703, 0.43883521, -0.78457439,
                 -0.1891084, 0.60885179, -0.15841304, -1.4253633, -2.41383005, -1.41176488, -0.4377621, -0.70717277,
                 -0.14811032, 0.42929734, 1.99788879, 2.15859046, 2.00229356, 1.24059127, 0.18281189, 0.08801402,
                 -0.79488076, -0.43883339, 0.38894108, 0.73626172, -1.50602615, -0.66035389, -0.00243013,
                 -0.35294376],
                &[-4.22576587, -2.31999636, 1.71629963, -1.5132725, 3.26986718, -0.04836827, 4.0371654, 4.11070306,
                 2.36028075, -0.92470696, 1.97838362, 0.9450398, 2.98744723, 5.22469389, -0.02315842, -2.34367842,
                 0.62962688, -1.98355349, 0.71525865, 5.90137301, -3.46734023, -6.73701893, -1.88574373,
                 -6.82308861, -3.01160309, -4.7808448, -1.02215148, -0.83155182, 2.66284091, 1.15648185, -2.3617097,
                 -4.75106891, 2.13891164, -1.56261453, 1.85415937, 4.68054393],
            ],
        }
        .check(&OPERATION, Attrs::DEFAULT);
    }

    #[test]
    fn gradients_and_shapes() {
        let check = |x: [usize; 4], filter: [usize; 4], attrs| {
            check(&OPERATION, attrs, &[normal(&x), normal(&filter)]).unwrap();
        };
        check([2, 3, 4, 3], [2, 3, 3, 1], Attrs::DEFAULT);
        check([1, 5, 3, 2], [3, 2, 2, 3], Attrs::DEFAULT.strides([2, 1]).padding(Padding::Valid));
        check([1, 5, 4, 1], [2, 2, 1, 2], Attrs::DEFAULT.dilations([3, 2]));
        check([0, 4, 3, 2], [2, 2, 2, 2], Attrs::DEFAULT);
    }

    #[test]
    fn channels_must_be_those_of_the_filter() {
        let shape_of = |sizes: &[usize]| Shape::of(DType::F32, sizes);
        let error = shape(shape_of(&[1, 5, 5, 4]), shape_of(&[3, 3, 3, 2]), &Attrs::DEFAULT).unwrap_err();
        assert_eq!(error.to_string(), "4 channels cannot meet a filter over 3");
    }
}
