//! The `model!` compiler of varscope.
//!
//! Use it through the `varscope` crate, whose `model!` tells it under which name that crate is known.

mod autodiff;
mod diag;
mod emit;
mod expand;
mod ir;
mod lower;
mod names;
mod resolve;
mod syntax;

use proc_macro::TokenStream;

/// Compiles models.
#[proc_macro]
pub fn model(input: TokenStream) -> TokenStream {
    expand::models(input.into()).into()
}
