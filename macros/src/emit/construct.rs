//! The structs of an instance, from the variables and layers that were made for it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use super::Emit;
use crate::ir::{Family, Member, ScopeId};

/// A variable or a layer that was made, and the local variable it is in: a list of them where a loop of the graph made it.
#[derive(Clone)]
pub struct Made {
    member: Member,
    /// The positions in the unrolled families on the way to it.
    turns: Vec<usize>,
    /// Whether it is an `Option`, because a branch may not have made it.
    pub is_option: bool,
}

impl Made {
    pub fn new(member: Member, turns: Vec<usize>) -> Self {
        Self { member, turns, is_option: false }
    }

    pub fn is_same(&self, other: &Self) -> bool {
        self.member == other.member && self.turns == other.turns
    }
}

impl Emit<'_> {
    /// The local variable that something that was made is in.
    pub fn made(&self, made: &Made) -> Ident {
        let (kind, id, label) = match made.member {
            Member::Variable(id) => ("variable", id, &self.model.variables[id].label),
            Member::Layer(id) => ("layer", id, &self.model.layers[id].label),
            Member::Scope(id) => ("scope", id, &self.model.scopes[id].label),
        };
        let turns: String = made.turns.iter().map(|turn| format!("_{turn}")).collect();
        Ident::new(&format!("{label}_{kind}{id}{turns}"), Span::mixed_site())
    }

    /// The fields of a scope in some turns of its families: `weights: …, biases: …,`. Inside of what may be missing as a
    /// whole (`in_option`), a field that must be there ends the construction with `?` where it is not.
    pub fn construct(&self, made: &[Made], scope: ScopeId, turns: &[usize], in_option: bool) -> TokenStream {
        let fields = self.model.scopes[scope].members.iter().map(|&member| {
            let (name, value) = match member {
                Member::Variable(id) => (&self.model.variables[id].name, self.leaf(made, member, turns, in_option)),
                Member::Layer(id) => (&self.model.layers[id].name, self.layer(made, id, turns, in_option)),
                Member::Scope(id) => (&self.model.scopes[id].name, self.scope(made, id, turns, in_option)),
            };
            quote! { #name: #value, }
        });
        quote! { #(#fields)* }
    }

    /// A variable or a layer that was made.
    fn leaf(&self, made: &[Made], member: Member, turns: &[usize], in_option: bool) -> TokenStream {
        let wanted = Made::new(member, turns.to_vec());
        let is_optional = self.is_optional(member);
        let Some(found) = made.iter().find(|one| one.is_same(&wanted)) else {
            return if is_optional { quote! { ::core::option::Option::None } } else { quote! { ::core::unreachable!() } };
        };
        let name = self.made(found);
        match (found.is_option, is_optional) {
            (true, false) if in_option => quote! { #name? },
            (false, true) => quote! { ::core::option::Option::Some(#name) },
            _ => quote! { #name },
        }
    }

    fn layer(&self, made: &[Made], id: usize, turns: &[usize], in_option: bool) -> TokenStream {
        let member = Member::Layer(id);
        match &self.model.layers[id].family {
            None | Some(Family::Loop) => self.leaf(made, member, turns, in_option),
            Some(Family::Turns(list)) => {
                let elements = (0..list.len()).map(|position| {
                    let turns: Vec<usize> = turns.iter().copied().chain([position]).collect();
                    self.leaf(made, member, &turns, in_option)
                });
                quote! { [#(#elements),*] }
            }
        }
    }

    fn scope(&self, made: &[Made], id: ScopeId, turns: &[usize], in_option: bool) -> TokenStream {
        match &self.model.scopes[id].family {
            None => self.one_scope(made, id, turns, in_option),
            Some(Family::Turns(list)) => {
                let elements = (0..list.len()).map(|position| {
                    let turns: Vec<usize> = turns.iter().copied().chain([position]).collect();
                    self.one_scope(made, id, &turns, in_option)
                });
                quote! { [#(#elements),*] }
            }
            Some(Family::Loop) => self.list_of_scopes(made, id, turns),
        }
    }

    fn one_scope(&self, made: &[Made], id: ScopeId, turns: &[usize], in_option: bool) -> TokenStream {
        let name = self.scope_struct(id);
        if !self.is_optional(Member::Scope(id)) {
            let fields = self.construct(made, id, turns, in_option);
            return quote! { #name { #fields } };
        }
        let leaves = self.leaves(made, id, turns);
        if leaves.is_empty() {
            return quote! { ::core::option::Option::None };
        }
        let fields = self.construct(made, id, turns, true);
        let some = leaves.iter().map(|leaf| {
            let name = self.made(leaf);
            if leaf.is_option { quote! { #name.is_some() } } else { quote! { true } }
        });
        quote! {
            if [#(#some),*].contains(&true) {
                (|| ::core::option::Option::Some(#name { #fields }))()
            } else {
                ::core::option::Option::None
            }
        }
    }

    /// A family that a loop of the graph made: what it made of each variable is a list, and the scopes are taken from
    /// all lists at once.
    fn list_of_scopes(&self, made: &[Made], id: ScopeId, turns: &[usize]) -> TokenStream {
        let leaves = self.leaves(made, id, turns);
        if leaves.is_empty() {
            return quote! { ::std::vec::Vec::new() };
        }
        let names: Vec<Ident> = leaves.iter().map(|leaf| self.made(leaf)).collect();
        let lists: Vec<Ident> = names.iter().map(|name| format_ident!("{name}_each", span = Span::mixed_site())).collect();
        let (name, fields) = (self.scope_struct(id), self.construct(made, id, turns, true));
        quote! {
            {
                #(let mut #lists = #names.into_iter();)*
                ::core::iter::from_fn(|| {
                    #(let #names = #lists.next()?;)*
                    ::core::option::Option::Some(#name { #fields })
                })
                .collect()
            }
        }
    }

    /// Everything that was made in a scope, in some turns of its families.
    fn leaves(&self, made: &[Made], id: ScopeId, turns: &[usize]) -> Vec<Made> {
        let mut members = Vec::new();
        self.members_inside(id, &mut members);
        let is_inside = |one: &&Made| members.contains(&one.member) && one.turns.starts_with(turns);
        made.iter().filter(is_inside).cloned().collect()
    }

    fn members_inside(&self, id: ScopeId, members: &mut Vec<Member>) {
        for &member in &self.model.scopes[id].members {
            members.push(member);
            if let Member::Scope(inner) = member {
                self.members_inside(inner, members);
            }
        }
    }
}
