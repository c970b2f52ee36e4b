//! Layers: models that are applied within models, `scope fc: Dense(x, units = 64)`.
//!
//! They are written in [`model!`](macro@crate::model) like any other, and generic over the element type.

mod dense;

pub use dense::{Dense, DenseHyperparameters, DenseKeywords};
