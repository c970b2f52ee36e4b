//! The library's ops, one module each. To add one: a file, and a line here.
//!
//! What an op is, and how to write one of one's own, is in [`op`](crate::op).

pub(crate) mod again;
pub(crate) mod copy;

pub mod add;
pub(crate) mod along;
pub(crate) mod broadcast;
pub(crate) mod cell;
pub(crate) mod creation;
pub mod dropout;
#[cfg(test)]
pub(crate) mod expected;
pub mod fill;
pub mod gru_cell;
pub mod layer_norm;
pub mod log_softmax;
pub mod lstm_cell;
pub mod matmul;
pub mod mean;
pub mod mul;
pub mod ones;
pub mod random_normal;
pub mod random_uniform;
pub(crate) mod reduction;
pub mod relu;
pub mod sigmoid_cross_entropy;
pub mod softmax;
pub mod softmax_cross_entropy;
pub mod sparse_softmax_cross_entropy;
pub mod sum;
pub(crate) mod targets;
pub mod zeros;
