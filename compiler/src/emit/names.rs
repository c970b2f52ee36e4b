//! The names of generated items, and of the values of a `fn`.

use std::collections::HashSet;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};

use super::{Emit, at};
use crate::ir::{Function, ScopeId, ValueId};
use crate::names::camel;

/// The names of the values of a `fn` in the emitted code: the user's where there is one.
pub struct ValueNames {
    names: Vec<Ident>,
}

impl ValueNames {
    pub fn new(function: &Function) -> Self {
        // What the emitted code calls its own.
        let mut taken: HashSet<String> = ["recorder", "made"].map(str::to_string).into();
        let names = function
            .values
            .iter()
            .enumerate()
            .map(|(number, hint)| match hint {
                None => Ident::new(&format!("v{number}"), Span::mixed_site()),
                Some(hint) => {
                    // A name may be a number's already: `v3` is made for the third value.
                    let first = if hint.to_string().starts_with('v') { format!("{hint}_") } else { hint.to_string() };
                    let others = (2..).map(|count| format!("{hint}_{count}"));
                    let mut candidates = std::iter::once(first).chain(others);
                    let name = candidates.find(|name| taken.insert(name.clone())).unwrap_or_default();
                    Ident::new(&name, at(hint.span()))
                }
            })
            .collect();
        Self { names }
    }

    pub fn get(&self, value: ValueId) -> &Ident {
        &self.names[value]
    }
}

impl Emit<'_> {
    /// The struct of a scope.
    pub fn scope_struct(&self, scope: ScopeId) -> &Ident {
        &self.structs[scope]
    }

    /// `MlpLossGradients`
    pub fn step_struct(&self, function: &Function) -> Ident {
        let name = format!("{}{}Gradients", self.name(), camel(&function.name.to_string()));
        Ident::new(&name, function.name.span())
    }

    pub fn hyperparameters_struct(&self) -> Ident {
        Ident::new(&format!("{}Hyperparameters", self.name()), self.name().span())
    }

    pub fn keywords_struct(&self) -> Ident {
        Ident::new(&format!("{}Keywords", self.name()), self.name().span())
    }
}

/// The `const fn` that checks a `fn`.
pub fn check_fn(name: &Ident) -> Ident {
    format_ident!("__check_{}", name, span = at(name.span()))
}

/// The `const fn` that gives what others see of a `fn`.
pub fn outcome_fn(name: &Ident) -> Ident {
    format_ident!("__outcome_{}", name, span = at(name.span()))
}

/// The `const fn` that checks the inputs of a `fn`.
pub fn begin_fn(name: &Ident) -> Ident {
    format_ident!("__begin_{}", name, span = at(name.span()))
}

/// The `const fn` that checks a part of a `fn`.
pub fn part_fn(name: &Ident, number: usize) -> Ident {
    format_ident!("__part_{}_{}", name, number, span = at(name.span()))
}

/// The constant with what is found at the beginning of a `fn`.
pub fn begin_const(name: &Ident) -> Ident {
    format_ident!("__BEGIN_{}", name, span = at(name.span()))
}

/// The constant with what is found in a part of a `fn`.
pub fn part_const(name: &Ident, number: usize) -> Ident {
    format_ident!("__PART_{}_{}", name, number, span = at(name.span()))
}

/// The constant that tells whether nothing is wrong with a `fn`.
pub fn is_right_const(name: &Ident) -> Ident {
    format_ident!("__IS_RIGHT_{}", name, span = at(name.span()))
}

/// The `const fn` that gives the inputs of a `fn` with names for sizes.
pub fn inputs_fn(name: &Ident) -> Ident {
    format_ident!("__inputs_{}", name, span = at(name.span()))
}

/// The `fn` that records a `fn`.
pub fn record_fn(name: &Ident) -> Ident {
    format_ident!("__record_{}", name, span = at(name.span()))
}

/// The name for the import of an op: that of a module with it, where the op is a bare name; else of the op itself.
pub fn op_import(function: &Function, op: usize) -> Ident {
    Ident::new(&format!("{}_op{op}", function.name), at(op_span(function, op)))
}

/// An op where it is used.
pub fn op_path(function: &Function, op: usize) -> TokenStream {
    let (import, span) = (op_import(function, op), at(op_span(function, op)));
    match function.ops[op].path.segments.last() {
        Some(segment) if function.ops[op].is_bare => {
            let name = Ident::new(&segment.ident.to_string(), span);
            quote_spanned! { span=> #import::#name }
        }
        _ => import.to_token_stream(),
    }
}

fn op_span(function: &Function, op: usize) -> Span {
    function.ops[op].path.segments.last().map_or_else(Span::call_site, |segment| segment.ident.span())
}
