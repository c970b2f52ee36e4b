//! Rust expressions of the user: each becomes a function of the names in it, so that its tokens are emitted once.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Expr as Rust;
use syn::spanned::Spanned;

use super::FunctionLowering;
use crate::ir::{BoundExpr, Bounds, KeywordExpr, KeywordValue, Name, Snippet, SnippetCall, SnippetKind, Use};
use crate::syntax::{Keyword, Size};

impl FunctionLowering<'_, '_, '_> {
    /// A size that is a Rust expression.
    pub(super) fn size_snippet(&mut self, expr: &Rust) -> SnippetCall {
        let values = self.uses(&expr.to_token_stream());
        self.snippet(address(expr), expr.span(), values, Vec::new(), || SnippetKind::Size(expr.clone()))
    }

    /// A number that stands among tensors.
    pub(super) fn number_snippet(&mut self, site: usize, expr: &Rust) -> SnippetCall {
        let values = self.uses(&expr.to_token_stream());
        self.snippet(site, expr.span(), values, Vec::new(), || SnippetKind::Number(expr.clone()))
    }

    /// An initializer.
    pub(super) fn initializer_snippet(&mut self, expr: &Rust) -> SnippetCall {
        let values = self.uses(&without_keywords(expr));
        self.snippet(address(expr), expr.span(), values, Vec::new(), || SnippetKind::Initializer(expr.clone()))
    }

    /// A condition over hyper-parameters, constants, loop variables and `training`.
    pub(super) fn condition_snippet(&mut self, expr: &Rust) -> SnippetCall {
        let tokens = expr.to_token_stream();
        let values = self.uses(&tokens);
        let is_constant = !has_path(&tokens) && !has_call(&tokens);
        self.snippet(address(expr), expr.span(), values, Vec::new(), || SnippetKind::Condition {
            expr: expr.clone(),
            is_constant,
        })
    }

    /// The bounds of a loop of the graph.
    pub(super) fn bounds(&mut self, from: &Rust, to: &Rust) -> Bounds {
        Bounds { from: self.bound(from), to: self.bound(to) }
    }

    fn bound(&mut self, expr: &Rust) -> BoundExpr {
        if let Some(number) = self.evaluate_number(expr) {
            return BoundExpr::Number(number);
        }
        if let Rust::Path(path) = expr
            && let Some(ident) = path.path.get_ident()
            && let Some(name @ (Name::Dim(_) | Name::Hyperparameter(_))) = self.environment.number(ident)
        {
            return BoundExpr::Name(Use { ident: ident.clone(), name: name.clone() });
        }
        BoundExpr::Snippet(self.size_snippet(expr))
    }

    /// The keywords of an op; none where there are none.
    pub(super) fn attrs_snippet(&mut self, span: Span, op: usize, keywords: &[Keyword]) -> Option<SnippetCall> {
        let (first, function) = (keywords.first()?, self.number?);
        let site = address(&first.value);
        let keywords = self.keywords(keywords);
        let (values, sizes) = self.uses_of_keywords(&keywords);
        Some(self.snippet(site, span, values, sizes, || SnippetKind::Attrs { function, op, keywords }))
    }

    /// The keywords of a layer.
    pub(super) fn layer_snippet(&mut self, layer: &syn::Path, keywords: &[Keyword]) -> SnippetCall {
        let value = |keyword: &Keyword| KeywordValue::Rust(keyword.value.clone());
        let keywords: Vec<KeywordExpr> =
            keywords.iter().map(|keyword| KeywordExpr { name: keyword.name.clone(), value: value(keyword) }).collect();
        let (values, sizes) = self.uses_of_keywords(&keywords);
        let kind = || SnippetKind::Keywords { layer: layer.clone(), keywords };
        self.snippet(address(layer), layer.span(), values, sizes, kind)
    }

    fn snippet(
        &mut self,
        site: usize,
        span: Span,
        values: Vec<Use>,
        sizes: Vec<Use>,
        kind: impl FnOnce() -> SnippetKind,
    ) -> SnippetCall {
        let snippets = &mut self.model.snippets;
        let snippet = *self.model.snippet_of.entry(site).or_insert_with(|| {
            let idents = |uses: &[Use]| uses.iter().map(|name| name.ident.clone()).collect();
            snippets.push(Snippet { span, kind: kind(), values: idents(&values), sizes: idents(&sizes) });
            snippets.len() - 1
        });
        SnippetCall { snippet, values, sizes }
    }

    fn keywords(&self, keywords: &[Keyword]) -> Vec<KeywordExpr> {
        keywords
            .iter()
            .map(|keyword| KeywordExpr { name: keyword.name.clone(), value: self.keyword_value(&keyword.value) })
            .collect()
    }

    fn keyword_value(&self, value: &Rust) -> KeywordValue {
        if let Some(sizes) = self.sizes_of_list(value) {
            KeywordValue::Sizes(sizes)
        } else if has_call(&value.to_token_stream()) {
            KeywordValue::Unchecked(value.clone())
        } else {
            KeywordValue::Rust(value.clone())
        }
    }

    /// A list with names of sizes or `_` in it.
    fn sizes_of_list(&self, value: &Rust) -> Option<Vec<Option<Size>>> {
        let Rust::Array(array) = value else { return None };
        let element = |element: &Rust| match element {
            Rust::Infer(_) => Some(None),
            element => Size::new(element).filter(|size| self.is_arithmetic(size)).map(Some),
        };
        let sizes: Option<Vec<Option<Size>>> = array.elems.iter().map(element).collect();
        sizes.filter(|sizes| sizes.iter().any(|size| size.as_ref().is_none_or(|size| self.may_be_no_number(size))))
    }

    /// Whether a size is more than a plain number, as which every keyword takes it (`strides = [stride, stride]`): a
    /// dimension may be a name still, and arithmetic may leave the numbers that there are.
    fn may_be_no_number(&self, size: &Size) -> bool {
        match size {
            Size::Name(name) => !matches!(self.environment.number(name), Some(Name::Hyperparameter(_))),
            size => !size.names().is_empty(),
        }
    }

    /// Whether a size is arithmetic over numbers, constants and names of sizes.
    fn is_arithmetic(&self, size: &Size) -> bool {
        match size {
            Size::Number(_) | Size::Constant(_) => true,
            Size::Name(name) => match self.environment.number(name) {
                Some(Name::Hyperparameter(number)) => {
                    self.model.source.hyperparameters[*number].ty.to_token_stream().to_string() == "usize"
                }
                Some(_) => true,
                None => false,
            },
            Size::Binary(left, _, right) => self.is_arithmetic(left) && self.is_arithmetic(right),
            Size::Rust(_) => false,
        }
    }

    fn uses_of_keywords(&self, keywords: &[KeywordExpr]) -> (Vec<Use>, Vec<Use>) {
        let (mut values, mut sizes) = (Vec::new(), Vec::new());
        for keyword in keywords {
            match &keyword.value {
                KeywordValue::Rust(expr) | KeywordValue::Unchecked(expr) => {
                    add(&mut values, self.uses(&expr.to_token_stream()));
                }
                KeywordValue::Sizes(list) => {
                    let names = list.iter().flatten().flat_map(Size::names);
                    let uses = names.filter_map(|ident| self.use_of(ident)).collect();
                    add(&mut sizes, uses);
                }
            }
        }
        (values, sizes)
    }

    fn use_of(&self, ident: &Ident) -> Option<Use> {
        let name = match self.environment.number(ident) {
            Some(name) => name.clone(),
            None if ident == "training" => Name::Training,
            None => return None,
        };
        Some(Use { ident: ident.clone(), name })
    }

    /// The names in some tokens that stand for numbers.
    pub(super) fn uses(&self, tokens: &TokenStream) -> Vec<Use> {
        let mut uses = Vec::new();
        self.add_uses(tokens.clone(), &mut uses);
        uses
    }

    fn add_uses(&self, tokens: TokenStream, uses: &mut Vec<Use>) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => self.add_uses(group.stream(), uses),
                TokenTree::Ident(ident) => {
                    let is_member =
                        at > 0 && is_punct(&tokens[at - 1], '.') && !(at > 1 && is_punct(&tokens[at - 2], '.'));
                    let is_path = tokens.get(at + 1).is_some_and(|next| is_punct(next, ':'));
                    if !is_member && !is_path {
                        add(uses, self.use_of(ident).into_iter().collect());
                    }
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }
}

/// The tokens of an initializer but for the names of its keywords.
fn without_keywords(expr: &Rust) -> TokenStream {
    let Rust::Call(call) = expr else { return expr.to_token_stream() };
    call.args
        .iter()
        .map(|argument| match argument {
            Rust::Assign(assign) => assign.right.to_token_stream(),
            other => other.to_token_stream(),
        })
        .collect()
}

fn add(uses: &mut Vec<Use>, more: Vec<Use>) {
    for name in more {
        if !uses.iter().any(|known| known.ident == name.ident) {
            uses.push(name);
        }
    }
}

fn address<T>(part: &T) -> usize {
    crate::resolve::site(part)
}

fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

/// Whether a function or a method is called in some tokens: a lower-case name before parentheses. What begins with an
/// upper-case letter is a variant such as `Explicit(…)`, which constants can make.
fn has_call(tokens: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    tokens.iter().enumerate().any(|(at, token)| match token {
        TokenTree::Group(group) => {
            let is_call = group.delimiter() == Delimiter::Parenthesis
                && at > 0
                && matches!(&tokens[at - 1], TokenTree::Ident(name) if is_function(name));
            is_call || has_call(&group.stream())
        }
        _ => false,
    })
}

fn is_function(name: &Ident) -> bool {
    let name = name.to_string();
    !["if", "match", "while", "in", "return", "as"].contains(&name.as_str())
        && name.starts_with(|first: char| first.is_lowercase() || first == '_')
}

fn has_path(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Group(group) => has_path(&group.stream()),
        TokenTree::Punct(punct) => punct.as_char() == ':',
        _ => false,
    })
}
