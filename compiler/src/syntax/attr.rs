//! The attributes of scopes and variables: `(reuse = auto, trainable = false)`.

use std::cell::OnceCell;
use std::rc::Rc;

use proc_macro2::{Ident, Span};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::{Expr as Rust, Lit, LitBool, Token, parenthesized, token};

use super::{Getter, is_constant};
use crate::diag::{Errors, suggestion};

/// The attributes as they are written.
#[derive(Default)]
pub struct Attrs {
    pub list: Vec<Attr>,
}

pub struct Attr {
    pub name: Ident,
    /// Shared, so that it stays one place in the source however often a scope is opened.
    pub value: Option<Rc<Rust>>,
    /// The value as a getter: one place in the source, too.
    getter: OnceCell<Rc<Getter>>,
}

/// Whether a scope makes its variables or shares existing ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Reuse {
    /// It makes them; one that exists is a mistake.
    #[default]
    No,
    /// It shares them; one that does not exist is a mistake.
    Yes,
    /// It makes what is missing and shares what is there.
    Auto,
}

/// What an attribute may stand on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum On {
    Scope,
    Variable,
}

/// The attributes of the language, and what each may stand on.
const KNOWN: [(&str, &[On]); 13] = [
    ("reuse", &[On::Scope]),
    ("unique", &[On::Scope, On::Variable]),
    ("initializer", &[On::Scope]),
    ("dtype", &[On::Scope]),
    ("trainable", &[On::Scope, On::Variable]),
    ("collections", &[On::Scope, On::Variable]),
    ("constraint", &[On::Scope, On::Variable]),
    ("custom_getter", &[On::Scope, On::Variable]),
    ("regularizer", &[On::Scope, On::Variable]),
    ("partitioner", &[On::Scope, On::Variable]),
    ("cache", &[On::Scope, On::Variable]),
    ("training", &[On::Scope]),
    ("name_scope", &[On::Scope]),
];

impl Attrs {
    /// The attributes in parentheses, if there are any.
    pub fn parse_optional(input: ParseStream<'_>) -> syn::Result<Self> {
        if !input.peek(token::Paren) {
            return Ok(Self::default());
        }
        let content;
        parenthesized!(content in input);
        let list = content.parse_terminated(Attr::parse, Token![,])?;
        Ok(Self { list: list.into_iter().collect() })
    }

    /// Holds the attributes against those that may stand here; what is none of them is noted, and means nothing.
    pub fn check(&self, on: On, errors: &mut Errors) {
        let mut seen: Vec<&Ident> = Vec::new();
        for Attr { name, .. } in &self.list {
            let known = KNOWN.iter().find(|(known, _)| name == known);
            let Some((_, places)) = known else {
                errors.error(name, unknown(name, on));
                continue;
            };
            if !places.contains(&on) {
                errors.error(name, misplaced(name, on));
            } else if seen.contains(&name) {
                errors.error(name, format!("`{name}` is given twice"));
            }
            seen.push(name);
        }
    }

    fn get(&self, name: &str) -> Option<&Attr> {
        self.list.iter().find(|attr| attr.name == name)
    }

    /// `reuse`, `reuse = auto`.
    pub fn reuse(&self) -> syn::Result<Option<(Reuse, Span)>> {
        let Some(attr) = self.get("reuse") else { return Ok(None) };
        if self.list.iter().filter(|attr| attr.name == "reuse").count() > 1 {
            return Ok(Some((Reuse::Auto, attr.name.span())));
        }
        let reuse = match attr.value.as_deref() {
            None => Reuse::Yes,
            Some(Rust::Path(path)) if path.path.is_ident("auto") => Reuse::Auto,
            Some(Rust::Lit(lit)) if matches!(&lit.lit, Lit::Bool(LitBool { value: true, .. })) => {
                return Err(syn::Error::new_spanned(lit, "write `reuse` alone, or `reuse = auto`"));
            }
            Some(value) => {
                return Err(syn::Error::new_spanned(
                    value,
                    "write `reuse`, or `reuse = auto`; a scope that shall not reuse has no such attribute (inside a \
                     reusing scope TensorFlow's `reuse=False` changes nothing)",
                ));
            }
        };
        Ok(Some((reuse, attr.name.span())))
    }

    /// `unique`.
    pub fn unique(&self) -> syn::Result<Option<Span>> {
        match self.get("unique") {
            Some(Attr { value: Some(value), .. }) => Err(syn::Error::new_spanned(value, "`unique` takes no value")),
            Some(attr) => Ok(Some(attr.name.span())),
            None => Ok(None),
        }
    }

    /// `trainable = false`.
    pub fn trainable(&self) -> syn::Result<Option<bool>> {
        self.truth("trainable")
    }

    /// `training = false`.
    pub fn training(&self) -> syn::Result<Option<bool>> {
        self.truth("training")
    }

    /// `name_scope = false`: whether the scope stands in the names of its ops.
    pub fn name_scope(&self) -> syn::Result<Option<bool>> {
        self.truth("name_scope")
    }

    fn truth(&self, name: &str) -> syn::Result<Option<bool>> {
        match self.get(name) {
            None => Ok(None),
            Some(attr) => match attr.value.as_deref() {
                Some(Rust::Lit(lit)) if let Lit::Bool(LitBool { value, .. }) = lit.lit => Ok(Some(value)),
                _ => {
                    let message = format!("write `{name} = true` or `{name} = false`");
                    Err(syn::Error::new_spanned(&attr.name, message))
                }
            },
        }
    }

    /// `initializer = …`; `none` is `Some(None)`.
    pub fn initializer(&self) -> syn::Result<Option<Option<Rc<Rust>>>> {
        self.made("initializer", "zeros()")
    }

    /// `constraint = max_norm(3.0)`; `none` is `Some(None)`.
    pub fn constraint(&self) -> syn::Result<Option<Option<Rc<Rust>>>> {
        self.made("constraint", "max_norm(3.0)")
    }

    /// `custom_getter = path::to::op(..)`; `none` is `Some(None)`.
    pub fn custom_getter(&self) -> syn::Result<Option<Option<Rc<Getter>>>> {
        let Some(Attr { name, value, getter }) = self.get("custom_getter") else { return Ok(None) };
        match (getter.get(), value.as_deref()) {
            (Some(getter), _) => Ok(Some(Some(Rc::clone(getter)))),
            (None, Some(value)) if is_none(value) => Ok(Some(None)),
            (None, Some(value)) => {
                let made = Rc::new(Getter::of(value)?);
                Ok(Some(Some(Rc::clone(getter.get_or_init(|| made)))))
            }
            (None, None) => {
                let message =
                    "write `custom_getter = path::to::op()`: each read of a variable then goes through the op";
                Err(syn::Error::new_spanned(name, message))
            }
        }
    }

    /// `regularizer = l2(0.0005)`; `none` is `Some(None)`.
    pub fn regularizer(&self) -> syn::Result<Option<Option<Rc<Rust>>>> {
        self.made("regularizer", "l2(0.0005)")
    }

    /// `partitioner = fixed_size(4, axis = 1)`; `none` is `Some(None)`.
    pub fn partitioner(&self) -> syn::Result<Option<Option<Rc<Rust>>>> {
        self.made("partitioner", "fixed_size(4)")
    }

    /// `cache = packed`: whether kernels keep packed copies; `none` is `Some(false)`.
    pub fn cache(&self) -> syn::Result<Option<bool>> {
        let Some(attr) = self.get("cache") else { return Ok(None) };
        match attr.value.as_deref() {
            Some(Rust::Path(path)) if path.path.is_ident("packed") => Ok(Some(true)),
            Some(value) if is_none(value) => Ok(Some(false)),
            _ => Err(syn::Error::new_spanned(&attr.name, "write `cache = packed`, or `cache = none`")),
        }
    }

    /// What is made by a call.
    fn made(&self, name: &str, example: &str) -> syn::Result<Option<Option<Rc<Rust>>>> {
        match self.get(name) {
            None => Ok(None),
            Some(Attr { value: Some(value), .. }) => Ok(Some(Some(Rc::clone(value)).filter(|value| !is_none(value)))),
            Some(attr) => Err(syn::Error::new_spanned(&attr.name, format!("write `{name} = {example}`, or another"))),
        }
    }

    /// `collections = ["ema"]`; `none` is an empty list.
    pub fn collections(&self) -> syn::Result<Option<Vec<String>>> {
        let Some(attr) = self.get("collections") else { return Ok(None) };
        let wrong = |part: &dyn ToTokens| {
            let message = "the collections are a list of names: `collections = [\"ema\"]`";
            syn::Error::new_spanned(part.to_token_stream(), message)
        };
        match attr.value.as_deref() {
            Some(value) if is_none(value) => Ok(Some(Vec::new())),
            Some(Rust::Array(array)) => {
                let name = |element: &Rust| match element {
                    Rust::Lit(lit) if let Lit::Str(name) = &lit.lit => Ok(name.value()),
                    other => Err(wrong(other)),
                };
                array.elems.iter().map(name).collect::<syn::Result<Vec<_>>>().map(Some)
            }
            Some(value) => Err(wrong(value)),
            None => Err(wrong(&attr.name)),
        }
    }

    /// `dtype = f64`.
    pub fn dtype(&self) -> syn::Result<Option<&Ident>> {
        match self.get("dtype") {
            None => Ok(None),
            Some(attr) => match attr.value.as_deref() {
                Some(Rust::Path(path)) if path.path.get_ident().is_some() => {
                    let name = path.path.get_ident();
                    match name.filter(|name| !is_constant(name) && !ELEMENTS.iter().any(|element| name == element)) {
                        Some(name) => Err(syn::Error::new_spanned(name, no_element(name))),
                        None => Ok(name),
                    }
                }
                _ => Err(syn::Error::new_spanned(&attr.name, "write `dtype = f64`, or another element type")),
            },
        }
    }
}

/// The element types of tensors.
pub const ELEMENTS: [&str; 7] = ["f32", "f64", "i32", "i64", "u8", "u32", "bool"];

/// Why a name is no element type.
pub fn no_element(name: &Ident) -> String {
    let hint = match name.to_string().as_str() {
        "float" | "float32" | "Float" => "f32",
        "double" | "float64" => "f64",
        "int" | "int32" => "i32",
        "int64" | "long" => "i64",
        "uint8" => "u8",
        "uint32" | "usize" => "u32",
        _ => return format!("`{name}` is no element type; there are {}", ELEMENTS.join(", ")),
    };
    format!("`{name}` is no element type; did you mean `{hint}`?")
}

/// Whether a value is `none`.
pub fn is_none(value: &Rust) -> bool {
    matches!(value, Rust::Path(path) if path.path.is_ident("none"))
}

fn unknown(name: &Ident, on: On) -> String {
    let names: Vec<&str> = KNOWN.iter().filter(|(_, places)| places.contains(&on)).map(|(name, _)| *name).collect();
    let hint = match (name.to_string().as_str(), on) {
        ("name", On::Variable) => "; a variable's name stands after `var`".to_string(),
        ("name", On::Scope) => "; a scope's name stands after `scope`".to_string(),
        ("shape", On::Variable) => "; a variable's shape stands behind its name: `var w: [3, 3];`".to_string(),
        (name, _) => suggestion(name, names.iter().copied()),
    };
    let hint = if hint.is_empty() { format!("; there are `{}`", names.join("`, `")) } else { hint };
    format!("there is no attribute `{name}`{hint}")
}

fn misplaced(name: &Ident, on: On) -> String {
    match (on, name.to_string().as_str()) {
        (On::Variable, "reuse") => {
            "a variable is shared by the scope that it stands in: write `scope name(reuse) { var …; }`".to_string()
        }
        (On::Variable, "initializer") => {
            "a variable's initializer is what stands after `=`: `var w: [3] = zeros();`".to_string()
        }
        (On::Variable, "dtype") => "a variable's element type stands before its sizes: `var w: f64[3];`".to_string(),
        (On::Variable, "training") => {
            "`training` is of the ops in a scope; whether a variable is learned is `trainable`".to_string()
        }
        (On::Variable, "name_scope") => {
            "`name_scope` is of the ops in a scope; a variable has the scopes that it stands in in its name".to_string()
        }
        (On::Variable, _) => format!("`{name}` cannot stand on a variable"),
        (On::Scope, _) => format!("`{name}` cannot stand on a scope"),
    }
}

impl Parse for Attr {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name: Ident = input.parse()?;
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Some(Rc::new(input.parse()?))
        } else {
            None
        };
        Ok(Self { name, value, getter: OnceCell::new() })
    }
}
