//! The check of a `fn` by itself, with names for the sizes that only a run will know: constants that `cargo check`
//! evaluates.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::super::names::{begin_const, begin_fn, inputs_fn, is_right_const, part_const, part_fn};
use super::super::size::{InCheck, bound};
use super::super::{Emit, local};
use super::Segment;
use super::nodes::values;
use crate::ir::{Axis, DimId, Function, Node, NodeKind, SameAs, ValueId, results};
use crate::syntax::Element;

impl Emit<'_> {
    /// A constant for each part: what it finds out, and what is wrong in it. It takes from the others what it needs, so
    /// that it stands where rustc could not make those that it does not need.
    ///
    /// They are references, because rustc goes through all of a constant wherever it is named.
    pub fn check_alone(&self, function: &Function, segments: &[Segment<'_>]) -> TokenStream {
        let (name, is_right) = (&function.name, is_right_const(&function.name));
        let inputs = inputs_fn(name);
        let (element, symbolic) = (self.symbolic_element(), local("SYMBOLIC"));
        let (begin, begin_call) = (begin_const(name), begin_fn(name));
        let call = quote! { #begin_call(&mut check, &#symbolic, &[], &Self::#inputs(#element, &#symbolic, &[])) };
        let mut known = Known::default();
        let made = Made::at_the_beginning(function);
        let mut constants = self.part(function, &begin, &TokenStream::new(), &call, &made);
        known.note(&made, &begin);
        let mut parts = vec![begin];
        for (number, segment) in segments.iter().enumerate() {
            let (constant, call) = (part_const(name, number), part_fn(name, number));
            let call = quote! { #call(&mut check, &#symbolic, &[]) };
            let made = Made::by(segment);
            constants.extend(self.part(function, &constant, &known.needed(segment), &call, &made));
            known.note(&made, &constant);
            parts.push(constant);
        }
        quote! {
            #constants
            const #is_right: bool = #(Self::#parts.is_right())&&*;
        }
    }

    /// The keywords of the model with names for sizes, for the checks of all `fn`s.
    pub fn symbolic(&self) -> TokenStream {
        let (name, keywords, symbolic) = (local("SYMBOLIC"), self.keywords_type(), self.symbolic_keywords());
        quote! { const #name: #keywords = #symbolic; }
    }

    /// The constant of a part: it begins with what it needs, and keeps what it makes.
    fn part(
        &self,
        function: &Function,
        name: &Ident,
        needed: &TokenStream,
        call: &TokenStream,
        made: &Made,
    ) -> TokenStream {
        let (p, room, element) = (self.p(), self.room(function), self.symbolic_element());
        let names = self.symbol_names(function);
        let (by_itself, known) = (self.is_of_layer(function), self.model.source.hyperparameters.len() as u32);
        let Made { values, dims, layers } = made;
        let [value_count, dim_count, layer_count] = [values.len(), dims.len(), layers.len()];
        quote! {
            #[doc(hidden)]
            pub const #name: &#p::Part<#value_count, #dim_count, #layer_count> = &{
                let mut room = #room;
                #needed
                let mut check = room.check(
                    #p::Mode { element: #element, by_itself: #by_itself, known: #known }, #names
                );
                Self::#call;
                let findings = check.into_findings();
                #p::Part {
                    values: [#(room.values[#values]),*],
                    dims: [#(room.dims[#dims]),*],
                    layers: [#(room.layers[#layers]),*],
                    findings,
                }
            };
        }
    }

    /// Whether the sizes of what a `fn` makes are those of a layer's inputs: in `forward`, and where another makes
    /// layers.
    fn is_of_layer(&self, function: &Function) -> bool {
        function.name == "forward" || (self.forward().is_some() && !function.makes.is_empty())
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

    /// The inputs of a `fn` with a symbol for each name that they bind; a name of `forward`'s inputs has the size that
    /// it has there, where that is known.
    pub fn symbolic_inputs(&self, function: &Function) -> TokenStream {
        let (p, name, keywords) = (self.p(), inputs_fn(&function.name), self.keywords_type());
        let (check, hyper, element) = (local("check"), local("hyper"), local("element"));
        let (count, dims) = (function.inputs.len(), function.dims.len());
        let sizes = local("sizes");
        let symbols = (0..dims).map(|dim| {
            let symbol = self.symbol(dim);
            match self.forward_dim(function, dim) {
                Some(number) => quote! { #p::Dim::known_or_symbol(#sizes, #number, #symbol) },
                None => quote! { #p::Dim::Symbol(#symbol) },
            }
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
            pub const fn #name(#element: #p::DType, #hyper: &#keywords, #sizes: &[#p::Dim]) -> [#p::Shape; #count] {
                let #check = #p::Symbols { dims: [#(#symbols),*] };
                [#(#shapes),*]
            }
        }
    }

    fn forward(&self) -> Option<&Function> {
        self.model.functions.iter().find(|function| function.name == "forward")
    }

    /// The number of a name among those that the inputs of `forward` bind, in another `fn`.
    fn forward_dim(&self, function: &Function, dim: DimId) -> Option<DimId> {
        let forward = self.forward().filter(|_| function.name != "forward")?;
        self.forward_dims(forward).into_iter().find(|&number| forward.dims[number] == function.dims[dim])
    }

    /// The names of the symbols of a `fn`: hyper-parameters, its own, and `..`.
    pub fn symbol_names(&self, function: &Function) -> TokenStream {
        let hyperparameters = self.model.source.hyperparameters.iter().map(|one| one.name.to_string());
        let names = hyperparameters.chain(function.dims.iter().map(ToString::to_string)).chain(["..".to_string()]);
        quote! { &[#(#names),*] }
    }
}

/// What a part makes: values, names for sizes, and layers that are applied.
#[derive(Default)]
struct Made {
    values: Vec<ValueId>,
    dims: Vec<DimId>,
    layers: Vec<usize>,
}

impl Made {
    /// Inputs, all names that they bind, and the layers that another `fn` makes.
    fn at_the_beginning(function: &Function) -> Self {
        Self {
            values: (0..function.inputs.len()).collect(),
            dims: (0..function.dims.len()).collect(),
            layers: (0..function.applied.len()).collect(),
        }
    }

    fn by(segment: &Segment<'_>) -> Self {
        let mut made = Self::default();
        let Segment::Nodes(nodes) = segment else { return made };
        for node in *nodes {
            made.values.extend(results(&node.kind));
            match &node.kind {
                NodeKind::Bind { ty, .. } => made.dims.extend(bound(ty)),
                NodeKind::Layer(call) => made.layers.push(call.applied),
                _ => {}
            }
        }
        made
    }
}

/// The part that makes each thing, and where that stands in it.
#[derive(Default)]
struct Known {
    values: BTreeMap<ValueId, (Ident, usize)>,
    dims: BTreeMap<DimId, (Ident, usize)>,
    layers: BTreeMap<usize, (Ident, usize)>,
}

impl Known {
    /// Takes over what a part needs: its operands, the layers that it applies, and all names for sizes.
    fn needed(&self, segment: &Segment<'_>) -> TokenStream {
        let mut needs = Needs::default();
        match segment {
            Segment::Nodes(nodes) => nodes.iter().for_each(|node| needs.add(node)),
            Segment::Result { value, .. } => needs.values.extend(value),
        }
        let values = needs.values.iter().filter_map(|value| {
            let (part, at) = self.values.get(value)?;
            Some(quote! { room.values[#value] = Self::#part.values[#at]; })
        });
        let dims = self.dims.iter().map(|(dim, (part, at))| quote! { room.dims[#dim] = Self::#part.dims[#at]; });
        let layers = needs.layers.iter().filter_map(|layer| {
            let (part, at) = self.layers.get(layer)?;
            Some(quote! { room.layers[#layer] = Self::#part.layers[#at]; })
        });
        quote! { #(#values)* #(#dims)* #(#layers)* }
    }

    /// Notes what a part makes.
    fn note(&mut self, made: &Made, part: &Ident) {
        let places = |things: &[usize]| -> Vec<(usize, (Ident, usize))> {
            things.iter().enumerate().map(|(at, &thing)| (thing, (part.clone(), at))).collect()
        };
        self.values.extend(places(&made.values));
        self.dims.extend(places(&made.dims));
        self.layers.extend(places(&made.layers));
    }
}

/// What a node needs: its own operands, and those of the nodes inside.
#[derive(Default)]
struct Needs {
    values: BTreeSet<ValueId>,
    layers: BTreeSet<usize>,
}

impl Needs {
    fn add(&mut self, node: &Node) {
        match &node.kind {
            NodeKind::Variable(variable) => {
                if let Some(SameAs::Value(first)) = variable.same_as {
                    self.values.insert(first);
                }
            }
            NodeKind::Number { .. } | NodeKind::Regularization { .. } => {}
            NodeKind::Op(op) => self.values.extend(values(&op.operands)),
            NodeKind::Call { arguments, .. } => self.values.extend(arguments),
            NodeKind::Layer(call) => {
                self.values.extend(&call.arguments);
                self.layers.insert(call.applied);
            }
            NodeKind::Bind { value, .. } => self.values.extend([value]),
            NodeKind::Loop(inner) => {
                inner.carried.iter().for_each(|carried| self.values.extend([carried.before, carried.next]));
                self.values.extend(inner.collected.map(|(value, _)| value));
                inner.body.nodes.iter().for_each(|node| self.add(node));
            }
            NodeKind::Branch(branch) => {
                self.values.extend(branch.results.iter().flat_map(|(arms, _)| arms));
                branch.arms.iter().flat_map(|arm| &arm.nodes).for_each(|node| self.add(node));
            }
        }
    }
}
