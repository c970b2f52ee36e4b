//! The check of each kind of node.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};

use super::super::names::{op_path, outcome_fn};
use super::super::size::{InCheck, bound};
use super::super::{Emit, at, local, snippets};
use crate::ir::{
    Body, Branch, Function, KeywordExpr, KeywordValue, LayerCall, Loop, Node, NodeKind, OpNode, Operand, SameAs,
    SizeExpr, SnippetId, SnippetKind, VariableNode,
};

impl Emit<'_> {
    fn check_body(&self, function: &Function, body: &Body) -> TokenStream {
        body.nodes.iter().map(|node| self.check_node(function, node)).collect()
    }

    pub fn check_node(&self, function: &Function, node: &Node) -> TokenStream {
        let (p, check, id, scope) = (self.p(), local("check"), node.id, &node.scope);
        match &node.kind {
            NodeKind::Variable(variable) => self.check_variable(node, variable),
            NodeKind::Number { value, .. } => quote! { #check.number(#value); },
            NodeKind::Op(op) => self.check_op(function, node, op),
            NodeKind::Regularization { value, .. } => {
                quote! { #check.values[#value] = #p::Shape::scalar(#check.element()); }
            }
            NodeKind::Call { function: called, arguments, results } => {
                let called = &self.model.functions[*called];
                if self.calls(called, called, &mut Vec::new()) {
                    // That has been said; rustc would say it again.
                    return TokenStream::new();
                }
                let name = outcome_fn(&called.name);
                let (hyper, outcome, sizes) = (local("hyper"), local("outcome"), self.sizes_for_call(function));
                // Which sizes its variables have, the other `fn` says itself.
                let mode = quote! { #p::Mode { by_itself: true, ..#check.mode() } };
                quote! {
                    if #check.has(&[#(#arguments),*]) {
                        let #outcome = Self::#name(#mode, #hyper, #sizes, &[#(#check.values[#arguments]),*]);
                        #check.call(#id, "", &#outcome, &[#(#results),*]);
                    }
                }
            }
            NodeKind::Layer(call) => self.check_layer(node, call),
            NodeKind::Bind { value, result, ty, what } => {
                let (names, typed) = (bound(ty), self.typed(ty, &format!("`{what}`")));
                quote! { #check.bind(#id, #scope, #value, #result, &#typed, &[#(#names),*]); }
            }
            NodeKind::Loop(inner) => self.check_loop(function, node, inner),
            NodeKind::Branch(branch) => self.check_branch(function, node, branch),
        }
    }

    /// The names that the inputs of `forward` bind, for a `fn` that is called from this one.
    fn sizes_for_call(&self, function: &Function) -> TokenStream {
        let (check, sizes) = (local("check"), local("sizes"));
        if function.name != "forward" {
            return quote! { #sizes };
        }
        let dims = self.forward_dims(function);
        quote! { &[#(#check.dims[#dims]),*] }
    }

    /// The names that the inputs of `forward` bind, in their order.
    pub fn forward_dims(&self, forward: &Function) -> Vec<usize> {
        forward.inputs.iter().flat_map(|input| bound(&input.ty)).collect()
    }

    /// The shape of a variable.
    pub fn shape(&self, variable: &VariableNode, dims: &[SizeExpr]) -> TokenStream {
        let (p, check) = (self.p(), local("check"));
        let element = &self.model.variables[variable.variable.id].element;
        let dtype = self.checked_dtype(element, &quote! { #check.element() });
        let dims = dims.iter().map(|size| self.size(size, &InCheck));
        quote! { #p::Shape::new(#dtype, &[#(#dims),*]) }
    }

    fn check_variable(&self, node: &Node, variable: &VariableNode) -> TokenStream {
        let (check, id, scope, value) = (local("check"), node.id, &node.scope, variable.value);
        let name = format!("`{}`", variable.name);
        let shape = variable.dims.as_ref().map(|dims| self.shape(variable, dims));
        let same = variable.same_as.as_ref().map(|same| match same {
            SameAs::Value(first) => quote! { #check.values[#first] },
            SameAs::Dims(dims) => self.shape(variable, dims),
        });
        let shape = match (shape, same) {
            (Some(shape), None) if variable.declares => {
                quote! { #check.variable(#id, #scope, #value, #name, #shape); }
            }
            (Some(shape), Some(same)) => {
                let first = format!("what is declared at {}", variable.first);
                quote! { #check.same(#id, #scope, #value, #name, #shape, (#same, #first)); }
            }
            (Some(shape), None) | (None, Some(shape)) => quote! { #check.values[#value] = #shape; },
            (None, None) => TokenStream::new(),
        };
        let divided = variable.partitioner.as_ref().map(|partitioner| {
            let (given, parts) = (self.call_if_known(partitioner, &InCheck), local("partitioner"));
            quote! {
                if let ::core::option::Option::Some(#parts) = #given {
                    #check.divided(#id, #scope, #value, #name, &#parts);
                }
            }
        });
        quote! { #shape #divided }
    }

    fn check_op(&self, function: &Function, node: &Node, op: &OpNode) -> TokenStream {
        let (p, check, attrs) = (self.p(), local("check"), local("attrs"));
        let (id, scope, alias) = (node.id, &node.scope, op_path(function, op.path));
        let (operands, results) = (values(&op.operands), &op.results);
        let list = self.list_of(&op.operands);
        let updates = (!op.updates.is_empty()).then(|| {
            let operands = op.updates.iter().map(|update| update.operand);
            quote! { .updating(&[#(#operands),*]) }
        });
        let call = quote! { &#p::Call::new(#id, #scope, [#(#operands),*], &[#(#results),*]) #list #updates };
        match &op.attrs {
            None => {
                let base = self.attrs_base(function, op.path);
                quote_spanned! { at(node.span)=> #alias::check(#check, #call, &#base); }
            }
            Some(keywords) => {
                let given = self.call_if_known_as(&self.checked(keywords.snippet), keywords, &InCheck);
                quote_spanned! { at(node.span)=>
                    if let ::core::option::Option::Some(#attrs) = #given { #alias::check(#check, #call, &#attrs); }
                }
            }
        }
    }

    /// Where a list stands among operands, and its length.
    fn list_of(&self, operands: &[Operand]) -> Option<TokenStream> {
        let p = self.p();
        let begin = operands.iter().position(|operand| !matches!(operand, Operand::Value(_)))?;
        let length = match &operands[begin] {
            Operand::Value(_) => return None,
            Operand::List(values) => {
                let count = values.len();
                quote! { #p::Dim::known(#count) }
            }
            Operand::Collected(_, bounds) => self.turns(bounds, &InCheck),
        };
        Some(quote! { .with_list(#begin, #length) })
    }

    /// The function of a snippet that a check calls.
    fn checked(&self, snippet: SnippetId) -> Ident {
        let is_unchecked = |keyword: &KeywordExpr| matches!(keyword.value, KeywordValue::Unchecked(_));
        match &self.model.snippets[snippet].kind {
            SnippetKind::Attrs { keywords, .. } if keywords.iter().any(is_unchecked) => snippets::checked_name(snippet),
            _ => snippets::name(snippet),
        }
    }

    fn check_layer(&self, node: &Node, call: &LayerCall) -> TokenStream {
        let span = at(node.span);
        let (check, id, scope) = (local("check"), node.id, &node.scope);
        let layer = &self.model.layers[call.layer.id];
        let (path, label, applied) = (&layer.path, &layer.stored, call.applied);
        let full = if scope.is_empty() { label.clone() } else { format!("{scope}/{label}") };
        let function = outcome_fn(&call.function);
        let (arguments, results) = (&call.arguments, &call.results);
        let (keywords, outcome) = (local("keywords"), local("outcome"));
        let given = self.keywords(&call.keywords, &InCheck);
        let ty = quote_spanned! { span=> <#path> };
        let note = if call.function == "forward" {
            let first = arguments[0];
            quote! { #check.apply(#id, #scope, #label, #applied, &#outcome, #check.values[#first]); }
        } else {
            TokenStream::new()
        };
        quote_spanned! { span=>
            let #keywords = #given;
            #check.missing(#id, #scope, #label, #keywords.__missing());
            if #check.has(&[#(#arguments),*]) && #keywords.__missing().is_none() {
                let #outcome = #ty::#function(
                    #check.mode(),
                    &#keywords,
                    &#check.layers[#applied].sizes,
                    &[#(#check.values[#arguments]),*],
                );
                #note
                #check.call(#id, #full, &#outcome, &[#(#results),*]);
            }
        }
    }

    fn check_loop(&self, function: &Function, node: &Node, inner: &Loop) -> TokenStream {
        let (check, id, scope) = (local("check"), node.id, &node.scope);
        let begin = inner.carried.iter().map(|value| {
            let (before, inside) = (value.before, value.inside);
            quote! { #check.values[#inside] = #check.values[#before]; }
        });
        let body = self.check_body(function, &inner.body);
        let end = inner.carried.iter().map(|value| {
            let (inside, next, after) = (value.inside, value.next, value.after);
            quote! {
                #check.carry(#id, #scope, #inside, #next);
                #check.values[#after] = #check.values[#inside];
            }
        });
        let collected = inner.collected.map(|(value, list)| quote! { #check.values[#list] = #check.values[#value]; });
        quote! { #(#begin)* #body #(#end)* #collected }
    }

    fn check_branch(&self, function: &Function, node: &Node, branch: &Branch) -> TokenStream {
        let (check, id, scope, condition) = (local("check"), node.id, &node.scope, local("condition"));
        let is_constant = matches!(
            self.model.snippets[branch.condition.snippet].kind,
            SnippetKind::Condition { is_constant: true, .. }
        );
        let known = if is_constant {
            self.call_if_known(&branch.condition, &InCheck)
        } else {
            quote! { ::core::option::Option::None }
        };
        let [yes, no] = branch.arms.each_ref().map(|arm| self.check_body(function, arm));
        let joins = branch.results.iter().map(|([yes, no], result)| {
            quote! { #check.join(#id, #scope, #condition, [#yes, #no], #result); }
        });
        quote! {
            let #condition: ::core::option::Option<bool> = #known;
            if !::core::matches!(#condition, ::core::option::Option::Some(false)) { #yes }
            if !::core::matches!(#condition, ::core::option::Option::Some(true)) { #no }
            #(#joins)*
        }
    }
}

/// The values of some operands, one after the other; a list that a loop makes counts once.
pub fn values(operands: &[Operand]) -> Vec<usize> {
    operands
        .iter()
        .flat_map(|operand| match operand {
            Operand::Value(value) => vec![*value],
            Operand::List(values) => values.clone(),
            Operand::Collected(list, _) => vec![*list],
        })
        .collect()
}
