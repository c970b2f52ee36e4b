//! Variables and layers as fields: `self.layer1.block[i].weights`.

use proc_macro2::TokenStream;
use quote::quote;

use super::{Emit, local};
use crate::ir::{Condition, Family, Index, LayerId, Member, ROOT, ScopeId, VariableId};
use crate::resolve::check::covers;

impl Emit<'_> {
    /// Whether a member may be missing where its scope is there: it is declared under some branch only, or in some
    /// turns of an unrolled loop only.
    pub fn is_optional(&self, member: Member) -> bool {
        let (instances, scope) = match member {
            Member::Variable(id) => (&self.model.variables[id].instances, self.model.variables[id].scope),
            Member::Layer(id) => (&self.model.layers[id].instances, self.model.layers[id].scope),
            Member::Scope(id) => (&self.model.scopes[id].instances, self.model.scopes[id].parent.unwrap_or(ROOT)),
        };
        // The turns of its own family, each of which is to be made in each turn around it.
        let own: Vec<Option<usize>> = match self.family(member) {
            Some(Family::Turns(turns)) => (0..turns.len()).map(Some).collect(),
            Some(Family::Loop) | None => vec![None],
        };
        let around = &self.model.scopes[scope].instances;
        around.iter().flat_map(|outer| own.iter().map(move |own| (outer, own))).any(|(outer, own)| {
            let turns: Vec<usize> = outer.turns.iter().copied().chain(*own).collect();
            let same: Vec<&Condition> =
                around.iter().filter(|other| other.turns == outer.turns).map(|other| &other.condition).collect();
            // What holds wherever the scope is opened in this turn holds for the member as well.
            let given = |part: &(usize, bool)| same.iter().all(|condition| condition.contains(part));
            let left: Vec<Condition> = instances
                .iter()
                .filter(|instance| instance.turns.starts_with(&turns))
                .map(|instance| instance.condition.iter().copied().filter(|part| !given(part)).collect())
                .collect();
            !covers(&left)
        })
    }

    fn family(&self, member: Member) -> Option<&Family> {
        match member {
            Member::Variable(_) => None,
            Member::Layer(id) => self.model.layers[id].family.as_ref(),
            Member::Scope(id) => self.model.scopes[id].family.as_ref(),
        }
    }

    /// The field of a variable, as an expression of type `Option<&Variable>` or `&Variable`; and whether it is first.
    pub fn variable_place(&self, id: VariableId, indices: &[Index]) -> (TokenStream, bool) {
        let variable = &self.model.variables[id];
        self.place(Member::Variable(id), variable.scope, &variable.name, false, indices)
    }

    /// The field of a layer, likewise.
    pub fn layer_place(&self, id: LayerId, indices: &[Index]) -> (TokenStream, bool) {
        let layer = &self.model.layers[id];
        self.place(Member::Layer(id), layer.scope, &layer.name, layer.family.is_some(), indices)
    }

    fn place(
        &self,
        member: Member,
        scope: ScopeId,
        name: &syn::Ident,
        is_indexed: bool,
        indices: &[Index],
    ) -> (TokenStream, bool) {
        let mut path = vec![(member, name.clone(), is_indexed)];
        let mut at = scope;
        while at != ROOT {
            let scope = &self.model.scopes[at];
            path.push((Member::Scope(at), scope.name.clone(), scope.family.is_some()));
            at = scope.parent.unwrap_or(ROOT);
        }
        let mut indices = indices.iter();
        let mut place = quote! { self };
        let mut is_optional = false;
        for (member, name, is_indexed) in path.into_iter().rev() {
            let index = is_indexed.then(|| indices.next()).flatten();
            place = self.step(&place, is_optional, &name, index, self.is_optional(member));
            is_optional |= index.is_some() || self.is_optional(member);
        }
        (
            if is_optional {
                place
            } else {
                quote! { &#place }
            },
            is_optional,
        )
    }

    /// One field further. As soon as something on the way may be missing, the expression is an `Option` of a reference.
    fn step(
        &self,
        place: &TokenStream,
        was_optional: bool,
        name: &syn::Ident,
        index: Option<&Index>,
        is_optional: bool,
    ) -> TokenStream {
        let parent = local("parent");
        let field = quote! { #parent.#name };
        let inner = match (index, is_optional) {
            (None, false) => quote! { &#field },
            (None, true) => quote! { #field.as_ref() },
            (Some(index), _) => {
                let index = position(index);
                if is_optional {
                    quote! { #field.get(#index).and_then(::core::option::Option::as_ref) }
                } else {
                    quote! { #field.get(#index) }
                }
            }
        };
        let gives_option = index.is_some() || is_optional;
        match (was_optional, gives_option) {
            (true, true) => quote! { #place.and_then(|#parent| #inner) },
            (true, false) => quote! { #place.map(|#parent| #inner) },
            (false, true) => quote! { { let #parent = &#place; #inner } },
            (false, false) => quote! { #place.#name },
        }
    }
}

fn position(index: &Index) -> TokenStream {
    match index {
        Index::Turn(position) | Index::Number(position) => quote! { #position },
        Index::Loop(variable) => quote! { #variable },
    }
}
