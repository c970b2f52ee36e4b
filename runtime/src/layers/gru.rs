//! A layer of gated recurrent units.

use crate::model;

model! {
    /// [`gru_cell`](crate::ops::gru_cell) at each point of time, with the same weights, from a state of zeros on.
    ///
    /// Takes `[batch, time, n]`, gives `h` at each point of time, `[batch, time, units]`; `state` gives the last one.
    /// Variables, as those of TensorFlow's `GRUCell`: `gates/kernel [n + units, 2 · units]`, `gates/bias [2 · units]`,
    /// which starts with ones, `candidate/kernel [n + units, units]`, `candidate/bias [units]`.
    ///
    /// ```
    /// use varscope::layers::Gru;
    /// use varscope::prelude::*;
    /// use ndarray::Array3;
    ///
    /// model! {
    ///     struct Stacked {
    ///         fn states(x: [batch, time, 8]) -> [batch, time, 16] {
    ///             let lower = scope gru[0]: Gru(x, units = 16);
    ///             scope gru[1]: Gru(lower, units = 16)
    ///         }
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Error> {
    /// let net = Stacked::seeded(1)?;
    /// assert_eq!(net.gru[0].gates.kernel.shape(), [24, 32]);
    /// assert_eq!(net.gru[1].candidate.kernel.name(), "gru_1/candidate/kernel");
    /// assert_eq!(net.states(Array3::ones((2, 5, 8)).view())?.shape(), [2, 5, 16]);
    /// # Ok(())
    /// # }
    /// ```
    pub struct Gru<T>(
        /// How many numbers `h` has.
        units: usize,
    ) {
        fn forward(x: [batch, time, n]) -> [batch, time, units] {
            scope gates {
                var kernel: [{ n + units }, { 2 * units }];
                var bias: [{ 2 * units }] = ones();
            }
            scope candidate {
                var kernel: [{ n + units }, units];
                var bias: [units] = zeros();
            }
            let mut h = zeros(shape = [batch, units]);
            let states = for t in 0..time {
                let now = x.slice(begin = [0, t, 0], size = [batch, 1, n]).squeeze(axes = [1]);
                h = gru_cell(now, h, gates.kernel, gates.bias, candidate.kernel, candidate.bias);
                h
            };
            stack(states, axis = 1)
        }

        /// The state after the last point of time.
        fn state(x: [batch, time, n]) -> [batch, units] {
            let mut h = zeros(shape = [batch, units]);
            for t in 0..time {
                let now = x.slice(begin = [0, t, 0], size = [batch, 1, n]).squeeze(axes = [1]);
                h = gru_cell(now, h, gates.kernel, gates.bias, candidate.kernel, candidate.bias);
            }
            h
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Array3, Axis, s};

    use super::*;
    use crate::layers::Gru;

    model! {
        struct Reader: f64 {
            fn states(x: [batch, time, 3]) -> [batch, time, 2] {
                scope gru: Gru(x, units = 2)
            }
            fn state(x: [batch, time, 3]) -> [batch, 2] {
                gru.state(x)
            }
        }
    }

    /// `h' = u · h + (1 − u) · k`, written out.
    #[test]
    fn each_state_is_that_of_the_formula() {
        let net = Reader::seeded(3).unwrap();
        let x = Array3::from_shape_fn((2, 4, 3), |(n, t, i)| ((n * 7 + t * 3 + i) % 5) as f64 - 2.0);
        let states = net.states(x.view()).unwrap();
        let (gates, candidate) = (net.gru.gates.kernel.read(), net.gru.candidate.kernel.read());
        let mut h = Array2::<f64>::zeros((2, 2));
        let beside = |x: ndarray::ArrayView2<f64>, h: &Array2<f64>| ndarray::concatenate![Axis(1), x, h.view()];
        for (t, found) in states.axis_iter(Axis(1)).enumerate() {
            let now = x.slice(s![.., t, ..]);
            let ru = (beside(now, &h).dot(&*gates) + 1.0).mapv(|x| 1.0 / (1.0 + (-x).exp()));
            let (r, u) = (ru.slice(s![.., ..2]).to_owned(), ru.slice(s![.., 2..]).to_owned());
            let k = beside(now, &(&r * &h)).dot(&*candidate).mapv(f64::tanh);
            h = &u * &h + (1.0 - &u) * k;
            assert!((&found - &h).iter().all(|difference| difference.abs() < 1e-9), "{t}: {found} {h}");
        }
        assert_eq!(net.state(x.view()).unwrap(), states.slice(s![.., 3, ..]));
    }
}
