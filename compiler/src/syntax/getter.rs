//! Getters: what each read of a variable goes through.

use syn::{Expr as Rust, Path};

use super::Keyword;

/// `path::to::op(alpha = 0.5)`: an op, or a layer, whose name is in upper case.
pub struct Getter {
    pub path: Path,
    pub keywords: Vec<Keyword>,
}

impl Getter {
    /// The getter that an expression calls.
    pub fn of(value: &Rust) -> syn::Result<Self> {
        let call = match value {
            Rust::Call(call) => call,
            Rust::Path(path) => {
                let name = path.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
                let message = format!("a getter is called: `{name}()`, with keywords if it takes some");
                return Err(syn::Error::new_spanned(path, message));
            }
            other => return Err(no_getter(other)),
        };
        let Rust::Path(path) = &*call.func else { return Err(no_getter(&call.func)) };
        let mut keywords = Vec::new();
        for argument in &call.args {
            let keyword = match argument {
                Rust::Assign(assign) => match &*assign.left {
                    Rust::Path(name) => name.path.get_ident().map(|name| (name.clone(), (*assign.right).clone())),
                    _ => None,
                },
                _ => None,
            };
            let Some((name, value)) = keyword else {
                let message = "the variable is all that a getter is applied to; the rest are keywords, `alpha = 0.5`";
                return Err(syn::Error::new_spanned(argument, message));
            };
            keywords.push(Keyword { name, value });
        }
        Ok(Self { path: path.path.clone(), keywords })
    }

    /// Whether it is a layer, and not an op.
    pub fn is_layer(&self) -> bool {
        let last = self.path.segments.last();
        last.is_some_and(|segment| segment.ident.to_string().starts_with(char::is_uppercase))
    }
}

fn no_getter(part: &Rust) -> syn::Error {
    let message = "a getter is an op or a layer: `custom_getter = path::to::op()`";
    syn::Error::new_spanned(part, message)
}
