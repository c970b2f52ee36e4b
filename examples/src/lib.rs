//! What the examples share: handwritten digits, batches of them, and pictures.

pub mod batches;
pub mod dataset;
pub mod idx;
pub mod picture;
