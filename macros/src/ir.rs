//! The model between its source and the emitted code: scopes and variables settled, each `fn` a graph of nodes.
//!
//! A graph is in single assignment. Loops and branches are nodes with bodies of their own; loops over numbers are
//! unrolled; calls of other `fn`s stay calls.

use proc_macro2::{Ident, Span};
use syn::{Expr as Rust, Path};

use crate::syntax::{self, Arithmetic, Size};

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
    pub path: Path,
    pub family: Option<Family>,
    pub instances: Vec<Instance>,
    pub places: usize,
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
    /// Where its shape is computed.
    pub function: Option<usize>,
    pub value: ValueId,
    pub dims: Vec<SizeExpr>,
}

/// A layer as it is made.
pub struct LayerDeclaration {
    pub layer: LayerId,
    pub path: Vec<PathPart>,
    pub function: usize,
    pub keywords: SnippetCall,
    pub inputs: Vec<ValueId>,
    /// What its variables take that name no initializer.
    pub initializer: Initializer,
    pub trainable: Option<bool>,
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

pub enum SnippetKind {
    /// A number that stands among tensors.
    Number(Rust),
    /// An initializer.
    Initializer(Rust),
    /// A size, or a bound of a loop: `usize`.
    Size(Rust),
    /// A condition: `bool`. One that compares paths may not be a constant expression and is not evaluated in a check.
    Condition { expr: Rust, is_constant: bool },
    /// The keywords of an op.
    Attrs { function: usize, op: usize, keywords: Vec<KeywordExpr> },
    /// The keywords of a layer.
    Keywords { layer: Path, keywords: Vec<KeywordExpr> },
}

pub struct KeywordExpr {
    pub name: Ident,
    pub value: KeywordValue,
}

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

/// A `fn`.
pub struct Function {
    pub name: Ident,
    pub inputs: Vec<Input>,
    pub results: Vec<Output>,
    pub body: Body,
    /// Hints for the names of values.
    pub values: Vec<Option<Ident>>,
    /// The names of sizes that it binds.
    pub dims: Vec<Ident>,
    /// The names that the inputs of `forward` bind and this `fn` uses in the shapes of variables: their numbers there
    /// and here.
    pub sizes: Vec<(usize, DimId)>,
    pub ops: Vec<OpPath>,
    /// Whether its first result is a single float, so that it has gradients.
    pub is_loss: bool,
    /// The layers that it applies, by their full name.
    pub applied: Vec<String>,
    /// Those of them that it makes.
    pub makes: Vec<usize>,
}

/// An input of a `fn`: its value has the same number among the values.
pub struct Input {
    pub name: Ident,
    pub ty: TensorType,
    /// Where a mistake of its type is noted.
    pub node: NodeId,
}

/// A result of a `fn`.
pub struct Output {
    pub ty: TensorType,
    /// Where a mistake of its type is noted.
    pub node: NodeId,
}

/// A tensor type, its names settled.
#[derive(Clone)]
pub struct TensorType {
    pub element: Element,
    pub leading: bool,
    pub axes: Vec<Axis>,
    /// The type as it is written.
    pub written: String,
    pub span: Span,
}

#[derive(Clone)]
pub enum Axis {
    Any,
    /// A name at its first use.
    Bind(DimId),
    /// A name that this type has bound before.
    Again(usize),
    Is(SizeExpr),
}

/// The path of an op, at the tokens where it is called.
pub struct OpPath {
    pub path: Path,
    /// Whether it is a bare name, one of the library's.
    pub is_bare: bool,
}

/// A piece of a graph with a scope of its own for gradients.
#[derive(Default)]
pub struct Body {
    pub nodes: Vec<Node>,
    /// The numbers of its differentiable nodes among `nodes`, in the order of the reverse pass.
    pub reverse: Vec<usize>,
    pub results: Vec<Operand>,
}

pub struct Node {
    pub id: NodeId,
    /// Where a mistake is shown.
    pub span: Span,
    /// The scopes it stands in.
    pub scope: String,
    pub kind: NodeKind,
}

/// An operand of a call.
#[derive(Clone, Debug)]
pub enum Operand {
    Value(ValueId),
    /// A list that is written out.
    List(Vec<ValueId>),
    /// A list that a loop of the graph makes: its value, and the loop's bounds.
    Collected(ValueId, Bounds),
}

/// The bounds of a loop of the graph.
#[derive(Clone, Debug)]
pub struct Bounds {
    pub from: BoundExpr,
    pub to: BoundExpr,
}

#[derive(Clone, Debug)]
pub enum BoundExpr {
    Number(usize),
    /// A name alone: a dimension or a hyper-parameter.
    Name(Use),
    Snippet(SnippetCall),
}

/// A variable or a layer where it is used.
#[derive(Clone, Debug)]
pub struct Place<Id> {
    pub id: Id,
    /// For each indexed scope on the way the index.
    pub indices: Vec<Index>,
}

#[derive(Clone, Debug)]
pub enum Index {
    /// The position in an unrolled family.
    Turn(usize),
    /// A loop's variable.
    Loop(Ident),
    /// A number in a family that a loop of the graph makes.
    Number(usize),
}

pub enum NodeKind {
    /// A variable, where it is declared or read.
    Variable(VariableNode),
    /// A number.
    Number {
        number: Number,
        value: ValueId,
    },
    Op(OpNode),
    /// A call of another `fn` of the model.
    Call {
        function: usize,
        arguments: Vec<ValueId>,
        results: Vec<ValueId>,
    },
    /// A layer, applied.
    Layer(LayerCall),
    /// A value that is held against a type.
    Bind {
        value: ValueId,
        result: ValueId,
        ty: TensorType,
        what: String,
    },
    Loop(Loop),
    Branch(Branch),
}

/// A number that stands among tensors.
pub enum Number {
    /// One that is written out.
    Literal(Rust),
    /// A Rust expression.
    Snippet(SnippetCall),
}

pub struct VariableNode {
    pub variable: Place<VariableId>,
    pub name: String,
    /// Its shape, where it is written here or can be computed here.
    pub dims: Option<Vec<SizeExpr>>,
    /// What its shape must be, because it is declared before.
    pub same_as: Option<SameAs>,
    /// Where it was declared first.
    pub first: String,
    /// Whether it is declared here.
    pub declares: bool,
    pub value: ValueId,
}

/// The shape of a variable where it is shared.
pub enum SameAs {
    /// That of a value of this `fn`.
    Value(ValueId),
    /// These sizes, which another `fn` declares.
    Dims(Vec<SizeExpr>),
}

pub struct OpNode {
    /// The number of its path among those of the `fn`.
    pub path: usize,
    /// Its name with its scopes.
    pub name: String,
    pub operands: Vec<Operand>,
    pub attrs: Option<SnippetCall>,
    pub results: Vec<ValueId>,
    pub updates: Vec<Update>,
}

/// A variable that an op updates.
pub struct Update {
    pub variable: Place<VariableId>,
    /// The position of the operand.
    pub operand: usize,
    /// The result that is its new value.
    pub result: ValueId,
}

pub struct LayerCall {
    pub layer: Place<LayerId>,
    pub function: Ident,
    pub keywords: SnippetCall,
    pub arguments: Vec<ValueId>,
    pub results: Vec<ValueId>,
    /// The number of the layer's instance among those that this `fn` applies.
    pub applied: usize,
}

pub struct Loop {
    pub variable: Ident,
    pub bounds: Bounds,
    pub carried: Vec<Carried>,
    pub body: Body,
    /// The value at the end of each turn, and the list of them.
    pub collected: Option<(ValueId, ValueId)>,
}

/// A value that goes from turn to turn.
pub struct Carried {
    pub before: ValueId,
    /// What the body sees.
    pub inside: ValueId,
    /// What the body makes of it.
    pub next: ValueId,
    pub after: ValueId,
}

pub struct Branch {
    pub condition: SnippetCall,
    pub arms: [Body; 2],
    /// The value of each arm, and of the branch.
    pub results: Vec<([ValueId; 2], ValueId)>,
}

/// The values that a node makes.
pub fn results(kind: &NodeKind) -> Vec<ValueId> {
    match kind {
        NodeKind::Variable(node) => vec![node.value],
        NodeKind::Number { value, .. } => vec![*value],
        NodeKind::Op(node) => node.results.clone(),
        NodeKind::Call { results, .. } => results.clone(),
        NodeKind::Layer(call) => call.results.clone(),
        NodeKind::Bind { result, .. } => vec![*result],
        NodeKind::Loop(node) => {
            let collected = node.collected.map(|(_, list)| list);
            node.carried.iter().map(|value| value.after).chain(collected).collect()
        }
        NodeKind::Branch(branch) => branch.results.iter().map(|(_, result)| *result).collect(),
    }
}
