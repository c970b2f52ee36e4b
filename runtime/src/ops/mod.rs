//! The library's ops, one module each. To add one: a file, and a line here.
//!
//! What an op is, and how to write one of one's own, is in [`op`](mod@crate::op).

#[expect(dead_code, reason = "the recorder itself puts it in a graph; no model can name it")]
pub(crate) mod again;
#[expect(dead_code, reason = "no model can name it, so nothing checks a call of it")]
pub(crate) mod copy;

pub mod abs;
pub mod add;
pub mod argmax;
pub mod avg_pool2d;
pub(crate) mod axis;
pub mod batch_norm;
pub(crate) mod broadcast;
pub mod cast;
pub(crate) mod cell;
pub mod clip;
pub mod concat;
pub mod conv2d;
pub mod conv2d_transpose;
pub(crate) mod convolution;
pub(crate) mod creation;
pub mod depthwise_conv2d;
pub mod div;
pub mod dropout;
pub(crate) mod elementwise;
pub mod elu;
pub mod equal;
pub mod exp;
#[cfg(test)]
pub(crate) mod expected;
pub mod fill;
pub mod flatten;
pub mod gather;
pub mod gelu;
pub mod global_avg_pool2d;
pub mod gru_cell;
pub mod huber;
pub(crate) mod image;
pub mod l2_loss;
pub mod layer_norm;
pub mod leaky_relu;
pub mod less;
pub mod log;
pub mod log_softmax;
pub mod lower_triangle;
pub mod lstm_cell;
pub mod matmul;
pub mod max;
pub mod max_pool2d;
pub mod maximum;
pub mod mean;
pub mod minimum;
pub mod mul;
pub mod neg;
pub mod one_hot;
pub mod ones;
pub mod pad;
pub(crate) mod pooling;
pub mod pow;
pub mod random_normal;
pub mod random_uniform;
pub mod range;
pub(crate) mod reduction;
pub mod relu;
pub mod reshape;
pub mod select;
pub mod sigmoid;
pub mod sigmoid_cross_entropy;
pub mod slice;
pub mod softmax;
pub mod softmax_cross_entropy;
pub mod softplus;
pub mod sparse_softmax_cross_entropy;
pub mod split;
pub mod sqrt;
pub mod square;
pub mod squeeze;
pub mod stack;
pub mod stop_gradient;
pub mod sub;
pub mod sum;
pub mod tanh;
pub(crate) mod targets;
pub mod transpose;
pub mod zeros;
