//! Mistakes: all of them, each at the user's own token.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};

/// Which rule a mistake breaks, where TensorFlow has a class of errors for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum MistakeKind {
    /// A variable or a layer is declared where it exists.
    AlreadyExists,
    /// A variable, a layer or a scope is asked for that does not exist.
    DoesNotExist,
    /// A new variable has no shape.
    ShapeMissing,
    /// A shared variable has another shape.
    ShapeMismatch,
    /// A shared variable has another element type.
    DTypeMismatch,
    /// The type of a variable and the array that it begins with differ.
    ShapeAndValue,
    /// The elements of an array are not of the variable's element type.
    ValueDType,
    /// Something is said of a variable that is for floats alone.
    NotFloat,
    /// Something is given where a variable or a layer is shared.
    GivenWhereShared,
    /// A variable in one piece is asked for in parts.
    InOnePiece,
    /// A variable in parts is asked for in one piece.
    InParts,
    /// A variable in parts is asked for in others.
    InOtherParts,
    /// A scalar has no parts.
    ScalarInParts,
    /// What is `unique` cannot reuse.
    UniqueReused,
    /// No variable or scope can have this name, or not beside another.
    BadName,
    /// Two scopes whose structs would have one name.
    StructName,
    /// A name that is no element type.
    ElementType,
    /// Another rule of the language.
    #[default]
    Other,
}

/// A mistake in the source of a model.
#[derive(Clone, Debug)]
pub struct Mistake {
    /// What the user is told.
    pub message: String,
    /// Which rule it breaks.
    pub kind: MistakeKind,
    /// The line of the source where it stands, from 1 on.
    pub line: usize,
}

/// The mistakes found so far.
#[derive(Default)]
pub struct Errors {
    list: Vec<(MistakeKind, syn::Error)>,
}

impl Errors {
    /// Notes a mistake at some tokens.
    pub fn error(&mut self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// Notes a mistake at a span.
    pub fn at(&mut self, span: Span, message: impl std::fmt::Display) {
        self.push(syn::Error::new(span, message));
    }

    /// Notes that a rule is broken at some tokens.
    pub fn rule(&mut self, kind: MistakeKind, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.list.push((kind, syn::Error::new_spanned(tokens, message)));
    }

    /// Notes that a rule is broken at a span.
    pub fn rule_at(&mut self, kind: MistakeKind, span: Span, message: impl std::fmt::Display) {
        self.list.push((kind, syn::Error::new(span, message)));
    }

    /// Notes what the parser found.
    pub fn push(&mut self, error: syn::Error) {
        self.list.push((MistakeKind::Other, error));
    }

    /// Notes a mistake that a part came to.
    pub fn collect<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        self.collect_as(MistakeKind::Other, result)
    }

    /// Notes that a rule is broken where a part came to a mistake.
    pub fn collect_as<T>(&mut self, kind: MistakeKind, result: syn::Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.list.push((kind, error));
                None
            }
        }
    }

    /// Takes over the mistakes of a part.
    pub fn append(&mut self, part: Self) {
        self.list.extend(part.list);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The messages.
    #[cfg(test)]
    pub fn messages(&self) -> Vec<String> {
        self.mistakes().into_iter().map(|mistake| mistake.message).collect()
    }

    /// All of them as data, in the order of the source.
    pub fn mistakes(&self) -> Vec<Mistake> {
        let each = self.list.iter().flat_map(|(kind, error)| error.clone().into_iter().map(|error| (*kind, error)));
        let mut mistakes: Vec<Mistake> = each
            .map(|(kind, error)| Mistake { message: error.to_string(), kind, line: error.span().start().line })
            .collect();
        mistakes.sort_by_key(|mistake| mistake.line);
        mistakes
    }

    /// Each mistake as an error of rustc's, in the order of the source. A bare `compile_error!` among items would make
    /// rustc keep other errors to itself, so each stands in a constant.
    pub fn into_tokens(self) -> TokenStream {
        let mut list: Vec<syn::Error> = self.list.into_iter().flat_map(|(_, error)| error).collect();
        if proc_macro::is_available() {
            let key = |error: &syn::Error| {
                let span = error.span().unwrap();
                (span.line(), span.column(), error.to_string())
            };
            list.sort_by_cached_key(|error| (key(error).0, key(error).1));
            // The turns of an unrolled loop come to the same.
            let mut seen = HashSet::new();
            list.retain(|error| seen.insert(key(error)));
        }
        let each = list.into_iter().map(|error| error.to_compile_error());
        quote! { #(const _: () = { #each };)* }
    }
}

/// Where something stands, for a message at another place: `src/main.rs:12:21`.
pub fn place(span: Span) -> String {
    if !proc_macro::is_available() {
        return "another place".to_string();
    }
    let span = span.unwrap();
    format!("{}:{}:{}", span.file(), span.line(), span.column())
}

/// The candidate that is spelt most like a name, as a question: "; did you mean `weights`?".
pub fn suggestion<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, candidates).map(|candidate| format!("; did you mean `{candidate}`?")).unwrap_or_default()
}

/// The candidate that is spelt most like a name, if one is like it.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // As rustc does; and of a name of one letter no other reminds.
    let length = name.chars().count();
    let bound = (length.max(3) / 3).min(length.saturating_sub(1));
    let near = candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= bound && *candidate != name)
        .min_by_key(|(distance, _)| *distance);
    near.map(|(_, candidate)| candidate)
}
