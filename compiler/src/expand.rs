//! The stages, in order.

use proc_macro2::TokenStream;
use quote::quote;

use crate::diag::Errors;
use crate::{autodiff, emit, lower, names, syntax};

/// Compiles models: their source to Rust. What is wrong comes out as errors, and the items are there all the same.
pub fn models(tokens: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let mut input = syntax::parse(tokens, &mut errors);
    names::check(&mut input.models, &mut errors);
    let is_right = errors.is_empty();
    let mut structs = names::Structs::new(&input.models);
    let mut items = TokenStream::new();
    for source in &input.models {
        let before = errors.len();
        let mut model = lower::lower(source, &mut errors);
        autodiff::differentiate(&mut model);
        let structs = structs.of(&model, &mut errors);
        items.extend(emit::emit(&model, structs, &input.krate, errors.len() == before && is_right));
    }
    let errors = errors.into_tokens();
    quote! { #items #errors }
}

#[cfg(test)]
mod tests;
