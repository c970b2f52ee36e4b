//! Recovery: what stands between braces is cut into pieces before it is parsed, so that a mistake in one statement is
//! one error and the others are still read.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};

use crate::diag::Errors;

/// A statement or an item, not parsed yet.
pub struct Chunk {
    tokens: Vec<TokenTree>,
    /// Whether a `;` ended it, which is not among its tokens.
    pub has_semicolon: bool,
    /// The beginning of the next statement, where a `;` is missing before it.
    pub runs_into: Option<Span>,
}

impl Chunk {
    /// The last token.
    pub fn end(&self) -> Span {
        self.tokens.last().map_or_else(Span::call_site, TokenTree::span)
    }

    /// The names that it would bind or declare, for a chunk that cannot be read: those of a `let`, the name of a `var`,
    /// a `scope` or a `fn`.
    pub fn declares(&self) -> Vec<Ident> {
        let word = self.tokens.iter().position(|token| is_word(Some(token), &["let", "var", "scope", "fn"]));
        let Some(word) = word else { return Vec::new() };
        let names = self.tokens[word + 1..].iter().take_while(|token| !is_punct(token, '=') && !is_punct(token, ':'));
        let mut found = Vec::new();
        collect_names(names.cloned(), &mut found);
        if !is_word(self.tokens.get(word), &["let"]) {
            found.truncate(1);
        }
        found
    }

    /// Parses the chunk as one thing. A mistake is noted, and then there is nothing; where something is missed at the
    /// end, at the last token.
    pub fn parse<T>(self, errors: &mut Errors, parse: impl FnOnce(ParseStream<'_>) -> syn::Result<T>) -> Option<T> {
        let mut group = Group::new(Delimiter::Brace, self.tokens.iter().cloned().collect());
        group.set_span(self.end());
        let whole = |input: ParseStream<'_>| {
            let content;
            syn::braced!(content in input);
            let parsed = parse(&content)?;
            if content.is_empty() { Ok(parsed) } else { Err(content.error("expected `;` before this")) }
        };
        match whole.parse2(TokenTree::Group(group).into()) {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                errors.push(error);
                None
            }
        }
    }
}

fn collect_names(tokens: impl IntoIterator<Item = TokenTree>, names: &mut Vec<Ident>) {
    for token in tokens {
        match token {
            TokenTree::Ident(name) if name != "mut" && name != "_" => names.push(name),
            TokenTree::Group(group) => collect_names(group.stream(), names),
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// Words with which a statement begins that goes on to its closing brace.
const BLOCKS: [&str; 4] = ["scope", "name_scope", "for", "if"];

/// Cuts the inside of a block into statements, also where a missing `;` makes one run into another.
pub fn statements(tokens: TokenStream) -> Vec<Chunk> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut chunks = Vec::new();
    let mut chunk: Vec<TokenTree> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if is_punct(token, ';') {
            chunks.push(Chunk { tokens: std::mem::take(&mut chunk), has_semicolon: true, runs_into: None });
            continue;
        }
        // `scope scope { … }`: a word of the language is a name where one stands.
        let is_name = chunk.len() == 1 && is_word(chunk.first(), &["var", "scope", "name_scope"]);
        if !chunk.is_empty() && !is_name && starts_statement(&tokens[at..]) && ends_value(&tokens[at - 1]) {
            let runs_into = Some(token.span());
            chunks.push(Chunk { tokens: std::mem::take(&mut chunk), has_semicolon: true, runs_into });
        }
        chunk.push(token.clone());
        if ends_block(&chunk, tokens.get(at + 1)) {
            chunks.push(Chunk { tokens: std::mem::take(&mut chunk), has_semicolon: false, runs_into: None });
        }
    }
    if !chunk.is_empty() {
        chunks.push(Chunk { tokens: chunk, has_semicolon: false, runs_into: None });
    }
    chunks.retain(|chunk| !chunk.tokens.is_empty());
    chunks
}

/// Cuts the inside of a model into items: each ends with a brace or a `;`.
pub fn items(tokens: TokenStream) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut chunk: Vec<TokenTree> = Vec::new();
    for token in tokens {
        let (semicolon, brace) = (is_punct(&token, ';'), is_brace(&token));
        if !semicolon {
            chunk.push(token);
        }
        if semicolon || brace {
            chunks.push(Chunk { tokens: std::mem::take(&mut chunk), has_semicolon: semicolon, runs_into: None });
        }
    }
    if !chunk.is_empty() {
        chunks.push(Chunk { tokens: chunk, has_semicolon: false, runs_into: None });
    }
    chunks.retain(|chunk| !chunk.tokens.is_empty());
    chunks
}

fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

fn is_brace(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

fn is_word(token: Option<&TokenTree>, words: &[&str]) -> bool {
    matches!(token, Some(TokenTree::Ident(word)) if words.iter().any(|wanted| word == wanted))
}

fn is_name(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Ident(_)))
}

/// Whether tokens begin a statement wherever they stand.
fn starts_statement(tokens: &[TokenTree]) -> bool {
    is_word(tokens.first(), &["let", "for", "if"])
        || (is_word(tokens.first(), &["var", "scope", "name_scope"]) && is_name(tokens.get(1)))
        || is_scope_without_name(tokens)
}

/// Whether a scope begins whose name is missing, or a text.
fn is_scope_without_name(tokens: &[TokenTree]) -> bool {
    let is_no_name = |token: &TokenTree| is_brace(token) || matches!(token, TokenTree::Literal(_));
    is_word(tokens.first(), &["scope", "name_scope"]) && tokens.get(1).is_some_and(is_no_name)
}

/// Whether a value can end with a token, so that a statement after it is a new one.
fn ends_value(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(word) => !is_keyword(word),
        TokenTree::Literal(_) | TokenTree::Group(_) => true,
        TokenTree::Punct(_) => false,
    }
}

fn is_keyword(word: &Ident) -> bool {
    ["let", "mut", "else", "in", "if", "for"].iter().any(|keyword| word == keyword)
}

/// Whether a chunk is a scope, a loop or a branch that its last token has ended.
fn ends_block(chunk: &[TokenTree], next: Option<&TokenTree>) -> bool {
    let is_block = is_word(chunk.first(), &BLOCKS)
        && (is_word(chunk.first(), &["for", "if"]) || is_name(chunk.get(1)) || is_scope_without_name(chunk));
    is_block && chunk.last().is_some_and(is_brace) && !is_word(next, &["else"]) && !is_condition(chunk, next)
}

/// Whether the brace that ends a chunk belongs to the condition of an `if` or the bounds of a `for`; its body follows.
fn is_condition(chunk: &[TokenTree], next: Option<&TokenTree>) -> bool {
    is_word(chunk.first(), &["for", "if"]) && next.is_some_and(is_brace)
}
