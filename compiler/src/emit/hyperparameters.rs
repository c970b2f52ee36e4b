//! Hyper-parameters: as values that the user sets, and as keywords of a layer, which may be unknown.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use super::{Emit, local};
use crate::syntax::{Element, Hyperparameter};

impl Emit<'_> {
    /// The type of the hyper-parameters of an instance.
    pub fn hyperparameters_type(&self) -> TokenStream {
        if self.model.source.hyperparameters.is_empty() {
            return quote! { () };
        }
        let name = self.hyperparameters_struct();
        quote! { #name }
    }

    /// The type of the keywords of this model as a layer.
    pub fn keywords_type(&self) -> TokenStream {
        if self.model.source.hyperparameters.is_empty() {
            let p = self.p();
            return quote! { #p::NoHyperparameters };
        }
        let name = self.keywords_struct();
        quote! { #name }
    }

    /// Both structs, and what a model is as a layer.
    pub fn hyperparameters(&self) -> TokenStream {
        let layer = self.model_impl();
        if self.model.source.hyperparameters.is_empty() {
            return layer;
        }
        let (values, keywords) = (self.values_struct(), self.keywords_definition());
        quote! { #values #keywords #layer }
    }

    fn list(&self) -> &[Hyperparameter] {
        &self.model.source.hyperparameters
    }

    fn values_struct(&self) -> TokenStream {
        let (vis, name, model) = (&self.model.source.vis, self.hyperparameters_struct(), self.name());
        let docs = format!("The hyper-parameters of [`{model}`].");
        let fields = self.list().iter().map(|Hyperparameter { attrs, name, ty, .. }| {
            let docs = format!("The hyper-parameter `{name}`.");
            let docs = if attrs.is_empty() {
                quote! { #[doc = #docs] }
            } else {
                TokenStream::new()
            };
            quote! { #docs #(#attrs)* #vis #name: #ty, }
        });
        let constructor = self.constructor();
        quote! {
            #[doc = #docs]
            #[derive(Clone, Copy)]
            #[allow(non_camel_case_types)]
            #vis struct #name { #(#fields)* }
            #constructor
        }
    }

    /// `DEFAULT` where every hyper-parameter has a default, and `new` with those that have none.
    fn constructor(&self) -> TokenStream {
        let (vis, name, p) = (&self.model.source.vis, self.hyperparameters_struct(), self.p());
        let fields = self.list().iter().map(|Hyperparameter { name, default, .. }| match default {
            Some(_) if !self.has_default() => {
                let default = default_const(name);
                quote! { #name: Self::#default }
            }
            Some(default) => quote! { #name: #default },
            None => quote! { #name },
        });
        let required: Vec<&Hyperparameter> = self.list().iter().filter(|one| one.default.is_none()).collect();
        let made = quote! { Self { #(#fields),* } };
        let is_default = required.is_empty();
        let parameters = required.iter().map(|Hyperparameter { name, ty, .. }| quote! { #name: #ty });
        let constructor = if is_default {
            quote! {
                /// What holds where nothing is said.
                #vis const DEFAULT: Self = #made;
            }
        } else {
            // Each default is written once, so that a mistake in it is one error.
            let defaults = self.list().iter().filter_map(|Hyperparameter { name, ty, default, .. }| {
                let (constant, default) = (default_const(name), default.as_ref()?);
                Some(quote! { #[doc(hidden)] #[allow(non_upper_case_globals)] #vis const #constant: #ty = #default; })
            });
            quote! {
                #(#defaults)*
                /// These, and the defaults of the others.
                #[must_use]
                #vis const fn new(#(#parameters),*) -> Self { #made }
            }
        };
        let names: Vec<_> = self.list().iter().map(|one| &one.name).collect();
        let keywords = self.keywords_struct();
        quote! {
            impl #name {
                #constructor

                #[doc(hidden)]
                #[must_use]
                #vis const fn keywords(&self) -> #keywords {
                    #keywords { #(#names: #p::Known::Is(self.#names)),* }
                }
            }
        }
    }

    fn keywords_definition(&self) -> TokenStream {
        let (vis, name, p) = (&self.model.source.vis, self.keywords_struct(), self.p());
        let (values, model) = (self.hyperparameters_struct(), self.name().to_string());
        let names: Vec<_> = self.list().iter().map(|one| &one.name).collect();
        let types: Vec<_> = self.list().iter().map(|one| &one.ty).collect();
        let texts: Vec<String> = names.iter().map(ToString::to_string).collect();
        let missing: Vec<String> =
            names.iter().map(|name| format!("it needs its hyper-parameter: write `{name} = …`")).collect();
        let docs = format!("The hyper-parameters of [`{model}`] as keywords.");
        quote! {
            #[doc = #docs]
            #[doc(hidden)]
            #[derive(Clone, Copy)]
            #[allow(non_camel_case_types)]
            #vis struct #name { #(#names: #p::Known<#types>),* }

            impl #name {
                #(
                    #[doc = "Sets the hyper-parameter."]
                    #[must_use]
                    #vis const fn #names(mut self, value: #p::Known<#types>) -> Self {
                        self.#names = value;
                        self
                    }
                )*

                #[doc = "What is not given and has no default."]
                #[must_use]
                #vis const fn __missing(&self) -> ::core::option::Option<#p::ShapeError> {
                    #(if self.#names.is_missing() {
                        return ::core::option::Option::Some(#p::ShapeError::new(#missing));
                    })*
                    ::core::option::Option::None
                }

                #[doc = "The values, all of which must be known."]
                #[doc = ""]
                #[doc = "# Errors"]
                #[doc = ""]
                #[doc = "One is not."]
                #vis fn __values(&self) -> ::core::result::Result<#values, #p::Error> {
                    ::core::result::Result::Ok(#values { #(#names: self.#names.required(#model, #texts)?),* })
                }
            }
        }
    }

    /// `impl Model`: what the models that apply this one as a layer see.
    fn model_impl(&self) -> TokenStream {
        let (p, name, element) = (self.p(), self.name(), local("Element"));
        let (ty, keywords) = (self.checked_type(), self.keywords_type());
        let family = match self.model.source.element {
            Element::Generic(_) => quote! { #name<#element> },
            Element::Default | Element::Named(_) => quote! { #name },
        };
        let start = self.start();
        quote! {
            #[automatically_derived]
            impl #p::Model for #ty {
                type For<#element: #p::Float> = #family;
                type Keywords = #keywords;
                const KEYWORDS: #keywords = #start;
            }
        }
    }

    /// The keywords before any is given.
    fn start(&self) -> TokenStream {
        let p = self.p();
        if self.list().is_empty() {
            return quote! { #p::NoHyperparameters };
        }
        let keywords = self.keywords_struct();
        let fields = self.list().iter().map(|Hyperparameter { name, default, .. }| match default {
            Some(_) => {
                let (values, default) = (self.hyperparameters_struct(), default_const(name));
                let default = if self.has_default() {
                    quote! { DEFAULT.#name }
                } else {
                    quote! { #default }
                };
                quote! { #name: #p::Known::Is(#values::#default) }
            }
            None => quote! { #name: #p::Known::Missing },
        });
        quote! { #keywords { #(#fields),* } }
    }

    /// Whether every hyper-parameter has a default.
    pub fn has_default(&self) -> bool {
        self.list().iter().all(|one| one.default.is_some())
    }

    /// The keywords while the model is checked by itself: sizes are names, the rest is not known.
    pub fn symbolic_keywords(&self) -> TokenStream {
        let p = self.p();
        if self.list().is_empty() {
            return quote! { #p::NoHyperparameters };
        }
        let keywords = self.keywords_struct();
        let fields = self.list().iter().enumerate().map(|(number, Hyperparameter { name, ty, .. })| {
            let number = number as u32;
            if quote! { #ty }.to_string() == "usize" {
                quote! { #name: #p::Known::Size(#p::Dim::Symbol(#number)) }
            } else {
                quote! { #name: #p::Known::Unknown }
            }
        });
        quote! { #keywords { #(#fields),* } }
    }
}

/// The constant with a hyper-parameter's default, where not all have one.
fn default_const(name: &Ident) -> Ident {
    format_ident!("__default_{}", name, span = Span::mixed_site())
}
