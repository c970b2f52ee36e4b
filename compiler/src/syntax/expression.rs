//! Expressions: calls, arithmetic, scopes with a value.

use proc_macro2::Ident;
use syn::parse::ParseStream;
use syn::{Expr as Rust, ExprRange, Lit, LitFloat, LitInt, Path, RangeLimits, Token, bracketed, parenthesized, token};

use super::statement::{is_scope, is_word, parse_braced, parse_scope};
use super::{Arguments, Arithmetic, Block, Expr, For, If, Keyword, Operand, Operator};
use crate::diag::Errors;

impl Expr {
    /// Parses an expression. What is wrong inside of a block is noted.
    pub fn parse(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Self> {
        let mut left = Self::parse_product(input, errors)?;
        loop {
            let operator = if input.peek(Token![+]) && !input.peek(Token![+=]) {
                Operator { kind: Arithmetic::Add, span: input.parse::<Token![+]>()?.span }
            } else if input.peek(Token![-]) && !input.peek(Token![-=]) {
                Operator { kind: Arithmetic::Sub, span: input.parse::<Token![-]>()?.span }
            } else {
                return match super::foreign::operator(input) {
                    Some(message) => Err(input.error(message)),
                    None => Ok(left),
                };
            };
            left = Self::Binary(Box::new(left), operator, Box::new(Self::parse_product(input, errors)?));
        }
    }

    fn parse_product(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Self> {
        let mut left = Self::parse_unary(input, errors)?;
        loop {
            let operator = if input.peek(Token![*]) && !input.peek(Token![*=]) {
                if input.peek2(Token![*]) {
                    return Err(
                        input.error("there is no `**`; a power is `pow(x, exponent = 2.0)`, a square `square(x)`")
                    );
                }
                Operator { kind: Arithmetic::Mul, span: input.parse::<Token![*]>()?.span }
            } else if input.peek(Token![/]) && !input.peek(Token![/=]) {
                Operator { kind: Arithmetic::Div, span: input.parse::<Token![/]>()?.span }
            } else {
                return Ok(left);
            };
            left = Self::Binary(Box::new(left), operator, Box::new(Self::parse_unary(input, errors)?));
        }
    }

    fn parse_unary(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Self> {
        if !input.peek(Token![-]) {
            return Self::parse_postfix(input, errors);
        }
        let minus = input.parse::<Token![-]>()?;
        Ok(Self::Negative(minus.span, Box::new(Self::parse_unary(input, errors)?)))
    }

    fn parse_postfix(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Self> {
        let mut expr = Self::parse_primary(input, errors)?;
        loop {
            if input.peek(Token![.]) && !input.peek(Token![..]) {
                expr = parse_member(expr, input, errors)?;
            } else if input.peek(token::Paren) && is_callable(&expr) {
                let arguments = parse_arguments(input, errors)?;
                expr = Self::Call { callee: Box::new(expr), arguments };
            } else if input.peek(token::Bracket) && matches!(expr, Self::Path(_) | Self::Field(..)) {
                let content;
                let bracket = bracketed!(content in input);
                let index = content.parse().ok().filter(|_| content.is_empty());
                let index = index.ok_or_else(|| syn::Error::new(bracket.span.join(), super::foreign::INDEX))?;
                expr = Self::Index(Box::new(expr), index);
            } else {
                return Ok(expr);
            }
        }
    }

    fn parse_primary(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Self> {
        if input.peek(LitInt) || input.peek(LitFloat) {
            return Ok(Self::Number(Rust::Lit(syn::ExprLit { attrs: vec![], lit: input.parse::<Lit>()? })));
        }
        if input.peek(token::Paren) {
            let content;
            let paren = parenthesized!(content in input);
            let (mut parts, trailing) = parse_list(&content, errors)?;
            let single = parts.len() == 1 && !trailing;
            return Ok(if single { parts.remove(0) } else { Self::Tuple(parts, paren.span.join()) });
        }
        if input.peek(token::Bracket) {
            let content;
            let bracket = bracketed!(content in input);
            return Ok(Self::List(parse_list(&content, errors)?.0, bracket.span.join()));
        }
        if input.peek(token::Brace) {
            let block: syn::ExprBlock = input.parse()?;
            let span = block.block.brace_token.span.join();
            return Ok(Self::Scalar(Rust::Block(block), span));
        }
        if input.peek(Token![if]) {
            return Ok(Self::If(Box::new(parse_if(input, errors)?)));
        }
        if input.peek(Token![for]) {
            return Ok(Self::For(Box::new(parse_for(input, errors)?)));
        }
        if is_scope(input) {
            return Ok(Self::Scope(Box::new(parse_scope(input, errors)?)));
        }
        if is_word(input, "name_scope") && input.peek2(syn::Ident) {
            input.parse::<Ident>()?;
            return Ok(Self::NameScope(input.parse()?, parse_braced(input, errors)?));
        }
        if input.peek(syn::Ident)
            || input.peek(Token![self])
            || input.peek(Token![crate])
            || input.peek(Token![super])
            || input.peek(Token![::])
        {
            // As in Rust's expressions, `<` begins a list of types after `::` only.
            let path: Path = input.parse::<syn::ExprPath>()?.path;
            if input.peek(Token![!]) && !input.peek(Token![!=]) {
                return Err(input.error("a macro cannot stand here; a Rust expression can, in braces: `{ … }`"));
            }
            return Ok(Self::Path(path));
        }
        Err(input.error(super::foreign::no_value(input)))
    }
}

fn is_callable(expr: &Expr) -> bool {
    matches!(expr, Expr::Path(_) | Expr::Index(..))
}

fn parse_member(receiver: Expr, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Expr> {
    input.parse::<Token![.]>()?;
    let name: Ident = input.parse()?;
    let receiver = Box::new(receiver);
    let generics =
        if input.peek(Token![::]) { Some(syn::AngleBracketedGenericArguments::parse_turbofish(input)?) } else { None };
    if input.peek(token::Paren) {
        return Ok(Expr::Method { receiver, name, generics, arguments: parse_arguments(input, errors)? });
    }
    Ok(Expr::Field(receiver, name))
}

fn parse_list(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<(Vec<Expr>, bool)> {
    let (mut parts, mut trailing) = (Vec::new(), false);
    while !input.is_empty() {
        parts.push(Expr::parse(input, errors)?);
        trailing = !input.is_empty();
        if trailing {
            input.parse::<Token![,]>()?;
        }
    }
    Ok((parts, trailing))
}

/// `(x, &mut mean, key = value)`
pub fn parse_arguments(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Arguments> {
    let content;
    parenthesized!(content in input);
    let mut arguments = Arguments::default();
    while !content.is_empty() {
        parse_argument(&content, &mut arguments, errors)?;
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
        }
    }
    Ok(arguments)
}

fn parse_argument(input: ParseStream<'_>, arguments: &mut Arguments, errors: &mut Errors) -> syn::Result<()> {
    if input.peek(syn::Ident) && input.peek2(Token![=]) && !input.peek2(Token![==]) {
        let name: Ident = input.parse()?;
        input.parse::<Token![=]>()?;
        if arguments.keywords.iter().any(|keyword| keyword.name == name) {
            errors.error(&name, format!("`{name}` is given twice"));
        }
        arguments.keywords.push(Keyword { name, value: input.parse()? });
        return Ok(());
    }
    if !arguments.keywords.is_empty() {
        return Err(input.error("tensors stand before keywords: `op(x, key = value)`"));
    }
    if input.peek(Token![&]) {
        let and = input.parse::<Token![&]>()?;
        if !input.peek(Token![mut]) {
            return Err(input.error("`&mut` marks a variable that the op updates; otherwise leave the `&` out"));
        }
        input.parse::<Token![mut]>()?;
        arguments.operands.push(Operand::Update(and.span, Expr::parse(input, errors)?));
        return Ok(());
    }
    arguments.operands.push(Operand::Value(Expr::parse(input, errors)?));
    Ok(())
}

fn parse_if(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<If> {
    let word = input.parse::<Token![if]>()?;
    if input.peek(Token![let]) {
        return Err(input.error(
            "a condition is a Rust expression over hyper-parameters, constants, loop variables and `training`",
        ));
    }
    let condition = input.call(Rust::parse_without_eager_brace)?;
    let yes = parse_braced(input, errors)?;
    let no = if input.peek(Token![else]) {
        let word = input.parse::<Token![else]>()?;
        if input.peek(Token![if]) {
            let inner = parse_if(input, errors)?;
            Some(Block {
                statements: Vec::new(),
                value: Some(Box::new(Expr::If(Box::new(inner)))),
                end: word.span,
                is_whole: true,
            })
        } else {
            Some(parse_braced(input, errors)?)
        }
    } else {
        None
    };
    Ok(If { span: word.span, condition, yes, no })
}

fn parse_for(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<For> {
    let word = input.parse::<Token![for]>()?;
    if !input.peek(syn::Ident) {
        return Err(input.error("a loop has one variable, with a name: `for i in 0..layers`"));
    }
    let variable: Ident = input.parse()?;
    input.parse::<Token![in]>()?;
    let range = input.call(Rust::parse_without_eager_brace)?;
    let bounds = match range {
        Rust::Range(ExprRange { start: Some(from), end: Some(to), limits: RangeLimits::HalfOpen(_), .. }) => {
            (*from, *to)
        }
        other => {
            return Err(syn::Error::new_spanned(
                other,
                "a loop goes over a range with both ends, `0..layers`, the last exclusive",
            ));
        }
    };
    let body = parse_braced(input, errors)?;
    Ok(For { span: word.span, variable, from: bounds.0, to: bounds.1, body })
}
