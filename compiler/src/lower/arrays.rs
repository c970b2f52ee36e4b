//! Arrays and numbers that variables begin with.

use syn::{Expr as Rust, Lit, UnOp};

use crate::syntax::{self, Dimension, TensorType};

/// An array that is written as an initializer; a number alone is an array without axes.
pub struct Array {
    pub shape: Vec<usize>,
    /// Row by row.
    pub elements: Vec<Rust>,
}

impl Array {
    /// The array of an expression, if it is one whose rows are of one length.
    pub fn of(expr: &Rust) -> Option<Self> {
        if literal(expr).is_some() {
            return Some(Self { shape: Vec::new(), elements: vec![expr.clone()] });
        }
        let Rust::Array(array) = expr else { return None };
        let is_row = |element: &Rust| matches!(element, Rust::Array(_));
        if array.elems.is_empty() || !array.elems.iter().all(is_row) {
            return Some(Self { shape: vec![array.elems.len()], elements: array.elems.iter().cloned().collect() });
        }
        let rows: Vec<Self> = array.elems.iter().filter_map(Self::of).collect();
        let inner = rows.first()?.shape.clone();
        if rows.len() < array.elems.len() || rows.iter().any(|row| row.shape != inner) {
            return None;
        }
        let shape = std::iter::once(rows.len()).chain(inner).collect();
        Some(Self { shape, elements: rows.into_iter().flat_map(|row| row.elements).collect() })
    }

    /// Why a type cannot be that of this array, as far as its numbers tell.
    pub fn differs(&self, ty: &TensorType) -> Option<String> {
        if let ([], [element]) = (&self.shape[..], &self.elements[..])
            && !ty.dims.is_empty()
        {
            let number = quote::ToTokens::to_token_stream(element);
            let axes = ty.dims.len();
            return Some(format!(
                "a number alone begins a variable without axes, and this type has {axes}: for the same number \
                 everywhere write `constant({number})`"
            ));
        }
        if ty.dims.len() != self.shape.len() {
            return Some(format!("the type has {} axes, and the array {}", ty.dims.len(), self.shape.len()));
        }
        let unlike = |(dim, size): (&Dimension, &usize)| match dim {
            Dimension::Size(syntax::Size::Number(number)) => number != size,
            Dimension::Size(_) | Dimension::Any(_) => false,
        };
        let is_unlike = ty.dims.iter().zip(&self.shape).any(unlike);
        is_unlike.then(|| format!("the type is {ty}, and the array {:?}", self.shape))
    }

    /// The first literal that cannot be of an element type, and why not; none is that of a generic model.
    pub fn misfit(&self, element_type: &Option<String>) -> Option<(&Rust, String)> {
        let is_float = element_type.as_deref().is_none_or(|name| !["i32", "i64", "u8", "u32", "bool"].contains(&name));
        let is_bool = element_type.as_deref() == Some("bool");
        self.elements.iter().find_map(|element| {
            let (fits, suffix) = match literal(element)? {
                Lit::Bool(_) => (is_bool, ""),
                Lit::Int(number) => (!is_bool, number.suffix()),
                Lit::Float(number) => (is_float, number.suffix()),
                _ => (true, ""),
            };
            let is_other = !suffix.is_empty() && element_type.as_deref() != Some(suffix);
            let name = element_type.as_deref().unwrap_or("the model's element type");
            let message =
                || format!("the variable is of {name}, and `{}` is not", quote::ToTokens::to_token_stream(element));
            (!fits || is_other).then(|| (element, message()))
        })
    }
}

/// The literal of a number or a truth value, perhaps with a minus before it.
fn literal(expr: &Rust) -> Option<&Lit> {
    match expr {
        Rust::Lit(lit) if matches!(lit.lit, Lit::Int(_) | Lit::Float(_) | Lit::Bool(_)) => Some(&lit.lit),
        Rust::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => literal(&unary.expr),
        _ => None,
    }
}
