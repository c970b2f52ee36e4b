//! The structs: one for the model, one for each scope, with a field for each variable, layer and scope inside.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};

use super::{Emit, local};
use crate::ir::{Family, Member, ROOT, ScopeId};
use crate::syntax;

impl Emit<'_> {
    /// The model's struct and those of its scopes.
    pub fn structs(&self) -> TokenStream {
        let scopes = (1..self.model.scopes.len()).map(|scope| self.scope_definition(scope));
        let root = self.root_struct();
        quote! { #root #(#scopes)* }
    }

    fn root_struct(&self) -> TokenStream {
        let (p, name, source) = (self.p(), self.name(), self.model.source);
        let (attrs, vis, generics) = (&source.attrs, &source.vis, self.generics());
        let docs = self.docs_unless_given(attrs, &format!("The model `{name}`."));
        let fields = self.fields(ROOT);
        let (instance, hyperparameters) = (local("__instance"), self.hyperparameters_type());
        let marker = self.marker().map(|(name, element)| {
            quote! { #[doc(hidden)] #name: ::core::marker::PhantomData<#element>, }
        });
        quote! {
            #docs
            #(#attrs)*
            #[derive(Debug)]
            #vis struct #name #generics {
                #fields
                #[doc(hidden)]
                #instance: #p::Instance<#hyperparameters>,
                #marker
            }
        }
    }

    /// The field of a generic model that names its element type, where nothing else in it is of that type.
    pub fn marker(&self) -> Option<(Ident, &Ident)> {
        match &self.model.source.element {
            syntax::Element::Generic(element) if !self.is_generic(ROOT) => Some((local("__element"), element)),
            _ => None,
        }
    }

    fn docs_unless_given(&self, attrs: &[syn::Attribute], docs: &str) -> TokenStream {
        if attrs.iter().any(|attr| attr.path().is_ident("doc")) {
            TokenStream::new()
        } else {
            quote! { #[doc = #docs] }
        }
    }

    fn scope_definition(&self, scope: ScopeId) -> TokenStream {
        let (name, vis, generics) = (self.scope_struct(scope), &self.model.source.vis, self.generics_of(scope));
        let fields = self.fields(scope);
        let docs = format!("Variables of the scope `{}` of [`{}`].", self.path(scope), self.name());
        quote! {
            #[doc = #docs]
            #[derive(Debug)]
            #[allow(non_camel_case_types)]
            #vis struct #name #generics {
                #fields
            }
        }
    }

    /// `<T: Float>`, or with a default for a generic model: without arguments it is that for `f32`.
    fn generics(&self) -> TokenStream {
        let p = self.p();
        match &self.model.source.element {
            syntax::Element::Generic(element) => quote! { <#element: #p::Float = f32> },
            syntax::Element::Default | syntax::Element::Named(_) => TokenStream::new(),
        }
    }

    /// The generics of a scope's struct: none where nothing in it is of the model's element type.
    fn generics_of(&self, scope: ScopeId) -> TokenStream {
        let p = self.p();
        match &self.model.source.element {
            syntax::Element::Generic(element) if self.is_generic(scope) => quote! { <#element: #p::Float = f32> },
            _ => TokenStream::new(),
        }
    }

    fn is_generic(&self, scope: ScopeId) -> bool {
        self.model.scopes[scope].members.iter().any(|member| match *member {
            Member::Variable(id) => self.model.variables[id].element == crate::ir::Element::Model,
            Member::Layer(_) => true,
            Member::Scope(inner) => self.is_generic(inner),
        })
    }

    /// The path of a scope, for documentation.
    fn path(&self, scope: ScopeId) -> String {
        let inner = &self.model.scopes[scope];
        let label = if inner.family.is_some() { format!("{}[_]", inner.label) } else { inner.label.clone() };
        match inner.parent {
            Some(parent) if parent != ROOT => format!("{}/{label}", self.path(parent)),
            _ => label,
        }
    }

    fn fields(&self, scope: ScopeId) -> TokenStream {
        let vis = &self.model.source.vis;
        let fields = self.model.scopes[scope].members.iter().map(|&member| {
            let (name, ty, docs) = self.field(member);
            // A model has the scopes that its source has, whether or not its user reads each by name.
            quote! { #[doc = #docs] #[allow(dead_code)] #vis #name: #ty, }
        });
        quote! { #(#fields)* }
    }

    /// The name of a field, its type and its documentation.
    fn field(&self, member: Member) -> (syn::Ident, TokenStream, String) {
        let p = self.p();
        let (name, family, ty, docs) = match member {
            Member::Variable(id) => {
                let variable = &self.model.variables[id];
                let (element, rank) = (self.element(&variable.element), self.rank(variable.rank));
                let docs = format!("The variable `{}`: `{}`.", variable.label, variable.written);
                (variable.name.clone(), None, quote! { #p::Variable<#element, #rank> }, docs)
            }
            Member::Layer(id) => {
                let layer = &self.model.layers[id];
                let path = &layer.path;
                let docs = if layer.label == layer.stored {
                    format!("The layer `{}`.", layer.label)
                } else {
                    format!("The layer under the name `{}`, through which a variable is read.", layer.stored)
                };
                (layer.name.clone(), layer.family.as_ref(), self.layer_type(path), docs)
            }
            Member::Scope(id) => {
                let scope = &self.model.scopes[id];
                let ty = self.scope_type(id);
                (scope.name.clone(), scope.family.as_ref(), ty, format!("The scope `{}`.", scope.label))
            }
        };
        (name, wrapped(ty, family, self.is_optional(member)), docs)
    }

    /// The type of a scope's field.
    pub fn scope_type(&self, scope: ScopeId) -> TokenStream {
        let name = self.scope_struct(scope);
        match &self.model.source.element {
            syntax::Element::Generic(element) if self.is_generic(scope) => quote! { #name<#element> },
            _ => name.into_token_stream(),
        }
    }

    /// The type of a layer in this model: of its element type where the layer is generic.
    pub fn layer_type(&self, path: &syn::Path) -> TokenStream {
        let p = self.private(syn::spanned::Spanned::span(path));
        match &self.model.source.element {
            syntax::Element::Default => quote! { #path },
            syntax::Element::Named(element) if element == "f32" => quote! { #path },
            syntax::Element::Named(element) | syntax::Element::Generic(element) => {
                quote! { <#path as #p::Model>::For<#element> }
            }
        }
    }
}

/// A field's type in a family, or where it may be missing.
fn wrapped(ty: TokenStream, family: Option<&Family>, is_optional: bool) -> TokenStream {
    let ty = if is_optional {
        quote! { ::core::option::Option<#ty> }
    } else {
        ty
    };
    match family {
        None => ty,
        Some(Family::Turns(turns)) => {
            let count = turns.len();
            quote! { [#ty; #count] }
        }
        Some(Family::Loop) => quote! { ::std::vec::Vec<#ty> },
    }
}
