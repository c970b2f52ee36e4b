//! The rules of what attributes give, each with its message.

use proc_macro2::Ident;

use super::check::text;
use super::{Cursor, Site};
use crate::diag::{Errors, MistakeKind, place};
use crate::ir::{Element, Layer};
use crate::syntax;

// var n(constraint = non_negative()): u32[1];
// var n(regularizer = l2(0.1)): u32[1];
// scope a(regularizer = l2(0.1)) { var n: u32[1]; }
pub fn for_floats(cursor: &Cursor, variable: &syntax::Variable, element: &Element, errors: &mut Errors) -> Option<()> {
    let Element::Named(element) = element else { return Some(()) };
    if element == "f32" || element == "f64" || !syntax::ELEMENTS.iter().any(|other| element == other) {
        return Some(());
    }
    let is_none = |attr: &&syntax::Attr| attr.value.as_deref().is_some_and(syntax::is_none);
    let is_for_floats =
        |attr: &&syntax::Attr| ["constraint", "regularizer", "cache"].iter().any(|name| attr.name == name);
    let list = &variable.attrs.list;
    if let Some(given) = list.iter().filter(|attr| !is_none(attr)).find(is_for_floats) {
        let name = &given.name;
        let message = format!("a `{name}` is for floats, and this variable is of {element}: leave it out");
        errors.rule(MistakeKind::NotFloat, name, message);
        return None;
    }
    if let Some(Some(_)) = cursor.defaults.regularizer
        && !list.iter().any(|attr| attr.name == "regularizer")
    {
        let name = &variable.name;
        let message = format!(
            "the `regularizer` of the scope is for floats, and this variable is of {element}: write \
             `var {name}(regularizer = none)`"
        );
        errors.rule(MistakeKind::NotFloat, name, message);
        return None;
    }
    Some(())
}

// var scale(partitioner = fixed_size(2)): [];
pub fn for_axes(variable: &syntax::Variable, rank: usize, errors: &mut Errors) -> Option<()> {
    let is_given =
        |attr: &&syntax::Attr| attr.name == "partitioner" && !attr.value.as_deref().is_some_and(syntax::is_none);
    let Some(given) = variable.attrs.list.iter().find(is_given).filter(|_| rank == 0) else { return Some(()) };
    let message = "a scalar has no axis to divide: leave this out (TensorFlow may ignore it)";
    errors.rule(MistakeKind::ScalarInParts, &given.name, message);
    None
}

// scope fc(dtype = f64): Dense(x, units = 4)
// scope fc(reuse, initializer = zeros()): Dense(x)
pub fn layer_attributes(attrs: &syntax::Attrs, is_made: bool, errors: &mut Errors) -> Option<()> {
    let stops = |name: &Ident| match name.to_string().as_str() {
        "dtype" => Some("a layer has the element type that it says, or that of this model: leave this out"),
        "name_scope" => Some("the ops of a layer have its name in theirs: leave this out"),
        "custom_getter" => Some("a getter is for the variables of this model and stops at a layer: leave this out"),
        "partitioner" => Some("a partitioner is for the variables of this model and stops at a layer: leave this out"),
        _ => None,
    };
    for syntax::Attr { name, .. } in &attrs.list {
        if let Some(message) = stops(name) {
            errors.error(name, message);
            return None;
        }
        // Whether it is trained can differ from one application to the other.
        if !is_made && !["reuse", "unique", "training"].iter().any(|own| name == own) {
            let message =
                format!("this layer is shared here, and its `{name}` is that with which it was made: leave it out");
            errors.rule(MistakeKind::GivenWhereShared, name, message);
            return None;
        }
    }
    Some(())
}

// scope a(reuse, partitioner = fixed_size(2)) { var w; }                  // after `var w: [4];`
// scope a(reuse = auto) { var w: [4]; }                                   // after `var w(partitioner = …): [4];`
pub fn same_parts(
    cursor: &Cursor,
    variable: &syntax::Variable,
    first: &Site,
    parts: Option<String>,
    errors: &mut Errors,
) -> Option<()> {
    let (kind, message) = match (&first.parts, parts) {
        (None, Some(here)) => (
            MistakeKind::InOnePiece,
            format!("is in one piece there, and here `{here}` is to divide it: write `partitioner = none` here"),
        ),
        (Some(there), None) if cursor.reuse == syntax::Reuse::Auto => (
            MistakeKind::InParts,
            format!("is divided there by `{there}`: write the same here, or share it with `reuse`"),
        ),
        (Some(there), Some(here)) if *there != here => {
            (MistakeKind::InOtherParts, format!("is divided there by `{there}`, and here by `{here}`: write the same"))
        }
        _ => return Some(()),
    };
    let (full, place) = (cursor.name_of(&variable.name.to_string()), place(first.span));
    errors.rule(kind, &variable.name, format!("variable `{full}` is declared at {place}; it {message}"));
    None
}

// scope a(reuse, custom_getter = Other()) { var w; }      // after `scope a(custom_getter = Layer()) { var w: [1]; }`
pub fn same_getter(
    cursor: &Cursor,
    name: &Ident,
    known: &Layer,
    getter: &syntax::Getter,
    errors: &mut Errors,
) -> Option<()> {
    if text(&known.path) == text(&getter.path) {
        return Some(());
    }
    let (full, first, here) = (cursor.name_of(&name.to_string()), text(&known.path), text(&getter.path));
    let message = format!(
        "the variables of a layer stand under the name of the variable that is read through it: `{full}` has those of \
         `{first}`, so it cannot be read through `{here}`"
    );
    errors.error(name, message);
    None
}

// scope a(reuse, custom_getter = Layer()) { var w; }      // after `scope a { var w: [1]; }`
pub fn no_such_getter(cursor: &Cursor, name: &Ident, getter: &syntax::Getter, errors: &mut Errors) {
    let (full, layer) = (cursor.name_of(&name.to_string()), text(&getter.path));
    let message = format!(
        "`{full}` is declared without the getter `{layer}`, whose variables do not exist, and its scope reuses: give the \
         getter where `{full}` is declared, or open this scope with `reuse = auto`"
    );
    errors.rule(MistakeKind::DoesNotExist, name, message);
}

// var mean(custom_getter = my::op()): [4];  batch_norm(x, gamma, beta, &mut mean, &mut variance)
pub fn updated_through_getter(name: &Ident) -> String {
    format!(
        "`{name}` is read through a getter, so no op can update it: declare it with `var {name}(custom_getter = none)`"
    )
}
