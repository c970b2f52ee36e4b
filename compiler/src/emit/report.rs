//! One constant for each op: it stops the compilation where the check of its `fn` has found something wrong, and its
//! tokens are the user's, so that rustc shows it there.

use std::collections::BTreeMap;

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};

use super::Emit;
use super::check::{Segment, segments};
use super::names::{begin_const, part_const};
use crate::ir::{Function, Node, NodeId, NodeKind};

impl Emit<'_> {
    /// The reports of all `fn`s.
    pub fn reports(&self) -> TokenStream {
        self.model.functions.iter().map(|function| self.reports_of(function)).collect()
    }

    fn reports_of(&self, function: &Function) -> TokenStream {
        let (ty, places) = (self.checked_type(), places(function));
        let reports = places.into_iter().map(|(node, Place { span, parts })| {
            // The user's own span on every token: then rustc shows these tokens, and no macro.
            let ty = with_span(ty.clone(), span);
            let parts = parts.iter().map(|part| Ident::new(&part.to_string(), span));
            quote_spanned! { span=> const _: () = { #(<#ty>::#parts.report(#node);)* }; }
        });
        quote! { #(#reports)* }
    }
}

/// Where something can be wrong, and the constants that tell whether it is: several for what is in an unrolled loop.
struct Place {
    span: Span,
    parts: Vec<Ident>,
}

fn places(function: &Function) -> BTreeMap<NodeId, Place> {
    // Nodes are numbered in the order of the source; those of one place, in the turns of an unrolled loop, alike.
    let mut places = BTreeMap::new();
    for input in &function.inputs {
        places.insert(input.node, Place { span: input.ty.span, parts: vec![begin_const(&function.name)] });
    }
    for (number, segment) in segments(function).into_iter().enumerate() {
        let part = part_const(&function.name, number);
        match segment {
            Segment::Nodes(nodes) => collect(nodes, &part, &mut places),
            Segment::Result { number, .. } => {
                let output = &function.results[number];
                places.insert(output.node, Place { span: output.ty.span, parts: vec![part] });
            }
        }
    }
    places
}

fn collect(nodes: &[Node], part: &Ident, places: &mut BTreeMap<NodeId, Place>) {
    for node in nodes {
        if can_fail(node) {
            let place = places.entry(node.id).or_insert(Place { span: node.span, parts: Vec::new() });
            if place.parts.last() != Some(part) {
                place.parts.push(part.clone());
            }
        }
        match &node.kind {
            NodeKind::Loop(inner) => collect(&inner.body.nodes, part, places),
            NodeKind::Branch(branch) => branch.arms.iter().for_each(|arm| collect(&arm.nodes, part, places)),
            _ => {}
        }
    }
}

/// Whether the check of a node can find something wrong.
fn can_fail(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Number { .. } | NodeKind::Regularization { .. } => false,
        NodeKind::Variable(variable) => {
            variable.declares || variable.same_as.is_some() || variable.partitioner.is_some()
        }
        NodeKind::Op(_)
        | NodeKind::Call { .. }
        | NodeKind::Layer(_)
        | NodeKind::Bind { .. }
        | NodeKind::Loop(_)
        | NodeKind::Branch(_) => true,
    }
}

/// Tokens with the span of others, so that they are taken for the user's.
fn with_span(tokens: TokenStream, span: Span) -> TokenStream {
    let each = tokens.into_iter().map(|mut token| {
        if let TokenTree::Group(group) = &token {
            token = TokenTree::Group(Group::new(group.delimiter(), with_span(group.stream(), span)));
        }
        token.set_span(span);
        token
    });
    each.collect()
}
