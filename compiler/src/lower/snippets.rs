//! Rust expressions of the user: each becomes a function of the names in it, so that its tokens are emitted once.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Expr as Rust;
use syn::spanned::Spanned;

use super::FunctionLowering;
use super::environment::Value;
use crate::diag::nearest;
use crate::ir::{BoundExpr, Bounds, KeywordExpr, KeywordValue, Made, Name, Snippet, SnippetCall, SnippetKind, Use};
use crate::syntax::{Keyword, Size, is_constant};

impl FunctionLowering<'_, '_, '_> {
    /// A size that is a Rust expression.
    pub(super) fn size_snippet(&mut self, expr: &Rust) -> SnippetCall {
        let (values, expr_or_none) = self.numbers_only(expr, "a size");
        self.snippet(address(expr), expr.span(), values, Vec::new(), || SnippetKind::Size(expr_or_none))
    }

    /// A number that stands among tensors.
    pub(super) fn number_snippet(&mut self, site: usize, expr: &Rust) -> SnippetCall {
        let values = self.uses(&expr.to_token_stream());
        self.snippet(site, expr.span(), values, Vec::new(), || SnippetKind::Number(expr.clone()))
    }

    /// An initializer, a constraint.
    pub(super) fn made_snippet(&mut self, made: Made, expr: &Rust) -> SnippetCall {
        let (what, example) = made.text();
        let stand_in = || syn::parse_str(example).unwrap_or_else(|_| expr.clone());
        let mut values = self.uses(&without_keywords(expr));
        let mut written = expr.clone();
        if let Rust::Path(path) = expr
            && let Some(name) = path.path.get_ident()
            && !is_constant(name)
            && self.environment.number(name).is_none()
        {
            self.error(name, format!("{what} is called: `{}()`", name.to_string().to_lowercase()));
            (values, written) = (Vec::new(), stand_in());
        } else if self.tensor_in(expr, what).is_some() {
            (values, written) = (Vec::new(), stand_in());
        }
        self.snippet(address(expr), expr.span(), values, Vec::new(), || SnippetKind::Made(made, written))
    }

    /// A condition over hyper-parameters, constants, loop variables and `training`.
    pub(super) fn condition_snippet(&mut self, expr: &Rust) -> SnippetCall {
        let tokens = expr.to_token_stream();
        let before = self.model.errors.len();
        let (values, expr_or_none) = self.numbers_only(expr, "a condition");
        let is_constant = !has_path(&tokens) && !has_call(&tokens) && self.model.errors.len() == before;
        self.snippet(address(expr), expr.span(), values, Vec::new(), || SnippetKind::Condition {
            expr: expr_or_none,
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
        let mut unknown = Vec::new();
        for keyword in keywords {
            self.check_rest(&keyword.value);
            unknown.extend(self.tensor_in(&keyword.value, &format!("`{}`", keyword.name)));
        }
        let mut keywords = self.keywords(keywords);
        // What cannot be made is left out, and then nothing is known of the op.
        keywords
            .retain(|keyword| !matches!(&keyword.value, KeywordValue::Rust(value) if self.tensor_of(value).is_some()));
        let (mut values, sizes) = self.uses_of_keywords(&keywords);
        add(&mut values, unknown);
        Some(self.snippet(site, span, values, sizes, || SnippetKind::Attrs { function, op, keywords }))
    }

    /// The keywords of a layer.
    pub(super) fn layer_snippet(&mut self, layer: &syn::Path, keywords: &[Keyword]) -> SnippetCall {
        let mut unknown = Vec::new();
        let mut list = Vec::new();
        for Keyword { name, value } in keywords {
            let tensor = self.tensor_in(value, &format!("`{name}`"));
            let value = tensor.as_ref().map_or_else(|| value.clone(), |tensor| never(&tensor.ident));
            unknown.extend(tensor);
            list.push(KeywordExpr { name: name.clone(), value: KeywordValue::Rust(value) });
        }
        let keywords = list;
        let (mut values, sizes) = self.uses_of_keywords(&keywords);
        add(&mut values, unknown);
        let kind = || SnippetKind::Keywords { layer: layer.clone(), keywords };
        self.snippet(address(layer), layer.span(), values, sizes, kind)
    }

    pub(super) fn snippet(
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

    pub(super) fn keywords(&self, keywords: &[Keyword]) -> Vec<KeywordExpr> {
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
            Rust::Infer(_) | Rust::Unary(_) => Some(None),
            element => Size::new(element).filter(|size| self.is_arithmetic(size)).map(Some),
        };
        let sizes: Option<Vec<Option<Size>>> = array.elems.iter().map(element).collect();
        sizes.filter(|sizes| sizes.iter().any(|size| size.as_ref().is_none_or(|size| self.may_be_no_number(size))))
    }

    /// Notes the `-1` of other libraries among the names of sizes: what is left is `_` here.
    pub(super) fn check_rest(&mut self, value: &Rust) {
        let Rust::Array(array) = value else { return };
        if self.sizes_of_list(value).is_none() {
            return;
        }
        for element in &array.elems {
            if matches!(element, Rust::Unary(_)) {
                self.error(element, "a size is not negative; what is left is `_`, as in `shape = [batch, _]`");
            }
        }
    }

    /// The names in an expression over numbers, and the expression; where a tensor stands in it, which is noted, one
    /// that is never evaluated.
    fn numbers_only(&mut self, expr: &Rust, what: &str) -> (Vec<Use>, Rust) {
        match self.tensor_in(expr, what) {
            Some(tensor) => {
                let never = never(&tensor.ident);
                (vec![tensor], never)
            }
            None => (self.uses(&expr.to_token_stream()), expr.clone()),
        }
    }

    /// Notes a tensor in an expression over numbers. What is given is a name that nothing is known of.
    pub(super) fn tensor_in(&mut self, expr: &Rust, what: &str) -> Option<Use> {
        let ident = self.tensor_of(expr)?;
        let message = format!(
            "`{ident}` is a tensor, whose elements only a run knows; {what} is made of numbers, constants, \
             hyper-parameters and dimensions"
        );
        self.error(&ident, message);
        Some(Use { ident, name: Name::Unknown })
    }

    /// The first tensor in an expression.
    fn tensor_of(&self, expr: &Rust) -> Option<Ident> {
        let each = |parts: Vec<&Rust>| parts.into_iter().find_map(|part| self.tensor_of(part));
        match expr {
            Rust::Path(path) => {
                let ident = path.path.get_ident()?;
                let is_tensor = matches!(self.environment.value(ident)?.value, Value::Tensor(_) | Value::List(_));
                (is_tensor && self.environment.number(ident).is_none()).then(|| ident.clone())
            }
            Rust::Binary(binary) => each(vec![&binary.left, &binary.right]),
            Rust::MethodCall(call) => each(std::iter::once(&*call.receiver).chain(&call.args).collect()),
            Rust::Call(call) => each(call.args.iter().collect()),
            Rust::Array(array) => each(array.elems.iter().collect()),
            Rust::Tuple(tuple) => each(tuple.elems.iter().collect()),
            Rust::Assign(assign) => self.tensor_of(&assign.right),
            Rust::Unary(unary) => self.tensor_of(&unary.expr),
            Rust::Paren(paren) => self.tensor_of(&paren.expr),
            Rust::Group(group) => self.tensor_of(&group.expr),
            Rust::Cast(cast) => self.tensor_of(&cast.expr),
            Rust::Index(index) => self.tensor_of(&index.expr),
            Rust::Field(field) => self.tensor_of(&field.base),
            Rust::Block(block) => match block.block.stmts.as_slice() {
                [syn::Stmt::Expr(inner, None)] => self.tensor_of(inner),
                _ => None,
            },
            _ => None,
        }
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

    pub(super) fn uses_of_keywords(&self, keywords: &[KeywordExpr]) -> (Vec<Use>, Vec<Use>) {
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

    /// The number whose name a misspelt one is like: where it is in sight, rustc asks whether it is meant.
    fn near_use(&self, ident: &Ident) -> Option<Use> {
        let (name, names) = (ident.to_string(), self.environment.sizes());
        let near = nearest(&name, names.iter().map(String::as_str).filter(|_| !is_constant(ident)))?;
        self.use_of(&Ident::new(near, ident.span()))
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
                    let is_type = at > 0 && matches!(&tokens[at - 1], TokenTree::Ident(word) if word == "as");
                    let is_call = matches!(tokens.get(at + 1), Some(TokenTree::Group(group)) if is_parenthesis(group));
                    if !is_member && !is_path {
                        let near = || if is_type || is_call { None } else { self.near_use(ident) };
                        add(uses, self.use_of(ident).or_else(near).into_iter().collect());
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

/// An expression of any type, in place of one that cannot be made; it waits for a name that nothing is known of.
fn never(name: &Ident) -> Rust {
    syn::parse_quote! { match #name { _ => ::core::unreachable!() } }
}

fn address<T>(part: &T) -> usize {
    crate::resolve::site(part)
}

fn is_parenthesis(group: &Group) -> bool {
    group.delimiter() == Delimiter::Parenthesis
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
            let is_call = is_parenthesis(group)
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
