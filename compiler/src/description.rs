//! What the compiler knows of a model, as data.

use crate::diag::Mistake;
use crate::ir::{self, Declaration, Element, Initializer, PathPart, Said, SizeExpr, VariableDeclaration};
use crate::syntax;

pub use crate::syntax::Reuse;

/// What becomes of the source of models.
#[derive(Clone, Debug)]
pub struct Expansion {
    /// The Rust that stands in its place, mistakes among it.
    pub tokens: proc_macro2::TokenStream,
    /// All mistakes, in the order of the source.
    pub mistakes: Vec<Mistake>,
    /// The models.
    pub models: Vec<Description>,
}

/// What a model has.
#[derive(Clone, Debug)]
pub struct Description {
    /// Its name.
    pub name: String,
    /// Its variables, without those of its layers, in the order of their declarations.
    pub variables: Vec<DescribedVariable>,
    /// What the source says, in its order.
    pub events: Vec<Event>,
}

/// A variable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DescribedVariable {
    /// Its full name; the variable of a loop of the graph stands in it as `{i}`.
    pub name: String,
    /// Its sizes, as far as they are numbers.
    pub shape: Vec<Option<usize>>,
    /// Its element type; none is the model's.
    pub dtype: Option<String>,
    /// Whether it can be learned.
    pub trainable: bool,
    /// The collections that it is in.
    pub collections: Vec<String>,
    /// What it begins with, as it is written; none is the default of its element type.
    pub initializer: Option<String>,
    /// How it is divided into parts, as it is written.
    pub partitioner: Option<String>,
    /// What is added to the loss for it, as it is written.
    pub regularizer: Option<String>,
    /// Whether it is new wherever it is declared.
    pub is_unique: bool,
}

/// Something that the source says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// The line of the source, from 1 on.
    pub line: usize,
    /// The `fn` that it stands in; none among items.
    pub function: Option<String>,
    /// What is said.
    pub kind: EventKind,
}

/// What the source can say.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum EventKind {
    /// A scope is opened.
    Scope {
        /// Its full name; empty for the root.
        name: String,
        /// The name scope of the ops inside; empty at the root.
        name_scope: String,
        /// Whether it makes variables or shares them.
        reuse: Reuse,
    },
    /// A name scope is opened.
    NameScope {
        /// Its full name.
        name_scope: String,
    },
    /// A variable is declared.
    Variable {
        /// Its full name.
        name: String,
        /// Whether it is made here, and not shared.
        is_new: bool,
    },
    /// A layer is applied.
    Layer {
        /// Its full name.
        name: String,
        /// The model that it is of.
        model: String,
        /// Whether it is made here.
        is_new: bool,
        /// The name scope of its ops.
        name_scope: String,
    },
    /// An op is called.
    Op {
        /// Its full name.
        name: String,
    },
    /// Another `fn` of the model is called.
    Call {
        /// Its name.
        function: String,
    },
}

/// Describes a model.
pub fn describe(model: &ir::Model<'_>) -> Description {
    let mut variables = Vec::new();
    for declaration in &model.declarations {
        collect(model, declaration, &mut variables);
    }
    let events = model.log.iter().map(|entry| event(model, entry)).collect();
    Description { name: model.source.name.to_string(), variables, events }
}

/// The variables of a declaration.
fn collect(model: &ir::Model<'_>, declaration: &Declaration, variables: &mut Vec<DescribedVariable>) {
    match declaration {
        Declaration::Variable(declaration) => variables.push(variable(model, declaration)),
        Declaration::Layer(_) => {}
        Declaration::Loop { body, .. } => body.iter().for_each(|inner| collect(model, inner, variables)),
        Declaration::Branch { arms, .. } => arms.iter().flatten().for_each(|inner| collect(model, inner, variables)),
    }
}

fn variable(model: &ir::Model<'_>, declaration: &VariableDeclaration) -> DescribedVariable {
    let known = &model.variables[declaration.variable];
    let dtype = match &known.element {
        Element::Model => None,
        Element::Named(name) => Some(name.to_string()),
    };
    let size = |size: &SizeExpr| if let SizeExpr::Number(number) = size { Some(*number) } else { None };
    DescribedVariable {
        name: name(&declaration.path),
        shape: declaration.dims.iter().map(size).collect(),
        trainable: known.trainable.unwrap_or(true) && dtype.as_deref().is_none_or(is_float),
        dtype,
        collections: declaration.given.collections.clone().unwrap_or_default(),
        initializer: initializer(model, &declaration.initializer),
        partitioner: declaration.given.partitioner.iter().flatten().find_map(|call| made(model, call)),
        regularizer: declaration.given.regularizer.iter().flatten().find_map(|call| made(model, call)),
        is_unique: known.is_unique,
    }
}

/// Whether an element type is one of floats; so is the one that a generic model is of.
fn is_float(dtype: &str) -> bool {
    dtype == "f32" || dtype == "f64" || !syntax::ELEMENTS.contains(&dtype)
}

fn name(path: &[PathPart]) -> String {
    path.iter().map(PathPart::to_string).collect::<Vec<_>>().join("/")
}

/// What a call makes, as it is written.
fn made(model: &ir::Model<'_>, call: &ir::SnippetCall) -> Option<String> {
    match &model.snippets[call.snippet].kind {
        ir::SnippetKind::Made(_, expr) => Some(text(expr)),
        _ => None,
    }
}

fn text(expr: &syn::Expr) -> String {
    quote::ToTokens::to_token_stream(expr).to_string()
}

fn initializer(model: &ir::Model<'_>, initializer: &Initializer) -> Option<String> {
    match initializer {
        Initializer::Inherited | Initializer::Default => None,
        Initializer::Written(call) => made(model, call),
        Initializer::Elements(elements) => {
            Some(format!("[{}]", elements.iter().map(text).collect::<Vec<_>>().join(", ")))
        }
    }
}

fn event(model: &ir::Model<'_>, entry: &ir::Entry) -> Event {
    let function = |number: usize| model.functions[number].name.to_string();
    let kind = match &entry.said {
        Said::Scope { name, name_scope, reuse } => {
            EventKind::Scope { name: name.clone(), name_scope: name_scope.to_string(), reuse: *reuse }
        }
        Said::NameScope { name_scope } => EventKind::NameScope { name_scope: name_scope.to_string() },
        Said::Variable { name, is_new } => EventKind::Variable { name: name.clone(), is_new: *is_new },
        Said::Layer { name, model, is_new, name_scope } => EventKind::Layer {
            name: name.clone(),
            model: model.clone(),
            is_new: *is_new,
            name_scope: name_scope.to_string(),
        },
        Said::Op { name } => EventKind::Op { name: name.to_string() },
        Said::Call { function: called } => EventKind::Call { function: function(*called) },
    };
    Event { line: entry.span.start().line, function: entry.function.map(function), kind }
}
