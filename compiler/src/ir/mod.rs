//! The model between its source and the emitted code: scopes and variables settled, each `fn` a graph of nodes.
//!
//! A graph is in single assignment. Loops and branches are nodes with bodies of their own; loops over numbers are
//! unrolled; calls of other `fn`s stay calls.

mod graph;
mod log;
mod op_name;

use proc_macro2::{Ident, Span};
use syn::{Expr as Rust, Path};

use crate::syntax::{self, Arithmetic, Size};

pub use graph::*;
pub use log::{Entry, Said};
pub use op_name::OpName;

pub type ScopeId = usize;
pub type VariableId = usize;
pub type LayerId = usize;
pub type ValueId = usize;
pub type DimId = usize;
pub type NodeId = usize;
pub type SnippetId = usize;

/// A model.
pub struct Model<'a> {
    pub source: &'a syntax::Model,
    pub scopes: Vec<Scope>,
    pub variables: Vec<Variable>,
    pub layers: Vec<Layer>,
    pub functions: Vec<Function>,
    pub snippets: Vec<Snippet>,
    /// What an instance is made of, in the order of the declarations.
    pub declarations: Vec<Declaration>,
    /// What the source says, in its order.
    pub log: Vec<Entry>,
}

/// The root scope's number.
pub const ROOT: ScopeId = 0;

/// A scope, or all scopes of an indexed family: one struct.
pub struct Scope {
    pub parent: Option<ScopeId>,
    pub name: Ident,
    /// The name in paths; it differs from `name` for a `unique` scope.
    pub label: String,
    pub family: Option<Family>,
    pub members: Vec<Member>,
    pub instances: Vec<Instance>,
}

/// What stands in a scope, in the order of the declarations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Member {
    Variable(VariableId),
    Layer(LayerId),
    Scope(ScopeId),
}

/// The instances of `block[i]`.
#[derive(Clone, Debug)]
pub enum Family {
    /// In an unrolled loop: the values of `i`, in order.
    Turns(Vec<usize>),
    /// In a loop of the graph.
    Loop,
}

/// Under which arms of which branches something is declared: always, if there is none.
pub type Condition = Vec<(usize, bool)>;

/// One time that something is declared.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The positions in the unrolled families around it.
    pub turns: Vec<usize>,
    pub condition: Condition,
}

/// The positions in unrolled families among some indices.
pub fn turns(indices: &[Index]) -> Vec<usize> {
    indices.iter().filter_map(|index| if let Index::Turn(position) = index { Some(*position) } else { None }).collect()
}

/// The element type of a variable or a tensor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Element {
    /// That of the model.
    Model,
    /// `u32`, `f64`, …
    Named(Ident),
}

/// A variable, or all variables of that name in an indexed family.
pub struct Variable {
    pub scope: ScopeId,
    pub name: Ident,
    pub label: String,
    pub element: Element,
    pub rank: usize,
    /// Its shape as it is written, for documentation.
    pub written: String,
    pub trainable: Option<bool>,
    /// Whether it is new wherever it is declared, so that `reuse` never finds it.
    pub is_unique: bool,
    pub instances: Vec<Instance>,
    /// In how many places it is declared.
    pub places: usize,
}

/// A layer, or all layers of that name in an indexed family.
pub struct Layer {
    pub scope: ScopeId,
    pub name: Ident,
    pub label: String,
    /// The name of its scope; that of a layer which a variable is read through is the variable's.
    pub stored: String,
    pub path: Path,
    pub family: Option<Family>,
    pub instances: Vec<Instance>,
    pub places: usize,
}

impl Layer {
    /// The name of the model that it is of.
    pub fn model(&self) -> String {
        self.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default()
    }
}

/// What is made when an instance is made.
pub enum Declaration {
    Variable(VariableDeclaration),
    Layer(LayerDeclaration),
    /// What a loop of the graph declares in each turn.
    Loop {
        bounds: Bounds,
        variable: Ident,
        body: Vec<Declaration>,
        function: Option<usize>,
    },
    /// What branches declare.
    Branch {
        condition: SnippetCall,
        arms: [Vec<Declaration>; 2],
        function: Option<usize>,
    },
}

/// A variable as it is made: one of a family where the loop is unrolled.
pub struct VariableDeclaration {
    pub variable: VariableId,
    pub span: Span,
    /// Its name with its scopes.
    pub path: Vec<PathPart>,
    pub initializer: Initializer,
    pub given: Given,
    /// Where its shape is computed.
    pub function: Option<usize>,
    pub value: ValueId,
    pub dims: Vec<SizeExpr>,
}

/// A layer as it is made.
pub struct LayerDeclaration {
    pub layer: LayerId,
    pub path: Vec<PathPart>,
    /// Where it is applied; nowhere, if the variable that is read through it stands among the items.
    pub function: Option<usize>,
    pub keywords: SnippetCall,
    pub inputs: LayerInputs,
    /// What its variables take that name no initializer.
    pub initializer: Initializer,
    pub trainable: Option<bool>,
    pub given: Given,
}

/// What a layer is made for.
pub enum LayerInputs {
    /// The shapes of values of its `fn`.
    Values(Vec<ValueId>),
    /// The shape of a variable.
    Variable(VariableId, Vec<SizeExpr>),
}

/// What a variable, or those of a layer, have besides a start; what is `None` is that of the scopes around the layer.
#[derive(Default)]
pub struct Given {
    pub collections: Option<Vec<String>>,
    /// `Some(None)` is `none`.
    pub constraint: Option<Option<SnippetCall>>,
    /// `Some(None)` is `none`.
    pub regularizer: Option<Option<SnippetCall>>,
    /// Whether kernels keep packed copies.
    pub cache: Option<bool>,
    /// Of a variable alone: it does not reach into layers.
    pub partitioner: Option<Option<SnippetCall>>,
}

impl Given {
    /// What is made by calls.
    pub fn calls(&self) -> impl Iterator<Item = &SnippetCall> {
        self.constraint.iter().chain(&self.regularizer).chain(&self.partitioner).flatten()
    }
}

/// One part of a name: `block`, and the loop variable that is appended to it.
#[derive(Clone, Debug)]
pub struct PathPart {
    pub label: String,
    pub index: Option<Ident>,
}

/// The start of a variable.
#[derive(Clone)]
pub enum Initializer {
    /// Nothing is said: that of the scopes around the layer, or the default of its element type.
    Inherited,
    /// `none`: the default of its element type.
    Default,
    Written(SnippetCall),
    /// The elements of an array, row by row.
    Elements(Vec<Rust>),
}

/// A name that stands for a number in Rust expressions.
#[derive(Clone, Debug)]
pub enum Name {
    Dim(DimId),
    Hyperparameter(usize),
    /// The variable of an unrolled loop, in one turn.
    Turn(usize),
    /// The variable of a loop of the graph, and whether that begins at 0.
    Loop {
        from_zero: bool,
    },
    /// `training`.
    Training,
    /// A name of another `fn`, whose size is not known here.
    Unknown,
}

/// A name as the user wrote it, and what it stands for.
#[derive(Clone, Debug)]
pub struct Use {
    pub ident: Ident,
    pub name: Name,
}

/// A size, its names settled.
#[derive(Clone)]
pub enum SizeExpr {
    Number(usize),
    Use(Use),
    Constant(Path),
    Binary(Box<SizeExpr>, Arithmetic, Box<SizeExpr>),
    Rust(SnippetCall),
}

/// A function that the macro makes of a Rust expression, so that the user's tokens stand in the emitted code once.
pub struct Snippet {
    pub span: Span,
    pub kind: SnippetKind,
    /// The names that it takes as values.
    pub values: Vec<Ident>,
    /// The names that it takes as sizes, which may be unknown.
    pub sizes: Vec<Ident>,
}

/// What is made for variables by calls such as `max_norm(3.0)`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Made {
    Initializer,
    Constraint,
    Regularizer,
    /// A constant can make it, so that a check knows it.
    Partitioner,
}

impl Made {
    /// What it is in messages, and an example.
    pub fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::Initializer => ("an initializer", "zeros()"),
            Self::Constraint => ("a constraint", "non_negative()"),
            Self::Regularizer => ("a regularizer", "l1_l2()"),
            Self::Partitioner => ("a partitioner", "fixed_size(1)"),
        }
    }
}

pub enum SnippetKind {
    /// A number that stands among tensors.
    Number(Rust),
    /// What a call makes for variables.
    Made(Made, Rust),
    /// A size, or a bound of a loop: `usize`.
    Size(Rust),
    /// A condition: `bool`. One that compares paths may not be a constant expression and is not evaluated in a check.
    Condition { expr: Rust, is_constant: bool },
    /// The keywords of an op.
    Attrs { function: usize, op: usize, keywords: Vec<KeywordExpr> },
    /// The keywords of a layer.
    Keywords { layer: Path, keywords: Vec<KeywordExpr> },
}

#[derive(Clone)]
pub struct KeywordExpr {
    pub name: Ident,
    pub value: KeywordValue,
}

#[derive(Clone)]
pub enum KeywordValue {
    Rust(Rust),
    /// A list of sizes, with names of dimensions among them; `None` is `_`.
    Sizes(Vec<Option<Size>>),
    /// A Rust expression with a call in it, which constants cannot make.
    Unchecked(Rust),
}

/// A snippet with what the names in it stand for.
#[derive(Clone, Debug)]
pub struct SnippetCall {
    pub snippet: SnippetId,
    pub values: Vec<Use>,
    pub sizes: Vec<Use>,
}
