//! The language as it is written: a tree that keeps the user's tokens.

mod attr;
mod chunks;
mod display;
mod expression;
pub mod foreign;
mod getter;
mod item;
mod size;
mod statement;

use proc_macro2::{Ident, Span, TokenStream};
use syn::{Attribute, Expr as Rust, Path, Type, Visibility};

use crate::diag::Errors;

pub use attr::{Attr, Attrs, ELEMENTS, Reuse, is_none, no_element};
pub use getter::Getter;
pub use size::is_constant;

/// What stands in a `model!`: the path of the runtime crate, and models.
pub struct Input {
    pub krate: TokenStream,
    pub models: Vec<Model>,
}

/// Parses all of it. A part that is wrong is noted and left out.
pub fn parse(tokens: TokenStream, errors: &mut Errors) -> Input {
    item::parse_input(tokens, errors)
}

/// `pub struct Name(hyper-parameters): f64 { items }`.
pub struct Model {
    pub attrs: Vec<Attribute>,
    pub vis: Visibility,
    pub name: Ident,
    pub hyperparameters: Vec<Hyperparameter>,
    pub element: Element,
    pub items: Vec<Item>,
    /// The names of items that could not be read.
    pub unread: Vec<Ident>,
}

/// The element type of a model.
pub enum Element {
    /// `f32`, because nothing is said.
    Default,
    /// `: f64`
    Named(Ident),
    /// `<T>`
    Generic(Ident),
}

/// `units: usize = 64`
pub struct Hyperparameter {
    pub attrs: Vec<Attribute>,
    pub name: Ident,
    pub ty: Type,
    pub default: Option<Rust>,
}

/// What stands among the items of a model.
pub enum Item {
    Function(Function),
    Scope(Scope),
    Variable(Variable),
}

/// `fn name(x: [batch, 784]) -> [batch, 10] { … }`
pub struct Function {
    pub attrs: Vec<Attribute>,
    pub name: Ident,
    pub inputs: Vec<Parameter>,
    pub results: Vec<TensorType>,
    /// Whether the results are written as a tuple.
    pub tuple: bool,
    pub body: Block,
}

/// `x: [batch, 784]`
pub struct Parameter {
    pub name: Ident,
    pub ty: TensorType,
    /// Whether the type could be read; otherwise there is the input, and nothing is known of it.
    pub is_read: bool,
}

/// `u32[batch, 784]`, `[.., n]`
#[derive(Clone)]
pub struct TensorType {
    pub element: Option<Ident>,
    pub leading: bool,
    pub dims: Vec<Dimension>,
    pub span: Span,
}

/// One dimension of a tensor type.
#[derive(Clone)]
pub enum Dimension {
    /// `_`
    Any(Span),
    Size(Size),
}

/// A size: arithmetic over numbers, names and constants, or any other Rust expression.
#[derive(Clone)]
pub enum Size {
    Number(usize),
    /// A lower-case name: a dimension, a hyper-parameter or a loop's variable.
    Name(Ident),
    /// An upper-case name, or a path.
    Constant(Path),
    Binary(Box<Size>, Operator, Box<Size>),
    Rust(Box<Rust>),
}

/// `+ - * /`, with the user's token.
#[derive(Clone, Copy)]
pub struct Operator {
    pub kind: Arithmetic,
    pub span: Span,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
}

/// `var name(attributes): [3, 3] = initializer;`
pub struct Variable {
    pub name: Ident,
    pub attrs: Attrs,
    pub ty: Option<TensorType>,
    pub initializer: Option<Rust>,
}

/// `scope path[index](attributes) { … }`, or with `: Layer(…)`.
pub struct Scope {
    pub span: Span,
    /// Whether the path begins with `self`, at the root of the model.
    pub from_root: bool,
    pub path: Vec<Ident>,
    pub index: Option<Rust>,
    pub attrs: Attrs,
    pub content: Content,
}

pub enum Content {
    Block(Block),
    /// A layer, applied to what stands in the parentheses.
    Layer(Layer),
}

pub struct Layer {
    pub path: Path,
    pub arguments: Arguments,
}

/// `{ statements value }`
pub struct Block {
    pub statements: Vec<Statement>,
    pub value: Option<Box<Expr>>,
    /// The closing brace, where a value is missed.
    pub end: Span,
    /// Whether all of it could be read.
    pub is_whole: bool,
}

impl Block {
    /// Whether all of it could be read, and of the blocks that its value is.
    pub fn is_whole(&self) -> bool {
        self.is_whole && self.value.as_ref().is_none_or(|value| value.is_whole())
    }
}

pub enum Statement {
    Let {
        pattern: Pattern,
        ty: Option<TensorType>,
        value: Expr,
    },
    Assign {
        pattern: Pattern,
        value: Expr,
    },
    Variable(Variable),
    /// `reuse;`
    Reuse,
    /// A scope, a loop or a branch whose value, if any, is dropped.
    Expr(Expr),
}

/// What a value is bound to.
pub enum Pattern {
    Name { name: Ident, mutable: bool },
    Wild,
    Tuple(Vec<Pattern>),
}

pub enum Expr {
    /// Something that could not be read; that has been said.
    Unread(Span),
    /// A number, such as `2.0` or `-1`.
    Number(Rust),
    /// `{ Rust expression }`
    Scalar(Rust, Span),
    /// `weights`, `CONSTANT`, `std::f32::consts::PI`
    Path(Path),
    /// `layer1.weights`, `self.layer1`
    Field(Box<Expr>, Ident),
    /// `block[0]`
    Index(Box<Expr>, Rust),
    /// `op(x, key = value)`, `fc1(x)`, `my::op(x)`
    Call {
        callee: Box<Expr>,
        arguments: Arguments,
    },
    /// `x.op(key = value)`, `fc1.other(x)`
    Method {
        receiver: Box<Expr>,
        name: Ident,
        generics: Option<syn::AngleBracketedGenericArguments>,
        arguments: Arguments,
    },
    Binary(Box<Expr>, Operator, Box<Expr>),
    Negative(Span, Box<Expr>),
    List(Vec<Expr>, Span),
    Tuple(Vec<Expr>, Span),
    Scope(Box<Scope>),
    NameScope(Ident, Block),
    For(Box<For>),
    If(Box<If>),
}

/// `for i in 0..layers { … }`
pub struct For {
    pub span: Span,
    pub variable: Ident,
    pub from: Rust,
    pub to: Rust,
    pub body: Block,
}

/// `if condition { … } else { … }`
pub struct If {
    pub span: Span,
    pub condition: Rust,
    pub yes: Block,
    pub no: Option<Block>,
}

/// What stands in the parentheses of a call.
#[derive(Default)]
pub struct Arguments {
    pub operands: Vec<Operand>,
    pub keywords: Vec<Keyword>,
}

pub enum Operand {
    Value(Expr),
    /// `&mut mean`: a variable that the op updates.
    Update(Span, Expr),
}

/// `key = value`
pub struct Keyword {
    pub name: Ident,
    pub value: Rust,
}

impl Expr {
    /// Whether the blocks that its value comes from could be read.
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Scope(scope) => !matches!(&scope.content, Content::Block(block) if !block.is_whole()),
            Self::NameScope(_, block) => block.is_whole(),
            Self::For(node) => node.body.is_whole(),
            Self::If(node) => node.yes.is_whole() && node.no.as_ref().is_none_or(Block::is_whole),
            _ => true,
        }
    }

    /// The tokens to point at: the operator of a sum, the name of what is called, the first token of the rest.
    pub fn span(&self) -> Span {
        use syn::spanned::Spanned;
        match self {
            Self::Number(expr) => expr.span(),
            Self::Unread(span)
            | Self::Scalar(_, span)
            | Self::List(_, span)
            | Self::Tuple(_, span)
            | Self::Negative(span, _) => *span,
            Self::Path(path) => path.segments.last().map_or_else(Span::call_site, |segment| segment.ident.span()),
            Self::Field(_, name) | Self::Method { name, .. } | Self::NameScope(name, _) => name.span(),
            Self::Index(base, _) => base.span(),
            Self::Call { callee, .. } => callee.span(),
            Self::Binary(_, operator, _) => operator.span,
            Self::Scope(scope) => scope.span,
            Self::For(node) => node.span,
            Self::If(node) => node.span,
        }
    }
}
