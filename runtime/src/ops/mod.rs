//! The library's ops, one module each. To add one: a file, and a line here.
//!
//! What an op is, and how to write one of one's own, is in [`op`](crate::op).

pub(crate) mod again;
pub(crate) mod copy;

pub mod add;
pub mod avg_pool2d;
pub mod batch_norm;
pub(crate) mod broadcast;
pub mod conv2d;
pub(crate) mod image;
pub mod matmul;
pub mod max_pool2d;
pub mod mean;
pub mod mul;
pub(crate) mod pooling;
pub(crate) mod reduction;
pub mod relu;
pub mod sparse_softmax_cross_entropy;
pub mod sum;
