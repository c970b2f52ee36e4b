//! The rules of names and sharing, each with its message.

use proc_macro2::{Ident, Span};

use super::{Cursor, Site, Tree};
use crate::diag::{Errors, MistakeKind, place, suggestion};
use crate::ir::{Condition, Element, Layer, Member, PathPart, Variable};
use crate::syntax;

/// What a name is given to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Variable,
    Scope,
    Layer,
}

impl Kind {
    fn of(member: Member) -> Self {
        match member {
            Member::Variable(_) => Self::Variable,
            Member::Layer(_) => Self::Layer,
            Member::Scope(_) => Self::Scope,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Variable => "variable",
            Self::Scope => "scope",
            Self::Layer => "layer",
        }
    }
}

/// Whether two declarations can never both be made, because they stand in different arms of a branch.
pub fn excludes(a: &Condition, b: &Condition) -> bool {
    a.iter().any(|(branch, arm)| b.iter().any(|(other, its)| branch == other && arm != its))
}

/// Whether one of some declarations is always made: one stands under no branch, or both arms of some branch have one.
pub fn covers(conditions: &[Condition]) -> bool {
    if conditions.iter().any(Vec::is_empty) {
        return true;
    }
    let Some(&(branch, _)) = conditions.first().and_then(|condition| condition.first()) else { return false };
    [true, false].into_iter().all(|arm| {
        // What is left to be covered if the branch takes this arm; each condition gets shorter or stays out.
        let holds = |condition: &&Condition| !condition.contains(&(branch, !arm));
        let rest = |condition: &Condition| condition.iter().copied().filter(|&(other, _)| other != branch).collect();
        covers(&conditions.iter().filter(holds).map(rest).collect::<Vec<Condition>>())
    })
}

// scope a { var w: [1]; }  scope A { … }     // names that differ in case only
// var a: [1];  scope a { … }                 // a variable and a scope of one name
// var _w: [1];                               // at the root
// var größe: [1];
pub fn name(tree: &Tree, cursor: &Cursor, name: &Ident, label: &str, kind: Kind, errors: &mut Errors) -> Option<()> {
    if cursor.parts.is_empty() && label.starts_with('_') {
        errors.rule(
            MistakeKind::BadName,
            name,
            format!("at the root a name begins with a letter; `{label}` can stand in a scope"),
        );
        return None;
    }
    if !label.is_ascii() {
        let message = format!("a name in a model is made of ASCII letters, digits and `_`; `{label}` is not");
        errors.rule(MistakeKind::BadName, name, message);
        return None;
    }
    for &member in &tree.scopes[cursor.scope].members {
        let other = tree.label(member);
        if other == label && Kind::of(member) != kind {
            let (kind, other) = (kind.text(), Kind::of(member).text());
            let full = cursor.name_of(label);
            errors.rule(
                MistakeKind::BadName,
                name,
                format!(
                    "`{full}` is already the name of a {other}, so no {kind} can have it; give one of them another name"
                ),
            );
            return None;
        }
        if other != label && other.eq_ignore_ascii_case(label) {
            let (full, other) = (cursor.name_of(label), cursor.name_of(other));
            errors.rule(
                MistakeKind::BadName,
                name,
                format!("`{full}` and `{other}` differ in case only; give one of them another name"),
            );
            return None;
        }
    }
    Some(())
}

// scope a { var w: [1]; var w: [1]; }
pub fn already_exists(cursor: &Cursor, variable: &syntax::Variable, first: &Site, errors: &mut Errors) {
    let (name, full) = (&variable.name, cursor.name_of(&variable.name.to_string()));
    if first.id == super::site(variable) {
        return errors.rule(
            MistakeKind::AlreadyExists,
            name,
            format!(
                "variable `{full}` would be declared in each turn of the loop: give each turn a scope of its own, \
                 `scope block[i] {{ … }}`, or let all turns share it, `scope block(reuse = auto) {{ … }}`"
            ),
        );
    }
    let first = place(first.span);
    let share = match cursor.parts.last() {
        Some(scope) => format!("open the scope with `reuse`: `scope {scope}(reuse) {{ var {name}; }}`"),
        None => format!("declare it in a scope that can be opened with `reuse`, or use `{name}` by its name"),
    };
    errors.rule(
        MistakeKind::AlreadyExists,
        name,
        format!("variable `{full}` already exists, first declared at {first}; to share it, {share}"),
    );
}

// scope a { var w(unique): [1]; } scope a(reuse) { var w; }
pub fn never_shared(cursor: &Cursor, name: &Ident, first: &Site, errors: &mut Errors) {
    let (full, first) = (cursor.name_of(&name.to_string()), place(first.span));
    let kind = if cursor.reuse == syntax::Reuse::No { MistakeKind::BadName } else { MistakeKind::DoesNotExist };
    errors.rule(
        kind,
        name,
        format!(
            "variable `{full}` is declared `unique` at {first}, so it is never shared: leave `unique` out there, or \
             give this one another name"
        ),
    );
}

// scope a(reuse) { var w(unique): [1]; }
// scope a(reuse) { scope b(unique) { … } }
pub fn unique_reused(cursor: &Cursor, kind: Kind, name: &Ident, unique: Span, errors: &mut Errors) -> Option<()> {
    if cursor.reuse == syntax::Reuse::No {
        return Some(());
    }
    let (kind, scope) = (kind.text(), cursor.name());
    let scope = if scope.is_empty() { "the root".to_string() } else { format!("`{scope}`") };
    errors.rule_at(
        MistakeKind::UniqueReused,
        unique,
        format!(
            "a `unique` {kind} is always a new one, and {scope} shares what exists: leave `unique` out, to share \
             `{name}`, or declare it where nothing is shared"
        ),
    );
    None
}

// for t in 0..time { scope cell { var w: [1]; } }
pub fn declared_each_turn(
    cursor: &Cursor,
    variable: &syntax::Variable,
    is_shared: bool,
    loops: &[&Ident],
    errors: &mut Errors,
) -> Option<()> {
    let is_indexed = |variable: &Ident| cursor.parts.iter().any(|part| part.index.as_ref() == Some(variable));
    if is_shared || loops.iter().all(|variable| is_indexed(variable)) {
        return Some(());
    }
    let full = cursor.name_of(&variable.name.to_string());
    errors.rule(
        MistakeKind::AlreadyExists,
        &variable.name,
        format!(
            "variable `{full}` would be declared in each turn of the loop: let all turns share it, \
             `scope cell(reuse = auto) {{ … }}`, or give each turn a scope of its own, `scope block[i] {{ … }}`"
        ),
    );
    None
}

// scope a(reuse) { var u; }
pub fn does_not_exist(tree: &Tree, cursor: &Cursor, name: &Ident, errors: &mut Errors) {
    let full = cursor.name_of(&name.to_string());
    let there: Vec<&str> = tree.scopes[cursor.scope]
        .members
        .iter()
        .filter(|member| matches!(member, Member::Variable(id) if !tree.variables[*id].is_unique))
        .map(|&member| tree.label(member))
        .collect();
    let scope = if cursor.parts.is_empty() { "the root".to_string() } else { format!("`{}`", cursor.name()) };
    let list = match there.as_slice() {
        [] => format!("{scope} has no variable before this"),
        names => format!("{scope} has `{}`", names.join("`, `")),
    };
    // Scopes are mistaken more often than variables: `a/v` for `a/b/v`.
    let meant = match tree.variable_elsewhere(&full, name) {
        Some(elsewhere) => format!("; {elsewhere}"),
        None => suggestion(&name.to_string(), there.iter().copied()),
    };
    let hint = if meant.is_empty() { "; to make it, leave `reuse` out, or write `reuse = auto`" } else { &meant };
    errors.rule(
        MistakeKind::DoesNotExist,
        name,
        format!("variable `{full}` does not exist, and its scope reuses: {list}{hint}"),
    );
}

// scope a(reuse) { var w = zeros(); }
pub fn given_where_shared(
    cursor: &Cursor,
    variable: &syntax::Variable,
    first: &Site,
    given: Option<(String, Span)>,
    errors: &mut Errors,
) -> Option<()> {
    let Some((what, span)) = given else { return Some(()) };
    let (full, first) = (cursor.name_of(&variable.name.to_string()), place(first.span));
    errors.rule_at(
        MistakeKind::GivenWhereShared,
        span,
        format!("variable `{full}` is shared here, and its {what} is that of its declaration at {first}: leave it out"),
    );
    None
}

// scope a(reuse) { var w: [1, 1]; }           // after `var w: [1];`
pub fn same_rank(
    cursor: &Cursor,
    variable: &syntax::Variable,
    known: &Variable,
    rank: usize,
    first: &Site,
    errors: &mut Errors,
) -> Option<()> {
    if known.rank == rank {
        return Some(());
    }
    let (full, first) = (cursor.name_of(&variable.name.to_string()), place(first.span));
    let span = variable.ty.as_ref().map_or(variable.name.span(), |ty| ty.span);
    errors.rule_at(
        MistakeKind::ShapeMismatch,
        span,
        format!("variable `{full}` is {}, as declared at {first}; here it has {rank} axes", known.written),
    );
    None
}

// var w;
pub fn shape_missing(cursor: &Cursor, variable: &syntax::Variable, errors: &mut Errors) {
    let (name, full) = (&variable.name, cursor.name_of(&variable.name.to_string()));
    errors.rule(
        MistakeKind::ShapeMissing,
        name,
        format!(
            "variable `{full}` is new, so its shape must be known: write `var {name}: [3, 3];`, or an array as its \
             initializer; to share an existing one, open its scope with `reuse`"
        ),
    );
}

// scope self.a.c(reuse) { … }
pub fn no_such_scope(tree: &Tree, cursor: &Cursor, name: &Ident, errors: &mut Errors) {
    let hint = suggestion(&name.to_string(), tree.labels(cursor.scope));
    let place = if cursor.parts.is_empty() { "at the root".to_string() } else { format!("in `{}`", cursor.name()) };
    errors.rule(
        MistakeKind::DoesNotExist,
        name,
        format!("there is no scope `{name}` {place} before this{hint}; `scope self.…` opens one again"),
    );
}

// scope a(reuse) { var w: u32[1]; }           // after `var w: [1];`
pub fn same_element(
    cursor: &Cursor,
    variable: &syntax::Variable,
    known: &Variable,
    (ty, element): (&syntax::TensorType, &Element),
    first: Span,
    errors: &mut Errors,
) -> Option<()> {
    if known.element == *element {
        return Some(());
    }
    let (full, first) = (cursor.name_of(&variable.name.to_string()), place(first));
    let text = |element: &Element| match element {
        Element::Model => "the model's element type".to_string(),
        Element::Named(name) => name.to_string(),
    };
    let (is, here) = (text(&known.element), text(element));
    errors.rule_at(
        MistakeKind::DTypeMismatch,
        ty.span,
        format!("variable `{full}` is of {is}, as declared at {first}; here it is asked for as {here}"),
    );
    None
}

// for i in 0..2 { scope block[i] { if i == 0 { var w: [1]; } else { var w: [1, 1]; } } }
pub fn same_field(
    cursor: &Cursor,
    variable: &syntax::Variable,
    known: &Variable,
    rank: usize,
    element: &Element,
    errors: &mut Errors,
) -> Option<()> {
    if known.rank == rank && known.element == *element {
        return Some(());
    }
    let full = cursor.name_of(&variable.name.to_string());
    errors.error(
        &variable.name,
        format!(
            "`{full}` is one field of the struct, so it has one rank and one element type in all turns and \
             branches; elsewhere it is {}",
            known.written
        ),
    );
    None
}

// scope fc: Dense(x, units = 3);  scope fc: Dense(y, units = 3);
pub fn layer_exists(cursor: &Cursor, name: &Ident, id: usize, first: &Site, errors: &mut Errors) {
    let full = cursor.name_of(&name.to_string());
    let message = if first.id == id {
        format!(
            "layer `{full}` would be made in each turn of the loop: give each turn its own, `scope {name}[i]: …`, or \
             make it before the loop and apply it inside, `{name}(x)`"
        )
    } else {
        format!(
            "layer `{full}` already exists, first made at {}; to apply it again, write `{name}(x)`",
            place(first.span)
        )
    };
    errors.rule(MistakeKind::AlreadyExists, name, message);
}

// for t in 0..time { scope fc: Dense(x, units = 3); }
pub fn layer_each_turn(
    cursor: &Cursor,
    name: &Ident,
    part: &PathPart,
    reuse: syntax::Reuse,
    loops: &[&Ident],
    errors: &mut Errors,
) -> Option<()> {
    let is_indexed =
        |variable: &Ident| cursor.parts.iter().chain([part]).any(|part| part.index.as_ref() == Some(variable));
    if reuse == syntax::Reuse::Auto || loops.iter().all(|variable| is_indexed(variable)) {
        return Some(());
    }
    let full = cursor.name_of(&name.to_string());
    errors.rule(
        MistakeKind::AlreadyExists,
        name,
        format!(
            "layer `{full}` would be made in each turn of the loop: give each turn its own, `scope {name}[i]: …`, or \
             let all turns share it, `scope {name}(reuse = auto): …`"
        ),
    );
    None
}

// scope a(reuse) { scope fc: Dense(x, units = 3); }
pub fn no_such_layer(tree: &Tree, cursor: &Cursor, name: &Ident, errors: &mut Errors) {
    let full = cursor.name_of(&name.to_string());
    let hint = match tree.layer_elsewhere(&full, name) {
        Some(elsewhere) => format!("; {elsewhere}"),
        None => suggestion(&name.to_string(), tree.labels(cursor.scope)),
    };
    errors.rule(MistakeKind::DoesNotExist, name, format!("layer `{full}` does not exist, and its scope reuses{hint}"));
}

// if a { scope fc: Dense(x, units = 3) } else { scope fc: Conv2d(x, filters = 3) }
pub fn same_layer(cursor: &Cursor, name: &Ident, known: &Layer, path: &syn::Path, errors: &mut Errors) -> Option<()> {
    if text(&known.path) == text(path) {
        return Some(());
    }
    let full = cursor.name_of(&name.to_string());
    errors.error(
        path,
        format!(
            "`{full}` is one field of the struct, and elsewhere it is another layer; give one of them another name"
        ),
    );
    None
}

pub fn text(path: &syn::Path) -> String {
    quote::ToTokens::to_token_stream(path).to_string()
}
