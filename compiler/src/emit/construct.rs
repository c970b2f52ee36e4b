//! The structs of an instance, from the variables and layers that were made for it.

use proc_macro2::TokenStream;
use quote::quote;

use super::{Emit, local};
use crate::ir::{Family, Member, ROOT, ScopeId};

impl Emit<'_> {
    /// The function that makes the structs: of a new instance, of a copy, and of another handle on an old one.
    pub fn construct(&self) -> TokenStream {
        let (p, head) = (self.p(), self.impl_head());
        let (construction, instance) = (local("construction"), local("__instance"));
        let body = if self.is_right {
            let fields = self.constructed(ROOT);
            let marker = self.marker().map(|(name, _)| quote! { #name: ::core::marker::PhantomData, });
            quote! { ::core::result::Result::Ok(Self { #fields #instance: #construction.instance()?, #marker }) }
        } else {
            quote! { ::core::unreachable!() }
        };
        quote! {
            #head {
                #[doc(hidden)]
                #[allow(clippy::missing_errors_doc)]
                pub fn __construct(
                    #construction: &mut #p::Construction<'_>
                ) -> ::core::result::Result<Self, #p::Error> {
                    #body
                }
            }
        }
    }

    /// The fields of a scope's struct: `weights: …, biases: …,`.
    fn constructed(&self, scope: ScopeId) -> TokenStream {
        let fields = self.model.scopes[scope].members.iter().map(|&member| {
            let (name, family) = match member {
                Member::Variable(id) => (&self.model.variables[id].name, None),
                Member::Layer(id) => (&self.model.layers[id].name, self.model.layers[id].family.as_ref()),
                Member::Scope(id) => (&self.model.scopes[id].name, self.model.scopes[id].family.as_ref()),
            };
            let label = self.label(member);
            let value = match family {
                None => self.field_if_made(member, label),
                Some(Family::Turns(turns)) => {
                    let each = turns.iter().map(|turn| self.field_if_made(member, &format!("{label}_{turn}")));
                    quote! { [#(#each),*] }
                }
                Some(Family::Loop) => self.field_of_turns(member, label),
            };
            quote! { #name: #value, }
        });
        quote! { #(#fields)* }
    }

    /// The name in the store.
    fn label(&self, member: Member) -> &str {
        match member {
            Member::Variable(id) => &self.model.variables[id].label,
            Member::Layer(id) => &self.model.layers[id].stored,
            Member::Scope(id) => &self.model.scopes[id].label,
        }
    }

    /// A variable, a layer or a scope of this name; an `Option` where a branch may not have made it.
    fn field_if_made(&self, member: Member, label: &str) -> TokenStream {
        let construction = local("construction");
        let value = match member {
            Member::Variable(_) => quote! { #construction.variable(#label) },
            Member::Layer(_) | Member::Scope(_) => {
                let inside = self.inside(member);
                quote! { { #construction.enter(#label); let made = #inside; #construction.leave(); made } }
            }
        };
        if !self.is_optional(member) {
            return value;
        }
        let has = match member {
            Member::Layer(_) => quote! { has_layer },
            Member::Variable(_) | Member::Scope(_) => quote! { has },
        };
        quote! {
            if #construction.#has(#label) { ::core::option::Option::Some(#value) } else { ::core::option::Option::None }
        }
    }

    /// A family whose turns a loop of the graph counts.
    fn field_of_turns(&self, member: Member, label: &str) -> TokenStream {
        let (construction, turn, list) = (local("construction"), local("turn"), local("list"));
        let inside = self.inside(member);
        let made = if self.is_optional(member) {
            quote! {
                if #construction.has("") { ::core::option::Option::Some(#inside) } else { ::core::option::Option::None }
            }
        } else {
            inside
        };
        quote! {
            {
                let mut #list = ::std::vec::Vec::new();
                for #turn in 0..#construction.turns(#label) {
                    #construction.enter_turn(#label, #turn);
                    #list.push(#made);
                    #construction.leave();
                }
                #list
            }
        }
    }

    /// A layer or a scope that has been entered.
    fn inside(&self, member: Member) -> TokenStream {
        let construction = local("construction");
        match member {
            Member::Variable(_) => TokenStream::new(),
            Member::Layer(id) => {
                let ty = self.layer_type(&self.model.layers[id].path);
                quote! { <#ty>::__construct(#construction)? }
            }
            Member::Scope(id) => {
                let (name, fields) = (self.scope_struct(id), self.constructed(id));
                quote! { #name { #fields } }
            }
        }
    }
}
