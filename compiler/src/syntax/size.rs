//! Tensor types and sizes.

use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{BinOp, Expr as Rust, ExprLit, Ident, Lit, Path, Token, bracketed, token};

use super::{Arithmetic, Dimension, Operator, Size, TensorType};

/// The most axes of a tensor: those for which `ndarray` has a type.
const AXES: usize = 6;

impl Parse for TensorType {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let element: Option<Ident> = if input.peek(Ident) { Some(input.parse()?) } else { None };
        if !input.peek(token::Bracket) {
            return Err(match element {
                Some(element) => {
                    let written = if super::ELEMENTS.iter().any(|known| element == known) {
                        element.to_string()
                    } else {
                        String::new()
                    };
                    let message = format!(
                        "a tensor type has its sizes in brackets: `{written}[batch, 3]`, `{written}[]` for a single number"
                    );
                    syn::Error::new_spanned(&element, message)
                }
                None => input.error("expected a tensor type, such as `[batch, 784]`, `u32[batch]` or `[]`"),
            });
        }
        let content;
        let bracket = bracketed!(content in input);
        let leading = content.peek(Token![..]);
        if leading {
            content.parse::<Token![..]>()?;
            if !content.is_empty() {
                content.parse::<Token![,]>()?;
            }
        }
        let mut dims = Vec::new();
        while !content.is_empty() {
            if content.peek(Token![..]) {
                return Err(content.error("`..` stands for leading axes, so it can only be the first"));
            }
            dims.push(parse_dimension(&content)?);
            if !content.is_empty() {
                content.parse::<Token![,]>()?;
            }
        }
        if dims.len() > AXES {
            return Err(syn::Error::new(bracket.span.join(), format!("a tensor has {AXES} axes at most")));
        }
        let span = element.as_ref().map_or(bracket.span.join(), Ident::span);
        Ok(Self { element, leading, dims, span })
    }
}

fn parse_dimension(input: ParseStream<'_>) -> syn::Result<Dimension> {
    if input.peek(Token![_]) {
        return Ok(Dimension::Any(input.parse::<Token![_]>()?.span));
    }
    let expr: Rust = input.parse()?;
    match Size::new(&expr) {
        Some(size) => Ok(Dimension::Size(size)),
        None => Err(syn::Error::new_spanned(
            &expr,
            "a dimension is a number, a name, an upper-case constant, `_`, or an `{ expression }` over these",
        )),
    }
}

impl Size {
    /// A Rust expression as a size; `None` where it cannot be one.
    pub fn new(expr: &Rust) -> Option<Self> {
        match expr {
            Rust::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse().ok().map(Self::Number),
            Rust::Path(path) if path.qself.is_none() => Some(Self::of_path(&path.path)),
            Rust::Paren(paren) => Self::new(&paren.expr),
            Rust::Group(group) => Self::new(&group.expr),
            Rust::Binary(binary) => {
                let operator = operator(&binary.op)?;
                Some(Self::Binary(Box::new(Self::new(&binary.left)?), operator, Box::new(Self::new(&binary.right)?)))
            }
            Rust::Block(block) => match block.block.stmts.as_slice() {
                [syn::Stmt::Expr(inner, None)] => {
                    Self::new(inner).or_else(|| Some(Self::Rust(Box::new(inner.clone()))))
                }
                _ => Some(Self::Rust(Box::new(expr.clone()))),
            },
            _ => None,
        }
    }

    fn of_path(path: &Path) -> Self {
        match path.get_ident() {
            Some(name) if !is_constant(name) => Self::Name(name.clone()),
            _ => Self::Constant(path.clone()),
        }
    }

    /// The names in it.
    pub fn names(&self) -> Vec<&Ident> {
        match self {
            Self::Name(name) => vec![name],
            Self::Binary(left, _, right) => left.names().into_iter().chain(right.names()).collect(),
            Self::Number(..) | Self::Constant(_) | Self::Rust(_) => Vec::new(),
        }
    }
}

fn operator(op: &BinOp) -> Option<Operator> {
    let kind = match op {
        BinOp::Add(_) => Arithmetic::Add,
        BinOp::Sub(_) => Arithmetic::Sub,
        BinOp::Mul(_) => Arithmetic::Mul,
        BinOp::Div(_) => Arithmetic::Div,
        _ => return None,
    };
    Some(Operator { kind, span: op.span() })
}

/// Whether a name is that of a constant: upper case, as Rust has it.
pub fn is_constant(name: &Ident) -> bool {
    let name = name.to_string();
    name.chars().any(char::is_alphabetic) && !name.chars().any(char::is_lowercase)
}
