//! One constant for each op: it stops the compilation where the check of its `fn` has found something wrong, and its
//! tokens are the user's, so that rustc shows it there.

use std::collections::BTreeMap;

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};

use super::names::check_const;
use super::Emit;
use crate::ir::{Body, Function, Node, NodeKind};

/// The nodes that come from some tokens, and where these are.
struct Site {
    span: Span,
    nodes: Vec<usize>,
}

impl Emit<'_> {
    /// The reports of all `fn`s.
    pub fn reports(&self) -> TokenStream {
        self.model.functions.iter().map(|function| self.reports_of(function)).collect()
    }

    fn reports_of(&self, function: &Function) -> TokenStream {
        let mut sites: BTreeMap<usize, Site> = BTreeMap::new();
        collect(&function.body, &mut sites);
        let inputs = function.inputs.iter().map(|input| Site { span: input.ty.span, nodes: vec![input.node] });
        let outputs = function.results.iter().map(|output| Site { span: output.ty.span, nodes: vec![output.node] });
        let (ty, constant, names) = (self.checked_type(), check_const(&function.name), self.symbol_names(function));
        // In the order of the source, in which the first node of each site was numbered.
        let mut all: Vec<Site> = sites.into_values().chain(inputs).chain(outputs).collect();
        all.sort_by_key(|site| site.nodes.first().copied());
        let reports = all.into_iter().map(|Site { span, nodes }| {
            // The user's own span on every token: then rustc shows these tokens, and no macro.
            let constant = Ident::new(&constant.to_string(), span);
            let (ty, names) = (with_span(ty.clone(), span), with_span(names.clone(), span));
            quote_spanned! { span=> const _: () = <#ty>::#constant.report(&[#(#nodes),*], #names); }
        });
        quote! { #(#reports)* }
    }
}

fn collect(body: &Body, sites: &mut BTreeMap<usize, Site>) {
    for node in &body.nodes {
        if can_fail(node) {
            let site = sites.entry(node.site).or_insert_with(|| Site { span: node.span, nodes: Vec::new() });
            site.nodes.push(node.id);
        }
        match &node.kind {
            NodeKind::Loop(inner) => collect(&inner.body, sites),
            NodeKind::Branch(branch) => branch.arms.iter().for_each(|arm| collect(arm, sites)),
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
