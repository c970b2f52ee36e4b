//! The library's ops, one module each. To add one: a file, and a line here.
//!
//! What an op is, and how to write one of one's own, is in [`op`](mod@crate::op).

#[expect(dead_code, reason = "the recorder itself puts it in a graph; no model can name it")]
pub(crate) mod again;
#[expect(dead_code, reason = "no model can name it, so nothing checks a call of it")]
pub(crate) mod copy;

pub mod add;
pub(crate) mod along;
pub mod argmax;
pub mod avg_pool2d;
pub(crate) mod axis;
pub mod batch_norm;
pub(crate) mod broadcast;
pub(crate) mod cell;
pub mod concat;
pub mod conv2d;
pub(crate) mod creation;
pub mod div;
pub mod dropout;
pub(crate) mod elementwise;
pub mod exp;
#[cfg(test)]
pub(crate) mod expected;
pub mod fill;
pub mod flatten;
pub mod gather;
pub mod gru_cell;
pub(crate) mod image;
pub mod layer_norm;
pub mod log;
pub mod log_softmax;
pub mod lstm_cell;
pub mod matmul;
pub mod max_pool2d;
pub mod mean;
pub mod mul;
pub mod neg;
pub mod ones;
pub(crate) mod pooling;
pub mod random_normal;
pub mod random_uniform;
pub(crate) mod reduction;
pub mod relu;
pub mod reshape;
pub mod sigmoid;
pub mod sigmoid_cross_entropy;
pub mod slice;
pub mod softmax;
pub mod softmax_cross_entropy;
pub mod sparse_softmax_cross_entropy;
pub mod split;
pub mod sqrt;
pub mod square;
pub mod stack;
pub mod stop_gradient;
pub mod sub;
pub mod sum;
pub mod tanh;
pub(crate) mod targets;
pub mod transpose;
pub mod zeros;
