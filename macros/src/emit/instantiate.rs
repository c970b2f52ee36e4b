//! Making an instance: its variables and layers, in the order of their declarations, and then the structs of them.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::construct::Made;
use super::names::{check_fn, inputs_fn};
use super::size::InInstance;
use super::{Emit, at, local};
use crate::ir::{
    Declaration, Function, Initializer, LayerDeclaration, Member, PathPart, ROOT, VariableDeclaration, turns,
};

impl Emit<'_> {
    /// The function that makes an instance.
    pub fn instantiate(&self) -> TokenStream {
        let (p, head) = (self.p(), self.impl_head());
        let (draft, hyperparameters, inputs) = (local("draft"), local("hyperparameters"), local("inputs"));
        let values = self.hyperparameters_type();
        let body = if self.is_right { self.instantiate_body() } else { quote! { ::core::unreachable!() } };
        quote! {
            #head {
                #[doc(hidden)]
                pub fn __instantiate(
                    #draft: &mut #p::Draft,
                    #hyperparameters: #values,
                    #inputs: ::core::option::Option<&[#p::Shape]>,
                ) -> ::core::result::Result<Self, #p::Error> {
                    #body
                }
            }
        }
    }

    fn instantiate_body(&self) -> TokenStream {
        let (p, instance, draft) = (self.p(), local("__instance"), local("draft"));
        let (hyperparameters, sizes) = (local("hyperparameters"), local("sizes"));
        let (checks, known) = (self.run_checks(), self.hyper());
        let (declarations, made) = self.declarations(&self.model.declarations);
        let fields = self.construct(&made, ROOT, &[], false);
        quote! {
            #known
            #checks
            #declarations
            ::core::result::Result::Ok(Self {
                #fields
                #instance: #p::Instance::new(#draft, #hyperparameters, &#sizes),
            })
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
        let (p, hyper, inputs, mode, sizes) = (self.p(), local("hyper"), local("inputs"), local("mode"), local("sizes"));
        let ty = self.checked_type();
        let element = self.dtype(&crate::ir::Element::Model);
        let forward = self.model.functions.iter().filter(|function| function.name == "forward");
        let others = self.model.functions.iter().filter(|function| function.name != "forward");
        let run = |function: &Function, inputs: TokenStream| {
            let (check, name, names) = (check_local(function), check_fn(&function.name), self.symbol_names(function));
            quote! {
                let #check = <#ty>::#name(#mode, &#hyper, &#sizes, #inputs);
                #check.ok(#names)?;
            }
        };
        let symbolic = |function: &Function| {
            let name = inputs_fn(&function.name);
            quote! { <#ty>::#name(#element, &#hyper) }
        };
        let first = forward.map(|function| {
            let (made_up, check) = (symbolic(function), check_local(function));
            let run = run(function, quote! { #inputs.unwrap_or(&#made_up) });
            quote! { #run let #sizes = #check.outcome().sizes; }
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

    /// Makes what is declared; gives what there is then.
    fn declarations(&self, declarations: &[Declaration]) -> (TokenStream, Vec<Made>) {
        let mut tokens = TokenStream::new();
        let mut all = Vec::new();
        for declaration in declarations {
            let (more, made) = match declaration {
                Declaration::Variable(variable) => self.make_variable(variable),
                Declaration::Layer(layer) => self.make_layer(layer),
                Declaration::Loop { bounds, variable, body, function } => {
                    let names = InInstance { check: self.check_of(*function) };
                    let range = self.range(bounds, &names);
                    self.make_in_loop(&range, variable, body)
                }
                Declaration::Branch { condition, arms, function } => {
                    let names = InInstance { check: self.check_of(*function) };
                    let condition = self.call(condition, &names);
                    self.make_in_branch(&condition, arms)
                }
            };
            tokens.extend(more);
            all.extend(made);
        }
        (tokens, all)
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

    fn make_variable(&self, declaration: &VariableDeclaration) -> (TokenStream, Vec<Made>) {
        let (p, draft, span) = (self.private(declaration.span), local("draft"), at(declaration.span));
        let made = Made::new(Member::Variable(declaration.variable), turns(&declaration.indices));
        let variable = &self.model.variables[declaration.variable];
        let (element, rank, name) = (self.element(&variable.element), self.rank(variable.rank), self.made(&made));
        let (path, check) = (full_name(&declaration.path), self.check_of(declaration.function));
        let label = &variable.label;
        let sizes = if declaration.function.is_some() {
            let value = declaration.value;
            quote! { #check.sizes(#value, #label)? }
        } else {
            let names = InInstance { check };
            let dims = declaration.dims.iter().map(|size| self.size(size, &names));
            quote! { #p::known_sizes(&[#(#dims),*], #label)? }
        };
        let trainable = match variable.trainable {
            Some(trainable) => quote! { #trainable },
            None => quote! { <#element as #p::Element>::DTYPE.is_float() },
        };
        let initializer = self.initializer(declaration, &element);
        let tokens = quote_spanned! { span=>
            let #name: #p::Variable<#element, #rank> =
                #draft.variable(&#path, &#sizes, #initializer, #trainable)?;
        };
        (tokens, vec![made])
    }

    fn initializer(&self, declaration: &VariableDeclaration, element: &TokenStream) -> TokenStream {
        let p = self.private(declaration.span);
        match &declaration.initializer {
            Initializer::Default => quote! { #p::default_initializer(<#element as #p::Element>::DTYPE) },
            Initializer::Elements(elements) => quote! { &#p::elements([#(#p::Scalar::to_number(#elements)),*]) },
            Initializer::Written(call) => {
                let initializer = self.call(call, &InInstance { check: self.check_of(declaration.function) });
                quote! { &#initializer }
            }
        }
    }

    fn make_layer(&self, declaration: &LayerDeclaration) -> (TokenStream, Vec<Made>) {
        let draft = local("draft");
        let made = Made::new(Member::Layer(declaration.layer), turns(&declaration.indices));
        let layer = &self.model.layers[declaration.layer];
        let (ty, name, path) = (self.layer_type(&layer.path), self.made(&made), full_name(&declaration.path));
        let check = self.check_of(Some(declaration.function));
        let keywords = self.keywords(&declaration.keywords, &InInstance { check: check.clone() });
        let inputs = &declaration.inputs;
        let tokens = quote! {
            let #name = #draft.enter(&#path, |#draft| {
                <#ty>::__instantiate(#draft, #keywords.values()?, ::core::option::Option::Some(&[#(#check.values[#inputs]),*]))
            })?;
        };
        (tokens, vec![made])
    }

    /// What a loop of the graph makes in each turn becomes a list.
    fn make_in_loop(&self, range: &TokenStream, variable: &Ident, body: &[Declaration]) -> (TokenStream, Vec<Made>) {
        let (inner, made) = self.declarations(body);
        let names: Vec<Ident> = made.iter().map(|made| self.made(made)).collect();
        let lists: Vec<Ident> = names.iter().map(|name| format_ident!("{}_list", name, span = Span::mixed_site())).collect();
        let tokens = quote! {
            #(let mut #lists = ::std::vec::Vec::new();)*
            for #variable in #range {
                #inner
                #(#lists.push(#names);)*
            }
            #(let #names = #lists;)*
        };
        (tokens, made)
    }

    /// What one arm of a branch makes, the other may not: then it is an `Option`.
    fn make_in_branch(&self, condition: &TokenStream, arms: &[Vec<Declaration>; 2]) -> (TokenStream, Vec<Made>) {
        let [(yes, in_yes), (no, in_no)] = [self.declarations(&arms[0]), self.declarations(&arms[1])];
        let find = |list: &[Made], one: &Made| list.iter().find(|other| other.is_same(one)).cloned();
        let mut made: Vec<Made> = in_yes.clone();
        made.extend(in_no.iter().filter(|one| find(&in_yes, one).is_none()).cloned());
        for one in &mut made {
            let plain = |list: &[Made]| find(list, one).is_some_and(|there| !there.is_option);
            one.is_option = !(plain(&in_yes) && plain(&in_no));
        }
        let names: Vec<Ident> = made.iter().map(|made| self.made(made)).collect();
        let arm = |present: &[Made]| {
            let values = made.iter().map(|one| {
                let name = self.made(one);
                match find(present, one) {
                    None => quote! { ::core::option::Option::None },
                    Some(there) if one.is_option && !there.is_option => quote! { ::core::option::Option::Some(#name) },
                    Some(_) => quote! { #name },
                }
            });
            quote! { (#(#values,)*) }
        };
        let (yes_values, no_values) = (arm(&in_yes), arm(&in_no));
        let tokens = quote! {
            let (#(#names,)*) = if #condition { #yes #yes_values } else { #no #no_values };
        };
        (tokens, made)
    }
}

/// The check of a `fn` that has run.
fn check_local(function: &Function) -> Ident {
    format_ident!("check_of_{}", function.name, span = Span::mixed_site())
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
    if indices.is_empty() { quote! { #text } } else { quote! { ::std::format!(#text, #(#indices),*) } }
}
