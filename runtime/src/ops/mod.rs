//! The library's ops, one module each. To add one: a file, and a line here.
//!
//! What an op is, and how to write one of one's own, is in [`op`](mod@crate::op).

pub(crate) mod again;
pub(crate) mod copy;

pub mod abs;
pub mod add;
pub mod argmax;
pub(crate) mod axis;
pub(crate) mod broadcast;
pub mod cast;
pub mod clip;
pub mod concat;
pub mod div;
pub(crate) mod elementwise;
pub mod elu;
pub mod equal;
pub mod exp;
#[cfg(test)]
pub(crate) mod expected;
pub mod flatten;
pub mod gather;
pub mod gelu;
pub mod global_avg_pool2d;
pub mod huber;
pub mod l2_loss;
pub mod leaky_relu;
pub mod less;
pub mod log;
pub mod lower_triangle;
pub mod matmul;
pub mod max;
pub mod maximum;
pub mod mean;
pub mod minimum;
pub mod mul;
pub mod neg;
pub mod one_hot;
pub mod pad;
pub mod pow;
pub mod range;
pub(crate) mod reduction;
pub mod relu;
pub mod reshape;
pub mod select;
pub mod sigmoid;
pub mod slice;
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
pub mod transpose;
pub(crate) mod written;
