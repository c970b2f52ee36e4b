//! One constant for each op: it stops the compilation where the check of its `fn` has found something wrong, and its
//! tokens are the user's, so that rustc shows it there.

use std::collections::BTreeMap;

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};

use super::Emit;
use super::names::check_const;
use crate::ir::{Body, Function, Node, NodeId, NodeKind};

impl Emit<'_> {
    /// The reports of all `fn`s.
    pub fn reports(&self) -> TokenStream {
        self.model.functions.iter().map(|function| self.reports_of(function)).collect()
    }

    fn reports_of(&self, function: &Function) -> TokenStream {
        // Nodes are numbered in the order of the source; those of one place, in the turns of an unrolled loop, alike.
        let mut places: BTreeMap<NodeId, Span> = BTreeMap::new();
        collect(&function.body, &mut places);
        places.extend(function.inputs.iter().map(|input| (input.node, input.ty.span)));
        places.extend(function.results.iter().map(|output| (output.node, output.ty.span)));
        let (ty, constant) = (self.checked_type(), check_const(&function.name));
        let reports = places.into_iter().map(|(node, span)| {
            // The user's own span on every token: then rustc shows these tokens, and no macro.
            let constant = Ident::new(&constant.to_string(), span);
            let ty = with_span(ty.clone(), span);
            quote_spanned! { span=> const _: () = <#ty>::#constant.report(#node); }
        });
        quote! { #(#reports)* }
    }
}

fn collect(body: &Body, places: &mut BTreeMap<NodeId, Span>) {
    for node in &body.nodes {
        if can_fail(node) {
            places.entry(node.id).or_insert(node.span);
        }
        match &node.kind {
            NodeKind::Loop(inner) => collect(&inner.body, places),
            NodeKind::Branch(branch) => branch.arms.iter().for_each(|arm| collect(arm, places)),
            _ => {}
        }
    }
}

/// Whether the check of a node can find something wrong.
fn can_fail(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Number { .. } => false,
        NodeKind::Variable(variable) => variable.declares || variable.same_as.is_some(),
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
