//! The graph of a `fn`: nodes, and the values between them.

use proc_macro2::{Ident, Span};
use syn::{Expr as Rust, Path};

use super::{DimId, Element, LayerId, NodeId, OpName, SizeExpr, SnippetCall, Use, ValueId, VariableId};

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
    /// Whether its scopes say that it runs as in a training step, where the run is one, or as in inference.
    pub training: Option<bool>,
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
    /// `regularization_loss()`: the penalties of all variables.
    Regularization {
        /// Its name in its name scopes.
        name: OpName,
        value: ValueId,
    },
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
    /// How it is divided, where that is checked here.
    pub partitioner: Option<SnippetCall>,
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
    /// Its name in its name scopes.
    pub name: OpName,
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
    /// The name scope of its ops.
    pub name_scope: OpName,
}

pub struct Loop {
    pub variable: Ident,
    pub bounds: Bounds,
    /// The name scope that it stands in.
    pub name_scope: OpName,
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
        NodeKind::Number { value, .. } | NodeKind::Regularization { value, .. } => vec![*value],
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
