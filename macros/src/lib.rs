//! The macro `model!` of varscope.
//!
//! Use it through the `varscope` crate, whose `model!` tells it under which name that crate is known.

use proc_macro::TokenStream;

/// Compiles models.
#[proc_macro]
pub fn model(input: TokenStream) -> TokenStream {
    varscope_compiler::models(input.into()).into()
}
