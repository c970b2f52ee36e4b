//! Models and what stands among their items.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::parse::discouraged::Speculative;
use syn::{Attribute, Token, Visibility, braced, parenthesized, token};

use super::statement::{is_scope, is_variable, parse_block, parse_scope, parse_variable};
use super::{
    Content, Element, Function, Hyperparameter, Input, Item, Model, Parameter, Statement, TensorType, chunks, foreign,
};
use crate::diag::Errors;

/// `[$crate]`, which the `model!` of the runtime crate puts first, and models.
pub fn parse_input(tokens: TokenStream, errors: &mut Errors) -> Input {
    let mut tokens = without_raw_names(tokens, errors).into_iter().peekable();
    let krate = match tokens.peek() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => {
            let krate = group.stream();
            tokens.next();
            krate
        }
        _ => quote::quote!(::varscope),
    };
    let mut models = Vec::new();
    for chunk in chunks::items(tokens.collect()) {
        let mut inner = Errors::default();
        models.extend(chunk.parse(errors, |input| parse_model(input, &mut inner)));
        errors.append(inner);
    }
    Input { krate, models }
}

/// A raw name would be one name in Rust and another among the variables: it is noted, and read with a `_` behind it.
fn without_raw_names(tokens: TokenStream, errors: &mut Errors) -> TokenStream {
    let each = tokens.into_iter().map(|token| match token {
        TokenTree::Ident(name) if name.to_string().starts_with("r#") => {
            errors.error(&name, "a name is no keyword of Rust here: give this another one");
            TokenTree::Ident(Ident::new(&format!("{}_", name.unraw()), name.span()))
        }
        TokenTree::Group(group) => {
            let mut plain = Group::new(group.delimiter(), without_raw_names(group.stream(), errors));
            plain.set_span(group.span());
            TokenTree::Group(plain)
        }
        token => token,
    });
    each.collect()
}

/// What is wrong with a part of a model is noted, so that its struct is there all the same.
fn parse_model(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Model> {
    let attrs = input.call(Attribute::parse_outer)?;
    let vis: Visibility = input.parse()?;
    if !input.peek(Token![struct]) {
        return Err(input.error("expected a model: `pub struct Name { … }`"));
    }
    input.parse::<Token![struct]>()?;
    let name: Ident = input.parse()?;
    let generic = parse_generic(input).unwrap_or_else(|error| {
        errors.push(error);
        skip_to_group(input);
        None
    });
    let hyperparameters = parse_hyperparameters(input, errors)?;
    let element = parse_element(input, generic, errors)?;
    let mut model = Model { attrs, vis, name, hyperparameters, element, items: Vec::new(), unread: Vec::new() };
    if !input.peek(token::Brace) {
        errors.push(input.error("expected the `fn`s, `scope`s and `var`s of the model in braces"));
        input.parse::<TokenStream>()?;
        return Ok(model);
    }
    let content;
    braced!(content in input);
    for chunk in chunks::items(content.parse()?) {
        parse_chunk(chunk, &mut model, errors);
    }
    Ok(model)
}

fn parse_chunk(chunk: chunks::Chunk, model: &mut Model, errors: &mut Errors) {
    let (end, has_semicolon) = (chunk.end(), chunk.has_semicolon);
    let unread = chunk.declares();
    let mut inner = Errors::default();
    match chunk.parse(errors, |input| parse_item(input, &mut inner)) {
        Some(item) => {
            if matches!(item, Item::Variable(_)) && !has_semicolon {
                errors.at(end, "expected `;` after this");
            }
            model.items.push(item);
        }
        None => model.unread.extend(unread),
    }
    errors.append(inner);
}

/// `: f64`, or the `<T>` that stands before.
fn parse_element(input: ParseStream<'_>, generic: Option<Ident>, errors: &mut Errors) -> syn::Result<Element> {
    if !input.peek(Token![:]) {
        return Ok(generic.map_or(Element::Default, Element::Generic));
    }
    input.parse::<Token![:]>()?;
    let element: Ident = input.parse()?;
    if generic.is_some() {
        errors.error(&element, "a model is generic or has an element type, not both");
    } else if element != "f32" && element != "f64" {
        errors.error(&element, "a model is of `f32` or of `f64`; other tensors in it say their own type: `u32[batch]`");
        return Ok(Element::Default);
    }
    Ok(Element::Named(element))
}

fn parse_generic(input: ParseStream<'_>) -> syn::Result<Option<Ident>> {
    if !input.peek(Token![<]) {
        return Ok(None);
    }
    input.parse::<Token![<]>()?;
    let name = input.parse()?;
    if !input.peek(Token![>]) {
        return Err(input.error("a model has one generic parameter, its element type, and no bounds: `<T>`"));
    }
    input.parse::<Token![>]>()?;
    Ok(Some(name))
}

/// Skips what stands before the next comma.
fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) && input.parse::<TokenTree>().is_ok() {}
}

/// Skips what stands before the next braces.
fn skip_to_brace(input: ParseStream<'_>) {
    while !input.peek(token::Brace) && input.parse::<TokenTree>().is_ok() {}
}

/// Skips what stands before the next parentheses or braces.
fn skip_to_group(input: ParseStream<'_>) {
    while !input.peek(token::Paren) && !input.peek(token::Brace) && input.parse::<TokenTree>().is_ok() {}
}

fn parse_hyperparameters(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Vec<Hyperparameter>> {
    if !input.peek(token::Paren) {
        return Ok(Vec::new());
    }
    let content;
    parenthesized!(content in input);
    Ok(parse_each(&content, errors, parse_hyperparameter))
}

/// A list with commas; what is wrong in it is noted and left out.
fn parse_each<T>(
    input: ParseStream<'_>,
    errors: &mut Errors,
    parse: impl Fn(ParseStream<'_>, &mut Errors) -> syn::Result<T>,
) -> Vec<T> {
    let mut list = Vec::new();
    while !input.is_empty() {
        // What is wrong is left behind with the fork, and what is left of it skipped.
        let ahead = input.fork();
        let parsed = parse(&ahead, errors).and_then(|one| match ahead.is_empty() || ahead.peek(Token![,]) {
            true => Ok(one),
            false => Err(ahead.error("expected `,`")),
        });
        if let Some(one) = errors.collect(parsed) {
            input.advance_to(&ahead);
            list.push(one);
        }
        skip_to_comma(input);
        drop(input.parse::<Option<Token![,]>>());
    }
    list
}

fn parse_hyperparameter(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Hyperparameter> {
    let attrs = input.call(Attribute::parse_outer)?;
    let name: Ident = input.parse()?;
    if !input.peek(Token![:]) {
        let message = "a hyper-parameter has a type: `units: usize`, or with a default `units: usize = 64`";
        errors.error(&name, message);
        return Ok(Hyperparameter { attrs, name, ty: syn::parse_quote!(usize), default: None });
    }
    input.parse::<Token![:]>()?;
    let ty = input.parse()?;
    let default = if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        Some(input.parse()?)
    } else {
        None
    };
    Ok(Hyperparameter { attrs, name, ty, default })
}

fn parse_item(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Item> {
    let ahead = input.fork();
    let attrs = ahead.call(Attribute::parse_outer)?;
    ahead.parse::<Visibility>()?;
    if ahead.peek(Token![fn]) {
        return Ok(Item::Function(parse_function(input, errors)?));
    }
    if let Some(attr) = attrs.first() {
        return Err(syn::Error::new_spanned(attr, "attributes and documentation stand on models and `fn`s"));
    }
    if is_variable(input) {
        return Ok(Item::Variable(parse_variable(input, errors)?));
    }
    if is_scope(input) {
        let scope = parse_scope(input, errors)?;
        check_item_scope(&scope, errors);
        return Ok(Item::Scope(scope));
    }
    Err(foreign::statement(input).unwrap_or_else(|| input.error("expected `fn`, `scope` or `var`")))
}

/// Among items a scope declares variables and scopes; there is nothing to compute with.
fn check_item_scope(scope: &super::Scope, errors: &mut Errors) {
    let block = match &scope.content {
        Content::Block(block) => block,
        Content::Layer(layer) => {
            return errors.error(&layer.path, "a layer is applied in a `fn`, where there is an input for it");
        }
    };
    for statement in &block.statements {
        match statement {
            Statement::Variable(_) | Statement::Reuse => {}
            Statement::Expr(super::Expr::Scope(scope)) => check_item_scope(scope, errors),
            Statement::Expr(value) | Statement::Let { value, .. } | Statement::Assign { value, .. } => {
                errors.at(value.span(), "outside of a `fn` a scope has only `var`s and `scope`s");
            }
        }
    }
    match block.value.as_deref() {
        Some(super::Expr::Scope(scope)) => check_item_scope(scope, errors),
        Some(value) => errors.at(value.span(), "outside of a `fn` a scope has only `var`s and `scope`s"),
        None => {}
    }
}

fn parse_function(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Function> {
    let attrs = input.call(Attribute::parse_outer)?;
    let vis: Visibility = input.parse()?;
    if !matches!(vis, Visibility::Inherited) {
        errors.error(&vis, "a `fn` of a model is as visible as the model: leave this out");
    }
    input.parse::<Token![fn]>()?;
    let name: Ident = input.parse()?;
    if input.peek(Token![<]) {
        return Err(input.error("a `fn` of a model is generic only with the model: `pub struct Name<T> { … }`"));
    }
    let content;
    parenthesized!(content in input);
    let inputs = parse_each(&content, errors, parse_parameter);
    // Where that is not said, there is the `fn` all the same.
    let (mut results, mut tuple) = (Vec::new(), false);
    if input.peek(Token![->]) {
        input.parse::<Token![->]>()?;
        match errors.collect(parse_results(input)) {
            Some(parsed) => (results, tuple) = parsed,
            None => skip_to_brace(input),
        }
    } else {
        errors.push(input.error("a `fn` says what it gives: `-> [batch, 10]`, or `-> []` for a single number"));
        skip_to_brace(input);
    }
    if !input.peek(token::Brace) {
        return Err(input.error("expected the body of the `fn` in braces"));
    }
    let content;
    let brace = braced!(content in input);
    let body = parse_block(content.parse()?, brace.span.close(), errors);
    Ok(Function { attrs, name, inputs, results, tuple, body })
}

fn parse_parameter(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Parameter> {
    if input.peek(Token![mut]) {
        let word: Token![mut] = input.parse()?;
        errors.error(word, "an input is not assigned to: leave `mut` out, and write `let mut y = x;` in the `fn`");
    }
    let reference = input.peek(Token![&]).then(|| input.span());
    drop(input.parse::<Option<Token![&]>>());
    if input.peek(Token![self]) {
        return Err(input.error("`self` goes without saying: leave it out"));
    }
    let name: Ident = input.parse()?;
    let unread = TensorType { element: None, leading: true, dims: Vec::new(), span: name.span() };
    if !input.peek(Token![:]) {
        errors.error(&name, "an input has a type: `x: [batch, 784]`");
        skip_to_comma(input);
        return Ok(Parameter { name, ty: unread, is_read: false });
    }
    input.parse::<Token![:]>()?;
    let reference = reference.or(input.peek(Token![&]).then(|| input.span()));
    if let Some(span) = reference {
        errors.at(span, "inputs are given as they are: leave the `&` out");
    }
    drop(input.parse::<Option<Token![&]>>());
    let ahead = input.fork();
    match errors.collect(ahead.parse()) {
        Some(ty) => {
            input.advance_to(&ahead);
            Ok(Parameter { name, ty, is_read: true })
        }
        None => {
            skip_to_comma(input);
            Ok(Parameter { name, ty: unread, is_read: false })
        }
    }
}

fn parse_results(input: ParseStream<'_>) -> syn::Result<(Vec<TensorType>, bool)> {
    if !input.peek(token::Paren) {
        return Ok((vec![input.parse()?], false));
    }
    let content;
    let paren = parenthesized!(content in input);
    let results: Vec<TensorType> = content.parse_terminated(syn::parse::Parse::parse, Token![,])?.into_iter().collect();
    if results.is_empty() {
        return Err(syn::Error::new(paren.span.join(), "a `fn` gives something: `-> [batch, 10]`"));
    }
    Ok((results, true))
}
