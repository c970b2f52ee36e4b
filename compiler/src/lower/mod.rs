//! From the source to graphs: names settled, loops over numbers unrolled, each `fn` in single assignment.

mod arrays;
mod calls;
mod control;
mod environment;
mod evaluate;
mod expressions;
mod getters;
mod layers;
mod op_names;
mod places;
mod sizes;
mod snippets;
mod statements;
mod variables;

use std::collections::HashMap;

use proc_macro2::{Ident, Span};

use crate::diag::{Errors, suggestion};
use crate::ir::{
    Body, Bounds, Condition, Declaration, Element, Entry, Function, Input, Model, Node, NodeId, NodeKind, OpName,
    OpPath, Operand, Output, Said, Snippet, SnippetCall, SnippetId, TensorType, ValueId,
};
use crate::resolve::{Cursor, Tree};
use crate::syntax::{self, Item, Parameter};

use environment::{Environment, Value};
use op_names::OpNames;
use places::Places;

/// Lowers a model. What is wrong is noted; the `fn`s that it is in are marked.
pub fn lower<'a>(source: &'a syntax::Model, errors: &mut Errors) -> Model<'a> {
    let functions: Vec<&syntax::Function> = functions(source);
    let forward = functions.iter().find(|function| function.name == "forward");
    let forward_names = forward.map(|forward| sizes::bound_names(source, &forward.inputs)).unwrap_or_default();
    let mut lowering = Lowering {
        source,
        functions,
        tree: Tree::new(source),
        snippets: Vec::new(),
        snippet_of: HashMap::new(),
        declarations: vec![Level::default()],
        variables: Places::default(),
        layers: Places::default(),
        branches: 0,
        log: Vec::new(),
        undeclared: source.unread.clone(),
        forward_names,
        errors,
    };
    let mut lowered = Vec::new();
    for item in &source.items {
        match item {
            Item::Function(function) => lowered.push(FunctionLowering::lower(&mut lowering, function, lowered.len())),
            Item::Scope(scope) => lowering.items(|function| function.item_scope(scope)),
            Item::Variable(variable) => lowering.items(|function| function.variable(variable)),
        }
    }
    lowering.check_calls(&lowered);
    let Lowering { tree, snippets, mut declarations, log, .. } = lowering;
    let Tree { scopes, variables, layers, .. } = tree;
    let declarations = declarations.pop().unwrap_or_default().list;
    Model { source, scopes, variables, layers, functions: lowered, snippets, declarations, log }
}

fn functions(source: &syntax::Model) -> Vec<&syntax::Function> {
    source
        .items
        .iter()
        .filter_map(|item| if let Item::Function(function) = item { Some(function) } else { None })
        .collect()
}

/// What is shared by all `fn`s of a model while it is lowered.
struct Lowering<'a, 'e> {
    source: &'a syntax::Model,
    functions: Vec<&'a syntax::Function>,
    tree: Tree,
    snippets: Vec<Snippet>,
    /// The snippet of a part of the source, so that the turns of an unrolled loop have one.
    snippet_of: HashMap<usize, SnippetId>,
    /// What an instance is made of; the last is what the loop or branch at hand declares.
    declarations: Vec<Level>,
    /// Where each variable was declared first: the `fn`, and the sizes.
    variables: Places<variables::Origin>,
    /// With which hyper-parameters each layer was made, and in which `fn`.
    layers: Places<(Option<usize>, SnippetCall)>,
    /// How many branches there are so far.
    branches: usize,
    /// What the source has said so far.
    log: Vec<Entry>,
    /// The variables in whose declarations something is wrong: their uses are no mistakes as well.
    undeclared: Vec<Ident>,
    /// The names that the inputs of `forward` bind.
    forward_names: Vec<String>,
    errors: &'e mut Errors,
}

/// What a loop or a branch declares.
#[derive(Default)]
struct Level {
    list: Vec<Declaration>,
    /// The variable of the loop and its bounds, if it is one.
    turns: Option<(Ident, Bounds)>,
    /// The condition of the branch, if it is one over which an instance decides, and whether this is its first arm.
    choice: Option<(SnippetCall, bool)>,
}

impl<'a> Lowering<'a, '_> {
    /// Lowers what stands among the items, where there are no values.
    fn items(&mut self, lower: impl FnOnce(&mut FunctionLowering<'_, 'a, '_>)) {
        let mut function = FunctionLowering::new(self, None);
        lower(&mut function);
    }

    /// `fn`s that call themselves, directly or through others.
    fn check_calls(&mut self, functions: &[Function]) {
        let calls: Vec<Vec<(usize, Span)>> = functions.iter().map(|function| calls_of(&function.body)).collect();
        for (number, function) in functions.iter().enumerate() {
            for &(called, span) in &calls[number] {
                if reaches(&calls, called, number, &mut vec![false; calls.len()]) {
                    let message = format!("`{}` calls itself here; a `fn` is a graph without end then", function.name);
                    self.errors.at(span, message);
                }
            }
        }
    }
}

fn so_many(values: usize) -> String {
    if values == 1 { "one value".to_string() } else { format!("{values} values") }
}

fn calls_of(body: &Body) -> Vec<(usize, Span)> {
    let mut calls = Vec::new();
    for node in &body.nodes {
        match &node.kind {
            NodeKind::Call { function, .. } => calls.push((*function, node.span)),
            NodeKind::Loop(node) => calls.extend(calls_of(&node.body)),
            NodeKind::Branch(branch) => calls.extend(branch.arms.iter().flat_map(calls_of)),
            NodeKind::Variable(_)
            | NodeKind::Number { .. }
            | NodeKind::Op(_)
            | NodeKind::Regularization { .. }
            | NodeKind::Layer(_)
            | NodeKind::Bind { .. } => {}
        }
    }
    calls
}

fn reaches(calls: &[Vec<(usize, Span)>], from: usize, to: usize, seen: &mut Vec<bool>) -> bool {
    if from == to {
        return true;
    }
    if std::mem::replace(&mut seen[from], true) {
        return false;
    }
    calls[from].iter().any(|&(called, _)| reaches(calls, called, to, seen))
}

/// One `fn` while it is lowered.
struct FunctionLowering<'l, 'a, 'e> {
    model: &'l mut Lowering<'a, 'e>,
    /// The number of the `fn`; none among items.
    number: Option<usize>,
    cursor: Cursor,
    environment: Environment,
    /// The scopes and name scopes around, as they are written.
    scopes: Vec<String>,
    /// The name scope of the ops at hand, which goes its own way: a scope that is opened again has another.
    name_scope: OpName,
    op_names: OpNames,
    /// The variables of the loops of the graph around.
    loops: Vec<Ident>,
    condition: Condition,
    bodies: Vec<Body>,
    values: Vec<Option<Ident>>,
    dims: Vec<Ident>,
    sizes: Vec<(usize, usize)>,
    ops: Vec<OpPath>,
    applied: Vec<String>,
    makes: Vec<usize>,
    nodes: usize,
    /// The number of the nodes that come from a part of the source: the turns of an unrolled loop have one.
    sites: HashMap<usize, NodeId>,
    /// Whether the type of an input could not be read, which may have bound any name.
    has_unread_input: bool,
    is_wrong: bool,
}

impl<'l, 'a, 'e> FunctionLowering<'l, 'a, 'e> {
    fn new(model: &'l mut Lowering<'a, 'e>, number: Option<usize>) -> Self {
        let environment = Environment::new(&model.source.hyperparameters);
        Self {
            model,
            number,
            cursor: Cursor::root(),
            environment,
            scopes: Vec::new(),
            name_scope: OpName::default(),
            op_names: OpNames::default(),
            loops: Vec::new(),
            condition: Condition::new(),
            bodies: vec![Body::default()],
            values: Vec::new(),
            dims: Vec::new(),
            sizes: Vec::new(),
            ops: Vec::new(),
            applied: Vec::new(),
            makes: Vec::new(),
            nodes: 0,
            sites: HashMap::new(),
            has_unread_input: false,
            is_wrong: false,
        }
    }

    fn lower(model: &'l mut Lowering<'a, 'e>, function: &'a syntax::Function, number: usize) -> Function {
        let mut this = Self::new(model, Some(number));
        this.bind_sizes_of_layer(function);
        let inputs = this.inputs(&function.inputs);
        let results = this.block_value(&function.body, function.results.len());
        let outputs = this.outputs(function);
        this.results(function, results);
        let is_loss = outputs.first().is_some_and(|output| this.is_loss(&output.ty));
        Function {
            name: function.name.clone(),
            inputs,
            results: outputs,
            body: this.bodies.pop().unwrap_or_default(),
            values: this.values,
            dims: this.dims,
            sizes: this.sizes,
            ops: this.ops,
            is_loss,
            applied: this.applied,
            makes: this.makes,
        }
    }

    /// Whether a result is a single float, which has gradients.
    fn is_loss(&self, ty: &TensorType) -> bool {
        let is_float = |name: &Ident| name == "f32" || name == "f64";
        let of_floats = match (&ty.element, &self.model.source.element) {
            (Element::Named(name), _) | (Element::Model, syntax::Element::Named(name)) => is_float(name),
            (Element::Model, syntax::Element::Default | syntax::Element::Generic(_)) => true,
        };
        of_floats && ty.axes.is_empty() && !ty.leading
    }

    fn outputs(&mut self, function: &syntax::Function) -> Vec<Output> {
        let mut outputs = Vec::new();
        for ty in &function.results {
            let node = self.new_node();
            outputs.push(Output { ty: self.result_type(ty), node });
        }
        outputs
    }

    fn inputs(&mut self, parameters: &[Parameter]) -> Vec<Input> {
        let mut inputs = Vec::new();
        for parameter in parameters {
            let name = &parameter.name;
            let value = self.new_value(Some(name));
            let ty = self.tensor_type(&parameter.ty);
            self.has_unread_input |= !parameter.is_read;
            let bound = if parameter.is_read { Value::Tensor(value) } else { Value::Wrong };
            self.environment.bind(name, bound, false);
            inputs.push(Input { name: name.clone(), ty, node: self.new_node() });
        }
        // One more, where too many inputs are noted.
        self.new_node();
        inputs
    }

    /// Holds the values at the end of a `fn` against its results.
    fn results(&mut self, function: &syntax::Function, value: Option<Value>) {
        let values = match value {
            Some(Value::Tuple(values)) => values,
            Some(value) => vec![value],
            None if function.body.is_whole() => {
                let name = &function.name;
                return self.error_at(
                    function.body.end,
                    format!("`{name}` ends without a value; its last line is its result, without a `;`"),
                );
            }
            None => return,
        };
        if values.len() != function.results.len() {
            if !function.results.is_empty() && !values.iter().any(|value| matches!(value, Value::Wrong)) {
                let (wanted, found) = (function.results.len(), values.len());
                let span = function.body.value.as_ref().map_or(function.body.end, |value| value.span());
                let name = &function.name;
                self.error_at(span, format!("`{name}` should give {}, and this is {found}", so_many(wanted)));
            }
            return;
        }
        for (value, ty) in values.into_iter().zip(&function.results) {
            match value {
                Value::Tensor(value) => {
                    if let Some(body) = self.bodies.last_mut() {
                        body.results.push(Operand::Value(value));
                    }
                }
                Value::List(_) | Value::Tuple(_) => {
                    let message = "a `fn` gives tensors; a list becomes one by `stack` or `concat`";
                    self.error_at(function.body.value.as_ref().map_or(ty.span, |value| value.span()), message);
                }
                Value::Wrong => self.is_wrong = true,
            }
        }
    }

    fn new_value(&mut self, name: Option<&Ident>) -> ValueId {
        self.values.push(name.cloned());
        self.values.len() - 1
    }

    fn new_node(&mut self) -> NodeId {
        self.nodes += 1;
        self.nodes - 1
    }

    fn push(&mut self, span: Span, site: usize, kind: NodeKind) {
        let id = match self.sites.get(&site) {
            Some(&id) => id,
            None => self.new_node(),
        };
        self.sites.insert(site, id);
        let (scope, training) = (self.scopes.join("/"), self.cursor.defaults.training);
        if let Some(body) = self.bodies.last_mut() {
            body.nodes.push(Node { id, span, scope, training, kind });
        }
    }

    /// Notes what the source says.
    fn log(&mut self, span: Span, said: Said) {
        self.model.log.push(Entry { span, function: self.number, said });
    }

    fn error(&mut self, tokens: impl quote::ToTokens, message: impl std::fmt::Display) {
        self.is_wrong = true;
        self.model.errors.error(tokens, message);
    }

    fn error_at(&mut self, span: Span, message: impl std::fmt::Display) {
        self.is_wrong = true;
        self.model.errors.at(span, message);
    }

    /// The error that a name means nothing, with what it may have meant.
    fn unknown_name(&mut self, name: &Ident, what: &str) {
        self.is_wrong = true;
        if self.model.undeclared.contains(name) {
            return;
        }
        let mut candidates = self.environment.names();
        candidates.extend(self.model.tree.names_in_sight(&self.cursor));
        if name == "training" {
            return self
                .error(name, "`training` is no tensor: it stands in conditions, `if training { … } else { … }`");
        }
        if self.environment.has_ended(name) {
            let message = format!(
                "there is no {what} `{name}` here: it ended with the loop or branch that bound it; to keep a value, \
                 assign it to a `let mut` before"
            );
            return self.error(name, message);
        }
        let mut hint = suggestion(&name.to_string(), candidates.iter().map(String::as_str));
        hint.push_str(syntax::foreign::module(&name.to_string()));
        self.error(name, format!("there is no {what} `{name}` here{hint}"));
    }
}
