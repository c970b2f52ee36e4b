//! `gru_cell(x, h, gate_kernel, gate_bias, candidate_kernel, candidate_bias)`: one step of a gated recurrent unit (Cho
//! et al., 2014), to its new `h`.
//!
//! `[…, n] × […, units] × [n + units, 2 · units] × [2 · units] × [n + units, units] × [units] → […, units]`, as
//! TensorFlow's `GRUCell`: the gates `r`, `u`, side by side, are `σ([x, h] · gate_kernel + gate_bias)`, the candidate
//! `k` is `tanh([x, r · h] · candidate_kernel + candidate_bias)`, and `h' = u · h + (1 − u) · k`.

use crate::kernels::elementwise::ELEMENT;
use crate::kernels::exponential::{logistic, tanh};
use crate::kernels::gemm::{Gemm, Matrix};
use crate::kernels::isa::vectorised;
use crate::kernels::parallel::for_each_rows;
use crate::kernels::scratch::Scratch;
use crate::kernels::softmax::EXPONENTIAL;
use crate::op::*;
use crate::ops::cell::{bias_gradient, kernel_gradient, leading, product, sizes, through};

crate::attributes! {}

/// The shape of `h`. What is kept are the gates and the candidate after their `σ` and `tanh`, and `r · h`.
pub const fn shape(
    x: Shape,
    h: Shape,
    gate_kernel: Shape,
    gate_bias: Shape,
    candidate_kernel: Shape,
    candidate_bias: Shape,
    _: &Attrs,
) -> Result<Shapes, ShapeError> {
    let leading = match leading(&x, &h) {
        Ok(leading) => leading,
        Err(error) => return Err(error),
    };
    let units = h.from_end(0);
    let (rows, gates) = (x.from_end(0).add(units), units.mul(Dim::known(2)));
    let parameters = [
        (gate_kernel, Shape::new(x.dtype(), &[rows, gates]), "the kernel of the gates should be {}"),
        (gate_bias, Shape::new(x.dtype(), &[gates]), "the bias of the gates should be {}"),
        (candidate_kernel, Shape::new(x.dtype(), &[rows, units]), "the kernel of the candidate should be {}"),
        (candidate_bias, Shape::new(x.dtype(), &[units]), "the bias of the candidate should be {}"),
    ];
    let mut n = 0;
    while n < parameters.len() {
        let (found, wanted, message) = parameters[n];
        if !found.agrees(&wanted) {
            return Err(ShapeError::new(message).shape(wanted));
        }
        n += 1;
    }
    Ok(Shapes::one(h).and_saved(leading.push(gates)).and_saved(h).and_saved(h))
}

/// The new `h`; `gates` keeps `r` and `u`, `reset` keeps `r · h`, `candidate` keeps `k`.
#[expect(clippy::too_many_arguments, reason = "the contract gives each tensor by itself")]
pub fn forward<T: Gemm>(
    _: &Context,
    x: View<T>,
    h: View<T>,
    gate_kernel: View<T>,
    gate_bias: View<T>,
    candidate_kernel: View<T>,
    candidate_bias: View<T>,
    _: &Attrs,
    mut new_h: ViewMut<T>,
    mut gates: ViewMut<T>,
    mut reset: ViewMut<T>,
    mut candidate: ViewMut<T>,
) -> Result<()> {
    let [rows, inputs, units] = sizes(x.shape(), h.shape());
    if units == 0 {
        return Ok(());
    }
    let (gates, reset, candidate) = (gates.data(), reset.data(), candidate.data());
    let (x, h) = ((x.data(), inputs), (h.data(), units));
    product([rows, 2 * units], [x, h], gate_kernel.data(), gates);
    let (gate_bias, candidate_bias) = (gate_bias.data(), candidate_bias.data());
    let outputs = [(&mut *gates, 2 * units), (&mut *reset, units)];
    for_each_rows(outputs, rows, h.0.len() * 2 * EXPONENTIAL, |rows, [gates, reset]| {
        vectorised(
            #[inline(always)]
            || {
                let states = reset.chunks_exact_mut(units).zip(h.0[rows.start * units..].chunks_exact(units));
                for (gates, (reset, h)) in gates.chunks_exact_mut(2 * units).zip(states) {
                    for (gate, &bias) in gates.iter_mut().zip(gate_bias) {
                        *gate = logistic(*gate + bias);
                    }
                    for ((reset, &h), &r) in reset.iter_mut().zip(h).zip(&*gates) {
                        *reset = r * h;
                    }
                }
            },
        );
    });
    let gates = &*gates;

    let of_rows = |first: usize| h.0[first * units..].chunks_exact(units).zip(gates_of(gates, first, units));
    product([rows, units], [x, (reset, units)], candidate_kernel.data(), candidate);
    let outputs = [(new_h.data(), units), (candidate, units)];
    for_each_rows(outputs, rows, h.0.len() * EXPONENTIAL, |rows, [new_h, candidate]| {
        vectorised(
            #[inline(always)]
            || {
                let results = new_h.chunks_exact_mut(units).zip(candidate.chunks_exact_mut(units));
                for ((new_h, k), (h, (_, u))) in results.zip(of_rows(rows.start)) {
                    let given = h.iter().zip(u).zip(candidate_bias);
                    for ((new_h, k), ((&h, &u), &bias)) in new_h.iter_mut().zip(k).zip(given) {
                        *k = tanh(*k + bias);
                        *new_h = u * h + (T::one() - u) * *k;
                    }
                }
            },
        );
    });
    Ok(())
}

/// The gates `r` and `u` of each row from the `first` on.
#[inline(always)]
fn gates_of<T>(gates: &[T], first: usize, units: usize) -> impl Iterator<Item = (&[T], &[T])> {
    gates[first * 2 * units..].chunks_exact(2 * units).map(move |gates| gates.split_at(units))
}

/// What the gradients come from.
struct Step<'a, T> {
    rows: usize,
    units: usize,
    h: &'a [T],
    gates: &'a [T],
    candidate: &'a [T],
    candidate_kernel: &'a [T],
    dnew_h: &'a [T],
}

impl<T: Gemm> Step<'_, T> {
    /// The rows that have numbers: none, if there are no units.
    fn some(&self) -> usize {
        self.h.len() / self.units.max(1)
    }

    /// The gradients of gates and candidate before their `σ` and `tanh`, and that of `r · h`.
    ///
    /// The reset gate's comes last: it goes through the candidate's kernel.
    fn gradients(&self, dgates: &mut [T], dcandidate: &mut [T], dreset: &mut [T]) {
        let Self { rows, units, h, gates, candidate, candidate_kernel, dnew_h } = *self;
        let (one, operations, some) = (T::one(), h.len() * ELEMENT, self.some());
        let outputs = [(&mut *dgates, 2 * units), (&mut *dcandidate, units)];
        for_each_rows(outputs, some, operations, |rows, [dgates, dcandidate]| {
            vectorised(
                #[inline(always)]
                || {
                    let results = dgates.chunks_exact_mut(2 * units).zip(dcandidate.chunks_exact_mut(units));
                    for ((row, (_, u)), (dgates, dcandidate)) in
                        rows.clone().zip(gates_of(gates, rows.start, units)).zip(results)
                    {
                        let [h, k, dnew_h] = [h, candidate, dnew_h].map(|all| &all[row * units..][..units]);
                        let (dupdate, dcandidate, u) = (&mut dgates[units..], &mut dcandidate[..units], &u[..units]);
                        for n in 0..units {
                            dcandidate[n] = dnew_h[n] * (one - u[n]) * (one - k[n] * k[n]);
                            dupdate[n] = dnew_h[n] * (h[n] - k[n]) * u[n] * (one - u[n]);
                        }
                    }
                },
            );
        });
        let of_h = &candidate_kernel[candidate_kernel.len() - units * units..];
        through([rows, units, units], &Matrix::new(dcandidate, rows, units), of_h, dreset, Update::Set);
        let dreset = &*dreset;
        for_each_rows([(dgates, 2 * units)], some, operations, |rows, [dgates]| {
            vectorised(
                #[inline(always)]
                || {
                    let results = dgates.chunks_exact_mut(2 * units);
                    for ((row, (r, _)), dgates) in rows.clone().zip(gates_of(gates, rows.start, units)).zip(results) {
                        let (h, dreset) = (&h[row * units..], &dreset[row * units..]);
                        let terms = h.iter().zip(dreset).zip(r);
                        for (d, ((&h, &dreset), &r)) in dgates[..units].iter_mut().zip(terms) {
                            *d = dreset * h * r * (one - r);
                        }
                    }
                },
            );
        });
    }

    /// `dh = dh' · u + d(r · h) · r`, and what comes through the gates' kernel.
    fn of_h(&self, dh: Gradient<T>, dreset: &[T], dgates: &[T], gate_kernel: &[T]) {
        let Some((mut dh, update)) = dh.into_parts() else { return };
        let Self { units, gates, dnew_h, .. } = *self;
        let dh = dh.data();
        for_each_rows([(&mut *dh, units)], self.some(), dnew_h.len() * ELEMENT, |rows, [dh]| {
            vectorised(
                #[inline(always)]
                || {
                    let of_rows = rows.clone().zip(gates_of(gates, rows.start, units));
                    for ((row, (r, u)), dh) in of_rows.zip(dh.chunks_exact_mut(units)) {
                        let (dnew_h, dreset) = (&dnew_h[row * units..], &dreset[row * units..]);
                        let terms = dnew_h.iter().zip(u).zip(dreset.iter().zip(r));
                        for (dh, ((&dnew_h, &u), (&dreset, &r))) in dh.iter_mut().zip(terms) {
                            let term = dnew_h * u + dreset * r;
                            *dh = if update == Update::Set { term } else { *dh + term };
                        }
                    }
                },
            );
        });
        let of_h = &gate_kernel[gate_kernel.len() - units * 2 * units..];
        let dgates = Matrix::new(dgates, self.rows, 2 * units);
        through([self.rows, units, 2 * units], &dgates, of_h, dh, Update::Add);
    }
}

/// The gradients of gates and candidate, and from them all others.
#[expect(clippy::too_many_arguments, reason = "the contract gives each tensor by itself")]
pub fn backward<T: Gemm + Scratch>(
    _: &Context,
    x: View<T>,
    h: View<T>,
    gate_kernel: View<T>,
    candidate_kernel: View<T>,
    gates: View<T>,
    reset: View<T>,
    candidate: View<T>,
    dnew_h: View<T>,
    _: &Attrs,
    dx: Gradient<T>,
    dh: Gradient<T>,
    dgate_kernel: Gradient<T>,
    dgate_bias: Gradient<T>,
    dcandidate_kernel: Gradient<T>,
    dcandidate_bias: Gradient<T>,
) -> Result<()> {
    let [rows, inputs, units] = sizes(x.shape(), h.shape());
    let (x, h, gate_kernel, candidate_kernel) = (x.data(), h.data(), gate_kernel.data(), candidate_kernel.data());
    let (gates, candidate, dnew_h) = (gates.data(), candidate.data(), dnew_h.data());
    let step = Step { rows, units, h, gates, candidate, candidate_kernel, dnew_h };
    T::with_scratch(4 * h.len(), |scratch| {
        let (dgates, rest) = scratch.split_at_mut(2 * h.len());
        let (dcandidate, dreset) = rest.split_at_mut(h.len());
        step.gradients(dgates, dcandidate, dreset);
        let dy = (Matrix::new(dgates, rows, 2 * units), Matrix::new(dcandidate, rows, units));
        if let Some((mut dx, update)) = dx.into_parts() {
            let (of_gates, of_candidate) = (&gate_kernel[..inputs * 2 * units], &candidate_kernel[..inputs * units]);
            through([rows, inputs, 2 * units], &dy.0, of_gates, dx.data(), update);
            through([rows, inputs, units], &dy.1, of_candidate, dx.data(), Update::Add);
        }
        step.of_h(dh, dreset, dgates, gate_kernel);
        kernel_gradient([rows, 2 * units], [(x, inputs), (h, units)], &dy.0, dgate_kernel);
        bias_gradient(2 * units, dgates, dgate_bias)?;
        kernel_gradient([rows, units], [(x, inputs), (reset.data(), units)], &dy.1, dcandidate_kernel);
        bias_gradient(units, dcandidate, dcandidate_bias)
    })
}

crate::op! {
    gru_cell(x: T, h: T, gate_kernel: T, gate_bias: T, candidate_kernel: T, candidate_bias: T) -> (new_h: T)
    saves (gates: T, reset: T, candidate: T), for T in [f32, f64];
    backward(
        reads [x, h, gate_kernel, candidate_kernel, gates, reset, candidate],
        from [new_h],
        to [x, h, gate_kernel, gate_bias, candidate_kernel, candidate_bias]
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::cell::tests::{SIZES, numbers};
    use crate::ops::expected::{check, expect, refusal, tensor};
    use crate::testing::Tensor;

    fn operands(leading: &[usize], inputs: usize, units: usize) -> [Tensor; 6] {
        let (x, h) = ([leading, &[inputs]].concat(), [leading, &[units]].concat());
        let (gates, candidate) = ([inputs + units, 2 * units], [inputs + units, units]);
        [&x[..], &h, &gates, &[2 * units], &candidate, &[units]].map(|shape| numbers(shape).into())
    }

    #[test]
    fn gradients_in_place_and_shapes() {
        for (leading, inputs, units) in SIZES {
            let checked = check(&OPERATION, Attrs::DEFAULT, &operands(leading, inputs, units));
            assert_eq!(checked, Ok(()), "{leading:?}, {inputs} inputs, {units} units");
        }
    }

    #[expect(clippy::approx_constant, reason = "drawn at random, and near π/4 by chance")]
    mod tensorflow {
        pub const X: &[f64] = &[0.0212, -0.2392, -0.1977, -0.3764];
        pub const H: &[f64] = &[-1.2113, -2.1471, 0.9726, 1.0334, -0.1712, -0.1441];
        pub const GATE_KERNEL: &[f64] = &[
            0.0049, 1.149, -0.1986, -0.6944, -0.4402, -0.1032, 0.2948, -0.3543, -0.6381, -0.5112, -0.8192, -0.3102,
            0.5088, 0.6054, 0.3501, 0.6642, -0.1638, -0.1762, -0.3987, 0.0232, 0.4264, -0.1999, -0.3783, -0.5116,
            0.6331, -0.3876, 0.7876, -0.2458, -0.0504, 0.7629,
        ];
        pub const GATE_BIAS: &[f64] = &[-0.7854, 0.2117, -0.5642, -0.8098, -0.4159, -0.5215];
        pub const CANDIDATE_KERNEL: &[f64] = &[
            -0.043, 0.6426, -0.0164, 0.1201, -0.3942, 0.0584, -1.0048, -0.8546, 0.7437, -0.2492, -0.3142, -0.229,
            -0.0971, -0.4233, -0.2931,
        ];
        pub const CANDIDATE_BIAS: &[f64] = &[0.9131, -0.1204, -0.2521];
        pub const NEW_H: &[f64] = &[
            0.4740190075077838,
            -1.276323270529636,
            0.7146241862389299,
            0.7849880735914088,
            -0.2765976953486284,
            0.003465698474271646,
        ];
        pub const DNEW_H: &[f64] = &[1.6905, -0.4659, 0.0328, 0.4075, -0.7889, 0.0021];
        pub const DX: &[f64] = &[0.22584282374348869, 0.15001430417764866, -0.2624158207944669, 0.1781054144304421];
        pub const DH: &[f64] = &[
            -0.11645145904488535,
            -0.31521426516065265,
            0.1939055379206783,
            0.3624428894181251,
            -0.3329250688670981,
            0.07786595804678192,
        ];
        pub const DGATE_KERNEL: &[f64] = &[
            -0.007700610890995718,
            0.000706181206713981,
            0.001090991946188479,
            -0.024145223962327766,
            0.013544050728658656,
            0.00017122901327562494,
            -0.02283216265462561,
            -0.00048030532102730857,
            0.0006743849526875815,
            0.12238783111894432,
            -0.05080672980262009,
            -0.0016436290873787143,
            0.008087149108592519,
            -0.01087452975870112,
            -0.011224593670681848,
            0.78894253013325,
            -0.3723017964084386,
            -0.008648395715765094,
            -0.06996007621508019,
            -0.013523159844121505,
            -0.009920772131064045,
            1.2831706550304507,
            -0.5815530309794507,
            -0.015108250467814428,
            0.022362520795603975,
            0.0067623516686673,
            0.005597842870662997,
            -0.594011231186186,
            0.27210663423961895,
            0.006868297542017207,
        ];
        pub const DGATE_BIAS: &[f64] = &[
            0.07131302372180785,
            0.0036553039782874185,
            3.729413379648973e-05,
            -0.5446658657351878,
            0.23484620300240538,
            0.006934799286272367,
        ];
        pub const DCANDIDATE_KERNEL: &[f64] = &[
            -0.023437360432215976,
            0.06895881398746982,
            -0.00018631099660995913,
            -0.0979215900762616,
            0.16148036873134772,
            -0.001392951102893775,
            -0.05761745855478356,
            -0.08455534763925804,
            -0.0016910818662064855,
            -0.13988823493782865,
            0.11245885212212836,
            -0.0025636968393843726,
            0.040791418495834855,
            -0.0039214687311751005,
            0.0008876886381161592,
        ];
        pub const DCANDIDATE_BIAS: &[f64] = &[0.3296469775093692, -0.46837576002489534, 0.005054415665063872];
    }

    #[test]
    fn numbers_are_tensorflows() {
        use tensorflow::*;
        let kernels = [tensor(&[5, 6], GATE_KERNEL), tensor(&[5, 3], CANDIDATE_KERNEL)];
        let biases = [tensor(&[6], GATE_BIAS), tensor(&[3], CANDIDATE_BIAS)];
        let ([gate_kernel, candidate_kernel], [gate_bias, candidate_bias]) = (kernels, biases);
        let (x, h) = (tensor(&[2, 2], X), tensor(&[2, 3], H));
        let operands = [x, h, gate_kernel, gate_bias, candidate_kernel, candidate_bias];
        let gradients: &[&[f64]] = &[DX, DH, DGATE_KERNEL, DGATE_BIAS, DCANDIDATE_KERNEL, DCANDIDATE_BIAS];
        expect(&OPERATION, Attrs::DEFAULT, &operands, &[tensor(&[2, 3], NEW_H)], (&[DNEW_H], gradients));
    }

    #[test]
    fn sizes_must_be_those_of_a_cell() {
        let message = |number: usize, shape: &[usize]| {
            let mut operands = operands(&[2], 3, 4);
            operands[number] = numbers(shape).into();
            refusal(&OPERATION, Attrs::DEFAULT, &operands)
        };
        assert!(message(0, &[1, 3]).ends_with("`x` should have as many examples as `h`: [2, 3]"));
        assert!(message(1, &[]).ends_with("`x` and `h` have at least one axis, that of their units"));
        assert!(message(2, &[7, 4]).ends_with("the kernel of the gates should be [7, 8]"));
        assert!(message(3, &[4]).ends_with("the bias of the gates should be [8]"));
        assert!(message(4, &[4, 4]).ends_with("the kernel of the candidate should be [7, 4]"));
        assert!(message(5, &[1]).ends_with("the bias of the candidate should be [4]"));
    }
}
