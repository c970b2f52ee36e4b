//! Statements and blocks.

use proc_macro2::{Ident, TokenStream};
use syn::parse::ParseStream;
use syn::{Expr as Rust, Token, token};

use super::attr::On;
use super::foreign;
use super::{Attrs, Block, Content, Expr, Layer, Pattern, Scope, Statement, TensorType, Variable, chunks};
use crate::diag::Errors;

/// The inside of a block; a statement that is wrong is noted and left out.
pub fn parse_block(tokens: TokenStream, end: proc_macro2::Span, errors: &mut Errors) -> Block {
    let chunks = chunks::statements(tokens);
    let last = chunks.len();
    let mut block = Block { statements: Vec::new(), value: None, end, is_whole: true };
    for (number, chunk) in chunks.into_iter().enumerate() {
        let (is_last, has_semicolon) = (number + 1 == last, chunk.has_semicolon);
        let (chunk_end, declares, runs_into) = (chunk.end(), chunk.declares(), chunk.runs_into);
        let mut inner = Errors::default();
        let statement = chunk.parse(errors, |input| parse_statement(input, &mut inner));
        // One that cannot be read may be no statement at all.
        if let (Some(next), Some(_)) = (runs_into, &statement) {
            errors.at(next, "expected `;` before this");
        }
        match statement {
            Some(Statement::Expr(value)) if is_last && !has_semicolon => block.value = Some(Box::new(value)),
            Some(Statement::Expr(ref value)) if !is_block(value) && runs_into.is_some() => {
                block.is_whole = false;
            }
            Some(Statement::Expr(value)) if !is_block(&value) => {
                // The last one is meant as the value of the block, which so is not missed besides.
                let message = if is_last {
                    block.is_whole = false;
                    "the value of this is not used: if it is the result, leave the `;` out"
                } else {
                    "the value of this is not used: bind it with `let`, or leave it out"
                };
                errors.at(value.span(), message);
                block.statements.push(Statement::Expr(value));
            }
            Some(statement) => {
                if is_last && !has_semicolon && !matches!(statement, Statement::Expr(_)) {
                    errors.at(chunk_end, "expected `;` after this");
                    // What is typed next may be the value.
                    block.is_whole = false;
                }
                block.statements.push(statement);
            }
            None => {
                block.is_whole = false;
                block.statements.extend(declares.into_iter().map(unread));
            }
        }
        errors.append(inner);
    }
    block
}

/// What stands for a name whose statement could not be read, so that its uses are no mistakes as well.
fn unread(name: Ident) -> Statement {
    let value = Expr::Unread(name.span());
    Statement::Let { pattern: Pattern::Name { name, mutable: true }, ty: None, value }
}

fn is_block(value: &Expr) -> bool {
    matches!(value, Expr::Scope(_) | Expr::NameScope(..) | Expr::For(_) | Expr::If(_))
}

fn parse_statement(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Statement> {
    if input.peek(Token![let]) {
        return parse_let(input, errors);
    }
    if is_variable(input) {
        return Ok(Statement::Variable(parse_variable(input, errors)?));
    }
    if is_word(input, "reuse") && input.peek2(syn::parse::End) {
        input.parse::<Ident>()?;
        return Ok(Statement::Reuse);
    }
    if let Some(error) = foreign::statement(input) {
        return Err(error);
    }
    let ahead = input.fork();
    if let Ok(pattern) = parse_pattern(&ahead)
        && ahead.peek(Token![=])
        && !ahead.peek(Token![==])
    {
        parse_pattern(input)?;
        input.parse::<Token![=]>()?;
        return Ok(Statement::Assign { pattern, value: Expr::parse(input, errors)? });
    }
    Ok(Statement::Expr(Expr::parse(input, errors)?))
}

fn parse_let(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Statement> {
    input.parse::<Token![let]>()?;
    let pattern = parse_pattern(input)?;
    if input.peek(Token![,]) {
        return Err(input.error("several values are bound in parentheses: `let (a, b) = …`"));
    }
    let ty = if input.peek(Token![:]) {
        input.parse::<Token![:]>()?;
        Some(input.parse::<TensorType>()?)
    } else {
        None
    };
    input.parse::<Token![=]>()?;
    Ok(Statement::Let { pattern, ty, value: Expr::parse(input, errors)? })
}

fn parse_pattern(input: ParseStream<'_>) -> syn::Result<Pattern> {
    if input.peek(Token![_]) {
        input.parse::<Token![_]>()?;
        return Ok(Pattern::Wild);
    }
    if input.peek(token::Paren) {
        let content;
        syn::parenthesized!(content in input);
        let parts = content.parse_terminated(parse_pattern, Token![,])?;
        return Ok(Pattern::Tuple(parts.into_iter().collect()));
    }
    let mutable = input.peek(Token![mut]);
    if mutable {
        input.parse::<Token![mut]>()?;
    }
    Ok(Pattern::Name { name: input.parse()?, mutable })
}

/// Whether a word of the language stands here.
pub fn is_word(input: ParseStream<'_>, word: &str) -> bool {
    input.fork().parse::<Ident>().is_ok_and(|found| found == word)
}

/// Whether a variable's declaration stands here: `var` is a name of its own elsewhere.
pub fn is_variable(input: ParseStream<'_>) -> bool {
    is_word(input, "var") && input.peek2(syn::Ident)
}

/// Whether a scope stands here: `scope` is a name of its own elsewhere.
pub fn is_scope(input: ParseStream<'_>) -> bool {
    is_word(input, "scope") && (input.peek2(syn::Ident) || input.peek2(Token![self]))
}

/// `var name(attributes): type = initializer`, without the `;`.
pub fn parse_variable(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Variable> {
    input.parse::<Ident>()?;
    let name: Ident = input.parse()?;
    if input.peek(Token![/]) || input.peek(Token![.]) {
        return Err(input.error("a variable has one name, and stands in its scope: `scope a { var b: [3, 3]; }`"));
    }
    let attrs = Attrs::parse_optional(input)?;
    attrs.check(On::Variable, errors);
    let ty = if input.peek(Token![:]) {
        input.parse::<Token![:]>()?;
        Some(input.parse()?)
    } else {
        None
    };
    let initializer = if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        Some(input.parse::<Rust>()?)
    } else {
        None
    };
    Ok(Variable { name, attrs, ty, initializer })
}

/// `scope path[index](attributes) { … }` or `scope path[index](attributes): Layer(…)`.
pub fn parse_scope(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Scope> {
    let word: Ident = input.parse()?;
    let from_root = input.peek(Token![self]);
    let mut path: Vec<Ident> = Vec::new();
    if from_root {
        input.parse::<Token![self]>()?;
    } else {
        path.push(input.parse()?);
    }
    while input.peek(Token![.]) {
        input.parse::<Token![.]>()?;
        path.push(input.parse()?);
    }
    if input.peek(Token![/]) {
        return Err(
            input.error("a scope has one name; a scope inside it is opened inside it: `scope a { scope b { … } }`")
        );
    }
    if path.len() > 1 && !from_root {
        return Err(syn::Error::new_spanned(
            &path[1],
            "a scope is opened by its own name; one that stands elsewhere by its path from the root, \
             `scope self.a.b(reuse)`",
        ));
    }
    let index = parse_index(input)?;
    let attrs = Attrs::parse_optional(input)?;
    attrs.check(On::Scope, errors);
    let content = if input.peek(Token![:]) {
        input.parse::<Token![:]>()?;
        Content::Layer(parse_layer(input, errors)?)
    } else {
        Content::Block(parse_braced(input, errors)?)
    };
    Ok(Scope { span: path.last().map_or(word.span(), Ident::span), from_root, path, index, attrs, content })
}

fn parse_index(input: ParseStream<'_>) -> syn::Result<Option<Rust>> {
    if !input.peek(token::Bracket) {
        return Ok(None);
    }
    let content;
    syn::bracketed!(content in input);
    content.parse().map(Some)
}

fn parse_layer(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Layer> {
    let path: syn::Path = input.call(syn::Path::parse_mod_style)?;
    if !input.peek(token::Paren) {
        return Err(syn::Error::new_spanned(
            &path,
            "a layer is applied at once: write its inputs and hyper-parameters, `Dense(x, units = 64)`",
        ));
    }
    Ok(Layer { path, arguments: super::expression::parse_arguments(input, errors)? })
}

/// A block in braces.
pub fn parse_braced(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Block> {
    if !input.peek(token::Brace) {
        return Err(input.error("expected a block in braces"));
    }
    let content;
    let brace = syn::braced!(content in input);
    let tokens: TokenStream = content.parse()?;
    Ok(parse_block(tokens, brace.span.close(), errors))
}
