//! Sizes, conditions and calls of snippets, as each kind of emitted code sees them.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};

use super::{Emit, at, local, snippets};
use crate::ir::{Axis, BoundExpr, Bounds, Name, SizeExpr, SnippetCall, TensorType, Use};
use crate::syntax::Arithmetic;

/// What a name stands for in a kind of emitted code.
pub trait Names {
    /// A name as a `Dim`.
    fn dim(&self, emit: &Emit<'_>, name: &Use) -> TokenStream;
    /// A name as an `Option` of its value, `None` where it is not known.
    fn option(&self, emit: &Emit<'_>, name: &Use) -> TokenStream;
    /// A name as a `Known`, for the hyper-parameters of a layer.
    fn known(&self, emit: &Emit<'_>, name: &Use) -> TokenStream;
    /// A name as its value, where all are known; `None` where they need not be.
    fn value(&self, emit: &Emit<'_>, name: &Use) -> Option<TokenStream>;
}

/// In a check: sizes are those of `check`, hyper-parameters those of `hyper`.
pub struct InCheck;

impl Names for InCheck {
    fn dim(&self, emit: &Emit<'_>, name: &Use) -> TokenStream {
        let (p, check, hyper, ident) = (emit.private(name.ident.span()), local("check"), local("hyper"), &name.ident);
        match name.name {
            Name::Dim(dim) => quote! { #check.dims[#dim] },
            Name::Hyperparameter(_) => quote! { #hyper.#ident.dim() },
            Name::Turn(number) => quote! { #p::Dim::known(#number) },
            Name::Loop { .. } | Name::Training | Name::Unknown => quote! { #p::Dim::Unknown },
        }
    }

    fn option(&self, _: &Emit<'_>, name: &Use) -> TokenStream {
        let (check, hyper, ident) = (local("check"), local("hyper"), &name.ident);
        match name.name {
            Name::Dim(dim) => quote! { #check.dims[#dim].size() },
            Name::Hyperparameter(_) => quote! { #hyper.#ident.value() },
            Name::Turn(number) => quote! { ::core::option::Option::Some(#number) },
            Name::Training => quote! { ::core::option::Option::None::<bool> },
            Name::Loop { .. } | Name::Unknown => quote! { ::core::option::Option::None::<usize> },
        }
    }

    fn known(&self, emit: &Emit<'_>, name: &Use) -> TokenStream {
        let (p, check, hyper, ident) = (emit.private(name.ident.span()), local("check"), local("hyper"), &name.ident);
        match name.name {
            Name::Dim(dim) => quote! { #p::Known::size(#check.dims[#dim]) },
            Name::Hyperparameter(_) => quote! { #hyper.#ident },
            Name::Turn(number) => quote! { #p::Known::Is(#number) },
            Name::Loop { .. } | Name::Training | Name::Unknown => quote! { #p::Known::Unknown },
        }
    }

    fn value(&self, _: &Emit<'_>, _: &Use) -> Option<TokenStream> {
        None
    }
}

/// In a recording: each name is a local variable.
pub struct InRecord;

impl Names for InRecord {
    fn dim(&self, emit: &Emit<'_>, name: &Use) -> TokenStream {
        let (p, value) = (emit.private(name.ident.span()), self.plain(name));
        quote! { #p::Dim::known(#value) }
    }

    fn option(&self, _: &Emit<'_>, name: &Use) -> TokenStream {
        let value = self.plain(name);
        quote! { ::core::option::Option::Some(#value) }
    }

    fn known(&self, emit: &Emit<'_>, name: &Use) -> TokenStream {
        let (p, value) = (emit.private(name.ident.span()), self.plain(name));
        quote! { #p::Known::Is(#value) }
    }

    fn value(&self, _: &Emit<'_>, name: &Use) -> Option<TokenStream> {
        Some(self.plain(name))
    }
}

impl InRecord {
    /// A name as a Rust expression.
    pub fn plain(&self, name: &Use) -> TokenStream {
        let (ident, recorder) = (&name.ident, local("recorder"));
        match name.name {
            Name::Turn(number) => quote! { #number },
            Name::Training => quote! { #recorder.training() },
            Name::Dim(_) | Name::Hyperparameter(_) | Name::Loop { .. } | Name::Unknown => quote! { #ident },
        }
    }
}

/// Where an instance is made: sizes are those of a check that has run, hyper-parameters have values.
pub struct InInstance {
    /// The check of the `fn` that the names are of.
    pub check: TokenStream,
}

impl Names for InInstance {
    fn dim(&self, emit: &Emit<'_>, name: &Use) -> TokenStream {
        let (p, check) = (emit.private(name.ident.span()), &self.check);
        match name.name {
            Name::Dim(dim) => quote! { #check.dims[#dim] },
            _ => {
                let value = self.plain(name);
                quote! { #p::Dim::known(#value) }
            }
        }
    }

    fn option(&self, _: &Emit<'_>, name: &Use) -> TokenStream {
        let value = self.plain(name);
        quote! { ::core::option::Option::Some(#value) }
    }

    fn known(&self, emit: &Emit<'_>, name: &Use) -> TokenStream {
        let (p, check) = (emit.private(name.ident.span()), &self.check);
        match name.name {
            Name::Dim(dim) => quote! { #p::Known::size(#check.dims[#dim]) },
            _ => {
                let value = self.plain(name);
                quote! { #p::Known::Is(#value) }
            }
        }
    }

    fn value(&self, _: &Emit<'_>, name: &Use) -> Option<TokenStream> {
        Some(self.plain(name))
    }
}

impl InInstance {
    fn plain(&self, name: &Use) -> TokenStream {
        let (check, hyper, ident) = (&self.check, local("hyperparameters"), &name.ident);
        match name.name {
            Name::Dim(dim) => quote! { #check.dims[#dim].size().unwrap_or_default() },
            Name::Hyperparameter(_) => quote! { #hyper.#ident },
            Name::Turn(number) => quote! { #number },
            // What depends on training is made for both, and never asks.
            Name::Training => quote! { true },
            Name::Loop { .. } | Name::Unknown => quote! { #ident },
        }
    }
}

impl Emit<'_> {
    /// A size as a `Dim`.
    pub fn size(&self, size: &SizeExpr, names: &impl Names) -> TokenStream {
        let p = self.p();
        match size {
            SizeExpr::Number(number) => quote! { #p::Dim::known(#number) },
            SizeExpr::Use(name) => names.dim(self, name),
            SizeExpr::Constant(path) => {
                let span = syn::spanned::Spanned::span(path);
                let p = self.private(span);
                let near = path.get_ident().map(lower_case);
                quote_spanned! { at(span)=> { #near #p::Dim::known(#path) } }
            }
            SizeExpr::Binary(left, operator, right) => {
                let (left, right) = (self.size(left, names), self.size(right, names));
                let method = local(match operator {
                    Arithmetic::Add => "add",
                    Arithmetic::Sub => "sub",
                    Arithmetic::Mul => "mul",
                    Arithmetic::Div => "div",
                });
                quote! { #left.#method(#right) }
            }
            SizeExpr::Rust(call) => {
                let size = self.call_if_known(call, names);
                quote! { #p::Dim::known_or_not(#size) }
            }
        }
    }

    /// A snippet, called as soon as all the names in it are known: an `Option`.
    pub fn call_if_known(&self, call: &SnippetCall, names: &impl Names) -> TokenStream {
        self.call_if_known_as(&snippets::name(call.snippet), call, names)
    }

    /// A snippet's function of this name, called as soon as all the names in it are known: an `Option`.
    pub fn call_if_known_as(&self, function: &Ident, call: &SnippetCall, names: &impl Names) -> TokenStream {
        let sizes: Vec<TokenStream> = call.sizes.iter().map(|name| names.dim(self, name)).collect();
        let idents: Vec<_> = call.values.iter().map(|name| &name.ident).collect();
        let values: Vec<TokenStream> = call.values.iter().map(|name| names.option(self, name)).collect();
        if values.is_empty() {
            return quote! { ::core::option::Option::Some(#function(#(#sizes),*)) };
        }
        quote! {
            match (#(#values,)*) {
                (#(::core::option::Option::Some(#idents),)*) => {
                    ::core::option::Option::Some(#function(#(#idents,)* #(#sizes),*))
                }
                _ => ::core::option::Option::None,
            }
        }
    }

    /// A snippet, called where all the names in it have values.
    pub fn call(&self, call: &SnippetCall, names: &impl Names) -> TokenStream {
        let function = snippets::name(call.snippet);
        let values = call.values.iter().filter_map(|name| names.value(self, name));
        let sizes = call.sizes.iter().map(|name| names.dim(self, name));
        quote! { #function(#(#values,)* #(#sizes),*) }
    }

    /// The keywords of a layer, as far as the names in them are known.
    pub fn keywords(&self, call: &SnippetCall, names: &impl Names) -> TokenStream {
        let function = snippets::name(call.snippet);
        let values = call.values.iter().map(|name| names.known(self, name));
        quote! { #function(#(#values),*) }
    }

    /// The bounds of a loop where all names have values: `from..to`.
    pub fn range(&self, bounds: &Bounds, names: &impl Names) -> TokenStream {
        let (from, to) = (self.bound(&bounds.from, names), self.bound(&bounds.to, names));
        quote! { #from..#to }
    }

    fn bound(&self, bound: &BoundExpr, names: &impl Names) -> TokenStream {
        match bound {
            BoundExpr::Number(number) => quote! { #number },
            BoundExpr::Name(name) => names.value(self, name).unwrap_or_default(),
            BoundExpr::Snippet(call) => self.call(call, names),
        }
    }

    /// The number of turns of a loop, as a `Dim`.
    pub fn turns(&self, bounds: &Bounds, names: &impl Names) -> TokenStream {
        let p = self.p();
        let dim = |bound: &BoundExpr| match bound {
            BoundExpr::Number(number) => quote! { #p::Dim::known(#number) },
            BoundExpr::Name(name) => names.dim(self, name),
            BoundExpr::Snippet(call) => {
                let size = self.call_if_known(call, names);
                quote! { #p::Dim::known_or_not(#size) }
            }
        };
        let (from, to) = (dim(&bounds.from), dim(&bounds.to));
        quote! { #to.sub(#from) }
    }

    /// The axes of a type as patterns.
    pub fn axes(&self, ty: &TensorType, names: &impl Names) -> Vec<TokenStream> {
        let p = self.private(ty.span);
        ty.axes
            .iter()
            .map(|axis| match axis {
                Axis::Any => quote! { #p::Axis::Any },
                Axis::Bind(_) => quote! { #p::Axis::Bind },
                Axis::Again(number) => quote! { #p::Axis::Again(#number) },
                Axis::Is(size) => {
                    let kind = local(match size {
                        SizeExpr::Constant(path) if path.get_ident().is_some() => "Constant",
                        SizeExpr::Use(Use { name: Name::Hyperparameter(_), .. }) => "Hyperparameter",
                        _ => "Is",
                    });
                    let size = self.size(size, names);
                    quote! { #p::Axis::#kind(#size) }
                }
            })
            .collect()
    }
}

/// A local variable that is spelt as a constant but for its case: where there is no such constant, rustc points to it
/// ("notice the capitalization"), which is what somebody who wrote `[B, 10]` meant.
fn lower_case(constant: &Ident) -> TokenStream {
    let name = Ident::new(&constant.to_string().to_lowercase(), constant.span());
    quote! { let #name = (); }
}

/// The names that a type binds.
pub fn bound(ty: &TensorType) -> Vec<usize> {
    ty.axes.iter().filter_map(|axis| if let Axis::Bind(dim) = axis { Some(*dim) } else { None }).collect()
}
