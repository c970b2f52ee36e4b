//! The compiler of varscope's models, as a library: tokens in, tokens out.
//!
//! The macro `model!` is a thin crate around it, because what a crate of macros has inside, no other crate can call; tests
//! call this one.

extern crate proc_macro;

mod autodiff;
mod description;
mod diag;
mod emit;
mod expand;
mod ir;
mod lower;
mod names;
mod resolve;
mod syntax;

pub use description::{DescribedVariable, Description, Event, EventKind, Expansion, Reuse};
pub use diag::{Mistake, MistakeKind};
pub use expand::{expand, models};
