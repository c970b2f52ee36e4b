//! Layers: models that are applied within models, `scope fc: Dense(x, units = 64)`.
//!
//! They are written in [`model!`](macro@crate::model) like any other, and generic over the element type.

mod batch_norm;
mod conv2d;
mod dense;
mod embedding;
mod gru;
mod layer_norm;
mod lstm;
mod multi_head_attention;

pub use batch_norm::{BatchNorm, BatchNormHyperparameters, BatchNormKeywords};
pub use conv2d::{Conv2d, Conv2dHyperparameters, Conv2dKeywords};
pub use dense::{Dense, DenseHyperparameters, DenseKeywords};
pub use embedding::{Embedding, EmbeddingHyperparameters, EmbeddingKeywords};
pub use gru::{Gru, GruHyperparameters, GruKeywords};
pub use layer_norm::{LayerNorm, LayerNormHyperparameters, LayerNormKeywords};
pub use lstm::{Lstm, LstmHyperparameters, LstmKeywords};
pub use multi_head_attention::{MultiHeadAttention, MultiHeadAttentionHyperparameters, MultiHeadAttentionKeywords};
