//! Neural networks declared, checked, trained and run in Rust source.
//!
//! A network is written in a [`model!`] block: nested variable scopes, as TensorFlow 1 had them, with the computation
//! in between. The macro is a compiler. It turns the scopes into structs whose fields are the variables, finds every
//! wrong name, wrong sharing and wrong size at `cargo check`, and derives the backward pass.
//!
//! ```
//! use varscope::prelude::*;
//! use ndarray::{Array1, Array2};
//!
//! model! {
//!     /// Two dense layers with a ReLU between them.
//!     pub struct Mlp {
//!         fn logits(images: [batch, 784]) -> [batch, 10] {
//!             let hidden = scope layer1 {
//!                 var weights: [784, 256] = truncated_normal(stddev = 0.1);
//!                 var biases: [256] = zeros();
//!                 relu(matmul(images, weights) + biases)
//!             };
//!             scope layer2 {
//!                 var weights: [256, 10] = truncated_normal(stddev = 0.1);
//!                 var biases: [10] = zeros();
//!                 matmul(hidden, weights) + biases
//!             }
//!         }
//!
//!         fn loss(images: [batch, 784], labels: u32[batch]) -> [] {
//!             mean(sparse_softmax_cross_entropy(logits(images), labels))
//!         }
//!     }
//! }
//!
//! # fn main() -> Result<(), varscope::Error> {
//! let net = Mlp::seeded(42)?; // layer1/weights, layer1/biases, layer2/weights, layer2/biases
//! let (images, labels) = (Array2::zeros((32, 784)), Array1::zeros(32));
//! let mut step = net.loss_gradients();
//! let mut optimizer = Adam::new(1e-3);
//! let (loss, gradients) = step.compute(images.view(), labels.view())?;
//! optimizer.apply(gradients)?;
//! assert!(loss > 2.0);
//! let logits: Array2<f32> = net.logits(images.view())?;
//! assert_eq!(logits.shape(), [32, 10]);
//! # Ok(())
//! # }
//! ```

mod arena;
#[doc(hidden)]
pub mod check;
pub mod constraint;
mod defaults;
mod draft;
mod element;
mod error;
mod gradients;
pub mod init;
mod input;
mod instance;
// Open for the benches alone.
#[doc(hidden)]
pub mod kernels;
pub mod layers;
mod members;
mod model;
mod names;
pub mod op;
mod op_names;
pub mod ops;
pub mod optimizer;
pub mod partition;
mod plan;
pub mod prelude;
mod random;
#[doc(hidden)]
pub mod record;
mod recorded_names;
pub mod regularizer;
mod request;
mod run;
mod scope;
mod shape;
mod slot;
mod store;
mod summary;
mod taken;
pub mod testing;
mod variable;

pub use defaults::Defaults;
pub use error::{Error, Result};
pub use gradients::Gradients;
pub use model::{Model, VariableInfo, Variables};
pub use random::Random;
pub use request::VariableRequest;
pub use scope::Scope;
pub use store::VariableStore;
pub use summary::Summary;
pub use variable::{ReadGuard, Variable};

/// Declares models: see [the crate's documentation](crate) and the book.
///
/// The tokens go to the compiler in `varscope-compiler`, together with the name under which this crate is known here.
#[macro_export]
macro_rules! model {
    ($($tokens:tt)*) => {
        $crate::__private::model! { [$crate] $($tokens)* }
    };
}

/// What the code that [`model!`] emits uses.
#[doc(hidden)]
pub mod __private {
    pub use ndarray;
    pub use varscope_macros::model;

    pub use crate::check::{Call, Check, Findings, Known, Mode, Outcome, Part, Room, Symbols, Typed, unchecked};
    pub use crate::constraint::Constraint;
    pub use crate::defaults::Defaults;
    pub use crate::draft::Draft;
    pub use crate::element::{DType, Element, Float, Literal, Scalar};
    pub use crate::init::{Initializer, constant, default_for, elements};
    pub use crate::input::Input;
    pub use crate::instance::{Instance, NoHyperparameters, instantiate};
    pub use crate::members::Construction;
    pub use crate::partition::Partitioner;
    pub use crate::record::{Recorder, Value};
    pub use crate::regularizer::Regularizer;
    pub use crate::run::Step;
    pub use crate::shape::{Axis, Dim, List, Pattern, Shape, ShapeError};
    pub use crate::taken::{present, so_many};
    pub use crate::{Error, Gradients, Model, Scope, Summary, Variable, VariableStore, Variables};
}
