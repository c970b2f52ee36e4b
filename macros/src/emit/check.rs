//! The check of a `fn`: a `const fn` that computes the shape of each of its values.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::names::{check_const, check_fn, inputs_fn, op_alias, outcome_fn};
use super::size::{InCheck, bound};
use super::{Emit, at, local, snippets};
use crate::ir::{
    Axis, Body, Branch, Function, KeywordExpr, KeywordValue, LayerCall, Loop, Node, NodeKind, OpNode, Operand, SameAs,
    SizeExpr, SnippetId, SnippetKind, TensorType, VariableNode,
};
use crate::syntax::Element;

/// The most nodes that one function checks.
const PART: usize = 64;

impl Emit<'_> {
    /// The checks of all `fn`s.
    pub fn checks(&self) -> TokenStream {
        let ty = self.checked_type();
        let checks = self.model.functions.iter().map(|function| self.check(function));
        quote! { impl #ty { #(#checks)* } }
    }

    /// Room for a check: how many values, names and layers the `fn` has.
    pub fn room(&self, function: &Function) -> TokenStream {
        let (p, values, dims, layers) = (self.p(), function.values.len(), function.dims.len(), function.applied.len());
        quote! { #p::Room::<#values, #dims, #layers>::new() }
    }

    fn check(&self, function: &Function) -> TokenStream {
        let (p, name, keywords) = (self.p(), check_fn(&function.name), self.keywords_type());
        let (check, hyper, sizes, inputs) = (local("check"), local("hyper"), local("sizes"), local("inputs"));
        let sizes_of_layer = function.sizes.iter().map(|&(number, dim)| {
            quote! { #check.dims[#dim] = if #number < #sizes.len() { #sizes[#number] } else { #p::Dim::Unknown }; }
        });
        let input_checks = function.inputs.iter().enumerate().map(|(number, input)| {
            let (names, node, what) = (bound(&input.ty), input.node, format!("`{}`", input.name));
            let typed = self.typed(&input.ty, &what);
            quote! { #check.input(#node, #inputs, #number, &#typed, &[#(#names),*]); }
        });
        let (count, end) = (function.inputs.len(), function.inputs.len());
        let (function_name, (parts, body)) = (function.name.to_string(), self.check_parts(function));
        let results = self.check_results(function);
        let made = self.layers_made_elsewhere(function);
        let (outcome, by_itself) = (self.outcome(function), self.check_by_itself(function));
        let symbolic = self.symbolic_inputs(function);
        quote! {
            #[doc(hidden)]
            pub const fn #name(#check: &mut #p::Check<'_>, #hyper: &#keywords, #sizes: &[#p::Dim], #inputs: &[#p::Shape]) {
                #(#sizes_of_layer)*
                #made
                #(#input_checks)*
                #check.inputs_end(#end, #function_name, #inputs, #count);
                #body
                #results
            }
            #parts
            #outcome
            #by_itself
            #symbolic
        }
    }

    /// What another `fn` or model sees of this one.
    fn outcome(&self, function: &Function) -> TokenStream {
        let (p, name, check_fn) = (self.p(), outcome_fn(&function.name), check_fn(&function.name));
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
                #check.outcome()
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
                    Self::#name(&mut #made, #hyper, #sizes, &Self::#inputs(#check.element(), #hyper));
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
                pattern: #p::Pattern { dtype: ::core::option::Option::Some(#dtype), leading: #leading, axes: &[#(#axes),*] },
            }
        }
    }

    fn check_results(&self, function: &Function) -> TokenStream {
        let check = local("check");
        if function.body.results.len() != function.results.len() {
            // What is wrong with them has been said.
            let results = function.results.iter().map(|_| quote! { #check.wrong_result(); });
            return quote! { #(#results)* };
        }
        let results = function.body.results.iter().zip(&function.results).map(|(value, output)| {
            let Operand::Value(value) = value else { return TokenStream::new() };
            let (node, typed) = (output.node, self.typed(&output.ty, "the result"));
            quote! { #check.result(#node, "", #value, &#typed); }
        });
        quote! { #(#results)* }
    }

    fn check_body(&self, function: &Function, body: &Body) -> TokenStream {
        body.nodes.iter().map(|node| self.check_node(function, node)).collect()
    }

    /// The nodes of a `fn`, in functions of their own where they are many: rustc needs for one function more than twice
    /// the time that it needs for two halves.
    fn check_parts(&self, function: &Function) -> (TokenStream, TokenStream) {
        if function.body.nodes.len() <= PART {
            return (TokenStream::new(), self.check_body(function, &function.body));
        }
        let (p, keywords) = (self.p(), self.keywords_type());
        let (check, hyper, sizes) = (local("check"), local("hyper"), local("sizes"));
        let (mut parts, mut calls) = (TokenStream::new(), TokenStream::new());
        for (number, nodes) in function.body.nodes.chunks(PART).enumerate() {
            let name = format_ident!("{}_{number}", check_fn(&function.name));
            let nodes = nodes.iter().map(|node| self.check_node(function, node));
            parts.extend(quote! {
                const fn #name(#check: &mut #p::Check<'_>, #hyper: &#keywords, #sizes: &[#p::Dim]) { #(#nodes)* }
            });
            calls.extend(quote! { Self::#name(#check, #hyper, #sizes); });
        }
        (parts, calls)
    }

    fn check_node(&self, function: &Function, node: &Node) -> TokenStream {
        let (check, id, scope) = (local("check"), node.id, &node.scope);
        match &node.kind {
            NodeKind::Variable(variable) => self.check_variable(node, variable),
            NodeKind::Number { value, .. } => quote! { #check.number(#value); },
            NodeKind::Op(op) => self.check_op(function, node, op),
            NodeKind::Call { function: called, arguments, results } => {
                let called = &self.model.functions[*called];
                let (name, constant) = (outcome_fn(&called.name), check_const(&called.name));
                let (hyper, outcome, sizes) = (local("hyper"), local("outcome"), self.sizes_for_call(function));
                quote! {
                    if #check.has(&[#(#arguments),*]) {
                        let #outcome = Self::#name(#check.mode(), #hyper, #sizes, &[#(#check.values[#arguments]),*]);
                        #check.call(#id, "", &#outcome, !Self::#constant.is_right(), &[#(#results),*]);
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
        match (shape, same) {
            (Some(shape), None) if variable.declares => {
                quote! { #check.variable(#id, #scope, #value, #name, #shape); }
            }
            (Some(shape), Some(same)) => {
                let first = format!("what is declared at {}", variable.first);
                quote! { #check.same(#id, #scope, #value, #name, #shape, (#same, #first)); }
            }
            (Some(shape), None) | (None, Some(shape)) => quote! { #check.values[#value] = #shape; },
            (None, None) => TokenStream::new(),
        }
    }

    fn check_op(&self, function: &Function, node: &Node, op: &OpNode) -> TokenStream {
        let (p, check, attrs) = (self.p(), local("check"), local("attrs"));
        let (id, scope, alias) = (node.id, &node.scope, op_alias(function, op.path));
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
        let (path, label, applied) = (&layer.path, &layer.label, call.applied);
        let full = if scope.is_empty() { label.clone() } else { format!("{scope}/{label}") };
        let function = outcome_fn(&call.function);
        let constant = check_const(&call.function);
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
                #check.call(#id, #full, &#outcome, !#ty::#constant.is_right(), &[#(#results),*]);
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

    /// The check of a `fn` by itself, as a constant. It is a reference, because rustc goes through all of a constant
    /// wherever it is named.
    fn check_by_itself(&self, function: &Function) -> TokenStream {
        let (p, room_here, name) = (self.p(), self.room(function), check_fn(&function.name));
        let (constant, inputs, names) =
            (check_const(&function.name), inputs_fn(&function.name), self.symbol_names(function));
        let (keywords, symbolic) = (self.keywords_type(), self.symbolic_keywords());
        let element = self.symbolic_element();
        let (by_itself, known) = (function.name == "forward", self.model.source.hyperparameters.len() as u32);
        quote! {
            #[doc(hidden)]
            pub const #constant: &#p::Findings = &{
                const KEYWORDS: #keywords = #symbolic;
                let mut room = #room_here;
                let mut check = room.check(#p::Mode { element: #element, by_itself: #by_itself, known: #known }, #names);
                Self::#name(&mut check, &KEYWORDS, &[], &Self::#inputs(#element, &KEYWORDS));
                check.into_findings()
            };
        }
    }

    /// The element type in a check of the model by itself.
    pub fn symbolic_element(&self) -> TokenStream {
        let p = self.p();
        match self.model.source.element {
            Element::Generic(_) => quote! { #p::DType::Model },
            Element::Default | Element::Named(_) => self.dtype(&crate::ir::Element::Model),
        }
    }

    /// The number of a name's symbol: those of hyper-parameters come first.
    fn symbol(&self, dim: usize) -> u32 {
        (self.model.source.hyperparameters.len() + dim) as u32
    }

    /// The inputs of a `fn` with a symbol for each name that they bind.
    fn symbolic_inputs(&self, function: &Function) -> TokenStream {
        let (p, name, keywords) = (self.p(), inputs_fn(&function.name), self.keywords_type());
        let (check, hyper, element) = (local("check"), local("hyper"), local("element"));
        let (count, dims) = (function.inputs.len(), function.dims.len());
        let symbols = (0..dims).map(|dim| {
            let symbol = self.symbol(dim);
            quote! { #p::Dim::Symbol(#symbol) }
        });
        let leading = self.symbol(dims);
        let shapes = function.inputs.iter().map(|input| {
            let mut bound = Vec::new();
            let before = input.ty.leading.then(|| quote! { #p::Dim::Symbol(#leading) });
            let axes = input.ty.axes.iter().map(|axis| match axis {
                Axis::Any => quote! { #p::Dim::Unknown },
                Axis::Bind(dim) => {
                    bound.push(*dim);
                    quote! { #check.dims[#dim] }
                }
                Axis::Again(number) => {
                    let dim = bound[*number];
                    quote! { #check.dims[#dim] }
                }
                Axis::Is(size) => self.size(size, &InCheck),
            });
            let axes: Vec<TokenStream> = before.into_iter().chain(axes).collect();
            let dtype = self.checked_dtype(&input.ty.element, &quote! { #element });
            quote! { #p::Shape::new(#dtype, &[#(#axes),*]) }
        });
        quote! {
            #[doc(hidden)]
            #[must_use]
            pub const fn #name(#element: #p::DType, #hyper: &#keywords) -> [#p::Shape; #count] {
                let #check = #p::Symbols { dims: [#(#symbols),*] };
                [#(#shapes),*]
            }
        }
    }

    /// The names of the symbols of a `fn`: hyper-parameters, its own, and `..`.
    pub fn symbol_names(&self, function: &Function) -> TokenStream {
        let hyperparameters = self.model.source.hyperparameters.iter().map(|one| one.name.to_string());
        let names = hyperparameters.chain(function.dims.iter().map(ToString::to_string)).chain(["..".to_string()]);
        quote! { &[#(#names),*] }
    }
}

/// The values of some operands, one after the other; a list that a loop makes counts once.
fn values(operands: &[Operand]) -> Vec<usize> {
    operands
        .iter()
        .flat_map(|operand| match operand {
            Operand::Value(value) => vec![*value],
            Operand::List(values) => values.clone(),
            Operand::Collected(list, _) => vec![*list],
        })
        .collect()
}
