//! The `op!` declaration: from an op's typed functions to an [`Operation`](super::Operation) and its `record`.

use super::Buffer;

/// Declares an op: its operands, results and element types, and what its backward pass needs.
///
/// ```text
/// op! {
///     name(x: T, ids: u32, updated: (mut T), list: [T]) -> (y: T) saves (mask: u8), for T in [f32, f64];
///     in_place;                                       // or `alias;`, or neither
///     elementwise;                                    // or `pieces;`, or neither
///     backward(reads [x, mask], from [y], to [x]);    // or nothing
/// }
/// ```
///
/// It stands in the op's module and makes four items there: `OPERATION`, for the planner; `check` and `call`, which
/// `model!` uses; and `record`, for recordings by hand. The module's functions take, in this order:
///
/// - `shape`: the operands' [`Shape`](super::Shape)s (a [`List`](super::List) for a list, which stands last; the
///   [`DType`](super::DType) of the model for an op without operands) and `&Attrs`; a result of
///   [`DType::Number`](super::DType::Number) takes the type of `T`;
/// - `forward`: the [`Context`](super::Context), a [`View`](super::View) for each operand ([`Views`](super::Views) for
///   a list), `&Attrs`, and a [`ViewMut`](super::ViewMut) for each result and each saved buffer;
/// - `forward_in_place`, with `in_place;`: the same, but the first result holds the first operand, which is not passed;
/// - `backward_in_place`, with `backward(…, to [x, w], in_place)`: as `backward`, but the gradient of the only result in
///   `from` is not passed: it is what the first operand in `to` has for its gradient already, a
///   [`ViewMut`](super::ViewMut). It is called where nobody else needs that, and as `backward` otherwise;
/// - `backward`: the context, a view for each name in `reads`, the gradient of each result in `from` as a view,
///   `&Attrs`, and a [`Gradient`](super::Gradient) per operand in `to` ([`Gradients`](super::Gradients) for a list).
///
/// `for T in [f32, f64] and [u32]` adds types that the op takes and that have no gradient.
///
/// A result `y: any` has the type that `shape` gives it: `forward` writes a [`SliceMut`](super::SliceMut), and
/// `backward` reads its gradient as a [`Slice`](super::Slice).
///
/// With `elementwise;` each element of the only result depends on those elements of the operands that stand in its place,
/// so that `forward` and `forward_in_place` may be called with some of the rows. They then see matrices: operands as large
/// as the result have as many rows, others are one row for all or one number. The same holds of a `backward` that gives
/// one gradient. With `commutes;` the two operands of an op can be exchanged.
///
/// With `pieces;` the op (in place as well, if it can be) gives its first result away piece by piece with
/// [`Context::finish`](super::Context::finish) where [`Context::is_followed`](super::Context::is_followed); with
/// `backward(…, to [x, w], pieces)` it does so with the first gradient. A plan then lets ops that are `elementwise` and
/// `in_place` work on each piece while it is in the caches: a bias, a shortcut and an activation cost no pass over memory.
///
/// With `alias;` the result is the first operand itself with other sizes, and there is no `forward`.
#[macro_export]
macro_rules! op {
    (
        $name:ident $operands:tt -> $results:tt $(saves $saved:tt)?,
        for T in [$($element:ident),* $(,)?] $(and [$($other:ident),* $(,)?])?;
        $($option:ident $(($($arguments:tt)*))?;)*
    ) => {
        /// This op, for the planner.
        pub static OPERATION: $crate::op::Operation = $crate::op::Operation {
            signature: $crate::op::Signature {
                name: stringify!($name),
                operands: $crate::op!(@kinds $operands),
                results: $crate::op!(@kinds $results),
                elements: &[
                    $(<$element as $crate::op::Element>::DTYPE,)*
                    $($(<$other as $crate::op::Element>::DTYPE,)*)?
                ],
            },
            shape: $crate::op!(@shape $operands),
            forward: $crate::op!(@forward [$($option)*] $operands $results ($($saved)?) [$($element)* $($($other)*)?]),
            backward: $crate::op!(@backward [$($option $(($($arguments)*))?)*] $operands $results ($($saved)?) [$($element)*]),
            elementwise: $crate::op::declare::says("elementwise", &[$(stringify!($option)),*]),
            commutes: $crate::op::declare::says("commutes", &[$(stringify!($option)),*]),
            pieces: $crate::op::declare::says("pieces", &[$(stringify!($option)),*]),
        };

        /// Checks a call of this op at `cargo check`; what `model!` emits.
        #[allow(unused_assignments, unused_mut)]
        pub const fn check<const N: usize>(
            check: &mut $crate::check::Check<'_>,
            call: &$crate::check::Call<'_, N>,
            attrs: &Attrs,
        ) {
            if let Some(shapes) = check.operands(&OPERATION.signature, call) {
                let made = $crate::op!(@checked (check, call, attrs, shapes) $operands);
                check.results(&OPERATION.signature, call, &shapes, made);
            }
        }

        /// Records a call of this op in a model; what `model!` emits. The recorder keeps what goes wrong.
        pub fn call<const N: usize>(
            recorder: &mut $crate::record::Recorder,
            name: &'static str,
            operands: &[$crate::record::Value],
            attrs: Attrs,
        ) -> [$crate::record::Value; N] {
            let made = record(recorder, name, operands, attrs);
            recorder.keep(made)
        }

        /// Records a call of this op.
        ///
        /// # Errors
        ///
        /// What `shape` finds wrong.
        pub fn record(
            recorder: &mut $crate::record::Recorder,
            name: &'static str,
            operands: &[$crate::record::Value],
            attrs: Attrs,
        ) -> $crate::op::Result<$crate::record::Values> {
            recorder.op(&OPERATION, name, operands, ::std::sync::Arc::new(attrs))
        }
    };

    // The kinds of operands or results.
    (@kinds ($($argument:ident: $kind:tt),* $(,)?)) => { &[$($crate::op!(@kind $kind)),*] };
    (@kind T) => { $crate::op::Kind::Element };
    (@kind [T]) => { $crate::op::Kind::List };
    (@kind (mut T)) => { $crate::op::Kind::Updated };
    (@kind any) => { $crate::op::Kind::Any };
    (@kind $type:ident) => { $crate::op::Kind::Is(<$type as $crate::op::Element>::DTYPE) };

    // How an argument is passed; `T` is an alias of the element type at hand.
    (@argument [$type:ident]) => { $crate::op::Many<$type> };
    (@argument (mut $type:ident)) => { $crate::op::One<$type> };
    (@argument any) => { $crate::op::AnyElement };
    (@argument $type:ident) => { $crate::op::One<$type> };

    (@checked ($check:ident, $call:ident, $attrs:ident, $shapes:ident) ()) => { shape($check.element(), $attrs) };
    (@checked ($check:ident, $call:ident, $attrs:ident, $shapes:ident) ($($operand:ident: $kind:tt),+ $(,)?)) => {{
        let mut rest: &[$crate::op::Shape] = &$shapes;
        $(let $operand = $crate::op!(@checked_take rest $call $kind);)+
        shape($($operand,)+ $attrs)
    }};
    (@checked_take $rest:ident $call:ident [T]) => { $call.list($rest) };
    (@checked_take $rest:ident $call:ident $kind:tt) => {{
        let (first, others) = $rest.split_at(1);
        $rest = others;
        first[0]
    }};

    (@shape ()) => { |element, _, attrs| shape(element, $crate::op::declare::attributes(attrs)?) };
    (@shape ($($operand:ident: $kind:tt),+ $(,)?)) => {
        |element, shapes, attrs| {
            #[allow(unused_mut)]
            let mut shapes = shapes;
            $(let $operand = $crate::op!(@take shapes $kind);)+
            Ok(shape($($operand,)+ $crate::op::declare::attributes(attrs)?)?.of_element(element))
        }
    };
    (@take $shapes:ident [T]) => { $crate::op::List::of($shapes) };
    (@take $shapes:ident $kind:tt) => { $crate::op::declare::first(&mut $shapes)? };

    (@forward [alias $($rest:tt)*] $($header:tt)*) => { $crate::op::Forward::Alias };
    (@forward [in_place $($rest:tt)*] $operands:tt $($header:tt)*) => {
        $crate::op::Forward::Computed {
            kernel: $crate::op!(@kernel forward $operands $($header)*),
            in_place: Some($crate::op!(@kernel_in_place $operands $($header)*)),
        }
    };
    (@forward [$option:ident $($rest:tt)*] $($header:tt)*) => { $crate::op!(@forward [$($rest)*] $($header)*) };
    (@forward [] $($header:tt)*) => {
        $crate::op::Forward::Computed { kernel: $crate::op!(@kernel forward $($header)*), in_place: None }
    };
    (@kernel_in_place ($first:ident: $first_kind:tt $(, $operand:ident: $kind:tt)* $(,)?) $($header:tt)*) => {
        $crate::op!(@kernel forward_in_place ($($operand: $kind),*) $($header)*)
    };
    (@kernel $function:ident
        ($($operand:ident: $kind:tt),* $(,)?) ($($result:ident: $result_kind:tt),* $(,)?)
        ($(($($saved:ident: $saved_kind:tt),* $(,)?))?) [$($element:ident)*]
    ) => {
        |context, element, attrs, arguments| {
            $crate::op!(@dispatch element [$($element)*] {
                $(let $result = <$crate::op!(@argument $result_kind) as $crate::op::Argument>::write(arguments)?;)*
                $($(let $saved = <$crate::op!(@argument $saved_kind) as $crate::op::Argument>::write(arguments)?;)*)?
                $(let $operand = <$crate::op!(@argument $kind) as $crate::op::Argument>::read(arguments)?;)*
                $function::<T>(
                    context,
                    $($operand,)*
                    $crate::op::declare::attributes_or_defect(attrs)?,
                    $($result,)*
                    $($($saved,)*)?
                )
            })
        }
    };

    (@backward [] $($header:tt)*) => { None };
    (@backward
        [backward(
            reads [$($read:ident),* $(,)?], from [$($from:ident),* $(,)?], to [$($to:ident),* $(,)?] $(, $how:ident)*
        ) $($rest:tt)*]
        ($($operand:ident: $kind:tt),* $(,)?) ($($result:ident: $result_kind:tt),* $(,)?)
        ($(($($saved:ident: $saved_kind:tt),* $(,)?))?) $elements:tt
    ) => {
        Some({
            const NAMES: [&[&str]; 3] =
                [&[$(stringify!($operand)),*], &[$(stringify!($result)),*], &[$($(stringify!($saved)),*)?]];
            $crate::op::Backward {
                reads: &[$($crate::op::declare::buffer(stringify!($read), NAMES)),*],
                from: &[$($crate::op::declare::position(stringify!($from), NAMES[1])),*],
                to: &[$($crate::op::declare::position(stringify!($to), NAMES[0])),*],
                kernel: $crate::op!(
                    @gradients backward [$($read)* $($from)*] [] [$($to)*] $elements
                    [$($operand: $kind)* $($result: $result_kind)* $($($saved: $saved_kind)*)?]
                ),
                in_place: $crate::op!(
                    @in_place [$($how)*] [$($read)*] [$($from)*] [$($to)*] $elements
                    [$($operand: $kind)* $($result: $result_kind)* $($($saved: $saved_kind)*)?]
                ),
                pieces: $crate::op::declare::says("pieces", &[$(stringify!($how)),*]),
            }
        })
    };
    (@backward [$option:ident $($rest:tt)*] $($header:tt)*) => { $crate::op!(@backward [$($rest)*] $($header)*) };

    (@in_place [] $($header:tt)*) => { None };
    (@in_place [pieces $($rest:tt)*] $($header:tt)*) => { $crate::op!(@in_place [$($rest)*] $($header)*) };
    (@in_place [in_place $($rest:tt)*] [$($read:ident)*] [$from:ident] [$first:ident $($to:ident)*] $elements:tt $named:tt) => {
        Some($crate::op!(@gradients backward_in_place [$($read)*] [$first] [$($to)*] $elements $named))
    };
    (@gradients
        $function:ident [$($read:ident)*] [$($found:ident)?] [$($to:ident)*] [$($element:ident)*]
        [$($name:ident: $kind:tt)*]
    ) => {
        |context, element, attrs, arguments| {
            $crate::op!(@dispatch element [$($element)*] {
                $(#[allow(non_camel_case_types, dead_code)] type $name = $crate::op!(@argument $kind);)*
                $function::<T>(
                    context,
                    $(<$read as $crate::op::Argument>::read(arguments)?,)*
                    $crate::op::declare::attributes_or_defect(attrs)?,
                    $(<$found as $crate::op::Argument>::write(arguments)?,)?
                    $(<$to as $crate::op::Argument>::gradient(arguments)?,)*
                )
            })
        }
    };

    // Runs a block with `T` as the element type at hand.
    (@dispatch $at_hand:ident [$($element:ident)*] $block:block) => {{
        $(if $at_hand == <$element as $crate::op::Element>::DTYPE {
            #[allow(dead_code)]
            type T = $element;
            return $block;
        })*
        Err($crate::op::declare::no_such_element($at_hand))
    }};
}

use std::any::Any;

use super::{DType, Error, Result, Shape, ShapeError};

/// The keywords of a call, as the op's own type.
#[doc(hidden)]
pub fn attributes<A: 'static>(attrs: &dyn Any) -> Result<&A, ShapeError> {
    attrs.downcast_ref().ok_or(ShapeError::new("the keywords are another op's"))
}

/// The keywords of a call, as the op's own type.
#[doc(hidden)]
pub fn attributes_or_defect<A: 'static>(attrs: &dyn Any) -> Result<&A> {
    attrs.downcast_ref().ok_or_else(|| Error::defect("the keywords of a call are another op's"))
}

/// Takes the first of some shapes.
#[doc(hidden)]
pub fn first(shapes: &mut &[Shape]) -> Result<Shape, ShapeError> {
    let (first, rest) = shapes.split_first().ok_or(ShapeError::new("an operand is missing"))?;
    *shapes = rest;
    Ok(*first)
}

#[doc(hidden)]
pub fn no_such_element(element: DType) -> Error {
    Error::defect(format!("an op is run on {element}, which it does not declare"))
}

/// The buffer of a name; an error where the op is compiled if it has none.
#[doc(hidden)]
pub const fn buffer(name: &str, [operands, results, saved]: [&[&str]; 3]) -> Buffer {
    if let Some(number) = find(name, operands) {
        Buffer::Operand(number)
    } else if let Some(number) = find(name, results) {
        Buffer::Result(number)
    } else if let Some(number) = find(name, saved) {
        Buffer::Saved(number)
    } else {
        panic!("`backward` reads something that is no operand, result or saved buffer of the op")
    }
}

/// The position of a name; an error where the op is compiled if it is not there.
#[doc(hidden)]
pub const fn position(name: &str, names: &[&str]) -> usize {
    match find(name, names) {
        Some(number) => number,
        None => panic!("`backward` goes from the gradients of results to those of operands; one of them is neither"),
    }
}

/// Whether a declaration says something; an error where the op is compiled if it says anything that nobody knows.
#[doc(hidden)]
pub const fn says(wanted: &str, said: &[&str]) -> bool {
    const KNOWN: [&str; 6] = ["in_place", "alias", "backward", "elementwise", "commutes", "pieces"];
    let mut number = 0;
    while number < said.len() {
        assert!(
            find(said[number], &KNOWN).is_some(),
            "after its operands, `op!` can say `in_place`, `alias`, `elementwise`, `commutes`, `pieces` and `backward(…)`"
        );
        number += 1;
    }
    find(wanted, said).is_some()
}

const fn find(name: &str, names: &[&str]) -> Option<usize> {
    let mut number = 0;
    while number < names.len() {
        if same(name.as_bytes(), names[number].as_bytes()) {
            return Some(number);
        }
        number += 1;
    }
    None
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}
