//! A layer of attention.

use super::Dense;
use crate::model;

model! {
    /// Attention of a sequence to itself (Vaswani et al., 2017), in several heads: each looks at a part of the width.
    ///
    /// In each head, `softmax(q · kᵀ / √d) · v`, where `d = width / heads`, and `q`, `k`, `v` are the head's parts of
    /// what `query`, `key` and `value` make of `x`; `output` goes over the heads' results, side by side. With `causal`,
    /// a point of time attends to itself and what is before it.
    ///
    /// Takes `[batch, time, width]`, gives the same; `heads` divides `width`. Layers, each a `Dense` of `width` units:
    /// `query`, `key`, `value`, `output`.
    ///
    /// ```
    /// use varscope::layers::MultiHeadAttention;
    /// use varscope::prelude::*;
    /// use ndarray::Array3;
    ///
    /// model! {
    ///     struct Block {
    ///         fn forward(x: [batch, time, 16]) -> [batch, time, 16] {
    ///             x + scope attention: MultiHeadAttention(x, heads = 4, causal = true)
    ///         }
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Error> {
    /// let net = Block::seeded(1)?;
    /// assert_eq!(net.attention.query.weights.name(), "attention/query/weights");
    /// assert_eq!(net.forward(Array3::ones((2, 5, 16)).view())?.shape(), [2, 5, 16]);
    /// # Ok(())
    /// # }
    /// ```
    pub struct MultiHeadAttention<T>(
        /// How many heads there are.
        heads: usize,
        /// Whether nothing attends to what comes after it.
        causal: bool = false,
        /// Whether the four layers add biases.
        bias: bool = true,
    ) {
        fn forward(x: [batch, time, width]) -> [batch, time, width] {
            let q = scope query: Dense(x, units = width, bias = bias);
            let k = scope key: Dense(x, units = width, bias = bias);
            let v = scope value: Dense(x, units = width, bias = bias);
            let q = q.reshape(shape = [batch, time, heads, width / heads]).transpose(perm = [0, 2, 1, 3]);
            let k = k.reshape(shape = [batch, time, heads, width / heads]).transpose(perm = [0, 2, 1, 3]);
            let v = v.reshape(shape = [batch, time, heads, width / heads]).transpose(perm = [0, 2, 1, 3]);
            let scores = matmul(q, k, transpose_b = true) * { ((width / heads) as f64).sqrt().recip() };
            // What is so much smaller than the others is 0 after `softmax`.
            let scores = if causal { scores - (1.0 - lower_triangle(shape = [time, time])) * 1e9 } else { scores };
            let attended = matmul(softmax(scores), v).transpose(perm = [0, 2, 1, 3]);
            scope output: Dense(reshape(attended, shape = [batch, time, width]), units = width, bias = bias)
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Array3, Axis, s};

    use super::*;
    use crate::layers::MultiHeadAttention;

    model! {
        struct Attends: f64 {
            fn all(x: [batch, time, 4]) -> [batch, time, 4] {
                scope all: MultiHeadAttention(x, heads = 2, bias = false)
            }
            fn before(x: [batch, time, 4]) -> [batch, time, 4] {
                scope before: MultiHeadAttention(x, heads = 2, causal = true)
            }
            fn loss(x: [batch, time, 4]) -> [] {
                sum(square(before(x)))
            }
        }
    }

    fn sequence() -> Array3<f64> {
        Array3::from_shape_fn((2, 3, 4), |(n, t, i)| ((n * 5 + t * 3 + i * 2) % 7) as f64 / 3.0 - 1.0)
    }

    /// Head by head and row by row.
    fn by_hand(net: &Attends, x: &Array2<f64>) -> Array2<f64> {
        let layers = [&net.all.query, &net.all.key, &net.all.value].map(|layer| x.dot(&*layer.weights.read()));
        let mut attended = Array2::zeros((3, 4));
        for head in [0..2, 2..4] {
            let [q, k, v] = [0, 1, 2].map(|n: usize| layers[n].slice(s![.., head.clone()]));
            let mut scores = q.dot(&k.t()) / 2.0_f64.sqrt();
            for mut row in scores.axis_iter_mut(Axis(0)) {
                row.mapv_inplace(f64::exp);
                let sum = row.sum();
                row /= sum;
            }
            attended.slice_mut(s![.., head]).assign(&scores.dot(&v));
        }
        attended.dot(&*net.all.output.weights.read())
    }

    #[test]
    fn heads_attend_by_the_formula() {
        let net = Attends::seeded(3).unwrap();
        assert!(net.all.output.biases.is_none());
        let x = sequence();
        for (found, x) in net.all(x.view()).unwrap().outer_iter().zip(x.outer_iter()) {
            let wanted = by_hand(&net, &x.to_owned());
            assert!((&found - &wanted).iter().all(|difference| difference.abs() < 1e-9), "{found} {wanted}");
        }
    }

    #[test]
    fn nothing_attends_to_what_comes_after_it() {
        let net = Attends::seeded(3).unwrap();
        let mut x = sequence();
        let before = net.before(x.view()).unwrap();
        x.slice_mut(s![.., 2, ..]).fill(5.0);
        let after = net.before(x.view()).unwrap();
        assert_eq!(before.slice(s![.., ..2, ..]), after.slice(s![.., ..2, ..]));
        assert_ne!(before.slice(s![.., 2, ..]), after.slice(s![.., 2, ..]));
        let mut step = net.loss_gradients();
        let (_, gradients) = step.compute(x.view()).unwrap();
        assert!(gradients.global_norm() > 0.0);
    }
}
