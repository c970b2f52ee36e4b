//! The user's Rust expressions, each as a function of the names in it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

use super::{Emit, at, local, names, respan};
use crate::ir::{Function, KeywordExpr, KeywordValue, Made, Snippet, SnippetId, SnippetKind};
use crate::syntax::{Arithmetic, Size};

/// The function of a snippet.
pub fn name(snippet: SnippetId) -> Ident {
    Ident::new(&format!("snippet_{snippet}"), Span::mixed_site())
}

/// The function of an op's keywords that a check can evaluate.
pub fn checked_name(snippet: SnippetId) -> Ident {
    Ident::new(&format!("checked_{snippet}"), Span::mixed_site())
}

impl Emit<'_> {
    /// Imports each op by itself, so that rustc reports an unknown one once, at the user's token. A bare one keeps its
    /// name, in a module of its own: rustc would show another where it suggests an op of the user's.
    pub fn imports(&self) -> TokenStream {
        let imports = self.model.functions.iter().flat_map(|function| {
            function.ops.iter().enumerate().map(move |(number, op)| {
                let import = names::op_import(function, number);
                let mut path = op.path.clone();
                let Some(segment) = path.segments.last_mut() else { return TokenStream::new() };
                segment.arguments = syn::PathArguments::None;
                let span = segment.ident.span();
                if op.is_bare {
                    // What stands before the name has no width there, so that rustc tells the two apart.
                    let krate = respan(self.krate.clone(), before(span));
                    let hygiene = krate.clone().into_iter().next().map_or(span, |token| token.span());
                    let ops = Ident::new("ops", hygiene);
                    let name = Ident::new(&segment.ident.to_string(), hygiene.located_at(span));
                    let import_op = quote_spanned! { hygiene=> pub(super) use #krate::#ops::#name; };
                    quote! { mod #import { #import_op } }
                } else {
                    quote_spanned! { at(span)=> use #path as #import; }
                }
            })
        });
        quote! { #(#imports)* }
    }

    /// All snippets.
    pub fn snippets(&self) -> TokenStream {
        let snippets = self.model.snippets.iter().enumerate().map(|(number, snippet)| self.snippet(number, snippet));
        quote! { #(#snippets)* }
    }

    fn snippet(&self, number: SnippetId, snippet: &Snippet) -> TokenStream {
        let (name, parameters) = (name(number), self.snippet_parameters(snippet));
        match &snippet.kind {
            SnippetKind::Number(expr) => {
                let (p, body) = (self.private(snippet.span), body(expr));
                quote_spanned! { at(snippet.span)=> fn #name(#parameters) -> impl #p::Scalar #body }
            }
            SnippetKind::Made(made, expr) => {
                let (p, call) = (self.private(snippet.span), self.made_call(*made, expr));
                let contract = match made {
                    Made::Initializer => quote! { #p::Initializer },
                    Made::Constraint => quote! { #p::Constraint },
                    Made::Regularizer => quote! { #p::Regularizer },
                    Made::Partitioner => {
                        return quote_spanned! { at(snippet.span)=>
                            const fn #name(#parameters) -> #p::Partitioner { #call }
                        };
                    }
                };
                quote_spanned! { at(snippet.span)=> fn #name(#parameters) -> impl #contract { #call } }
            }
            SnippetKind::Size(expr) => {
                let body = body(expr);
                quote_spanned! { at(snippet.span)=> const fn #name(#parameters) -> usize #body }
            }
            SnippetKind::Condition { expr, is_constant: true } => {
                quote_spanned! { at(snippet.span)=> const fn #name(#parameters) -> bool { #expr } }
            }
            SnippetKind::Condition { expr, is_constant: false } => {
                quote_spanned! { at(snippet.span)=> fn #name(#parameters) -> bool { #expr } }
            }
            SnippetKind::Attrs { function, op, keywords } => {
                let base = self.attrs_base(&self.model.functions[*function], *op);
                let op = names::op_path(&self.model.functions[*function], *op);
                self.attrs(number, snippet, &op, &base, keywords)
            }
            SnippetKind::Keywords { layer, keywords } => self.layer_keywords(number, snippet, layer, keywords),
        }
    }

    /// `truncated_normal(stddev = 0.1)` as `truncated_normal().stddev(0.1)`.
    fn made_call(&self, made: Made, expr: &syn::Expr) -> TokenStream {
        let span = syn::spanned::Spanned::span(expr);
        let p = self.private(span);
        match expr {
            syn::Expr::Call(call) => {
                let function = self.made_path(made, &call.func);
                let (mut positional, mut setters) = (Vec::new(), Vec::new());
                for argument in &call.args {
                    match argument {
                        syn::Expr::Assign(assign) => {
                            let (name, value) = (&assign.left, &assign.right);
                            setters.push(quote_spanned! { syn::spanned::Spanned::span(name)=> .#name(#value) });
                        }
                        // A list of any length.
                        syn::Expr::Array(list) if made == Made::Partitioner => positional.push(quote! { &#list }),
                        value => positional.push(value.to_token_stream()),
                    }
                }
                quote_spanned! { at(span)=> #function(#(#positional),*) #(#setters)* }
            }
            // A number, or a truth, stands for itself everywhere.
            syn::Expr::Lit(_) | syn::Expr::Unary(_) if made == Made::Initializer => {
                quote! { #p::constant(#p::Literal::to_element(#expr)) }
            }
            other => quote! { #other },
        }
    }

    /// A bare name is one of the library's; a path is the user's own.
    fn made_path(&self, made: Made, function: &syn::Expr) -> TokenStream {
        match function {
            syn::Expr::Path(path) if path.path.get_ident().is_some() => {
                let name = path.path.get_ident();
                let span = syn::spanned::Spanned::span(path);
                let krate = respan(self.krate.clone(), span);
                let module = match made {
                    Made::Initializer => quote! { init },
                    Made::Constraint => quote! { constraint },
                    Made::Regularizer => quote! { regularizer },
                    Made::Partitioner => quote! { partition },
                };
                quote_spanned! { at(span)=> #krate::#module::#name }
            }
            other => quote! { #other },
        }
    }

    /// The parameters of a snippet: names as values, and names as sizes.
    fn snippet_parameters(&self, snippet: &Snippet) -> TokenStream {
        let p = self.p();
        let values = snippet.values.iter().map(|ident| {
            let ty = self.type_of(ident);
            quote! { #ident: #ty }
        });
        let sizes = snippet.sizes.iter().map(|ident| {
            let ident = size_parameter(ident);
            quote! { #ident: #p::Dim }
        });
        quote! { #(#values,)* #(#sizes,)* }
    }

    /// The type of a name in a Rust expression: a hyper-parameter's own; `training` is a `bool`; the rest are sizes.
    fn type_of(&self, ident: &Ident) -> TokenStream {
        let hyperparameters = &self.model.source.hyperparameters;
        match hyperparameters.iter().find(|hyperparameter| hyperparameter.name == *ident) {
            Some(hyperparameter) => {
                let ty = &hyperparameter.ty;
                quote! { #ty }
            }
            None if ident == "training" => quote! { bool },
            None => quote! { usize },
        }
    }

    /// The keywords of an op. Where a call is among them there are two functions: a check cannot make it.
    fn attrs(
        &self,
        number: SnippetId,
        snippet: &Snippet,
        op: &TokenStream,
        base: &TokenStream,
        keywords: &[KeywordExpr],
    ) -> TokenStream {
        let is_checked = !keywords.iter().any(|keyword| matches!(keyword.value, KeywordValue::Unchecked(_)));
        let (name, parameters) = (name(number), self.snippet_parameters(snippet));
        let setters =
            |in_check: bool| -> TokenStream { keywords.iter().map(|keyword| self.setter(keyword, in_check)).collect() };
        let (run, constant) = (
            setters(false),
            if is_checked {
                quote! { const }
            } else {
                TokenStream::new()
            },
        );
        let attrs = quote! { #constant fn #name(#parameters) -> #op::Attrs { #base #run } };
        if is_checked {
            return attrs;
        }
        let (checked, check) = (checked_name(number), setters(true));
        quote! { #attrs const fn #checked(#parameters) -> #op::Attrs { #base #check } }
    }

    /// The keywords of an op where none is given; a type, as in `cast::<u32>`, always is.
    pub fn attrs_base(&self, function: &Function, op: usize) -> TokenStream {
        let (alias, path) = (names::op_path(function, op), &function.ops[op].path);
        let span = names::op_import(function, op).span();
        match path.segments.last().map(|segment| &segment.arguments) {
            Some(syn::PathArguments::AngleBracketed(generics)) => {
                let types = &generics.args;
                quote_spanned! { span=> #alias::Attrs::of::<#types>() }
            }
            _ => quote_spanned! { span=> #alias::Attrs::DEFAULT },
        }
    }

    /// `.strides([2, 2])`
    fn setter(&self, keyword: &KeywordExpr, in_check: bool) -> TokenStream {
        let KeywordExpr { name, value } = keyword;
        let p = self.private(name.span());
        let value = match value {
            KeywordValue::Unchecked(_) if in_check => quote_spanned! { at(name.span())=> #p::unchecked() },
            // An empty list of sizes or axes, whose type nothing else would settle.
            KeywordValue::Rust(syn::Expr::Array(array)) if array.elems.is_empty() => quote! { [#p::Dim::Rest; 0] },
            KeywordValue::Rust(expr) | KeywordValue::Unchecked(expr) => quote! { #expr },
            KeywordValue::Sizes(sizes) => {
                let sizes = sizes.iter().map(|size| match size {
                    None => quote! { #p::Dim::Rest },
                    Some(size) => self.parameter_size(size),
                });
                quote! { [#(#sizes),*] }
            }
        };
        quote_spanned! { name.span()=> .#name(#value) }
    }

    /// A size over the parameters of a snippet.
    fn parameter_size(&self, size: &Size) -> TokenStream {
        let p = self.p();
        match size {
            Size::Number(number) => quote! { #p::Dim::known(#number) },
            Size::Constant(path) => quote! { #p::Dim::known(#path) },
            Size::Name(name) => {
                let name = size_parameter(name);
                quote! { #name }
            }
            Size::Binary(left, operator, right) => {
                let (left, right) = (self.parameter_size(left), self.parameter_size(right));
                let method = local(match operator.kind {
                    Arithmetic::Add => "add",
                    Arithmetic::Sub => "sub",
                    Arithmetic::Mul => "mul",
                    Arithmetic::Div => "div",
                });
                quote! { #left.#method(#right) }
            }
            Size::Rust(expr) => quote! { #p::Dim::known(#expr) },
        }
    }

    /// The keywords of a layer: each is known as soon as the names in it are.
    fn layer_keywords(
        &self,
        number: SnippetId,
        snippet: &Snippet,
        layer: &syn::Path,
        keywords: &[KeywordExpr],
    ) -> TokenStream {
        let (p, name) = (self.p(), name(number));
        let span = at(snippet.span);
        let parameters = snippet.values.iter().map(|ident| {
            let ty = self.type_of(ident);
            quote! { #ident: #p::Known<#ty> }
        });
        let setters = keywords.iter().map(|keyword| {
            let KeywordExpr { name, value } = keyword;
            let (KeywordValue::Rust(expr) | KeywordValue::Unchecked(expr)) = value else { return TokenStream::new() };
            let value = self.known(expr, &snippet.values);
            quote_spanned! { name.span()=> .#name(#value) }
        });
        let keywords_type = quote_spanned! { span=> <#layer as #p::Model>::Keywords };
        quote! {
            const fn #name(#(#parameters),*) -> #keywords_type { <#layer as #p::Model>::KEYWORDS #(#setters)* }
        }
    }

    /// An expression over names that may not be known.
    fn known(&self, expr: &syn::Expr, names: &[Ident]) -> TokenStream {
        let span = syn::spanned::Spanned::span(expr);
        let p = self.private(span);
        let tokens = quote! { #expr };
        let used: Vec<&Ident> = names.iter().filter(|name| mentions(&tokens, name)).collect();
        if let (syn::Expr::Path(path), [name]) = (expr, used.as_slice())
            && path.path.is_ident(*name)
        {
            return quote! { #name };
        }
        if used.is_empty() {
            // In braces the expression alone is at fault for its type.
            return quote_spanned! { at(span)=> #p::Known::Is({ #expr }) };
        }
        quote_spanned! { at(span)=>
            match (#(#used.value(),)*) {
                (#(::core::option::Option::Some(#used),)*) => #p::Known::Is({ #expr }),
                _ => #p::Known::Unknown,
            }
        }
    }
}

/// A function's body: a block of the user's as it is, so that its braces do not stand twice.
fn body(expr: &syn::Expr) -> TokenStream {
    match expr {
        syn::Expr::Block(block) if block.attrs.is_empty() && block.label.is_none() => block.block.to_token_stream(),
        other => quote! { { #other } },
    }
}

/// The empty span before another.
fn before(span: Span) -> Span {
    if proc_macro::is_available() { span.unwrap().start().into() } else { span }
}

/// The name of a parameter that is a size: the user's own is that of the value.
fn size_parameter(ident: &Ident) -> Ident {
    Ident::new(&ident.to_string(), at(ident.span()))
}

/// Whether a name stands among some tokens.
pub fn mentions(tokens: &TokenStream, name: &Ident) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        proc_macro2::TokenTree::Ident(ident) => ident == *name,
        proc_macro2::TokenTree::Group(group) => mentions(&group.stream(), name),
        proc_macro2::TokenTree::Punct(_) | proc_macro2::TokenTree::Literal(_) => false,
    })
}
