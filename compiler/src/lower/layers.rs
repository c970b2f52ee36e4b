//! Layers: made where they are first applied, and applied again.

use proc_macro2::{Ident, Span};

use super::FunctionLowering;
use super::calls::values_of;
use super::environment::Value;
use super::variables::indices_of;
use crate::diag::MistakeKind;
use crate::ir::{
    Declaration, LayerCall, LayerDeclaration, LayerId, LayerInputs, Name, NodeKind, OpName, Place, Said, SnippetCall,
    Use,
};
use crate::resolve::{Declared, Defaults, Surroundings, Turn, site};
use crate::syntax::{self, Arguments, Scope};

impl FunctionLowering<'_, '_, '_> {
    /// `scope fc: Dense(x, units = 64)`
    pub(super) fn layer(&mut self, scope: &Scope, layer: &syntax::Layer, turn: Option<Turn>, wanted: usize) -> Value {
        if scope.from_root {
            self.error_at(scope.span, "a layer that was made before is applied by its name, `self.a.fc(x)`");
            return Value::Wrong;
        }
        let inputs = self.tensors(&layer.arguments);
        let loops: Vec<&Ident> = self.loops.iter().collect();
        let around = Surroundings { condition: &self.condition, loops: &loops };
        let tree = &mut self.model.tree;
        let declared = tree.declare_layer(&self.cursor, scope, layer, turn.as_ref(), around, self.model.errors);
        let Some(declared) = declared else {
            self.is_wrong = true;
            return Value::Wrong;
        };
        let keywords = self.layer_snippet(&layer.path, &layer.arguments.keywords);
        let place = Place { id: declared.id, indices: declared.indices.clone() };
        let is_made = declared.is_new || self.is_same_site(&place, &keywords);
        let Some(defaults) = self.model.tree.layer_defaults(&self.cursor, scope, is_made, self.model.errors) else {
            self.is_wrong = true;
            return Value::Wrong;
        };
        let Some(inputs) = inputs else { return Value::Wrong };
        if inputs.is_empty() {
            self.error(
                &layer.path,
                "a layer is applied to an input, which stands before its hyper-parameters: `Dense(x, units = 64)`",
            );
            return Value::Wrong;
        }
        if declared.is_new {
            self.declare_layer(declared, keywords.clone(), LayerInputs::Values(inputs.clone()), &defaults);
        } else if !is_made && !layer.arguments.keywords.is_empty() {
            let name = scope.path.first();
            self.is_wrong = true;
            self.model.errors.rule(
                MistakeKind::GivenWhereShared,
                name,
                "this layer is shared here, and its hyper-parameters are those with which it was made: leave them out",
            );
            return Value::Wrong;
        }
        let outside = std::mem::replace(&mut self.cursor.defaults.training, defaults.training);
        let call = (scope.span, site(layer), None);
        let results = self.layer_call(place, is_made, call, inputs, wanted);
        self.cursor.defaults.training = outside;
        results
    }

    pub(super) fn is_same_site(&self, layer: &Place<LayerId>, keywords: &SnippetCall) -> bool {
        self.model.layers.get(layer).is_some_and(|(_, made)| made.snippet == keywords.snippet)
    }

    pub(super) fn declare_layer(
        &mut self,
        declared: Declared<LayerId>,
        keywords: SnippetCall,
        inputs: LayerInputs,
        defaults: &Defaults,
    ) {
        let (function, place) = (self.number, Place { id: declared.id, indices: declared.indices });
        let applied = self.applied(&place);
        self.makes.push(applied);
        self.model.layers.note(&place, (function, keywords.clone()));
        let indices = indices_of(&declared.path);
        let declaration = LayerDeclaration {
            layer: declared.id,
            path: declared.path,
            function,
            keywords,
            inputs,
            initializer: self.initializer_of(defaults),
            trainable: defaults.trainable,
            given: self.given(defaults),
        };
        self.declare_once(&indices, Declaration::Layer(declaration));
    }

    /// `fc1(x)`, `fc1.other(x)`: a layer that was made before.
    pub(super) fn apply(
        &mut self,
        place: &Place<LayerId>,
        span: Span,
        function: Option<&Ident>,
        arguments: &Arguments,
        wanted: usize,
    ) -> Value {
        if let Some(keyword) = arguments.keywords.first() {
            let message = "the hyper-parameters of a layer are those with which it was made: leave this out";
            self.error(&keyword.name, message);
            return Value::Wrong;
        }
        let Some(inputs) = self.tensors(arguments) else { return Value::Wrong };
        if inputs.is_empty() && function.is_none_or(|function| function == "forward") {
            self.error_at(span, "a layer is applied to an input");
            return Value::Wrong;
        }
        self.layer_call(place.clone(), false, (span, site(arguments), function), inputs, wanted)
    }

    fn layer_call(
        &mut self,
        layer: Place<LayerId>,
        is_new: bool,
        place: (Span, usize, Option<&Ident>),
        arguments: Vec<usize>,
        wanted: usize,
    ) -> Value {
        let name = self.model.tree.name_of_layer(&layer);
        let name_scope = self.op_names.unique(&self.name_scope, name.rsplit('/').next().unwrap_or_default());
        values_of(self.layer_node(layer, name_scope, is_new, place, arguments, wanted))
    }

    /// Applies a layer, whose ops are in this name scope.
    pub(super) fn layer_node(
        &mut self,
        layer: Place<LayerId>,
        name_scope: OpName,
        is_new: bool,
        (span, site, function): (Span, usize, Option<&Ident>),
        arguments: Vec<usize>,
        wanted: usize,
    ) -> Vec<usize> {
        let (name, model) = (self.model.tree.name_of_layer(&layer), self.model.tree.layers[layer.id].model());
        self.log(span, Said::Layer { name, model, is_new, name_scope: name_scope.clone() });
        let keywords = self.keywords_here(&layer);
        let applied = self.applied(&layer);
        let results: Vec<usize> = (0..wanted.max(1)).map(|_| self.new_value(None)).collect();
        let function = function.cloned().unwrap_or_else(|| Ident::new("forward", span));
        let call = LayerCall { layer, function, keywords, arguments, results: results.clone(), applied, name_scope };
        self.push(span, site, NodeKind::Layer(call));
        results
    }

    /// The hyper-parameters of a layer as this `fn` knows them: a name of another `fn` means nothing here.
    fn keywords_here(&self, layer: &Place<LayerId>) -> SnippetCall {
        let Some((function, keywords)) = self.model.layers.get(layer) else {
            return SnippetCall { snippet: 0, values: Vec::new(), sizes: Vec::new() };
        };
        let is_here = *function == self.number;
        let known = |name: &Use| match name.name {
            Name::Dim(_) if !is_here => Use { ident: name.ident.clone(), name: Name::Unknown },
            _ => name.clone(),
        };
        SnippetCall {
            snippet: keywords.snippet,
            values: keywords.values.iter().map(known).collect(),
            sizes: keywords.sizes.iter().map(known).collect(),
        }
    }

    /// The number of an instance among those that this `fn` applies.
    fn applied(&mut self, layer: &Place<LayerId>) -> usize {
        let key = format!("{} {:?}", layer.id, layer.indices);
        self.applied.iter().position(|known| *known == key).unwrap_or_else(|| {
            self.applied.push(key);
            self.applied.len() - 1
        })
    }
}
