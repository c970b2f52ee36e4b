//! From the graph to Rust. Decisions are taken before; here is only how they read.
//!
//! Structs stand beside each other where the user wrote the model. Everything else stands in one `const _` block, where
//! ops can be imported without anybody seeing it.

mod check;
mod common;
mod construct;
mod declare;
mod hyperparameters;
mod methods;
mod names;
mod place;
mod record;
mod report;
mod size;
mod snippets;
mod structs;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};

use crate::ir::{Element, Model};
use crate::syntax;

/// Emits a model. `is_right`: whether nothing was wrong with it; otherwise its methods are there and cannot be called.
pub fn emit(model: &Model<'_>, structs: Vec<Ident>, krate: &TokenStream, is_right: bool) -> TokenStream {
    let emit = Emit { model, structs, krate: krate.clone(), is_right };
    let structs = emit.structs();
    let hyperparameters = emit.hyperparameters();
    let imports = emit.imports();
    let snippets = emit.snippets();
    let checks = emit.checks();
    let records = emit.records();
    let declare = emit.declare();
    let construct = emit.construct();
    let methods = emit.methods();
    let steps = emit.steps();
    let reports = emit.reports();
    quote! {
        #structs
        #hyperparameters
        #steps
        #[allow(
            unused_imports, unused_variables, unreachable_code, non_upper_case_globals, clippy::all, clippy::pedantic
        )]
        const _: () = {
            #imports
            #snippets
            #checks
            #records
            #declare
            #construct
            #methods
        };
        #reports
    }
}

/// What the parts of the emitted code have in common.
struct Emit<'m> {
    model: &'m Model<'m>,
    /// The name of each scope's struct.
    structs: Vec<Ident>,
    krate: TokenStream,
    is_right: bool,
}

/// A span for generated tokens that shows an error at the user's.
fn at(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// A local variable of generated code: no name of the user's can be meant by it.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

impl Emit<'_> {
    /// The path of the runtime crate's private parts, shown at a span of the user's.
    fn private(&self, span: Span) -> TokenStream {
        let krate = respan(self.krate.clone(), span);
        quote_spanned! { at(span)=> #krate::__private }
    }

    /// The private parts, at no place of the user's.
    fn p(&self) -> TokenStream {
        self.private(self.name().span())
    }

    fn name(&self) -> &syn::Ident {
        &self.model.source.name
    }

    /// The model as a type whose element type is settled: a generic one for `f32`.
    fn checked_type(&self) -> TokenStream {
        let name = self.name();
        match self.model.source.element {
            syntax::Element::Generic(_) => quote! { #name<f32> },
            syntax::Element::Default | syntax::Element::Named(_) => name.to_token_stream(),
        }
    }

    /// `impl Net`, or `impl<T: Float> Net<T>`.
    fn impl_head(&self) -> TokenStream {
        let (name, p) = (self.name(), self.p());
        match &self.model.source.element {
            syntax::Element::Generic(element) => quote! { impl<#element: #p::Float> #name<#element> },
            syntax::Element::Default | syntax::Element::Named(_) => quote! { impl #name },
        }
    }

    /// The element type of the model in Rust.
    fn model_element(&self) -> TokenStream {
        match &self.model.source.element {
            syntax::Element::Default => quote! { f32 },
            syntax::Element::Named(name) | syntax::Element::Generic(name) => name.to_token_stream(),
        }
    }

    /// An element type in Rust.
    fn element(&self, element: &Element) -> TokenStream {
        match element {
            Element::Model => self.model_element(),
            Element::Named(name) => name.to_token_stream(),
        }
    }

    /// An element type as a value, in a check: that of a generic model is what the check says.
    fn checked_dtype(&self, element: &Element, model: &TokenStream) -> TokenStream {
        match element {
            Element::Model => model.clone(),
            Element::Named(name) => {
                let p = self.private(name.span());
                quote_spanned! { at(name.span())=> <#name as #p::Element>::DTYPE }
            }
        }
    }

    /// An element type as a value, where the model's is known.
    fn dtype(&self, element: &Element) -> TokenStream {
        let (p, element) = (self.p(), self.element(element));
        quote! { <#element as #p::Element>::DTYPE }
    }

    /// An `ndarray` dimension type.
    fn rank(&self, rank: usize) -> TokenStream {
        let p = self.p();
        if rank > 6 {
            return quote! { #p::ndarray::IxDyn };
        }
        let rank = Ident::new(&format!("Ix{rank}"), Span::mixed_site());
        quote! { #p::ndarray::#rank }
    }
}

/// Tokens with every span at the user's, their meaning unchanged.
fn respan(tokens: TokenStream, span: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            if let TokenTree::Group(group) = &token {
                let mut respanned = proc_macro2::Group::new(group.delimiter(), respan(group.stream(), span));
                respanned.set_span(group.span().located_at(span));
                return TokenTree::Group(respanned);
            }
            token.set_span(token.span().located_at(span));
            token
        })
        .collect()
}
