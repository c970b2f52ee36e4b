//! The stages, in order.

use proc_macro2::TokenStream;
use quote::quote;

use crate::description::{Expansion, describe};
use crate::diag::Errors;
use crate::{autodiff, emit, ir, lower, names, syntax};

/// Compiles models: their source to Rust. What is wrong comes out as errors, and the items are there all the same.
pub fn models(tokens: TokenStream) -> TokenStream {
    let (items, errors) = compile(tokens, |_| ());
    let errors = errors.into_tokens();
    quote! { #items #errors }
}

/// Compiles models, and says what it found: the mistakes, and what each model has.
///
/// ```
/// let source = "struct Net { fn f(x: [n]) -> [n] { scope a { var w: [3]; var w: [3]; } x } }";
/// let found = varscope_compiler::expand(source.parse().unwrap());
/// assert_eq!(found.mistakes[0].kind, varscope_compiler::MistakeKind::AlreadyExists);
/// assert_eq!(found.models[0].variables[0].name, "a/w");
/// ```
pub fn expand(tokens: TokenStream) -> Expansion {
    let mut models = Vec::new();
    let (items, errors) = compile(tokens, |model| models.push(describe(model)));
    let mistakes = errors.mistakes();
    let errors = errors.into_tokens();
    Expansion { tokens: quote! { #items #errors }, mistakes, models }
}

/// The items that models become, and what is wrong; shows each model between the stages that find out and the one that
/// writes.
fn compile(tokens: TokenStream, mut show: impl FnMut(&ir::Model<'_>)) -> (TokenStream, Errors) {
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
        show(&model);
        let structs = structs.of(&model, &mut errors);
        items.extend(emit::emit(&model, structs, &input.krate, errors.len() == before && is_right));
    }
    (items, errors)
}

#[cfg(test)]
mod tests;
