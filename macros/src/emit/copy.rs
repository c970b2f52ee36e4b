//! What goes over all variables of a model: the list of them, shared and copied instances.

use proc_macro2::TokenStream;
use quote::quote;

use super::{Emit, local};
use crate::ir::{Family, Member, ROOT, ScopeId};

impl Emit<'_> {
    /// `variables`, `share`, `copy_into` and what else every model has.
    pub fn common_methods(&self) -> TokenStream {
        let (p, vis, name) = (self.p(), &self.model.source.vis, self.name());
        let (instance, copier) = (local("__instance"), local("copier"));
        let (visits, copies) = (self.visits(), self.copies(ROOT, &quote! { self }));
        let list = format!("The variables of this [`{name}`], in the order of their declarations.");
        quote! {
            #[doc = #list]
            #[must_use]
            #vis fn variables(&self) -> #p::Variables {
                #p::Variables::new(self.#instance.path(), |visitor| self.__visit(visitor))
            }

            /// The variables that gradients are computed for.
            #[must_use]
            #vis fn trainable_variables(&self) -> #p::Variables {
                self.variables().trainable()
            }

            /// The table of all variables: scope, name, shape, number of elements, what is shared.
            #[must_use]
            #vis fn summary(&self) -> #p::Summary {
                self.variables().summary()
            }

            /// Another handle on the same variables.
            #[must_use]
            #vis fn share(&self) -> Self {
                self.__copy(&mut #p::Copier::Share).unwrap_or_else(|_| ::core::unreachable!())
            }

            /// A copy: variables of its own in another scope, with the same values.
            ///
            /// # Errors
            ///
            /// A name in that scope is taken.
            #[track_caller]
            #vis fn copy_into(&self, scope: &#p::Scope) -> ::core::result::Result<Self, #p::Error> {
                #p::copy_into(scope, self.#instance.path(), |#copier| self.__copy(#copier))
            }

            /// Takes over the values of another instance's variables.
            ///
            /// # Errors
            ///
            /// The instances have other hyper-parameters, and so variables of other shapes.
            #vis fn assign_from(&self, other: &Self) -> ::core::result::Result<(), #p::Error> {
                self.variables().assign_from(&other.variables())
            }

            #[doc(hidden)]
            pub fn __visit(&self, visitor: &mut dyn #p::Visitor) {
                #visits
            }

            #[doc(hidden)]
            #[allow(clippy::missing_errors_doc)]
            pub fn __copy(&self, #copier: &mut #p::Copier<'_>) -> ::core::result::Result<Self, #p::Error> {
                ::core::result::Result::Ok(Self {
                    #copies
                    #instance: #copier.instance(&self.#instance),
                })
            }
        }
    }

    /// Visits each variable. An indexed scope is visited as a whole where it is declared first.
    fn visits(&self) -> TokenStream {
        self.visit_scope(ROOT, &quote! { self })
    }

    fn visit_scope(&self, scope: ScopeId, place: &TokenStream) -> TokenStream {
        self.model.scopes[scope]
            .members
            .iter()
            .map(|&member| {
                let item = local("item");
                let (name, family, visit) = match member {
                    Member::Variable(id) => {
                        let variable = &self.model.variables[id];
                        let places = variable.places;
                        (&variable.name, None, quote! { visitor.variable(#item, #places); })
                    }
                    Member::Layer(id) => {
                        let layer = &self.model.layers[id];
                        (&layer.name, layer.family.as_ref(), quote! { #item.__visit(visitor); })
                    }
                    Member::Scope(id) => {
                        let scope = &self.model.scopes[id];
                        (&scope.name, scope.family.as_ref(), self.visit_scope(id, &quote! { #item }))
                    }
                };
                let each = if self.is_optional(member) { quote! { if let Some(#item) = #item { #visit } } } else { visit };
                if family.is_some() {
                    quote! { for #item in &#place.#name { #each } }
                } else {
                    quote! { { let #item = &#place.#name; #each } }
                }
            })
            .collect()
    }

    /// The fields of a copy of a scope.
    fn copies(&self, scope: ScopeId, place: &TokenStream) -> TokenStream {
        self.model.scopes[scope]
            .members
            .iter()
            .map(|&member| {
                let (item, copier, p) = (local("item"), local("copier"), self.p());
                let (name, family, copy) = match member {
                    Member::Variable(id) => {
                        (&self.model.variables[id].name, None, quote! { #copier.variable(#item)? })
                    }
                    Member::Layer(id) => {
                        let layer = &self.model.layers[id];
                        (&layer.name, layer.family.as_ref(), quote! { #item.__copy(#copier)? })
                    }
                    Member::Scope(id) => {
                        let scope = &self.model.scopes[id];
                        let (ty, fields) = (self.scope_struct(id), self.copies(id, &quote! { #item }));
                        (&scope.name, scope.family.as_ref(), quote! { #ty { #fields } })
                    }
                };
                let one = if self.is_optional(member) {
                    quote! { match #item { Some(#item) => Some(#copy), None => None } }
                } else {
                    copy
                };
                match family {
                    None => quote! { #name: { let #item = &#place.#name; #one }, },
                    Some(Family::Loop) => quote! {
                        #name: {
                            let mut list = ::std::vec::Vec::new();
                            for #item in &#place.#name { list.push(#one); }
                            list
                        },
                    },
                    Some(Family::Turns(_)) => quote! {
                        #name: #p::try_map(&#place.#name, |#item| ::core::result::Result::Ok(#one))?,
                    },
                }
            })
            .collect()
    }
}
