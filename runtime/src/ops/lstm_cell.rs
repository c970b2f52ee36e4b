//! `lstm_cell(x, h, c, kernel, bias, forget_bias = 1.0)`: one step of a long short-term memory (Hochreiter and
//! Schmidhuber, 1997), to its new `h` and `c`.
//!
//! `[…, n] × […, units] × […, units] × [n + units, 4 · units] × [4 · units] → […, units], […, units]`, as TensorFlow's
//! `BasicLSTMCell`: `[x, h] · kernel + bias` are the gates `i`, `j`, `f`, `o`, side by side in this order;
//! `c' = c · σ(f + forget_bias) + σ(i) · tanh(j)` and `h' = σ(o) · tanh(c')`.

use crate::kernels::gemm::{Gemm, Matrix};
use crate::kernels::lstm;
use crate::op::*;
use crate::ops::cell::{bias_gradient, kernel_gradient, leading, product, sizes, through};

crate::attributes! {
    /// What is added to the bias of the forget gate, so that a new cell remembers.
    forget_bias: f64 = 1.0,
}

/// The shapes of `h` and `c`. What is kept are the gates after their `σ` or `tanh`, and `tanh(c')`.
pub const fn shape(x: Shape, h: Shape, c: Shape, kernel: Shape, bias: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    let leading = match leading(&x, &h) {
        Ok(leading) => leading,
        Err(error) => return Err(error),
    };
    if !h.agrees(&c) {
        return Err(ShapeError::new("`h` and `c` should have one shape: {}").shape(h));
    }
    let units = h.from_end(0).or(c.from_end(0));
    let gates = units.mul(Dim::known(4));
    let wanted = Shape::new(x.dtype(), &[x.from_end(0).add(units), gates]);
    if !kernel.agrees(&wanted) {
        return Err(ShapeError::new("`kernel` should have the inputs and the units as rows: {}").shape(wanted));
    }
    let wanted = Shape::new(x.dtype(), &[gates]);
    if !bias.agrees(&wanted) {
        return Err(ShapeError::new("`bias` should have a number for each gate of each unit: {}").shape(wanted));
    }
    let state = leading.push(units);
    Ok(Shapes::one(state).and(state).and_saved(leading.push(gates)).and_saved(state))
}

/// The new `h` and `c`; `gates` keeps `σ(i)`, `tanh(j)`, `σ(f + forget_bias)` and `σ(o)`, `squashed` keeps `tanh(c')`.
#[expect(clippy::too_many_arguments, reason = "the contract gives each tensor by itself")]
pub fn forward<T: Gemm>(
    _: &Context,
    x: View<T>,
    h: View<T>,
    c: View<T>,
    kernel: View<T>,
    bias: View<T>,
    attrs: &Attrs,
    mut new_h: ViewMut<T>,
    mut new_c: ViewMut<T>,
    mut gates: ViewMut<T>,
    mut squashed: ViewMut<T>,
) -> Result<()> {
    let [rows, inputs, units] = sizes(x.shape(), h.shape());
    if units == 0 {
        return Ok(());
    }
    product([rows, 4 * units], [(x.data(), inputs), (h.data(), units)], kernel.data(), gates.data());
    let states = lstm::States { gates: gates.data(), c: new_c.data(), squashed: squashed.data(), h: new_h.data() };
    lstm::forward((bias.data(), T::of(attrs.forget_bias)), c.data(), states);
    Ok(())
}

/// The gradients of the gates, times or by the kernel and the inputs; `dc` is that of `c'`, times `σ(f + forget_bias)`.
#[expect(clippy::too_many_arguments, reason = "the contract gives each tensor by itself")]
pub fn backward<T: Gemm>(
    _: &Context,
    x: View<T>,
    h: View<T>,
    c: View<T>,
    kernel: View<T>,
    gates: View<T>,
    squashed: View<T>,
    dnew_h: View<T>,
    dnew_c: View<T>,
    _: &Attrs,
    dx: Gradient<T>,
    dh: Gradient<T>,
    dc: Gradient<T>,
    dkernel: Gradient<T>,
    dbias: Gradient<T>,
) -> Result<()> {
    let [rows, inputs, units] = sizes(x.shape(), h.shape());
    let kept = lstm::Kept {
        c: c.data(),
        gates: gates.data(),
        squashed: squashed.data(),
        dh: dnew_h.data(),
        dc: dnew_c.data(),
    };
    T::with_scratch(rows * 5 * units, |scratch| {
        let (dgates, dold_c) = scratch.split_at_mut(rows * 4 * units);
        lstm::backward(units, kept, dgates, dold_c);
        let by = Matrix::new(dgates, rows, 4 * units);
        let (of_x, of_h) = kernel.data().split_at(inputs * 4 * units);
        for (gradient, kernel, size) in [(dx, of_x, inputs), (dh, of_h, units)] {
            if let Some((mut gradient, update)) = gradient.into_parts() {
                through([rows, size, 4 * units], &by, kernel, gradient.data(), update);
            }
        }
        kernel_gradient([rows, 4 * units], [(x.data(), inputs), (h.data(), units)], &by, dkernel);
        bias_gradient(4 * units, dgates, dbias)?;
        dc.map(View::new(dold_c, c.shape())?, |dc| dc);
        Ok(())
    })
}

crate::op! {
    lstm_cell(x: T, h: T, c: T, kernel: T, bias: T) -> (new_h: T, new_c: T) saves (gates: T, squashed: T),
    for T in [f32, f64];
    backward(
        reads [x, h, c, kernel, gates, squashed],
        from [new_h, new_c],
        to [x, h, c, kernel, bias]
    );
}

#[cfg(test)]
mod tests {
    use ndarray::ArrayD;

    use super::*;
    use crate::ops::cell::tests::{SIZES, numbers};
    use crate::ops::expected::{check, expect, graph, refusal, tensor};
    use crate::testing::{Tensor, differentiate};

    fn operands(leading: &[usize], inputs: usize, units: usize) -> [Tensor; 5] {
        let (x, h) = ([leading, &[inputs]].concat(), [leading, &[units]].concat());
        let (kernel, bias) = ([inputs + units, 4 * units], [4 * units]);
        [&x[..], &h, &h, &kernel, &bias].map(|shape| numbers(shape).into())
    }

    #[test]
    fn gradients_in_place_and_shapes() {
        for (leading, inputs, units) in SIZES {
            let checked = check(&OPERATION, Attrs::DEFAULT, &operands(leading, inputs, units));
            assert_eq!(checked, Ok(()), "{leading:?}, {inputs} inputs, {units} units");
        }
        check(&OPERATION, Attrs::DEFAULT.forget_bias(-0.5), &operands(&[20], 1, 2)).unwrap();
    }

    mod tensorflow {
        pub const X: &[f64] = &[-1.771, 0.2994, -1.1423, 0.6389];
        pub const H: &[f64] = &[0.1257, 0.7638, 1.1409, 2.3667, -0.5637, -0.5531];
        pub const C: &[f64] = &[-0.2511, 0.1856, 0.686, 0.9219, 0.7843, -1.108];
        pub const KERNEL: &[f64] = &[
            0.9263, 0.5095, 0.2908, -0.1986, -0.286, -0.1287, -0.3037, -0.1425, 0.4502, -0.4531, 0.1739, 0.321, 0.3702,
            -0.9015, -0.3612, -0.5945, -0.1953, -0.1851, -0.1293, 0.495, 0.8662, -0.75, 0.0398, -0.7416, -0.2644,
            0.7865, 0.3173, -0.6255, 1.1239, -0.1928, -0.1148, 0.1932, -0.235, -0.0137, -0.138, 0.3333, 0.4095,
            -0.0503, 0.095, -0.3434, -0.3726, -0.566, 0.1477, 0.4041, 0.3093, 0.2515, 0.1556, -0.145, 0.7023, -0.4437,
            -0.4089, -0.2048, 0.9392, -0.0762, -1.1021, 0.508, 0.3436, 0.5599, -0.3246, -0.5863,
        ];
        pub const NEW_H: &[f64] = &[
            -0.20377387933621224,
            0.07353540485116064,
            0.05233730375168308,
            0.2867623353287041,
            0.2572670554462483,
            -0.3661345766905563,
        ];
        pub const NEW_C: &[f64] = &[
            -0.2475994377959406,
            0.27105890288739876,
            0.18112914514518944,
            0.7508857863853268,
            1.1839088771279456,
            -0.5508692068276605,
        ];
        pub const DNEW_H: &[f64] = &[1.6905, -0.4659, 0.0328, 0.4075, -0.7889, 0.0021];
        pub const DNEW_C: &[f64] = &[-0.0009, -1.7547, 1.0177, 0.6005, -0.6254, -0.1715];
        pub const DX: &[f64] = &[-0.13840424818144778, 0.17740786207385517, -0.13208501855976335, 0.037075330031592545];
        pub const DH: &[f64] = &[
            -0.48851626187522645,
            -0.19820729952600447,
            0.042438925276855145,
            -0.13313138318709927,
            0.009943125221274997,
            -0.022113903887703536,
        ];
        pub const DC: &[f64] = &[
            0.8957432589650456,
            -1.540027932241876,
            0.5196875644159614,
            0.6169473833129665,
            -0.45966065470221273,
            -0.04861165430014376,
        ];
        pub const DKERNEL: &[f64] = &[
            0.18060228184692345,
            0.5124570475871573,
            0.20262495836815855,
            -0.5169592222274796,
            0.12602775450979878,
            -0.1992954190220223,
            0.045898961682282316,
            0.23267109579712603,
            -0.35584257113273515,
            0.02449785129729301,
            0.2036767330197328,
            -0.0019155058188192475,
            -0.04546998313836062,
            -0.1538907161792153,
            -0.02675347559379967,
            0.09244169529303094,
            -0.02693473396534743,
            -0.0030604921912109895,
            0.02548466240114131,
            -0.09483370128455862,
            0.07731673611738295,
            0.02445142360911616,
            -0.0968202519340352,
            0.00023147640666819843,
            -0.0894077807621548,
            -0.38120707609202265,
            0.024080829490477386,
            0.0625643926160096,
            -0.03780517710932853,
            -0.17429255362162185,
            0.16719105473231513,
            -0.30106737306391645,
            0.11323400746478379,
            0.14486228606867932,
            -0.3343267080012851,
            -0.0003375549548285876,
            -0.04249301503879746,
            -0.06164021032486479,
            -0.10516478041525465,
            0.210997627692084,
            -0.041015103705512264,
            0.17304338337007547,
            -0.0985722156646866,
            0.031165946628065683,
            0.11280762723104441,
            -0.07832052152665378,
            0.0599933697792791,
            0.0010449669340686343,
            -0.0731535144017203,
            -0.13566073980444723,
            -0.1522245354344528,
            0.3184407616276223,
            -0.06491288106991874,
            0.23465866392670878,
            -0.1256937755919408,
            0.01058495867734948,
            0.17962304481742,
            -0.09845790875399188,
            0.049180755991851746,
            0.0015010306070303773,
        ];
        pub const DBIAS: &[f64] = &[
            -0.11387321286052618,
            -0.3429190916384524,
            -0.10843883826958134,
            0.29592085356582043,
            -0.07564439784272473,
            0.08326500626756422,
            0.0005567027760886717,
            -0.175574437400342,
            0.21459191197679872,
            0.00893692613720179,
            -0.1646880786364629,
            0.0010080510003421853,
        ];
    }

    #[test]
    fn numbers_are_tensorflows() {
        let bias =
            &[-0.7075, -0.2257, -0.0416, 0.0573, -0.05, -0.3636, 0.3722, -0.7879, -1.0366, 0.2493, -0.39, 0.6431];
        let [x, h, c] =
            [(2, tensorflow::X), (3, tensorflow::H), (3, tensorflow::C)].map(|(width, x)| tensor(&[2, width], x));
        let operands = [x, h, c, tensor(&[5, 12], tensorflow::KERNEL), tensor(&[12], bias)];
        let wanted = [tensor(&[2, 3], tensorflow::NEW_H), tensor(&[2, 3], tensorflow::NEW_C)];
        let gradients: (&[&[f64]], &[&[f64]]) = (
            &[tensorflow::DNEW_H, tensorflow::DNEW_C],
            &[tensorflow::DX, tensorflow::DH, tensorflow::DC, tensorflow::DKERNEL, tensorflow::DBIAS],
        );
        expect(&OPERATION, Attrs::DEFAULT, &operands, &wanted, gradients);
    }

    #[test]
    fn a_cell_of_which_only_h_counts_has_gradients() {
        let (operands, upstream) = (operands(&[2], 3, 2), numbers(&[2, 2]));
        let gradients = |dnew_c: Option<ArrayD<f64>>| {
            let upstream = [Some(upstream.clone()), dnew_c];
            differentiate(&operands, &upstream, graph(&OPERATION, Attrs::DEFAULT)).unwrap().gradients
        };
        assert_eq!(gradients(None), gradients(Some(ArrayD::zeros(vec![2, 2]))));
    }

    #[test]
    fn sizes_must_be_those_of_a_cell() {
        let message = |number: usize, shape: &[usize]| {
            let mut operands = operands(&[2], 3, 4);
            operands[number] = numbers(shape).into();
            refusal(&OPERATION, Attrs::DEFAULT, &operands)
        };
        assert!(message(0, &[1, 3]).ends_with("`x` should have as many examples as `h`: [2, 3]"));
        assert!(message(0, &[]).ends_with("`x` and `h` have at least one axis, that of their units"));
        assert!(message(2, &[2, 3]).ends_with("`h` and `c` should have one shape: [2, 4]"));
        assert!(message(3, &[4, 16]).ends_with("`kernel` should have the inputs and the units as rows: [7, 16]"));
        assert!(message(4, &[4]).ends_with("`bias` should have a number for each gate of each unit: [16]"));
    }
}
