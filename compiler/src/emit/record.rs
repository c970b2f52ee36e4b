//! The recording of a `fn`: plain calls, one for each op; loops and branches are Rust's.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::names::{ValueNames, op_path, record_fn};
use super::size::{InRecord, bound};
use super::{Emit, at, local};
use crate::ir::{
    Body, Branch, Element, Function, LayerCall, Loop, Node, NodeKind, Number, OpNode, Operand, TensorType,
};

impl Emit<'_> {
    /// The recordings of all `fn`s.
    pub fn records(&self) -> TokenStream {
        if !self.is_right {
            return TokenStream::new();
        }
        let head = self.impl_head();
        let records = self.model.functions.iter().map(|function| self.record(function));
        quote! { #head { #(#records)* } }
    }

    fn record(&self, function: &Function) -> TokenStream {
        let (p, name, names) = (self.p(), record_fn(&function.name), ValueNames::new(function));
        let (recorder, inputs) = (local("recorder"), local("inputs"));
        let values: Vec<_> = (0..function.inputs.len()).map(|input| names.get(input)).collect();
        let hyperparameters = self.hyperparameter_locals();
        let sizes = function.sizes.iter().map(|&(number, dim)| {
            let (ident, instance) = (&function.dims[dim], local("__instance"));
            quote! { let #ident = self.#instance.size(#number); }
        });
        let binds = function.inputs.iter().enumerate().map(|(number, input)| {
            let what = input.name.to_string();
            self.record_bind(function, names.get(number), &input.ty, &what)
        });
        let (element, reverse) = (self.dtype(&Element::Model), &function.body.reverse);
        let body = self.record_body(function, &names, &function.body);
        let results: Vec<TokenStream> = function.body.results.iter().map(|result| value(&names, result)).collect();
        let checks = results
            .iter()
            .zip(&function.results)
            .map(|(result, output)| self.record_bind(function, result, &output.ty, "the result"));
        let (count, result_count) = (function.inputs.len(), results.len());
        quote! {
            #[doc(hidden)]
            #[allow(clippy::missing_errors_doc)]
            pub fn #name(
                &self,
                #recorder: &mut #p::Recorder,
                #inputs: [#p::Value; #count],
            ) -> ::core::result::Result<[#p::Value; #result_count], #p::Error> {
                let [#(#values),*] = #inputs;
                #hyperparameters
                #(#sizes)*
                #(#binds)*
                #recorder.begin(#element, &[#(#reverse),*]);
                #body
                #recorder.end()?;
                #(#checks)*
                ::core::result::Result::Ok([#(#results),*])
            }
        }
    }

    /// The hyper-parameters as local variables, under the user's names.
    pub fn hyperparameter_locals(&self) -> TokenStream {
        let instance = local("__instance");
        let names = self.model.source.hyperparameters.iter().map(|one| &one.name);
        quote! { #(let #names = self.#instance.hyperparameters.#names;)* }
    }

    /// Holds a value against a type, and binds the names of sizes in it.
    fn record_bind(
        &self,
        function: &Function,
        value: &(impl quote::ToTokens + ?Sized),
        ty: &TensorType,
        what: &str,
    ) -> TokenStream {
        let (p, recorder, written, leading) = (self.p(), local("recorder"), &ty.written, ty.leading);
        let names = bound(ty).into_iter().map(|dim| &function.dims[dim]);
        let (dtype, axes) = (self.dtype(&ty.element), self.axes(ty, &InRecord));
        quote! {
            let [#(#names),*] = #recorder.bind(
                #what,
                #written,
                #value,
                #p::Pattern { dtype: ::core::option::Option::Some(#dtype), leading: #leading, axes: &[#(#axes),*] },
            )?;
        }
    }

    fn record_body(&self, function: &Function, names: &ValueNames, body: &Body) -> TokenStream {
        body.nodes.iter().map(|node| self.record_node(function, names, node)).collect()
    }

    fn record_node(&self, function: &Function, names: &ValueNames, node: &Node) -> TokenStream {
        let (recorder, recording) = (local("recorder"), self.record_kind(function, names, node));
        match node.training {
            None => recording,
            Some(training) => quote! { #recorder.enter_mode(#training); #recording #recorder.leave_mode(); },
        }
    }

    fn record_kind(&self, function: &Function, names: &ValueNames, node: &Node) -> TokenStream {
        let recorder = local("recorder");
        match &node.kind {
            NodeKind::Variable(variable) => {
                let result = names.get(variable.value);
                let variable = self.variable_tokens(variable.variable.id, &variable.variable.indices);
                quote! { let #result = #recorder.variable(#variable); }
            }
            NodeKind::Number { number, value } => {
                let result = names.get(*value);
                let number = match number {
                    Number::Literal(number) => quote! { #number },
                    Number::Snippet(call) => self.call(call, &InRecord),
                };
                quote! { let #result = #recorder.number(#number); }
            }
            NodeKind::Op(op) => self.record_op(function, names, node, op),
            NodeKind::Regularization { name, value } => {
                let (result, instance, element) = (names.get(*value), local("__instance"), self.dtype(&Element::Model));
                let name = name.recorded();
                quote! { let #result = self.#instance.regularization_loss(#recorder, #name, #element)?; }
            }
            NodeKind::Call { function: called, arguments, results } => {
                let name = record_fn(&self.model.functions[*called].name);
                let arguments = arguments.iter().map(|&argument| names.get(argument));
                let results = results.iter().map(|&result| names.get(result));
                quote! { let [#(#results),*] = self.#name(#recorder, [#(#arguments),*])?; }
            }
            NodeKind::Layer(call) => self.record_layer(names, node, call),
            NodeKind::Bind { value, result, ty, what } => {
                let (value, result) = (names.get(*value), names.get(*result));
                let bind = self.record_bind(function, value, ty, what);
                quote! { #bind let #result = #value; }
            }
            NodeKind::Loop(inner) => self.record_loop(function, names, inner),
            NodeKind::Branch(branch) => self.record_branch(function, names, branch),
        }
    }

    /// A variable's handle; one that a branch may not have made is an error where it is missing.
    pub fn variable_tokens(&self, id: usize, indices: &[crate::ir::Index]) -> TokenStream {
        let (p, name) = (self.p(), &self.model.variables[id].label);
        match self.variable_place(id, indices) {
            (place, false) => place,
            (place, true) => quote! { #p::present(#place, #name)? },
        }
    }

    fn record_op(&self, function: &Function, names: &ValueNames, node: &Node, op: &OpNode) -> TokenStream {
        let (recorder, alias, name) = (local("recorder"), op_path(function, op.path), op.name.recorded());
        let attrs = match &op.attrs {
            None => self.attrs_base(function, op.path),
            Some(call) => self.call(call, &InRecord),
        };
        let operands = operand_list(names, &op.operands);
        let results: Vec<_> = op.results.iter().map(|&result| names.get(result)).collect();
        let call = quote_spanned! { at(node.span)=> #alias::call(#recorder, #name, #operands, #attrs) };
        let updates = op.updates.iter().map(|update| {
            let (variable, result) =
                (self.variable_tokens(update.variable.id, &update.variable.indices), names.get(update.result));
            quote! { #recorder.update(#variable, #result); }
        });
        quote! { let [#(#results),*] = #call; #(#updates)* }
    }

    fn record_layer(&self, names: &ValueNames, node: &Node, call: &LayerCall) -> TokenStream {
        let (p, recorder, label) = (self.p(), local("recorder"), &self.model.layers[call.layer.id].stored);
        let name = record_fn(&call.function);
        let layer = match self.layer_place(call.layer.id, &call.layer.indices) {
            (place, false) => quote! { (#place) },
            (place, true) => quote! { #p::present(#place, #label)? },
        };
        let full = if node.scope.is_empty() { label.clone() } else { format!("{}/{label}", node.scope) };
        let name_scope = call.name_scope.recorded();
        let arguments = call.arguments.iter().map(|&argument| names.get(argument));
        let results = call.results.iter().map(|&result| names.get(result));
        let call = quote_spanned! { at(node.span)=> #layer.#name(#recorder, [#(#arguments),*]) };
        quote! {
            #recorder.enter_layer(#name_scope);
            let [#(#results),*] = #p::so_many(#full, #call?)?;
            #recorder.leave_layer();
        }
    }

    fn record_loop(&self, function: &Function, names: &ValueNames, inner: &Loop) -> TokenStream {
        let (recorder, variable) = (local("recorder"), &inner.variable);
        let range = self.range(&inner.bounds, &InRecord);
        let carried: Vec<_> = inner.carried.iter().map(|value| names.get(value.after)).collect();
        let before = inner.carried.iter().map(|value| names.get(value.before));
        let inside = inner.carried.iter().map(|value| names.get(value.inside));
        let next = inner.carried.iter().map(|value| names.get(value.next));
        let (reverse, body) = (&inner.body.reverse, self.record_body(function, names, &inner.body));
        let name_scope = inner.name_scope.recorded();
        let list = inner.collected.map(|(_, list)| names.get(list));
        let begin = list.map(|list| quote! { let mut #list = ::std::vec::Vec::new(); });
        let collect = inner.collected.map(|(value, list)| {
            let (value, list) = (names.get(value), names.get(list));
            quote! { #list.push(#value); }
        });
        quote! {
            #(let mut #carried = #before;)*
            #begin
            #recorder.enter_turns(#name_scope);
            for #variable in #range {
                #(let #inside = #carried;)*
                #recorder.enter(&[#(#reverse),*]);
                #body
                #recorder.leave();
                #collect
                #(#carried = #next;)*
            }
            #recorder.leave();
        }
    }

    fn record_branch(&self, function: &Function, names: &ValueNames, branch: &Branch) -> TokenStream {
        let (recorder, condition) = (local("recorder"), self.call(&branch.condition, &InRecord));
        let results: Vec<_> = branch.results.iter().map(|(_, result)| names.get(*result)).collect();
        let arm = |arm: usize| {
            let (body, reverse) = (self.record_body(function, names, &branch.arms[arm]), &branch.arms[arm].reverse);
            let values = branch.results.iter().map(|(values, _)| names.get(values[arm]));
            quote! {
                #recorder.enter(&[#(#reverse),*]);
                #body
                #recorder.leave();
                (#(#values,)*)
            }
        };
        let (yes, no) = (arm(0), arm(1));
        quote! { let (#(#results,)*) = if #condition { #yes } else { #no }; }
    }
}

fn value(names: &ValueNames, operand: &Operand) -> TokenStream {
    match operand {
        Operand::Value(value) | Operand::Collected(value, _) => {
            let name = names.get(*value);
            quote! { #name }
        }
        Operand::List(_) => TokenStream::new(),
    }
}

/// The operands of a call as one slice.
fn operand_list(names: &ValueNames, operands: &[Operand]) -> TokenStream {
    if let [Operand::Collected(list, _)] = operands {
        let list = names.get(*list);
        return quote! { &#list };
    }
    let has_list = operands.iter().any(|operand| matches!(operand, Operand::Collected(..)));
    let parts = operands.iter().map(|operand| match operand {
        Operand::Value(value) => {
            let value = names.get(*value);
            if has_list {
                quote! { &[#value][..] }
            } else {
                quote! { #value }
            }
        }
        Operand::List(values) => {
            let values = values.iter().map(|&value| names.get(value));
            if has_list {
                quote! { &[#(#values),*][..] }
            } else {
                quote! { #(#values),* }
            }
        }
        Operand::Collected(list, _) => {
            let list = names.get(*list);
            quote! { &#list[..] }
        }
    });
    if has_list {
        quote! { &[#(#parts),*].concat() }
    } else {
        quote! { &[#(#parts),*] }
    }
}
