//! What most programs need: `use varscope::prelude::*;`.

pub use crate::model;
pub use crate::op::Padding::{self, Explicit, Same, Valid};
pub use crate::optimizer::{
    Adagrad, Adam, AdamW, ExponentialMovingAverage, GradientDescent, Momentum, Optimizer, RmsProp, schedule,
};
pub use crate::{Error, Gradients, Model, Scope, Variable, VariableStore, layers};
