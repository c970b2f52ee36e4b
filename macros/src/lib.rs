//! The `model!` compiler of varscope.
use proc_macro::TokenStream;
/// x
#[proc_macro]
pub fn model(input: TokenStream) -> TokenStream { input }
