//! The library's ops, one module each. To add one: a file, and a line here.
//!
//! What an op is, and how to write one of one's own, is in [`op`](crate::op).

pub(crate) mod again;
pub(crate) mod copy;

pub mod add;
pub mod argmax;
pub(crate) mod axis;
pub(crate) mod broadcast;
pub mod concat;
pub mod div;
pub(crate) mod elementwise;
pub mod exp;
#[cfg(test)]
pub(crate) mod expected;
pub mod flatten;
pub mod gather;
pub mod log;
pub mod matmul;
pub mod mean;
pub mod mul;
pub mod neg;
pub(crate) mod reduction;
pub mod relu;
pub mod reshape;
pub mod sigmoid;
pub mod slice;
pub mod sparse_softmax_cross_entropy;
pub mod split;
pub mod sqrt;
pub mod square;
pub mod stack;
pub mod stop_gradient;
pub mod sub;
pub mod sum;
pub mod tanh;
pub mod transpose;
