//! `conv2d(x, filter)`: a convolution of images with channels last, `[batch, height, width, channels] × [rows, columns,
//! channels / groups, filters] → [batch, height', width', filters]`.
//!
//! `y[b, i, j, f] = Σ x[b, i·s + p·d − before, j·s + q·d − before, c] · filter[p, q, c, f]`, summed over the filter's
//! rows `p`, its columns `q` and the channels `c`, with 0 outside of the image: a cross-correlation, as in TensorFlow.
//! With `padding = Same` the odd row of padding stands below, the odd column on the right.
//!
//! With `groups`, channels and filters are divided into so many parts, and each part of the filters looks at its part
//! of the channels.
//!
//! Filters of 3 × 3 and 5 × 5 over many channels, neither strided nor dilated nor in groups, are convolved with fewer
//! multiplications than the sum above has (Lavin and Gray, 2016), and so are their gradients. The largest error of rounding
//! is some three times that of the sum, and a number that is not finite reaches up to three rows and columns further.

use crate::kernels::convolution::convolve;
use crate::kernels::gemm::Gemm;
use crate::op::*;
use crate::ops::convolution::{gradients, sizes};
use crate::ops::image::Moves;

crate::attributes! {
    /// How far the filter moves, down and to the right.
    strides: [usize; 2] = [1, 1],
    /// What stands around the image.
    padding: Padding = Padding::Same,
    /// How far apart the pixels are that the filter looks at, down and to the right.
    dilations: [usize; 2] = [1, 1],
    /// Into how many parts channels and filters are divided.
    groups: usize = 1,
}

impl Attrs {
    const fn moves(&self) -> Moves {
        Moves { strides: self.strides, dilations: self.dilations, padding: self.padding }
    }
}

/// `[batch, height', width', filters]`: the positions of the filter, and a channel for each filter.
pub const fn shape(x: Shape, filter: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    if filter.rank() != 4 {
        let error = ShapeError::new("a filter is `[height, width, channels, filters]`: 4 axes, not {}");
        return Err(error.number(filter.rank() as isize));
    }
    let [height, width] = match attrs.moves().positions(&x, [filter.dim(0), filter.dim(1)]) {
        Ok(positions) => positions,
        Err(error) => return Err(error),
    };
    if let Err(error) = check_channels(x.dim(3), filter.dim(2), filter.dim(3), attrs.groups) {
        return Err(error);
    }
    Ok(Shapes::one(Shape::new(x.dtype(), &[x.dim(0), height, width, filter.dim(3)])))
}

/// Channels and filters can be divided into groups, and a filter looks at the channels of one.
const fn check_channels(channels: Dim, of_filter: Dim, filters: Dim, groups: usize) -> Result<(), ShapeError> {
    if groups == 0 {
        return Err(ShapeError::new("there is at least one group"));
    }
    if groups == 1 {
        if !channels.agrees(of_filter) {
            return Err(ShapeError::new("{} channels cannot meet a filter over {}").with(channels).with(of_filter));
        }
        return Ok(());
    }
    let number = Dim::known(groups);
    if let Some(filters) = filters.size()
        && !filters.is_multiple_of(groups)
    {
        let error = ShapeError::new("{} filters cannot be divided into {} groups");
        return Err(error.with(Dim::known(filters)).with(number));
    }
    let Some(size) = channels.size() else { return Ok(()) };
    if !size.is_multiple_of(groups) {
        return Err(ShapeError::new("{} channels cannot be divided into {} groups").with(channels).with(number));
    }
    if !Dim::known(size / groups).agrees(of_filter) {
        let error = ShapeError::new("{} channels in {} groups cannot meet a filter over {}");
        return Err(error.with(channels).with(number).with(of_filter));
    }
    Ok(())
}

/// `y = x ∗ filter`.
pub fn forward<T: Gemm>(
    context: &Context,
    x: View<T>,
    filter: View<T>,
    attrs: &Attrs,
    mut y: ViewMut<T>,
) -> Result<()> {
    let sizes = sizes(attrs.moves(), x.shape(), filter.shape(), y.shape(), attrs.groups)?;
    let filter = (filter.data(), filter.packs());
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
    let sizes = sizes(attrs.moves(), x.shape(), filter.shape(), dy.shape(), attrs.groups)?;
    gradients(context, &sizes, (x, filter, dy), dx, dfilter);
    Ok(())
}

crate::op! {
    conv2d(x: T, filter: T) -> (y: T), for T in [f32, f64];
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
    fn tensorflow_on_strides_without_padding() {
        TensorFlow {
            operands: &[
                (&[1, 4, 6, 2], &[-1.3978, -0.4375, -1.3477, 1.3354, -1.3925, -0.5111, -0.4186, 1.9133, 1.1766,
                 -0.4648, 0.1964, 0.4012, -1.1671, 0.3474, 1.1849, 1.078, 0.2751, -0.0027, 0.5849, 0.7826, -2.1584,
                 -0.0526, -1.3621, 0.6877, -0.4835, 1.4094, 1.1733, -0.4387, 0.1266, 0.079, -0.42, -0.6816, -1.1153,
                 -0.2861, 0.6092, -1.2271, 0.2424, -1.2085, 1.6565, 1.282, 0.8776, -0.6831, -0.8191, 0.0771, 1.3366,
                 0.2962, -1.3887, 0.0599]),
                (&[3, 3, 2, 3], &[-0.2917, -0.088, 0.1525, 0.4444, -0.1706, -0.3735, 0.3242, -0.1841, 0.0832,
                 -0.2302, 0.4043, -0.0251, -0.4188, -0.2264, -0.0727, 0.1769, 0.3448, -0.2062, -0.1284, 0.5031,
                 0.2421, 0.013, -0.3543, 0.359, -0.1865, 0.8579, -0.0942, -0.0368, 0.1937, -0.0324, 0.0244, 0.1545,
                 0.7201, -0.1721, -0.1323, -0.486, 0.4696, 0.6004, -0.2754, -0.4991, 0.1269, -0.0943, -1.0072,
                 -0.2917, 0.396, 0.1681, -0.4784, 0.0193, 0.1607, 0.0012, -0.0653, 0.097, 0.7955, 0.2375]),
            ],
            result: (&[1, 1, 2, 3], &[-2.2953288, 1.5018134, 0.37315165, -1.06744045, 1.40561703, -1.85444034]),
            upstream: &[0.0912, 1.0913, -1.947, -1.3863, -2.2965, 2.4098],
            gradients: &[
                &[-0.41955494, 0.581558, -0.33333169, 0.46908805, 0.83025223, -0.3304642, 0.17384255, -0.66983467,
                 0.92531758, -1.53397043, 0.0, 0.0, 0.06595425, -1.08443499, 1.10262487, 0.27111145, -1.62515922,
                 2.44691374, -1.93862556, -0.47189373, 1.34666201, -0.62875362, 0.0, 0.0, 1.23424784, 0.27657015,
                 -1.18120085, -0.5443243, -2.5503795, 0.58779539, 3.02045121, 0.91211771, -0.38289415, -1.38900935,
                 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                &[1.80294339, 1.67245711, -0.6341299, 0.66863793, 0.6962974, -0.37983628, 0.45739494, -0.50943011,
                 1.61522962, -2.53061931, -2.93657143, 2.01064654, -1.75811658, -4.22169715, 5.54656818, 0.59773992,
                 0.50964977, -0.12496334, -0.48781065, -1.90542338, 2.93527968, 0.03542589, 0.38531817, -0.68289426,
                 -0.70278399, -0.05014148, -0.89750828, -0.98660478, -0.6208195, -0.21295652, 3.01727904,
                 5.25698223, -5.73693202, 0.07267314, 0.11784939, -0.12149858, -0.21960078, -0.81838045, 1.24645518,
                 0.01901958, 1.35665472, -2.5537276, 0.68925096, 2.24495229, -3.2965311, 0.90489264, 1.08654109,
                 -0.78837078, 1.55768631, 2.69944503, -2.93414014, 0.40382523, 0.74324135, -0.84325678],
            ],
        }
        .check(&OPERATION, Attrs::DEFAULT.strides([2, 2]).padding(Padding::Valid));
    }

    #[test]
    #[rustfmt::skip]
    fn tensorflow_on_a_filter_larger_than_the_image() {
        TensorFlow {
            operands: &[
                (&[1, 2, 2, 1], &[0.6682, -0.3108, -1.4425, -0.106]),
                (&[5, 5, 1, 1], &[-0.1288, -0.1433, 1.2944, -0.7146, 0.4155, -0.7597, -0.4855, -1.1305, -0.1472,
                 0.3094, -0.2238, 0.7306, -0.253, 1.1634, -1.0393, 0.688, -1.0681, 0.5894, -0.3006, -0.5731, 0.9661,
                 -1.7063, 0.6912, -0.031, -0.7328]),
            ],
            result: (&[1, 2, 2, 1], &[-1.34898522, 2.04507717, -0.46801824, -1.0001242]),
            upstream: &[0.8839, 0.1959, 0.3575, -2.3433],
            gradients: &[
                &[0.65301624, 3.57524321, -1.49073261, 0.85853352],
                &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1.56579306, 0.96717914, -0.111111, 0.0, 0.0, 3.51111063,
                 0.26243231, -0.31261112, 0.0, 0.0, -0.28258575, -1.29579115, -0.0936934, 0.0, 0.0, 0.0, 0.0, 0.0,
                 0.0],
            ],
        }
        .check(&OPERATION, Attrs::DEFAULT);
    }

    #[test]
    #[rustfmt::skip]
    fn tensorflow_on_an_even_filter_with_uneven_strides() {
        TensorFlow {
            operands: &[
                (&[1, 6, 5, 2], &[-0.5425, 0.6169, -1.5855, 1.048, 0.4656, -0.3995, 0.2753, 0.3534, -0.8871,
                 -1.1337, -2.2665, -0.1927, 0.2244, 0.3416, -1.1314, 0.4653, -0.4231, 0.6376, 0.0797, 0.5115,
                 -0.4735, -2.3254, 0.074, 0.3495, -0.3825, -0.3501, -0.3483, -2.062, 0.2536, 0.2217, 2.139, 0.1384,
                 -1.5894, 2.2643, 1.5305, -0.6698, -1.4583, -0.4402, -0.1502, -2.4773, -0.5327, 0.6842, 0.2313,
                 0.4546, -0.1518, -0.2514, -0.5906, 0.5116, -0.229, -0.6161, -0.9319, 0.7611, -0.6796, -1.1873,
                 -0.8494, 2.3713, 0.6569, -0.3023, 1.6533, -0.9517]),
                (&[3, 2, 2, 2], &[0.2178, 0.777, 0.082, -0.1302, 0.6108, 0.1302, -0.0205, -0.444, 0.2856, 0.188,
                 0.1425, -0.1079, -0.5554, 0.4505, -0.1526, 0.0696, 0.0579, 0.2015, -0.4458, -0.4157, -0.107,
                 0.2057, 0.7949, 0.3052]),
            ],
            result: (&[1, 6, 3, 2], &[0.8558345, -1.03605942, 0.14837729, -0.03458032, -0.63832008, -0.24101957,
             -0.62986295, -0.46088136, -1.35746126, -0.74892299, -0.27467313, -0.6229365, 1.09168847, -0.90127922,
             0.06254708, -1.45991018, 1.25900583, 1.01863328, 0.91281708, -0.58735506, 1.50944124, 0.39953639,
             -0.06110061, 0.6172142, -2.05680023, -0.61276253, -1.84940811, -0.06392682, 0.13094512, 0.95802589,
             0.47297901, -1.32083365, -0.64829279, -0.52991994, 0.23616883, 0.31579205]),
            upstream: &[0.2763, -1.8546, 0.6239, 1.1453, 1.0372, 1.8866, -0.1117, -0.3621, 0.1487, -0.4378, 2.1713,
             1.1523, -1.8188, -0.138, 0.5398, -1.7753, 1.3149, -0.4734, -1.0922, -0.25, -0.9823, 1.0313, 0.4913,
             -0.4466, -0.8064, 0.1313, -1.2126, 0.16, -0.7552, 0.3499, 0.9775, -0.1386, 0.1039, 0.3006, 0.9682,
             0.8696],
            gradients: &[
                &[-0.57543348, 0.27747011, -1.1043261, -0.00818129, 0.0857185, 0.03452284, 0.20326799, 0.17584059,
                 2.01915136, -0.027746, -0.96104109, 0.53976202, -1.64103383, -0.25599239, -1.03477558, -0.4103998,
                 -0.01242019, 1.56948847, 1.19551288, -0.89210782, -1.05695502, -0.10097837, 0.18579469, 0.20203093,
                 0.32817867, 0.16935551, -1.67125751, -0.65910934, 0.4044399, -1.11008962, -0.56566166, 0.65630408,
                 0.18475402, -1.380378, -0.55291329, 0.12582915, -0.13259182, 0.06276122, 0.14448683, -0.37867503,
                 -0.21402952, 0.55994921, 1.15147689, -0.77079501, 0.09088884, -0.21147989, 1.16540279, -0.4054951,
                 0.67510561, -0.21256965, 0.23288359, 0.4591604, -0.49204959, -0.75974766, 0.0482171, 0.45643609,
                 0.24037444, -0.90999712, 0.46678149, 0.23535339],
                &[-1.38801705, 1.16689913, 4.29456088, -3.93712371, 3.0575808, 0.14443489, 0.50752382, -3.60953701,
                 -2.05863291, 4.14589195, 3.85562073, -2.45277227, 2.42511695, 3.08880792, -5.40164546, 0.8659113,
                 -2.81322815, 1.14710492, -5.98752028, 5.43997404, 1.92057502, 1.3821606, -3.88445573, 1.55161782],
            ],
        }
        .check(&OPERATION, Attrs::DEFAULT.strides([1, 2]));
    }

    #[test]
    #[rustfmt::skip]
    fn tensorflow_on_dilations() {
        TensorFlow {
            operands: &[
                (&[1, 7, 6, 2], &[-0.612, -0.5733, -0.8205, -1.3868, 0.3652, -0.9182, 1.7123, -1.3875, 0.5177,
                 0.4031, -0.8533, 0.998, 0.1238, 0.2451, -0.0834, -1.547, -0.2871, -1.7841, 0.845, 0.8694, 0.5106,
                 1.2213, -1.5112, 0.2167, 0.3407, -1.0948, 1.0063, 0.9244, 1.2797, -0.0791, 0.3187, -1.6029, 0.6192,
                 0.384, -1.7477, 0.6651, 0.3861, -0.3202, -0.5944, -0.1277, 1.6559, 0.8141, -2.5217, -0.9689,
                 0.4013, -2.0908, 1.6276, -3.1956, -2.0028, -0.3472, -2.3627, -1.4117, 1.6208, 0.1159, 1.2877,
                 -1.0251, -0.3692, -0.0374, 0.0075, -1.0529, -0.0995, 0.8793, -0.2186, 0.5854, -1.1835, -0.4124,
                 -0.2246, -1.1089, -1.1946, -0.184, -0.8867, 0.4834, -1.7117, 0.6109, 0.6763, 2.7481, -0.9704,
                 0.4938, -0.7242, -0.0638, 0.5792, 0.3597, 0.7684, -1.7918]),
                (&[3, 3, 2, 2], &[0.2333, -0.48, 0.5385, 0.0487, 0.3235, 0.2735, -0.4118, -0.5918, 0.4693, -0.0771,
                 -0.1747, 0.437, 0.0383, -0.9684, 0.3587, 0.068, 0.4016, 0.3269, 0.2774, 0.3795, -0.0109, 1.0512,
                 0.2821, -0.1131, -0.1489, 0.2182, -0.2954, 0.1612, -0.5966, 0.4029, 0.3156, 0.3497, -0.2278,
                 -0.3877, 0.0512, -0.6898]),
            ],
            result: (&[1, 3, 2, 2], &[-0.01622586, 2.00626943, -0.50613167, -1.06989712, 1.61923378, 2.62612305,
             -4.08313024, 0.91846722, 1.33095847, 1.43989158, -0.86920023, 4.58863137]),
            upstream: &[0.221, -0.3405, -0.5777, -0.404, -0.6033, -0.2439, 1.0353, 0.5808, 0.2524, -1.4625, -1.5483,
             0.2653],
            gradients: &[
                &[0.2149993, 0.10242615, 0.05914259, -0.33076625, -0.02163325, 0.1105001, -0.29737995, 0.47698406,
                 0.12996785, -0.1874072, -0.23996621, -0.07562381, -0.02367789, -0.33675498, -0.03724851,
                 0.58579401, -0.2618742, 0.39277896, 0.49376835, -0.77005398, -0.264324, -0.00118779, 0.44108661,
                 0.07294269, 1.09908942, 0.12081235, -0.1194547, -1.05553243, -0.3408982, 0.69365483, -0.79238742,
                 0.16701342, -0.12913243, -0.58235213, -1.16545969, 0.26914734, 0.21308637, -0.23298891,
                 -0.52279473, 0.41085651, -0.32201619, -0.25991547, 0.60564, 0.50760582, -0.24981171, -0.14260584,
                 0.59925219, 0.22636965, 1.31874792, -0.12908612, -0.31834968, -0.43180703, -0.64576346,
                 -0.53432824, -0.35318649, -0.65241799, -1.45846311, 0.48280289, 0.58399069, -0.2176799, 0.03661239,
                 0.13889814, -0.02742561, -0.21220266, 0.26166147, -0.27569331, -0.38365566, 0.52984644, 0.23199177,
                 0.13735326, -0.4610175, -0.34762848, -0.35669986, -0.31031396, 0.28843033, 0.50013418, -0.73982309,
                 -0.43177881, 1.03060515, -0.39586807, 0.50951453, 1.02175538, 0.24984593, -0.2622769],
                &[-1.29434332, 0.2299321, -2.78259891, 1.64358668, -0.03089751, -2.04233025, 5.03687913, 1.50372099,
                 1.59702276, -2.20302876, -1.93277301, -1.09761223, 1.79830043, 1.34031983, 1.383094, 0.13650641,
                 -5.09567576, -4.46176321, 1.03068102, -0.52825374, 2.48464115, 1.88461096, -0.725624, -1.97014763,
                 -0.72312361, 4.21657301, -3.28630125, 0.64971713, 0.97211958, 0.31317451, -0.05801242, -0.90789695,
                 -1.32674792, -0.7441733, 4.07649837, -0.23768317],
            ],
        }
        .check(&OPERATION, Attrs::DEFAULT.dilations([2, 2]).padding(Padding::Valid));
    }

    #[test]
    fn gradients_and_shapes() {
        let explicit = Padding::Explicit([[1, 0], [2, 1]]);
        let check = |x: [usize; 4], filter: [usize; 4], attrs| {
            check(&OPERATION, attrs, &[normal(&x), normal(&filter)]).unwrap();
        };
        check([2, 3, 4, 1], [2, 3, 1, 2], Attrs::DEFAULT);
        check([1, 5, 3, 2], [3, 2, 2, 2], Attrs::DEFAULT.strides([2, 1]).padding(Padding::Valid));
        check([1, 4, 3, 2], [1, 1, 2, 3], Attrs::DEFAULT.strides([3, 2]));
        check([1, 3, 3, 4], [2, 2, 2, 2], Attrs::DEFAULT.groups(2).padding(explicit));
        check([1, 5, 4, 1], [2, 2, 1, 1], Attrs::DEFAULT.dilations([3, 2]).padding(Padding::Valid));
        check([0, 4, 3, 1], [2, 2, 1, 2], Attrs::DEFAULT);
    }

    fn error(x: &[usize], filter: &[usize], attrs: Attrs) -> String {
        let shape_of = |sizes| Shape::of(DType::F32, sizes);
        shape(shape_of(x), shape_of(filter), &attrs).unwrap_err().to_string()
    }

    #[test]
    fn bad_arguments_are_errors() {
        let (x, filter) = ([1, 5, 5, 4], [3, 3, 4, 2]);
        let cases = [
            (error(&x[1..], &filter, Attrs::DEFAULT), "images are `[batch, height, width, channels]`: 4 axes, not 3"),
            (error(&x, &[3, 3], Attrs::DEFAULT), "a filter is `[height, width, channels, filters]`: 4 axes, not 2"),
            (error(&x, &[3, 3, 5, 2], Attrs::DEFAULT), "4 channels cannot meet a filter over 5"),
            (error(&x, &filter, Attrs::DEFAULT.groups(3)), "2 filters cannot be divided into 3 groups"),
            (error(&x, &[3, 3, 1, 6], Attrs::DEFAULT.groups(3)), "4 channels cannot be divided into 3 groups"),
            (error(&x, &filter, Attrs::DEFAULT.groups(2)), "4 channels in 2 groups cannot meet a filter over 4"),
            (error(&x, &filter, Attrs::DEFAULT.groups(0)), "there is at least one group"),
            (error(&x, &filter, Attrs::DEFAULT.strides([0, 1])), "a window, a stride and a dilation are at least 1"),
            (error(&x, &[0, 3, 4, 2], Attrs::DEFAULT), "a window, a stride and a dilation are at least 1"),
            (
                error(&x, &filter, Attrs::DEFAULT.dilations([1, 3]).padding(Padding::Valid)),
                "a window over 7 elements does not fit into 5",
            ),
        ];
        for (found, wanted) in cases {
            assert_eq!(found, wanted);
        }
    }
}
