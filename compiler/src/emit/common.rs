//! The methods that every model has.

use proc_macro2::TokenStream;
use quote::quote;

use super::{Emit, local};

impl Emit<'_> {
    /// `variables`, `share`, `copy_into` and the like.
    pub fn common_methods(&self) -> TokenStream {
        let (p, vis, name) = (self.p(), &self.model.source.vis, self.name());
        let instance = local("__instance");
        let list = format!("The variables of this [`{name}`], in the order of their declarations.");
        quote! {
            #[doc = #list]
            #[must_use]
            #vis fn variables(&self) -> #p::Variables {
                self.#instance.variables()
            }

            /// The variables that gradients are computed for.
            #[must_use]
            #vis fn trainable_variables(&self) -> #p::Variables {
                self.variables().trainable()
            }

            /// The variables that were put into the collection of this name.
            #[must_use]
            #vis fn collection(&self, name: &str) -> #p::Variables {
                self.variables().collection(name)
            }

            /// The table of all variables: scope, name, shape, number of elements, what is shared.
            #[must_use]
            #vis fn summary(&self) -> #p::Summary {
                self.variables().summary()
            }

            /// Another handle on the same variables.
            #[must_use]
            #vis fn share(&self) -> Self {
                self.#instance.share(Self::__construct).unwrap_or_else(|_| ::core::unreachable!())
            }

            /// A copy: variables of its own in another scope, with the same values.
            ///
            /// # Errors
            ///
            /// A name in that scope is taken.
            #[track_caller]
            #vis fn copy_into(&self, scope: &#p::Scope) -> ::core::result::Result<Self, #p::Error> {
                self.#instance.copy_into(scope, Self::__construct)
            }

            /// Takes over the values of another instance's variables.
            ///
            /// # Errors
            ///
            /// The instances have other hyper-parameters, and so variables of other shapes.
            #vis fn assign_from(&self, other: &Self) -> ::core::result::Result<(), #p::Error> {
                self.variables().assign_from(&other.variables())
            }
        }
    }
}
