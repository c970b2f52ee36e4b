//! A layer of a long short-term memory.

use crate::model;

model! {
    /// [`lstm_cell`](crate::ops::lstm_cell) at each point of time, with the same weights, from a state of zeros on.
    ///
    /// Takes `[batch, time, n]`, gives `h` at each point of time, `[batch, time, units]`; `state` gives the last `h` and
    /// `c`. Variables, as those of TensorFlow's `BasicLSTMCell`: `kernel [n + units, 4 · units]`, `bias [4 · units]`.
    ///
    /// ```
    /// use varscope::layers::{Dense, Lstm};
    /// use varscope::prelude::*;
    /// use ndarray::Array3;
    ///
    /// model! {
    ///     struct Reader {
    ///         /// Reads to the end, and then says what it was.
    ///         fn logits(x: [batch, time, 8]) -> [batch, 3] {
    ///             let states = scope lstm: Lstm(x, units = 16);
    ///             let last: [batch, 16] = states.slice(begin = [0, time - 1, 0], size = [batch, 1, 16]).squeeze(axes = [1]);
    ///             scope output: Dense(last, units = 3)
    ///         }
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Error> {
    /// let net = Reader::seeded(1)?;
    /// assert_eq!(net.lstm.kernel.shape(), [24, 64]);
    /// assert_eq!(net.logits(Array3::ones((2, 5, 8)).view())?.shape(), [2, 3]);
    /// # Ok(())
    /// # }
    /// ```
    pub struct Lstm<T>(
        /// How many numbers `h` and `c` have.
        units: usize,
    ) {
        fn forward(x: [batch, time, n]) -> [batch, time, units] {
            var kernel: [{ n + units }, { 4 * units }];
            var bias: [{ 4 * units }] = zeros();
            let mut h = zeros(shape = [batch, units]);
            let mut c = zeros(shape = [batch, units]);
            let states = for t in 0..time {
                let now = x.slice(begin = [0, t, 0], size = [batch, 1, n]).squeeze(axes = [1]);
                (h, c) = lstm_cell(now, h, c, kernel, bias);
                h
            };
            stack(states, axis = 1)
        }

        /// The state after the last point of time: `h` and `c`.
        fn state(x: [batch, time, n]) -> ([batch, units], [batch, units]) {
            let mut h = zeros(shape = [batch, units]);
            let mut c = zeros(shape = [batch, units]);
            for t in 0..time {
                let now = x.slice(begin = [0, t, 0], size = [batch, 1, n]).squeeze(axes = [1]);
                (h, c) = lstm_cell(now, h, c, kernel, bias);
            }
            (h, c)
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array3, Axis, s};

    use super::*;
    use crate::layers::Lstm;

    model! {
        struct Twice: f64 {
            scope weights {
                var kernel: [5, 8];
                var bias: [8];
            }
            fn states(x: [batch, time, 3]) -> [batch, time, 2] {
                scope lstm: Lstm(x, units = 2)
            }
            fn state(x: [batch, time, 3]) -> ([batch, 2], [batch, 2]) {
                lstm.state(x)
            }
            fn step(x: [batch, 3], h: [batch, 2], c: [batch, 2]) -> ([batch, 2], [batch, 2]) {
                lstm_cell(x, h, c, self.weights.kernel, self.weights.bias)
            }
            fn loss(x: [batch, time, 3]) -> [] {
                sum(states(x))
            }
        }
    }

    #[test]
    fn each_state_is_that_of_the_cell() {
        let net = Twice::seeded(3).unwrap();
        net.weights.kernel.assign(&net.lstm.kernel.read()).unwrap();
        net.lstm.bias.assign(&net.weights.bias.read()).unwrap();
        let x = Array3::from_shape_fn((2, 4, 3), |(n, t, i)| ((n * 7 + t * 3 + i) % 5) as f64 - 2.0);
        let states = net.states(x.view()).unwrap();
        let (mut h, mut c) = (ndarray::Array2::zeros((2, 2)), ndarray::Array2::zeros((2, 2)));
        for (t, found) in states.axis_iter(Axis(1)).enumerate() {
            (h, c) = net.step(x.slice(s![.., t, ..]), h.view(), c.view()).unwrap();
            assert!((&found - &h).iter().all(|difference| difference.abs() < 1e-12), "{t}: {found} {h}");
        }
        assert_eq!(net.state(x.view()).unwrap(), (h, c));
    }

    #[test]
    fn the_gradient_goes_back_through_time() {
        let net = Twice::seeded(3).unwrap();
        let x = Array3::from_elem((1, 3, 3), 0.5);
        let mut step = net.loss_gradients();
        let (_, gradients) = step.compute(x.view()).unwrap();
        let gradient = gradients.of(&net.lstm.kernel)[[3, 1]];
        let kernel = net.lstm.kernel.read().clone();
        let loss = |change: f64| {
            let mut kernel = kernel.clone();
            kernel[[3, 1]] += change;
            net.lstm.kernel.assign(&kernel).unwrap();
            net.loss(x.view()).unwrap()
        };
        let difference = (loss(1e-5) - loss(-1e-5)) / 2e-5;
        assert!(gradient != 0.0 && (gradient - difference).abs() < 1e-8, "{gradient} {difference}");
    }
}
