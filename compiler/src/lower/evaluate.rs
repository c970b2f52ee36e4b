//! Rust expressions over numbers, which are computed here: the bounds of loops that are unrolled, and conditions in
//! them.

use syn::{BinOp, Expr as Rust, Lit, UnOp};

use super::FunctionLowering;
use crate::ir::Name;

/// What an expression comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    Number(i64),
    Truth(bool),
}

impl FunctionLowering<'_, '_, '_> {
    /// A number, if it depends on nothing else.
    pub(super) fn evaluate_number(&self, expr: &Rust) -> Option<usize> {
        match self.evaluate(expr)? {
            Outcome::Number(number) => usize::try_from(number).ok(),
            Outcome::Truth(_) => None,
        }
    }

    /// A condition, if it depends on numbers only.
    pub(super) fn evaluate_condition(&self, expr: &Rust) -> Option<bool> {
        match self.evaluate(expr)? {
            Outcome::Truth(truth) => Some(truth),
            Outcome::Number(_) => None,
        }
    }

    fn evaluate(&self, expr: &Rust) -> Option<Outcome> {
        match expr {
            Rust::Lit(lit) => match &lit.lit {
                Lit::Int(number) => number.base10_parse().ok().map(Outcome::Number),
                Lit::Bool(truth) => Some(Outcome::Truth(truth.value)),
                _ => None,
            },
            Rust::Path(path) => match self.environment.number(path.path.get_ident()?)? {
                Name::Turn(number) => i64::try_from(*number).ok().map(Outcome::Number),
                _ => None,
            },
            Rust::Paren(paren) => self.evaluate(&paren.expr),
            Rust::Group(group) => self.evaluate(&group.expr),
            Rust::Unary(unary) => match (&unary.op, self.evaluate(&unary.expr)?) {
                (UnOp::Neg(_), Outcome::Number(number)) => Some(Outcome::Number(-number)),
                (UnOp::Not(_), Outcome::Truth(truth)) => Some(Outcome::Truth(!truth)),
                _ => None,
            },
            Rust::Binary(binary) => operate(&binary.op, self.evaluate(&binary.left)?, self.evaluate(&binary.right)?),
            _ => None,
        }
    }
}

fn operate(op: &BinOp, left: Outcome, right: Outcome) -> Option<Outcome> {
    use Outcome::{Number, Truth};
    Some(match (op, left, right) {
        (BinOp::Add(_), Number(a), Number(b)) => Number(a.checked_add(b)?),
        (BinOp::Sub(_), Number(a), Number(b)) => Number(a.checked_sub(b)?),
        (BinOp::Mul(_), Number(a), Number(b)) => Number(a.checked_mul(b)?),
        (BinOp::Div(_), Number(a), Number(b)) => Number(a.checked_div(b)?),
        (BinOp::Rem(_), Number(a), Number(b)) => Number(a.checked_rem(b)?),
        (BinOp::Shl(_), Number(a), Number(b)) => Number(a.checked_shl(u32::try_from(b).ok()?)?),
        (BinOp::Shr(_), Number(a), Number(b)) => Number(a.checked_shr(u32::try_from(b).ok()?)?),
        (BinOp::Lt(_), Number(a), Number(b)) => Truth(a < b),
        (BinOp::Le(_), Number(a), Number(b)) => Truth(a <= b),
        (BinOp::Gt(_), Number(a), Number(b)) => Truth(a > b),
        (BinOp::Ge(_), Number(a), Number(b)) => Truth(a >= b),
        (BinOp::Eq(_), a, b) => Truth(a == b),
        (BinOp::Ne(_), a, b) => Truth(a != b),
        (BinOp::And(_), Truth(a), Truth(b)) => Truth(a && b),
        (BinOp::Or(_), Truth(a), Truth(b)) => Truth(a || b),
        _ => return None,
    })
}
