//! `conv2d_transpose(x, filter)`: what [`conv2d`](super::conv2d) does to the gradient of its image, as an op of its
//! own, `[batch, height, width, in] × [rows, columns, out, in] → [batch, height', width', out]`.
//!
//! Each pixel of `x` adds its numbers, times the filter, to the window of the result that a convolution of the result
//! would look at from there. The filter has the axes of that convolution: first the channels of the result, then those
//! of `x`, as in TensorFlow.
//!
//! Results of several sizes have convolutions of the size of `x`; `output = [height, width]` chooses one, and otherwise
//! it is the smallest.

use crate::kernels::convolution::{convolve, filter_gradient, image_gradient};
use crate::kernels::gemm::Gemm;
use crate::op::*;
use crate::ops::convolution::sizes;
use crate::ops::image::{Moves, images_have_four_axes};

crate::attributes! {
    /// How far the window moves over the result, down and to the right.
    strides: [usize; 2] = [1, 1],
    /// What stands around the result.
    padding: Padding = Padding::Same,
    /// The height and the width of the result; the smallest that fit where they are not given.
    output: Sizes = Sizes::NONE,
}

impl Attrs {
    const fn moves(&self) -> Moves {
        Moves { strides: self.strides, dilations: [1, 1], padding: self.padding }
    }

    /// The size of the result along an axis: the one that is given, otherwise the smallest that fits.
    const fn size(&self, positions: Dim, window: Dim, axis: usize) -> Dim {
        if !self.output.is_empty() {
            return self.output.get(axis);
        }
        let (Some(positions), stride) = (positions.size(), self.strides[axis]) else { return Dim::Unknown };
        let moved = positions.saturating_sub(1).saturating_mul(stride);
        match (self.padding, window.size()) {
            (Padding::Same, _) if positions == 0 => Dim::known(0),
            (Padding::Same, _) => Dim::known(moved.saturating_add(1)),
            (Padding::Valid, Some(window)) => Dim::known(moved.saturating_add(window)),
            (Padding::Explicit(around), Some(window)) => {
                let added = around[axis][0].saturating_add(around[axis][1]);
                Dim::known(moved.saturating_add(window).saturating_sub(added))
            }
            _ => Dim::Unknown,
        }
    }
}

/// `[batch, height', width', out]`: a size on which the window has as many positions as `x` has pixels.
pub const fn shape(x: Shape, filter: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    if let Err(error) = images_have_four_axes(&x) {
        return Err(error);
    }
    if filter.rank() != 4 {
        let error = ShapeError::new("a filter is `[height, width, out, in]`: 4 axes, not {}");
        return Err(error.number(filter.rank() as isize));
    }
    if !x.dim(3).agrees(filter.dim(3)) {
        let error = ShapeError::new("{} channels cannot meet a filter `[height, width, out, in]` from {}");
        return Err(error.with(x.dim(3)).with(filter.dim(3)));
    }
    let output = &attrs.output;
    let is_given = output.len() == 2 && !matches!((output.get(0), output.get(1)), (Dim::Rest, _) | (_, Dim::Rest));
    if !is_given && !output.is_empty() {
        return Err(ShapeError::new("`output` is two sizes, `[height, width]`"));
    }
    let window = [filter.dim(0), filter.dim(1)];
    let size = [attrs.size(x.dim(1), window[0], 0), attrs.size(x.dim(2), window[1], 1)];
    let y = Shape::new(x.dtype(), &[x.dim(0), size[0], size[1], filter.dim(2)]);
    let positions = match attrs.moves().positions(&y, window) {
        Ok(positions) => positions,
        Err(error) => return Err(error),
    };
    let mut axis = 0;
    while axis < 2 {
        if positions[axis].size().is_some() && !positions[axis].agrees(x.dim(axis + 1)) {
            let error = ShapeError::new("on {} elements the window has {} positions, and x has {}");
            return Err(error.with(size[axis]).with(positions[axis]).with(x.dim(axis + 1)));
        }
        axis += 1;
    }
    Ok(Shapes::one(y))
}

/// Adds each pixel, times the filter, to its window of `y`.
pub fn forward<T: Gemm>(
    context: &Context,
    x: View<T>,
    filter: View<T>,
    attrs: &Attrs,
    mut y: ViewMut<T>,
) -> Result<()> {
    let sizes = sizes(attrs.moves(), y.shape(), filter.shape(), x.shape(), 1)?;
    let (x, filter, y) = (x.data(), filter.data(), y.data());
    context.with_epilogue(|epilogue| image_gradient(&sizes, x, filter, y, Update::Set, epilogue));
    Ok(())
}

/// `dx = dy ∗ filter`; `dfilter`: each pixel of `x` times the window of `dy` that it goes to.
pub fn backward<T: Gemm>(
    context: &Context,
    x: View<T>,
    filter: View<T>,
    dy: View<T>,
    attrs: &Attrs,
    dx: Gradient<T>,
    dfilter: Gradient<T>,
) -> Result<()> {
    let sizes = sizes(attrs.moves(), dy.shape(), filter.shape(), x.shape(), 1)?;
    if let Some((mut dx, update)) = dx.into_parts() {
        let filter = (filter.data(), None);
        context.with_epilogue(|epilogue| convolve(&sizes, dy.data(), filter, dx.data(), update, epilogue));
    }
    if let Some((mut dfilter, update)) = dfilter.into_parts() {
        filter_gradient(&sizes, dy.data(), x.data(), dfilter.data(), update);
    }
    Ok(())
}

crate::op! {
    conv2d_transpose(x: T, filter: T) -> (y: T), for T in [f32, f64];
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
    fn tensorflow_on_a_given_size() {
        TensorFlow {
            operands: &[
                (&[1, 3, 3, 3], &[-2.132, -0.6973, -2.1567, -1.4629, -0.6741, -0.5047, -0.4209, -0.8066, -0.2403,
                 -0.4917, 0.6023, 1.1455, -0.42, -0.2165, 1.7147, 0.0339, 0.57, 0.7291, -0.6099, 0.3042, -0.9046,
                 -0.3843, -1.9456, 0.6065, -0.4326, 0.9231, -0.6819]),
                (&[3, 3, 2, 3], &[-0.4948, -0.0556, 0.3607, 0.2003, 0.5411, -0.0895, 0.3758, 1.0852, 0.1584,
                 -0.0777, -0.0855, 0.5684, 0.4538, -0.0606, 0.2279, 0.056, -0.0893, 0.2182, -0.2853, 0.243, -0.0866,
                 -0.0884, -0.8348, -0.7757, 0.2616, -0.046, -0.1862, 0.0814, -0.4037, 0.0264, -0.1797, -0.1675,
                 0.2109, -0.368, -0.0053, -0.9515, 0.8173, -0.4012, -0.9441, 0.5164, -0.2221, 0.4616, -0.0312,
                 -0.1923, 0.8068, 1.1237, -0.0648, -0.3176, 0.3953, 0.3784, 0.4355, -0.4156, 0.1661, -0.8046]),
            ],
            result: (&[1, 6, 6, 2], &[0.31576179, -0.61132398, -1.89953684, -1.00059273, -0.83747956, -1.14031878,
             -1.36123562, -0.1155686, -0.57160262, -0.63110149, -1.07156006, -0.03491829, 0.62558592, 2.44352703,
             -0.12407786, 0.05101833, 0.34233621, 3.92392657, -0.2577109, 0.13973003, 0.2142426, 1.91909993,
             -0.02825998, 0.28501924, 1.19640076, -1.81673242, -0.88913407, -1.0277648, -1.65480045, 1.48071273,
             -0.35309337, -0.4141061, -0.4188624, 1.37288918, 0.72116028, 0.01867304, 0.18744061, -1.34789811,
             -0.36962662, -0.25293169, 0.14778267, -2.02442043, -0.41919014, 0.09848113, 0.53906625, -2.52022523,
             -0.15311018, -0.2081013, -1.76639994, 0.26447944, 0.78133693, -1.44815764, -1.32712184, -1.43729896,
             -0.72155855, -0.46157001, -0.39202443, -0.25516549, 1.20873328, -0.66330872, 0.32626343, 0.50166722,
             -0.00510652, -0.19633284, -0.54779752, 2.27125479, -0.12396558, 0.7701683, 0.92964418, -0.62876288,
             -0.02866098, -0.42587127]),
            upstream: &[-0.052, -0.1112, 1.0418, -1.2567, 0.7454, -1.7111, -0.2059, -0.2346, 1.1281, -0.0126,
             -0.6132, 1.3737, 1.611, -0.6892, 0.6919, -0.4481, 0.1623, 0.2572, -1.2755, 0.064, -1.0619, -0.9894,
             -0.4577, -1.9842, -1.4764, 0.2318, 0.6442, 0.8521, -0.464, 0.6972, 1.5679, 1.1786, -1.384, -1.7473,
             0.4027, 1.2445, -0.0238, 0.9526, 0.245, 0.2241, 0.2967, 0.2208, -0.4233, 1.8456, 0.9201, -0.5579,
             -0.2852, -1.0413, 0.4804, -1.4274, -0.3333, 0.7473, 0.5602, 0.5737, -1.1809, 0.7647, -0.1344, 1.3246,
             -0.2764, 1.6796, 0.4152, 0.7477, -0.3925, -0.4063, -0.3858, 1.0009, -0.4477, -0.1161, 1.169, 0.5156,
             -0.2579, 0.285],
            gradients: &[
                &[-0.26566103, 2.67767988, 0.26930757, 1.33330479, -2.3577698, 3.70716843, -1.43627839, 1.32280227,
                 2.41371843, 1.14033597, 0.29321287, -2.68093021, 1.16287805, 1.24921245, -1.9366907, 2.48706823,
                 0.28894415, 0.78891424, -1.03989053, -1.59173854, -0.6614575, -1.15707716, -2.23813185,
                 -0.25002558, -0.32591992, 0.03111164, 0.29823176],
                &[-1.03063005, -4.0216518, -4.03420999, 2.35659279, -0.09380377, 2.02943465, -1.84676004,
                 2.12607182, 1.49820192, 0.09624195, 1.18379938, 5.04548205, -2.72007755, -0.82814935, -5.66988357,
                 3.19860709, -0.40276452, 1.78363676, -3.91752405, 2.02567874, -3.55556716, -0.13420391, 0.06924512,
                 2.23647458, 1.1540997, 1.33675658, -1.13222744, 0.94535994, 1.37700668, 4.1758476, 0.46115324,
                 -1.809611, 3.16146702, 0.21619951, 0.04270459, -1.35176053, 3.93294316, 2.55006414, 5.16378998,
                 -0.27289039, 0.54884845, -0.11752116, -3.18612009, -1.93356961, -4.8856417, -4.69634416,
                 -1.15056405, 0.66024276, 2.79489926, 1.62300766, 2.11046702, 0.23127448, 0.75046098, 2.30667604],
            ],
        }
        .check(&OPERATION, Attrs::DEFAULT.strides([2, 2]).output([6, 6]));
    }

    #[test]
    #[rustfmt::skip]
    fn tensorflow_on_the_smallest_size() {
        TensorFlow {
            operands: &[
                (&[1, 3, 3, 3], &[-0.199, -0.8068, -0.9355, 1.0109, 0.033, -1.5383, 1.4773, 0.9408, -0.4529, 1.5167,
                 -0.8661, 1.2257, -1.4194, 0.2986, -0.0419, -0.1842, 0.134, -0.1354, 0.6907, 1.5621, -0.8735,
                 0.3188, 0.0043, 1.6211, -0.3826, -0.4052, 1.6903]),
                (&[3, 3, 2, 3], &[-0.3519, -0.3622, -0.6415, -0.1751, 0.4318, -0.921, 0.3469, 0.0553, 0.1728,
                 -0.033, 0.455, 0.895, 0.2636, 0.5769, 0.1021, 0.113, 0.5244, -0.4923, 0.1372, 1.0209, 0.924,
                 -0.4498, -0.2033, -0.266, -0.6368, -0.2979, 0.0285, -0.1031, -0.1267, -0.0122, -0.0877, 0.1671,
                 1.1117, -0.4618, -0.2258, -0.7815, -0.0367, -0.4521, 0.1312, -0.0642, -0.4688, 0.5586, -0.2493,
                 0.2136, -0.8695, 0.0233, -1.3545, -1.2431, 0.4675, -0.255, -0.592, 0.8522, 0.3582, -0.6058]),
            ],
            result: (&[1, 7, 7, 2], &[0.96237431, 0.54806416, -0.27530354, -1.1977995, 0.00571727, 1.26898884,
             0.08668787, -1.3951232, -0.44163377, 1.4535251, 0.48624049, -0.0260324, 0.88592271, 0.88325309,
             -1.71536692, 0.50237564, 0.34040717, 0.13415156, -2.40636335, 0.95294297, -0.69741337, -0.08963763,
             -1.04860106, -0.00738635, -1.23391661, -0.26598361, -0.47584046, -0.54070843, -0.75699188, -1.89999251,
             1.38074433, 2.90396885, 0.856179, -1.30166775, 0.60946568, 2.0363189, 0.73285607, 1.24797111,
             0.14657464, -0.73102692, 0.73377569, 1.98642886, 0.45643655, -0.83216973, -0.67289092, -0.06159044,
             1.15625425, -0.87384509, 0.81372683, 0.1090187, 0.11421597, 0.71242725, 0.07352106, 0.0036651,
             -0.11197844, 0.16062146, 0.24821306, 2.35139827, -1.45381126, -0.40901621, -0.04372318, -0.05225773,
             0.84502502, 1.05688077, -1.33738985, -3.62842575, 0.3292261, 1.32359918, -0.20216031, -1.11480649,
             0.88239793, -0.39590079, -0.9300821, -0.25847254, 0.7754082, -0.56453022, -0.15809146, -0.05319051,
             2.87061244, -1.61023159, 0.41252231, 0.07016324, 1.84495161, -1.05279061, -0.8461773, -1.26459252,
             0.9209813, -1.01392329, 0.64072308, 2.56038872, -1.48810481, -2.01358572, -0.392749, 0.4498815,
             -1.46088439, -1.56128311, -1.0761971, -1.4951781]),
            upstream: &[-0.0919, -1.4634, 1.0818, -0.2393, -0.4911, -1.0023, 0.9188, -1.1036, 0.6265, -0.5615,
             0.0289, -0.2308, 0.5878, 0.7523, -1.0585, 1.056, 0.7478, 1.0647, 1.5201, -1.4886, 1.86, -1.5986,
             -0.6461, 0.3373, 1.0467, 0.6291, 0.3631, 0.5557, -1.0885, 0.0237, 2.4992, -2.49, -0.2349, -0.0976,
             -0.8865, -0.1367, 0.102, -0.2509, -0.0788, -1.0852, 0.5949, -0.6389, -1.1078, 2.1061, -0.5674, -0.4799,
             -1.9232, 0.3996, -1.0482, -0.6939, 0.7453, 0.5369, -0.7327, 0.5557, 0.4323, -0.1358, -0.9411, 0.4848,
             -1.5328, 0.405, 0.0128, -1.2317, -1.0531, 2.5162, -2.039, 0.0945, -0.3148, 0.4903, 0.355, 0.9507,
             0.7604, 0.0115, -1.3761, -0.2716, 0.5423, 0.5355, 1.16, -0.165, -1.1794, -0.5453, 0.2705, 0.9802,
             1.0069, 0.7822, -1.2486, -0.4238, 0.5526, 0.3296, 0.8631, -1.2274, 0.6249, -2.7695, -0.4922, 0.0691,
             -0.35, 0.8693, -0.2168, 0.0171],
            gradients: &[
                &[-1.05865311, 1.89304401, 4.4162859, 0.63113684, 0.71143215, 2.58779779, -1.38440904, 0.12034554,
                 0.23376641, -0.09799224, -3.64007934, -3.42539544, -0.69552961, -4.28986913, -3.14552547,
                 1.53079964, 0.66343551, -0.67565555, -0.42555667, 0.97422029, 0.65236299, -1.64128855, 3.68979309,
                 5.02678134, 0.17158021, -0.61866358, 0.0484446],
                &[-0.75475146, 0.88979206, -3.38417398, -1.42478771, 1.24976386, 0.97181421, 4.54558963,
                 -5.52647019, -0.22780549, -3.89731728, 2.35466598, 3.68073157, 0.21176724, 1.15089809, -3.85982291,
                 -0.11535335, -0.88696586, 4.27413399, 2.85446458, 2.44942409, -4.21231308, 1.69884843, -1.97537845,
                 3.57760269, 3.35579698, -1.73118327, -1.04746485, -1.35905386, -0.85914273, 2.1703925, -4.86032673,
                 1.47408433, -3.72329496, 1.22391389, 2.04817584, 1.07812869, -1.33905122, -0.2351928, 2.11333848,
                 1.28167809, -1.7286917, -0.62811748, -1.56714741, -0.14110135, -2.79188999, -5.28124609,
                 1.60045071, 0.04759653, 4.39905952, 1.61418317, -2.07181211, -4.18770957, -1.2321796, 0.3372991],
            ],
        }
        .check(&OPERATION, Attrs::DEFAULT.strides([2, 2]).padding(Padding::Valid));
    }

    #[test]
    fn gradients_and_shapes() {
        let check = |x: [usize; 4], filter: [usize; 4], attrs| {
            check(&OPERATION, attrs, &[normal(&x), normal(&filter)]).unwrap();
        };
        let explicit = Padding::Explicit([[1, 0], [0, 1]]);
        check([2, 3, 2, 1], [2, 3, 2, 1], Attrs::DEFAULT);
        check([1, 2, 3, 2], [3, 2, 1, 2], Attrs::DEFAULT.strides([2, 3]).padding(Padding::Valid).output([6, 8]));
        check([1, 2, 3, 2], [3, 3, 2, 2], Attrs::DEFAULT.strides([2, 1]).padding(explicit));
        check([0, 2, 2, 2], [2, 2, 3, 2], Attrs::DEFAULT.strides([2, 2]));
    }

    #[test]
    fn the_smallest_size_is_that_before_another_position() {
        let of = |sizes: &[usize]| Shape::of(DType::F32, sizes);
        let height = |rows, stride, padding| {
            let attrs = Attrs::DEFAULT.strides([stride, 1]).padding(padding);
            shape(of(&[1, rows, 4, 2]), of(&[3, 1, 5, 2]), &attrs).unwrap().results()[0].dim(1).size()
        };
        assert_eq!(height(3, 2, Padding::Same), Some(5));
        assert_eq!(height(0, 2, Padding::Same), Some(0));
        assert_eq!(height(3, 2, Padding::Valid), Some(7));
        assert_eq!(height(3, 2, Padding::Explicit([[1, 1], [0, 0]])), Some(5));
    }

    #[test]
    fn bad_arguments_are_errors() {
        let of = |sizes: &[usize]| Shape::of(DType::F32, sizes);
        let error = |x: &[usize], attrs: Attrs| shape(of(x), of(&[3, 3, 2, 4]), &attrs).unwrap_err().to_string();
        let (x, attrs) = ([1, 3, 3, 4], Attrs::DEFAULT.strides([2, 2]));
        let cases = [
            (error(&x[1..], attrs), "images are `[batch, height, width, channels]`: 4 axes, not 3"),
            (error(&[1, 3, 3, 2], attrs), "2 channels cannot meet a filter `[height, width, out, in]` from 4"),
            (error(&x, attrs.output([6])), "`output` is two sizes, `[height, width]`"),
            (error(&x, attrs.output([6, -1])), "`output` is two sizes, `[height, width]`"),
            (error(&x, attrs.output([6, 7])), "on 7 elements the window has 4 positions, and x has 3"),
            (error(&x, attrs.strides([0, 1])), "a window, a stride and a dilation are at least 1"),
            (
                error(&[1, 0, 3, 4], attrs.padding(Padding::Valid)),
                "on 3 elements the window has 1 positions, and x has 0",
            ),
        ];
        for (found, wanted) in cases {
            assert_eq!(found, wanted);
        }
    }
}
