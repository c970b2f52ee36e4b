//! Making an instance: its variables and layers, in the order of their declarations.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::names::{check_fn, inputs_fn};
use super::size::InInstance;
use super::{Emit, at, local};
use crate::ir::{
    Declaration, Function, Given, Initializer, LayerDeclaration, LayerInputs, PathPart, SizeExpr, SnippetCall,
    VariableDeclaration, VariableId,
};

impl Emit<'_> {
    /// The function that makes the variables and layers of an instance.
    pub fn declare(&self) -> TokenStream {
        let (p, head) = (self.p(), self.impl_head());
        let (draft, hyperparameters, inputs) = (local("draft"), local("hyperparameters"), local("inputs"));
        let values = self.hyperparameters_type();
        let body = if self.is_right {
            self.declare_body()
        } else {
            quote! { ::core::unreachable!() }
        };
        quote! {
            #head {
                #[doc(hidden)]
                #[allow(clippy::missing_errors_doc)]
                pub fn __declare(
                    #draft: &mut #p::Draft,
                    #hyperparameters: #values,
                    #inputs: ::core::option::Option<&[#p::Shape]>,
                ) -> ::core::result::Result<(), #p::Error> {
                    #body
                }
            }
        }
    }

    fn declare_body(&self) -> TokenStream {
        let (draft, hyperparameters, sizes) = (local("draft"), local("hyperparameters"), local("sizes"));
        let (known, checks) = (self.hyper(), self.run_checks());
        let declarations = self.declarations(&self.model.declarations);
        quote! {
            #known
            #checks
            #declarations
            #draft.finish(#hyperparameters, &#sizes)
        }
    }

    /// The hyper-parameters as a check takes them.
    fn hyper(&self) -> TokenStream {
        let (p, hyper, hyperparameters) = (self.p(), local("hyper"), local("hyperparameters"));
        if self.model.source.hyperparameters.is_empty() {
            return quote! { let #hyper = #p::NoHyperparameters; };
        }
        quote! { let #hyper = #hyperparameters.keywords(); }
    }

    /// Runs the check of each `fn`, `forward` first: it finds the sizes that the others may use.
    fn run_checks(&self) -> TokenStream {
        let (p, hyper, inputs, mode, sizes) =
            (self.p(), local("hyper"), local("inputs"), local("mode"), local("sizes"));
        let ty = self.checked_type();
        let element = self.dtype(&crate::ir::Element::Model);
        let forward = self.model.functions.iter().filter(|function| function.name == "forward");
        let others = self.model.functions.iter().filter(|function| function.name != "forward");
        let run = |function: &Function, inputs: TokenStream| {
            let (check, room, name) = (check_local(function), room_local(function), check_fn(&function.name));
            let (room_here, names) = (self.room(function), self.symbol_names(function));
            quote! {
                let mut #room = #room_here;
                let mut #check = #room.check(#mode, #names);
                <#ty>::#name(&mut #check, &#hyper, &#sizes, #inputs);
                #check.ok()?;
            }
        };
        let symbolic = |function: &Function| {
            let name = inputs_fn(&function.name);
            quote! { <#ty>::#name(#element, &#hyper, &#sizes) }
        };
        let first = forward.map(|function| {
            let (made_up, check) = (symbolic(function), check_local(function));
            let run = run(function, quote! { #inputs.unwrap_or(&#made_up) });
            quote! { #run let #sizes = #check.sizes_bound(); }
        });
        let rest = others.map(|function| {
            let made_up = symbolic(function);
            run(function, quote! { &#made_up })
        });
        quote! {
            let #mode = #p::Mode { element: #element, by_itself: false, known: 0 };
            let #sizes = [#p::Dim::Unknown; 8];
            #(#first)*
            #(#rest)*
        }
    }

    fn declarations(&self, declarations: &[Declaration]) -> TokenStream {
        declarations
            .iter()
            .map(|declaration| match declaration {
                Declaration::Variable(variable) => self.declare_variable(variable),
                Declaration::Layer(layer) => self.declare_layer(layer),
                Declaration::Loop { bounds, variable, body, function } => {
                    let range = self.range(bounds, &InInstance { check: self.check_of(*function) });
                    let body = self.declarations(body);
                    quote! { for #variable in #range { #body } }
                }
                Declaration::Branch { condition, arms, function } => {
                    let condition = self.call(condition, &InInstance { check: self.check_of(*function) });
                    let [yes, no] = arms.each_ref().map(|arm| self.declarations(arm));
                    quote! { if #condition { #yes } else { #no } }
                }
            })
            .collect()
    }

    /// The check of the `fn` that something is declared in.
    fn check_of(&self, function: Option<usize>) -> TokenStream {
        match function {
            Some(number) => {
                let check = check_local(&self.model.functions[number]);
                quote! { #check }
            }
            None => TokenStream::new(),
        }
    }

    fn declare_variable(&self, declaration: &VariableDeclaration) -> TokenStream {
        let (draft, span) = (local("draft"), at(declaration.span));
        let variable = &self.model.variables[declaration.variable];
        let (element, rank, places) = (self.element(&variable.element), self.rank(variable.rank), variable.places);
        let (path, check) = (full_name(&declaration.path), self.check_of(declaration.function));
        let shape = if declaration.function.is_some() {
            let value = declaration.value;
            quote! { #check.values[#value] }
        } else {
            self.shape_of(declaration.variable, &declaration.dims)
        };
        let (initializer, trainable) = (self.initializer(declaration), optional(variable.trainable));
        let made = quote_spanned! { span=> #draft.variable::<#element, #rank>(&#path, #shape, #initializer, #trainable, #places) };
        let given = self.given(&declaration.given, declaration.function);
        if given.is_empty() {
            return quote! { #made; };
        }
        let p = self.p();
        quote! { #draft.giving(#p::Defaults::new() #given, |#draft| #made); }
    }

    /// The shape of a variable that is declared among the items.
    fn shape_of(&self, variable: VariableId, dims: &[SizeExpr]) -> TokenStream {
        let (p, names) = (self.p(), InInstance { check: TokenStream::new() });
        let (dtype, dims) = (self.dtype(&self.model.variables[variable].element), dims.iter());
        let dims = dims.map(|size| self.size(size, &names));
        quote! { #p::Shape::new(#dtype, &[#(#dims),*]) }
    }

    fn initializer(&self, declaration: &VariableDeclaration) -> TokenStream {
        let p = self.private(declaration.span);
        match &declaration.initializer {
            Initializer::Inherited => quote! { ::core::option::Option::None },
            Initializer::Default => {
                let element = self.element(&self.model.variables[declaration.variable].element);
                quote! { ::core::option::Option::Some(#p::default_for(<#element as #p::Element>::DTYPE)) }
            }
            Initializer::Elements(elements) => {
                quote! { ::core::option::Option::Some(&#p::elements([#(#p::Literal::to_element(#elements)),*])) }
            }
            Initializer::Written(call) => {
                let initializer = self.call(call, &InInstance { check: self.check_of(declaration.function) });
                quote! { ::core::option::Option::Some(&#initializer) }
            }
        }
    }

    fn declare_layer(&self, declaration: &LayerDeclaration) -> TokenStream {
        let draft = local("draft");
        let layer = &self.model.layers[declaration.layer];
        let (ty, path) = (self.layer_type(&layer.path), full_name(&declaration.path));
        let check = self.check_of(declaration.function);
        let keywords = self.keywords(&declaration.keywords, &InInstance { check: check.clone() });
        let defaults = self.layer_defaults(declaration);
        let inputs = match &declaration.inputs {
            LayerInputs::Values(inputs) => quote! { #(#check.values[#inputs]),* },
            LayerInputs::Variable(variable, dims) => self.shape_of(*variable, dims),
        };
        quote! {
            #draft.layer(&#path, #defaults, |#draft| {
                <#ty>::__declare(
                    #draft,
                    #keywords.__values()?,
                    ::core::option::Option::Some(&[#inputs])
                )
            })?;
        }
    }

    /// What the scopes around a layer give its variables.
    fn layer_defaults(&self, declaration: &LayerDeclaration) -> TokenStream {
        let p = self.p();
        let initializer = match &declaration.initializer {
            Initializer::Inherited | Initializer::Elements(_) => TokenStream::new(),
            Initializer::Default => quote! { .no_initializer() },
            Initializer::Written(call) => {
                let initializer = self.call(call, &InInstance { check: self.check_of(declaration.function) });
                quote! { .initializer(#initializer) }
            }
        };
        let trainable = declaration.trainable.map(|trainable| quote! { .trainable(#trainable) });
        let given = self.given(&declaration.given, declaration.function);
        quote! { #p::Defaults::new() #initializer #trainable #given }
    }

    /// What is given besides a start, as setters of `Defaults`.
    fn given(&self, given: &Given, function: Option<usize>) -> TokenStream {
        let names = InInstance { check: self.check_of(function) };
        let made = |made: &Option<Option<SnippetCall>>, set: &str, unset: &str| {
            let (set, unset) = (Ident::new(set, Span::call_site()), Ident::new(unset, Span::call_site()));
            made.as_ref().map(|made| match made {
                None => quote! { .#unset() },
                Some(call) => {
                    let made = self.call(call, &names);
                    quote! { .#set(#made) }
                }
            })
        };
        let constraint = made(&given.constraint, "constraint", "no_constraint");
        let regularizer = made(&given.regularizer, "regularizer", "no_regularizer");
        let collections = given.collections.as_ref().map(|collections| match collections.as_slice() {
            [] => quote! { .no_collections() },
            names => quote! { #(.collection(#names))* },
        });
        let partitioner = made(&given.partitioner, "partitioner", "no_partitioner");
        let cache = given.cache.map(|is_packed| quote! { .packed(#is_packed) });
        quote! { #constraint #regularizer #partitioner #cache #collections }
    }
}

/// An option as it is written.
fn optional(value: Option<bool>) -> TokenStream {
    match value {
        None => quote! { ::core::option::Option::None },
        Some(value) => quote! { ::core::option::Option::Some(#value) },
    }
}

/// The check of a `fn` that has run.
fn check_local(function: &Function) -> Ident {
    format_ident!("check_of_{}", function.name, span = Span::mixed_site())
}

fn room_local(function: &Function) -> Ident {
    format_ident!("room_of_{}", function.name, span = Span::mixed_site())
}

/// A name with its scopes, as an expression of type `str` or `String`.
fn full_name(path: &[PathPart]) -> TokenStream {
    let mut text = String::new();
    let mut indices = Vec::new();
    for (number, part) in path.iter().enumerate() {
        if number > 0 {
            text.push('/');
        }
        text.push_str(&part.label);
        if let Some(index) = &part.index {
            text.push_str("_{}");
            indices.push(index);
        }
    }
    if indices.is_empty() {
        quote! { #text }
    } else {
        quote! { ::std::format!(#text, #(#indices),*) }
    }
}
