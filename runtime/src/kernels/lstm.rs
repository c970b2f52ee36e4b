//! The step of a long short-term memory between its matrix products: gates, states, and their gradients.
//!
//! The gates `i`, `j`, `f`, `o` of a row stand side by side, each over all units.

use super::exponential::{logistic, tanh};
use super::isa::vectorised;
use super::lanes::{LANES, load, store};
use super::parallel::for_each_rows;
use super::simd::prefetch_all;
use crate::element::Float;

/// Multiply-adds that take as long as the gates of a unit, and as long as their gradients.
const FORWARD: usize = 256;
const BACKWARD: usize = 64;

/// The four gates of a row.
fn quarters<T>(gates: &[T]) -> [&[T]; 4] {
    let units = gates.len() / 4;
    std::array::from_fn(|gate| &gates[gate * units..][..units])
}

fn quarters_mut<T>(gates: &mut [T], units: usize) -> [&mut [T]; 4] {
    let (i, rest) = gates.split_at_mut(units);
    let (j, rest) = rest.split_at_mut(units);
    let (f, o) = rest.split_at_mut(units);
    [i, j, f, o]
}

/// What [`forward()`] computes.
pub struct States<'a, T> {
    /// The gates; on entry without their functions and biases.
    pub gates: &'a mut [T],
    /// The new `c`.
    pub c: &'a mut [T],
    /// Its hyperbolic tangent.
    pub squashed: &'a mut [T],
    /// The new `h`.
    pub h: &'a mut [T],
}

/// `c' = c · σ(f + forget_bias) + σ(i) · tanh(j)` and `h' = σ(o) · tanh(c')`, the gates with their `bias`.
pub fn forward<T: Float>((bias, forget_bias): (&[T], T), c: &[T], states: States<'_, T>) {
    let (States { gates, c: new_c, squashed, h }, units) = (states, bias.len() / 4);
    let (rows, bias) = (c.len() / units.max(1), quarters(bias));
    let outputs = [(gates, 4 * units), (new_c, units), (squashed, units), (h, units)];
    for_each_rows(outputs, rows, c.len() * FORWARD, |rows, [gates, new_c, squashed, h]| {
        let c = &c[rows.start * units..rows.end * units];
        vectorised(
            #[inline(always)]
            || {
                let states = new_c.chunks_exact_mut(units).zip(squashed.chunks_exact_mut(units));
                let states = states.zip(h.chunks_exact_mut(units)).zip(c.chunks_exact(units));
                for (gates, (((new_c, squashed), h), c)) in gates.chunks_exact_mut(4 * units).zip(states) {
                    let [i, j, f, o] = quarters_mut(gates, units);
                    for (i, &bias) in i.iter_mut().zip(bias[0]) {
                        *i = logistic(*i + bias);
                    }
                    for (j, &bias) in j.iter_mut().zip(bias[1]) {
                        *j = tanh(*j + bias);
                    }
                    for (f, &bias) in f.iter_mut().zip(bias[2]) {
                        *f = logistic(*f + bias + forget_bias);
                    }
                    for (o, &bias) in o.iter_mut().zip(bias[3]) {
                        *o = logistic(*o + bias);
                    }
                    for ((((new_c, &c), &i), &j), &f) in new_c.iter_mut().zip(c).zip(&*i).zip(&*j).zip(&*f) {
                        *new_c = c * f + i * j;
                    }
                    for (((h, squashed), &c), &o) in h.iter_mut().zip(squashed).zip(&*new_c).zip(&*o) {
                        *squashed = tanh(c);
                        *h = o * *squashed;
                    }
                }
            },
        );
    });
}

/// What the gradients come from.
#[derive(Clone, Copy)]
pub struct Kept<'a, T> {
    /// The old `c`.
    pub c: &'a [T],
    /// The gates with their functions.
    pub gates: &'a [T],
    /// The hyperbolic tangent of the new `c`.
    pub squashed: &'a [T],
    /// The gradient of the new `h`.
    pub dh: &'a [T],
    /// The gradient of the new `c`, without what comes through `h`.
    pub dc: &'a [T],
}

/// The gradients of the gates without their functions, and that of the old `c`.
pub fn backward<T: Float>(units: usize, kept: Kept<'_, T>, dgates: &mut [T], dc: &mut [T]) {
    let rows = kept.c.len() / units.max(1);
    let operations = kept.c.len() * BACKWARD;
    for_each_rows([(dgates, 4 * units), (dc, units)], rows, operations, |rows, [dgates, dc]| {
        vectorised(
            #[inline(always)]
            || {
                let out = dgates.chunks_exact_mut(4 * units).zip(dc.chunks_exact_mut(units));
                for (row, (dgates, dc)) in rows.zip(out) {
                    backward_row(row, units, kept, dgates, dc);
                }
            },
        );
    });
}

/// The gradients of a row.
#[inline(always)]
fn backward_row<T: Float>(row: usize, units: usize, kept: Kept<'_, T>, dgates: &mut [T], dold_c: &mut [T]) {
    let (of_row, next) = (row * units..(row + 1) * units, (row + 1) * units..(row + 2) * units);
    // They were kept long ago, and are too many short stretches for the processor to see what is next.
    kept.gates.get(4 * next.start..4 * next.end).into_iter().for_each(prefetch_all);
    kept.squashed.get(next).into_iter().for_each(prefetch_all);
    let gates = &kept.gates[4 * of_row.start..4 * of_row.end];
    let (c, squashed) = (&kept.c[of_row.clone()], &kept.squashed[of_row.clone()]);
    let (dnew_h, dnew_c, dold_c) = (&kept.dh[of_row.clone()], &kept.dc[of_row], &mut dold_c[..units]);
    let [di, dj, df, d_o] = quarters_mut(dgates, units);
    let one = T::one();
    for at in (0..units).step_by(LANES) {
        let count = units - at;
        let (i, j) = (load(gates, at, count), load(&gates[units..], at, count));
        let (f, o) = (load(&gates[2 * units..], at, count), load(&gates[3 * units..], at, count));
        let (c, squashed) = (load(c, at, count), load(squashed, at, count));
        let (dh, dc) = (load(dnew_h, at, count), load(dnew_c, at, count));
        let [mut of_i, mut of_j, mut of_f, mut of_o, mut of_c] = [[one; LANES]; 5];
        for n in 0..LANES {
            let dnew_c = dc[n] + dh[n] * o[n] * (one - squashed[n] * squashed[n]);
            of_i[n] = dnew_c * j[n] * (i[n] * (one - i[n]));
            of_j[n] = dnew_c * i[n] * (one - j[n] * j[n]);
            of_f[n] = dnew_c * c[n] * (f[n] * (one - f[n]));
            of_o[n] = dh[n] * squashed[n] * (o[n] * (one - o[n]));
            of_c[n] = dnew_c * f[n];
        }
        store(di, at, count, &of_i);
        store(dj, at, count, &of_j);
        store(df, at, count, &of_f);
        store(d_o, at, count, &of_o);
        store(dold_c, at, count, &of_c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::{isa, reference};
    use crate::random::Random;

    #[test]
    fn states_and_gradients_agree_with_the_definition_on_every_path() {
        isa::on_each(|_| {
            let sizes = [(0, 3), (3, 0), (1, 1), (2, 7), (2, 8), (2, 9), (2, 15), (3, 16), (9, 17), (40, 64)];
            sizes.into_iter().for_each(|(rows, units)| check(rows, units));
        });
    }

    fn check(rows: usize, units: usize) {
        let mut random = Random::new(3, "lstm", 0);
        let mut numbers = |count: usize| -> Vec<f64> { (0..count).map(|_| random.normal()).collect() };
        let (before, bias, c) = (numbers(rows * 4 * units), numbers(4 * units), numbers(rows * units));
        let (dh, dc) = (numbers(rows * units), numbers(rows * units));
        let (mut gates, mut new_c, mut squashed, mut h) = (before.clone(), c.clone(), c.clone(), c.clone());
        let states = States { gates: &mut gates, c: &mut new_c, squashed: &mut squashed, h: &mut h };
        forward((&bias, 0.5), &c, states);
        let kept = Kept { c: &c, gates: &gates, squashed: &squashed, dh: &dh, dc: &dc };
        let (mut dgates, mut dold_c) = (vec![9.0; before.len()], vec![9.0; c.len()]);
        backward(units, kept, &mut dgates, &mut dold_c);
        for at in 0..rows * units {
            let place = |gate: usize| (at / units * 4 + gate) * units + at % units;
            let gates = [0, 1, 2, 3].map(|gate| before[place(gate)] + bias[gate * units + at % units]);
            let step = reference::lstm(gates, c[at], 0.5, [dh[at], dc[at]]);
            let near = |found: f64, wanted: f64| assert!((found - wanted).abs() < 1e-14, "{found}, not {wanted}");
            near(new_c[at], step.c);
            near(h[at], step.h);
            near(dold_c[at], step.dc);
            (0..4).for_each(|gate| near(dgates[place(gate)], step.dgates[gate]));
        }
    }
}
