//! What the source says of scopes, variables and ops, in its order.

use proc_macro2::Span;

use super::OpName;
use crate::syntax::Reuse;

/// Something that the source says, where it stands.
pub struct Entry {
    pub span: Span,
    /// The `fn` that it stands in; none among items.
    pub function: Option<usize>,
    pub said: Said,
}

pub enum Said {
    /// A scope is opened: its full name, the name scope of its ops, and whether it reuses.
    Scope { name: String, name_scope: OpName, reuse: Reuse },
    /// A name scope is opened.
    NameScope { name_scope: OpName },
    /// A variable is declared, or shared.
    Variable { name: String, is_new: bool },
    /// A layer is made and applied, or applied again.
    Layer { name: String, model: String, is_new: bool, name_scope: OpName },
    /// An op.
    Op { name: OpName },
    /// Another `fn` of the model is called.
    Call { function: usize },
}
