//! Branches and loops: what both arms have in common, and what a loop carries.

use super::Check;
use super::failure::Failure;
use crate::element::DType;
use crate::shape::{Dim, Shape, ShapeError};

impl Check<'_> {
    /// The value of a branch: that of the arm which is taken, or what both have in common.
    pub const fn join(
        &mut self,
        node: usize,
        scope: &'static str,
        condition: Option<bool>,
        arms: [usize; 2],
        result: usize,
    ) {
        let (yes, no) = (self.values[arms[0]], self.values[arms[1]]);
        self.values[result] = match condition {
            Some(true) => yes,
            Some(false) => no,
            None if yes.is_absent() || no.is_absent() => Shape::ABSENT,
            None if matches!(yes.dtype(), DType::Number) && yes.rank() == no.rank() => no,
            None if matches!(no.dtype(), DType::Number) && yes.rank() == no.rank() => yes,
            None if yes.rank() != no.rank() || !yes.dtype().same(no.dtype()) => {
                let error = ShapeError::new("its two branches differ");
                self.fail(Failure::new(node, "if", scope, &[yes, no], error));
                Shape::ABSENT
            }
            None => common(yes, no),
        };
    }

    /// Whether a value that a loop carries keeps its size from turn to turn; it then has it after the loop.
    pub const fn carry(&mut self, node: usize, scope: &'static str, carried: usize, next: usize) {
        let (before, after) = (self.values[carried], self.values[next]);
        if before.is_absent() || after.is_absent() {
            self.values[carried] = Shape::ABSENT;
        } else if matches!(before.dtype(), DType::Number) && after.rank() == 0 {
            self.values[carried] = after;
        } else if !before.agrees(&after) && !matches!(after.dtype(), DType::Number) {
            let error = ShapeError::new("a value that a loop carries keeps its size, and this one becomes {}");
            self.fail(Failure::new(node, "for", scope, &[before], error.shape(after)));
            self.values[carried] = Shape::ABSENT;
        }
    }
}

/// What two shapes of one rank have in common.
const fn common(a: Shape, b: Shape) -> Shape {
    let mut shape = a;
    let mut axis = 0;
    while axis < a.rank() {
        if !a.dim(axis).same(b.dim(axis)) {
            shape = shape.with(axis, Dim::Unknown);
        }
        axis += 1;
    }
    shape
}
