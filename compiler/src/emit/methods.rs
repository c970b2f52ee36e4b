//! The methods of a model: how it is made, its `fn`s, and their gradients.

use proc_macro2::TokenStream;
use quote::quote;

use super::names::{ValueNames, record_fn};
use super::{Emit, local};
use crate::ir::{Element, Function, TensorType};
use crate::syntax;

const ERRORS_OF_NEW: &str =
    "Variables that exist in a scope that does not reuse, or are missing in one that does; sizes that do not fit.";

impl Emit<'_> {
    /// All methods.
    pub fn methods(&self) -> TokenStream {
        let (head, constructors) = (self.impl_head(), self.constructors());
        let common = self.common_methods();
        let hyperparameters = self.hyperparameters_method();
        let functions = self.model.functions.iter().enumerate().map(|(number, function)| self.method(number, function));
        let gradients =
            self.model.functions.iter().filter(|f| f.is_loss).map(|function| self.gradients_method(function));
        quote! { #head { #constructors #common #hyperparameters #(#functions)* #(#gradients)* } }
    }

    /// `new` and `seeded` where no hyper-parameter has to be given; `new_with` and `seeded_with` where there are any.
    fn constructors(&self) -> TokenStream {
        let values = self.hyperparameters_type();
        let has_hyperparameters = !self.model.source.hyperparameters.is_empty();
        let without = self.has_default().then(|| {
            let default = if has_hyperparameters {
                quote! { #values::DEFAULT }
            } else {
                quote! { () }
            };
            self.constructors_with_defaults(&default)
        });
        let with = has_hyperparameters.then(|| self.constructors_with(&values));
        quote! { #without #with }
    }

    fn constructors_with_defaults(&self, default: &TokenStream) -> TokenStream {
        let (p, vis) = (self.p(), &self.model.source.vis);
        let (new, seeded) = (self.doc_of_new(""), self.doc_of_seeded());
        quote! {
            #[doc = #new]
            ///
            /// # Errors
            ///
            #[doc = #ERRORS_OF_NEW]
            #[track_caller]
            #vis fn new(scope: &#p::Scope) -> ::core::result::Result<Self, #p::Error> {
                #p::instantiate(
                    scope,
                    |draft| Self::__declare(draft, #default, ::core::option::Option::None),
                    Self::__construct
                )
            }

            #[doc = #seeded]
            ///
            /// # Errors
            ///
            /// Sizes that do not fit.
            #[track_caller]
            #vis fn seeded(seed: u64) -> ::core::result::Result<Self, #p::Error> {
                Self::new(&#p::VariableStore::new(seed).root())
            }
        }
    }

    fn constructors_with(&self, values: &TokenStream) -> TokenStream {
        let (p, vis) = (self.p(), &self.model.source.vis);
        let (new, seeded) = (self.doc_of_new(" with these hyper-parameters"), self.doc_of_seeded());
        quote! {
            #[doc = #new]
            ///
            /// # Errors
            ///
            #[doc = #ERRORS_OF_NEW]
            #[track_caller]
            #vis fn new_with(
                scope: &#p::Scope,
                hyperparameters: #values
            ) -> ::core::result::Result<Self, #p::Error> {
                #p::instantiate(
                    scope,
                    |draft| Self::__declare(draft, hyperparameters, ::core::option::Option::None),
                    Self::__construct
                )
            }

            #[doc = #seeded]
            ///
            /// # Errors
            ///
            /// Sizes that do not fit.
            #[track_caller]
            #vis fn seeded_with(seed: u64, hyperparameters: #values) -> ::core::result::Result<Self, #p::Error> {
                Self::new_with(&#p::VariableStore::new(seed).root(), hyperparameters)
            }
        }
    }

    fn doc_of_new(&self, with: &str) -> String {
        let name = self.name();
        format!("Makes a [`{name}`]{with} in a scope: new variables, or those that are there, by the scope's rule.")
    }

    fn doc_of_seeded(&self) -> String {
        format!("Makes a [`{}`] in a store of its own, with initial values from this seed.", self.name())
    }

    fn hyperparameters_method(&self) -> TokenStream {
        if self.model.source.hyperparameters.is_empty() {
            return TokenStream::new();
        }
        let (vis, values, instance) = (&self.model.source.vis, self.hyperparameters_type(), local("__instance"));
        quote! {
            /// The hyper-parameters with which this instance was made.
            #[must_use]
            #vis const fn hyperparameters(&self) -> #values {
                self.#instance.hyperparameters
            }
        }
    }

    /// A `fn` as the user calls it.
    fn method(&self, number: usize, function: &Function) -> TokenStream {
        let (p, vis, name) = (self.p(), &self.model.source.vis, &function.name);
        let attrs = self.source_of(function).map(|source| &source.attrs[..]).unwrap_or_default();
        let docs = docs_unless_given(attrs, &format!("The `fn {name}` of the model, in inference mode."));
        let parameters = self.parameters(function);
        let results = self.result_types(function);
        let body = if self.is_right {
            let (record, element, instance) = (record_fn(name), self.dtype(&Element::Model), local("__instance"));
            let (inputs, values) = (self.inputs(function), self.values_in_order(function));
            let outputs = self.outputs(function);
            quote! {
                #inputs
                self.#instance.runs.call(
                    #number,
                    #element,
                    self.#instance.seed(),
                    &inputs,
                    |recorder, values| self.#record(recorder, #values).map(::std::vec::Vec::from),
                    |outputs| ::core::result::Result::Ok(#outputs),
                )
            }
        } else {
            quote! { ::core::unreachable!() }
        };
        quote! {
            #docs
            #(#attrs)*
            ///
            /// # Errors
            ///
            /// Inputs of wrong or unlike sizes; data that an op refuses.
            #vis fn #name(&self, #parameters) -> ::core::result::Result<#results, #p::Error> {
                #body
            }
        }
    }

    fn source_of(&self, function: &Function) -> Option<&syntax::Function> {
        self.model.source.items.iter().find_map(|item| match item {
            syntax::Item::Function(source) if source.name == function.name => Some(source),
            _ => None,
        })
    }

    /// `images: ArrayView2<'_, f32>, …`
    fn parameters(&self, function: &Function) -> TokenStream {
        let names = ValueNames::new(function);
        let parameters = function.inputs.iter().enumerate().map(|(number, input)| {
            let (name, ty) = (names.get(number), self.input_type(&input.ty));
            quote! { #name: #ty, }
        });
        quote! { #(#parameters)* }
    }

    fn input_type(&self, ty: &TensorType) -> TokenStream {
        let (p, element) = (self.p(), self.element(&ty.element));
        if ty.axes.is_empty() && !ty.leading {
            return element;
        }
        let dimension = self.dimension(ty);
        quote! { #p::ndarray::ArrayView<'_, #element, #dimension> }
    }

    fn dimension(&self, ty: &TensorType) -> TokenStream {
        let p = self.p();
        if ty.leading {
            quote! { #p::ndarray::IxDyn }
        } else {
            self.rank(ty.axes.len())
        }
    }

    /// What a call of a `fn` gives: arrays of its own, a number for `[]`.
    fn result_types(&self, function: &Function) -> TokenStream {
        let p = self.p();
        let types = function.results.iter().map(|output| {
            let element = self.element(&output.ty.element);
            if output.ty.axes.is_empty() && !output.ty.leading {
                return element;
            }
            let dimension = self.dimension(&output.ty);
            quote! { #p::ndarray::Array<#element, #dimension> }
        });
        self.tuple(function, types.collect())
    }

    fn tuple(&self, function: &Function, parts: Vec<TokenStream>) -> TokenStream {
        let is_tuple = self.source_of(function).is_some_and(|source| source.tuple);
        match parts.as_slice() {
            [one] if !is_tuple => one.clone(),
            parts => quote! { (#(#parts,)*) },
        }
    }

    /// The inputs of a run, from the parameters.
    fn inputs(&self, function: &Function) -> TokenStream {
        let (p, names) = (self.p(), ValueNames::new(function));
        let standard =
            function.inputs.iter().enumerate().filter(|(_, input)| !input.ty.axes.is_empty() || input.ty.leading);
        let standard = standard.map(|(number, _)| {
            let name = names.get(number);
            quote! { let #name = #name.as_standard_layout(); }
        });
        let inputs = function.inputs.iter().enumerate().map(|(number, input)| {
            let (name, is_number) = (names.get(number), input.ty.axes.is_empty() && !input.ty.leading);
            if is_number {
                quote! { #p::Input::number(&#name) }
            } else {
                quote! { #p::Input::array(&#name) }
            }
        });
        quote! { #(#standard)* let inputs = [#(#inputs),*]; }
    }

    fn values_in_order(&self, function: &Function) -> TokenStream {
        let values = (0..function.inputs.len()).map(|number| quote! { values[#number] });
        quote! { [#(#values),*] }
    }

    fn outputs(&self, function: &Function) -> TokenStream {
        let outputs = function.results.iter().enumerate().map(|(number, output)| {
            let (element, dimension) = (self.element(&output.ty.element), self.dimension(&output.ty));
            if output.ty.axes.is_empty() && !output.ty.leading {
                quote! { outputs.number::<#element>(#number)? }
            } else {
                quote! { outputs.array::<#element, #dimension>(#number)?.to_owned() }
            }
        });
        self.tuple(function, outputs.collect())
    }

    fn gradients_method(&self, function: &Function) -> TokenStream {
        let (p, vis, name) = (self.p(), &self.model.source.vis, &function.name);
        let (method, step) = (quote::format_ident!("{name}_gradients"), self.step_type(function));
        let (record, element, instance) = (record_fn(name), self.dtype(&Element::Model), local("__instance"));
        let docs = format!(
            "A training step of [`Self::{name}`]: forward and backward, with its memory, to be run again and again."
        );
        let (values, step_struct) = (self.values_in_order(function), self.step_struct(function));
        let body = if self.is_right {
            quote! {
                let net = self.share();
                #step_struct {
                    step: #p::Step::new(#element, self.#instance.seed(), move |recorder, values| {
                        net.#record(recorder, #values).map(::std::vec::Vec::from)
                    }),
                    element: ::core::marker::PhantomData,
                }
            }
        } else {
            quote! { ::core::unreachable!() }
        };
        quote! {
            #[doc = #docs]
            #[must_use]
            #vis fn #method(&self) -> #step { #body }
        }
    }

    fn step_type(&self, function: &Function) -> TokenStream {
        let (name, element) = (self.step_struct(function), self.model_element());
        match self.model.source.element {
            syntax::Element::Generic(_) => quote! { #name<#element> },
            syntax::Element::Default | syntax::Element::Named(_) => quote! { #name },
        }
    }

    /// The struct of each training step.
    pub fn steps(&self) -> TokenStream {
        self.model
            .functions
            .iter()
            .filter(|function| function.is_loss)
            .map(|function| self.step_definition(function))
            .collect()
    }

    fn step_definition(&self, function: &Function) -> TokenStream {
        let (p, vis, model, name) = (self.p(), &self.model.source.vis, self.name(), self.step_struct(function));
        let docs = format!("A training step of [`{model}::{}`].", function.name);
        let element = self.model_element();
        let (definition, usage) = match &self.model.source.element {
            syntax::Element::Generic(element) => (quote! { <#element: #p::Float = f32> }, quote! { <#element> }),
            syntax::Element::Default | syntax::Element::Named(_) => (TokenStream::new(), TokenStream::new()),
        };
        let impl_generics = if usage.is_empty() {
            TokenStream::new()
        } else {
            quote! { <#element: #p::Float> }
        };
        let compute = self.compute(function);
        quote! {
            #[doc = #docs]
            #[derive(Debug)]
            #[allow(non_camel_case_types)]
            #vis struct #name #definition {
                step: #p::Step,
                element: ::core::marker::PhantomData<#element>,
            }

            impl #impl_generics #name #usage {
                #compute

                /// Computes no gradient but those of these variables.
                ///
                /// # Errors
                ///
                /// There is none among them.
                #vis fn only(self, variables: &#p::Variables) -> ::core::result::Result<Self, #p::Error> {
                    ::core::result::Result::Ok(Self { step: self.step.only(variables)?, ..self })
                }

                /// From now on, scales the gradients down so that their global norm is at most this.
                #vis fn clip_by_global_norm(&mut self, norm: impl ::core::convert::Into<f64>) {
                    self.step.clip_by_global_norm(norm.into());
                }

                /// The size of the step's memory for intermediate results; 0 before the first run.
                #[must_use]
                #vis fn arena_bytes(&self) -> usize {
                    self.step.arena_bytes()
                }

                /// The most bytes of intermediate results that the last run needed at one time; 0 before the first run.
                #[must_use]
                #vis fn peak_bytes(&self) -> usize {
                    self.step.peak_bytes()
                }
            }
        }
    }

    fn compute(&self, function: &Function) -> TokenStream {
        let (p, vis, parameters) = (self.p(), &self.model.source.vis, self.parameters(function));
        let types = function.results.iter().map(|output| {
            let element = self.element(&output.ty.element);
            if output.ty.axes.is_empty() && !output.ty.leading {
                return element;
            }
            let dimension = self.dimension(&output.ty);
            quote! { #p::ndarray::ArrayView<'_, #element, #dimension> }
        });
        let results = self.tuple(function, types.collect());
        let values = function.results.iter().enumerate().map(|(number, output)| {
            let (element, dimension) = (self.element(&output.ty.element), self.dimension(&output.ty));
            if output.ty.axes.is_empty() && !output.ty.leading {
                quote! { self.step.number::<#element>(#number)? }
            } else {
                quote! { self.step.result::<#element, #dimension>(#number)? }
            }
        });
        let (values, inputs) = (self.tuple(function, values.collect()), self.inputs(function));
        let body = if self.is_right {
            quote! {
                #inputs
                self.step.compute(&inputs)?;
                ::core::result::Result::Ok((#values, self.step.gradients()))
            }
        } else {
            quote! { ::core::unreachable!() }
        };
        quote! {
            /// Runs forward and backward: the results and the gradients of the first.
            ///
            /// # Errors
            ///
            /// Inputs of wrong or unlike sizes; data that an op refuses. No variable has changed then.
            #vis fn compute(&mut self, #parameters) -> ::core::result::Result<(#results, &#p::Gradients), #p::Error> {
                #body
            }
        }
    }
}

fn docs_unless_given(attrs: &[syn::Attribute], docs: &str) -> TokenStream {
    if attrs.iter().any(|attr| attr.path().is_ident("doc")) {
        TokenStream::new()
    } else {
        quote! { #[doc = #docs] }
    }
}
