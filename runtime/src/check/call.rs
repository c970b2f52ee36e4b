//! Calls of ops.

use super::Check;
use super::failure::{Failure, wrong_results};
use crate::element::DType;
use crate::op::{Kind, Signature};
use crate::shape::{Dim, List, Shape, ShapeError, Shapes};

/// A call of an op: what [`op!`](crate::op!) needs to know of it, besides the keywords.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a, const OPERANDS: usize> {
    node: usize,
    scope: &'static str,
    operands: [usize; OPERANDS],
    results: &'a [usize],
    /// Where a list begins, and its length.
    list: Option<(usize, Dim)>,
    /// The positions of the operands that are marked with `&mut`.
    updates: &'a [usize],
}

impl<'a, const OPERANDS: usize> Call<'a, OPERANDS> {
    /// A call in a scope that takes these values and gives those.
    pub const fn new(node: usize, scope: &'static str, operands: [usize; OPERANDS], results: &'a [usize]) -> Self {
        Self { node, scope, operands, results, list: None, updates: &[] }
    }

    /// The call with its operands from the `begin`-th on as a list of this length.
    #[must_use]
    pub const fn with_list(mut self, begin: usize, length: Dim) -> Self {
        self.list = Some((begin, length));
        self
    }

    /// The call with these operands marked with `&mut`; the last results are their new values.
    #[must_use]
    pub const fn updating(mut self, operands: &'a [usize]) -> Self {
        self.updates = operands;
        self
    }

    /// The list of these shapes.
    pub const fn list<'s>(&self, shapes: &'s [Shape]) -> List<'s> {
        match self.list {
            Some((_, length)) => List::repeated(shapes, length),
            None => List::of(shapes),
        }
    }
}

impl Check<'_> {
    /// The operands of a call, numbers in the type that they take there; `None`, and a note, where they do not suit the
    /// op.
    pub const fn operands<const N: usize>(&mut self, signature: &Signature, call: &Call<'_, N>) -> Option<[Shape; N]> {
        let mut shapes = [Shape::ABSENT; N];
        let mut n = 0;
        while n < N {
            shapes[n] = self.values[call.operands[n]];
            if shapes[n].is_absent() {
                return None;
            }
            n += 1;
        }
        if is_plain(signature, call, &shapes) {
            return Some(shapes);
        }
        let element = signature.element(self.mode.element, &shapes);
        if let Err(error) = suits(signature, call, element, &shapes) {
            self.fail(Failure::new(call.node, signature.name, call.scope, &shapes, error));
            return None;
        }
        n = 0;
        while n < N {
            if matches!(shapes[n].dtype(), DType::Number) {
                shapes[n] = shapes[n].with_dtype(element);
            }
            n += 1;
        }
        Some(shapes)
    }

    /// The results of a call.
    pub const fn results<const N: usize>(
        &mut self,
        signature: &Signature,
        call: &Call<'_, N>,
        operands: &[Shape],
        made: Result<Shapes, ShapeError>,
    ) {
        let shapes = match made {
            Ok(shapes) => shapes.of_element(signature.element(self.mode.element, operands)),
            Err(error) => return self.fail(Failure::new(call.node, signature.name, call.scope, operands, error)),
        };
        let shapes = shapes.results();
        if shapes.len() != call.results.len() {
            let updates = call.updates.len();
            let error = wrong_results(shapes.len() - updates, call.results.len() - updates);
            return self.fail(Failure::new(call.node, signature.name, call.scope, operands, error));
        }
        let mut n = 0;
        while n < shapes.len() {
            self.values[call.results[n]] = shapes[n];
            n += 1;
        }
    }
}

/// Whether the operands of a call are as many tensors as the op takes, all of the first type that it takes: most calls
/// are, and need not be looked at again. Checks are interpreted, so that this is a good part of their time.
const fn is_plain<const N: usize>(signature: &Signature, call: &Call<'_, N>, shapes: &[Shape; N]) -> bool {
    if N != signature.operands.len() || call.list.is_some() || !call.updates.is_empty() {
        return false;
    }
    let element = signature.elements[0] as u8;
    let mut n = 0;
    while n < N {
        if !matches!(signature.operands[n], Kind::Element) || shapes[n].dtype() as u8 != element {
            return false;
        }
        n += 1;
    }
    true
}

/// Whether the operands of a call are those that the op declares.
const fn suits<const N: usize>(
    signature: &Signature,
    call: &Call<'_, N>,
    element: DType,
    shapes: &[Shape],
) -> Result<(), ShapeError> {
    match (signature.list(), call.list) {
        (Some(wanted), Some((begin, _))) if wanted != begin => {
            return Err(ShapeError::new("its list is operand {}").number(wanted as isize + 1));
        }
        (Some(wanted), None) => {
            return Err(ShapeError::new("its operand {} is a list, `[a, b]`").number(wanted as isize + 1));
        }
        (None, Some((begin, _))) => {
            let error = ShapeError::new(
                "its operand {} is one tensor, not a list: `stack` and `concat` make one of it; sizes and axes are \
                 keywords, `shape = [2, 3]`",
            );
            return Err(error.number(begin as isize + 1));
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    if let Err(error) = signature.check(element, shapes) {
        return Err(error);
    }
    let mut n = 0;
    while n < N {
        let (is_updated, is_marked) = (matches!(signature.kind(n), Kind::Updated), contains(call.updates, n));
        if is_updated && !is_marked {
            let error = ShapeError::new("it updates its operand {}, a variable: mark that with `&mut`");
            return Err(error.number(n as isize + 1));
        }
        if is_marked && !is_updated {
            let error = ShapeError::new("it does not update its operand {}: leave the `&mut` out");
            return Err(error.number(n as isize + 1));
        }
        n += 1;
    }
    Ok(())
}

const fn contains(positions: &[usize], position: usize) -> bool {
    let mut n = 0;
    while n < positions.len() {
        if positions[n] == position {
            return true;
        }
        n += 1;
    }
    false
}
