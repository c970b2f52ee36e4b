//! Types as they are written, for messages and documentation.

use std::fmt;

use quote::ToTokens;

use super::{Arithmetic, Dimension, Size, TensorType};

impl fmt::Display for TensorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let leading = self.leading.then(|| "..".to_string());
        let dims: Vec<String> = leading.into_iter().chain(self.dims.iter().map(Dimension::to_string)).collect();
        if let Some(element) = &self.element {
            write!(f, "{element}")?;
        }
        write!(f, "[{}]", dims.join(", "))
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any(_) => f.write_str("_"),
            Self::Size(size) => size.fmt(f),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => write!(f, "{name}"),
            Self::Constant(path) => f.write_str(&compact(path)),
            Self::Binary(left, operator, right) => write!(f, "{left} {} {right}", operator.kind),
            Self::Rust(expr) => write!(f, "{{ {} }}", compact(expr)),
        }
    }
}

impl fmt::Display for Arithmetic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
        })
    }
}

/// Tokens as text, without the spaces around `::` and `.` that tokens do not know of.
fn compact(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string().replace(" :: ", "::").replace(" . ", ".").replace(" (", "(")
}
