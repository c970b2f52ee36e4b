//! The check of a `fn`: a `const fn` that computes the shape of each of its values.

mod alone;
mod nodes;

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::names::{begin_fn, check_fn, inputs_fn, is_right_const, outcome_fn, part_fn};
use super::size::{InCheck, bound};
use super::{Emit, local};
use crate::ir::{Body, Function, Node, NodeKind, Operand, TensorType, ValueId};
use crate::syntax::Element;

/// The most parts of a `fn` that are checked one by one: rustc evaluates no longer chain of constants than about 128.
const PARTS: usize = 64;

impl Emit<'_> {
    /// The checks of all `fn`s.
    pub fn checks(&self) -> TokenStream {
        let ty = self.checked_type();
        let checks = self.model.functions.iter().map(|function| self.check(function));
        let symbolic = self.symbolic();
        quote! { #symbolic impl #ty { #(#checks)* } }
    }

    /// Room for a check: how many values, names and layers the `fn` has.
    pub fn room(&self, function: &Function) -> TokenStream {
        let (p, values, dims, layers) = (self.p(), function.values.len(), function.dims.len(), function.applied.len());
        quote! { #p::Room::<#values, #dims, #layers>::new() }
    }

    fn check(&self, function: &Function) -> TokenStream {
        let (p, name, keywords) = (self.p(), check_fn(&function.name), self.keywords_type());
        let (check, hyper, sizes, inputs) = (local("check"), local("hyper"), local("sizes"), local("inputs"));
        let (begin_name, begin) = (begin_fn(&function.name), self.begin(function));
        let segments = segments(function);
        let names: Vec<Ident> = (0..segments.len()).map(|number| part_fn(&function.name, number)).collect();
        let parts = segments.iter().map(|segment| match segment {
            Segment::Nodes(nodes) => nodes.iter().map(|node| self.check_node(function, node)).collect(),
            Segment::Result { number, value } => self.check_result(function, *number, *value),
        });
        let (outcome, alone, symbolic) =
            (self.outcome(function), self.check_alone(function, &segments), self.symbolic_inputs(function));
        quote! {
            const fn #begin_name(
                #check: &mut #p::Check<'_>, #hyper: &#keywords, #sizes: &[#p::Dim], #inputs: &[#p::Shape]
            ) {
                #begin
            }
            #(const fn #names(#check: &mut #p::Check<'_>, #hyper: &#keywords, #sizes: &[#p::Dim]) { #parts })*
            #[doc(hidden)]
            pub const fn #name(
                #check: &mut #p::Check<'_>, #hyper: &#keywords, #sizes: &[#p::Dim], #inputs: &[#p::Shape]
            ) {
                Self::#begin_name(#check, #hyper, #sizes, #inputs);
                #(Self::#names(#check, #hyper, #sizes);)*
            }
            #outcome
            #alone
            #symbolic
        }
    }

    /// What is known before the first node: sizes, layers and inputs.
    fn begin(&self, function: &Function) -> TokenStream {
        let (p, check, sizes, inputs) = (self.p(), local("check"), local("sizes"), local("inputs"));
        let sizes_of_layer = function.sizes.iter().map(|&(number, dim)| {
            quote! { #check.dims[#dim] = if #number < #sizes.len() { #sizes[#number] } else { #p::Dim::Unknown }; }
        });
        let input_checks = function.inputs.iter().enumerate().map(|(number, input)| {
            let (names, node, what) = (bound(&input.ty), input.node, format!("`{}`", input.name));
            let typed = self.typed(&input.ty, &what);
            quote! { #check.input(#node, #inputs, #number, &#typed, &[#(#names),*]); }
        });
        let (count, name) = (function.inputs.len(), function.name.to_string());
        let made = self.layers_made_elsewhere(function);
        // The node after those of the inputs is where too many of them are noted.
        quote! {
            #(#sizes_of_layer)*
            #made
            #(#input_checks)*
            #check.inputs_end(#count, #name, #inputs, #count);
        }
    }

    /// What another `fn` or model sees of this one.
    fn outcome(&self, function: &Function) -> TokenStream {
        let (p, name, check_fn) = (self.p(), outcome_fn(&function.name), check_fn(&function.name));
        let is_right = is_right_const(&function.name);
        let (check, hyper, sizes, inputs) = (local("check"), local("hyper"), local("sizes"), local("inputs"));
        let (mode, room, keywords) = (local("mode"), local("room"), self.keywords_type());
        let (mode_here, room_here) = (self.mode(), self.room(function));
        quote! {
            #[doc(hidden)]
            #[must_use]
            pub const fn #name(
                #mode: #p::Mode,
                #hyper: &#keywords,
                #sizes: &[#p::Dim],
                #inputs: &[#p::Shape],
            ) -> #p::Outcome {
                let mut #room = #room_here;
                let mut #check = #room.check(#mode_here, &[]);
                Self::#check_fn(&mut #check, #hyper, #sizes, #inputs);
                #check.outcome(Self::#is_right)
            }
        }
    }

    /// How a check is made: a model that is not generic has its own element type, whoever applies it.
    fn mode(&self) -> TokenStream {
        let (p, mode) = (self.p(), local("mode"));
        match self.model.source.element {
            Element::Generic(_) => quote! { #mode },
            Element::Default | Element::Named(_) => {
                let element = self.symbolic_element();
                quote! { #p::Mode { element: #element, ..#mode } }
            }
        }
    }

    /// What the variables of the layers are that this `fn` applies and another one makes.
    fn layers_made_elsewhere(&self, function: &Function) -> TokenStream {
        let (check, hyper, sizes) = (local("check"), local("hyper"), local("sizes"));
        let others = self.model.functions.iter().filter(|other| {
            let makes = other.makes.iter().any(|&made| function.applied.contains(&other.applied[made]));
            other.name != function.name && makes && !self.calls(other, function, &mut Vec::new())
        });
        others
            .map(|other| {
                let (name, inputs) = (check_fn(&other.name), inputs_fn(&other.name));
                let (made, room, room_there) = (local("made"), local("room"), self.room(other));
                let shared = function.applied.iter().enumerate().filter_map(|(here, layer)| {
                    let there = *other.makes.iter().find(|&&made| other.applied[made] == *layer)?;
                    Some(quote! { #check.know_layer(#here, #made.layers[#there]); })
                });
                quote! {
                    let mut #room = #room_there;
                    let mut #made = #room.check(#check.mode(), &[]);
                    Self::#name(&mut #made, #hyper, #sizes, &Self::#inputs(#check.element(), #hyper, #sizes));
                    #(#shared)*
                }
            })
            .collect()
    }

    /// Whether a `fn` calls another, directly or through others.
    fn calls(&self, from: &Function, to: &Function, seen: &mut Vec<usize>) -> bool {
        fn called(body: &Body) -> Vec<usize> {
            let inner = |node: &Node| match &node.kind {
                NodeKind::Call { function, .. } => vec![*function],
                NodeKind::Loop(node) => called(&node.body),
                NodeKind::Branch(branch) => branch.arms.iter().flat_map(called).collect(),
                _ => Vec::new(),
            };
            body.nodes.iter().flat_map(inner).collect()
        }
        called(&from.body).into_iter().any(|number| {
            let next = &self.model.functions[number];
            let is_new = !seen.contains(&number);
            seen.push(number);
            next.name == to.name || (is_new && self.calls(next, to, seen))
        })
    }

    /// A type as the check sees it.
    fn typed(&self, ty: &TensorType, what: &str) -> TokenStream {
        let (p, check) = (self.private(ty.span), local("check"));
        let (written, leading, axes) = (&ty.written, ty.leading, self.axes(ty, &InCheck));
        let dtype = self.checked_dtype(&ty.element, &quote! { #check.element() });
        quote! {
            #p::Typed {
                what: #what,
                written: #written,
                pattern: #p::Pattern {
                    dtype: ::core::option::Option::Some(#dtype), leading: #leading, axes: &[#(#axes),*]
                },
            }
        }
    }

    fn check_result(&self, function: &Function, number: usize, value: Option<ValueId>) -> TokenStream {
        let (check, output) = (local("check"), &function.results[number]);
        match value {
            Some(value) => {
                let (node, typed) = (output.node, self.typed(&output.ty, "the result"));
                quote! { #check.result(#node, "", #value, &#typed); }
            }
            // What is wrong with it has been said.
            None => quote! { #check.wrong_result(); },
        }
    }
}

/// A part of a check, in a function of its own.
pub enum Segment<'f> {
    Nodes(&'f [Node]),
    /// A result of the `fn`; no value, where it is wrong.
    Result {
        number: usize,
        value: Option<ValueId>,
    },
}

/// The parts of the check of a `fn`. Each node is a part where they are not too many, so that one which rustc does not
/// understand hides nothing that is wrong elsewhere.
pub fn segments(function: &Function) -> Vec<Segment<'_>> {
    let nodes = &function.body.nodes;
    let results = (0..function.results.len()).map(|number| match function.body.results.get(number) {
        Some(Operand::Value(value)) => Segment::Result { number, value: Some(*value) },
        _ => Segment::Result { number, value: None },
    });
    nodes.chunks(nodes.len().div_ceil(PARTS).max(1)).map(Segment::Nodes).chain(results).collect()
}
