//! Initializers without chance: one number everywhere, or numbers written out.

use super::Initializer;
use crate::element::DType;
use crate::element::Scalar;
use crate::random::Random;

pub(super) const ZEROS: Constant = Constant { value: 0.0 };

/// See [`constant`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Constant {
    value: f64,
}

/// Zero everywhere.
pub fn zeros() -> Constant {
    ZEROS
}

/// One everywhere.
pub fn ones() -> Constant {
    constant(1.0)
}

/// The same number everywhere.
pub fn constant(value: impl Into<f64>) -> Constant {
    Constant { value: value.into() }
}

impl Initializer for Constant {
    fn draw(&self, dtype: DType, shape: &[usize], _: &mut Random, element: &mut dyn FnMut(f64)) -> Result<(), String> {
        check(self.value, dtype)?;
        (0..shape.iter().product()).for_each(|_: usize| element(self.value));
        Ok(())
    }
}

/// See [`elements`].
#[derive(Clone, PartialEq, Debug)]
pub struct Elements {
    elements: Vec<f64>,
}

/// These elements, the last axis fastest: what an array in a [`model!`](macro@crate::model) becomes.
pub fn elements<S: Scalar>(elements: impl IntoIterator<Item = S>) -> Elements {
    Elements { elements: elements.into_iter().map(Scalar::to_number).collect() }
}

impl Initializer for Elements {
    fn draw(&self, dtype: DType, shape: &[usize], _: &mut Random, element: &mut dyn FnMut(f64)) -> Result<(), String> {
        let wanted: usize = shape.iter().product();
        if wanted != self.elements.len() {
            return Err(format!("its shape {shape:?} has {wanted} elements, and {} are given", self.elements.len()));
        }
        self.elements.iter().try_for_each(|&value| check(value, dtype))?;
        self.elements.iter().for_each(|&value| element(value));
        Ok(())
    }
}

/// Whether a variable of this type can hold a number as it is.
fn check(value: f64, dtype: DType) -> Result<(), String> {
    let range = match dtype {
        DType::F32 | DType::F64 | DType::Model | DType::Number => return Ok(()),
        DType::I32 => f64::from(i32::MIN)..=f64::from(i32::MAX),
        DType::I64 => -(2.0_f64.powi(53))..=2.0_f64.powi(53),
        DType::U8 => 0.0..=255.0,
        DType::U32 => 0.0..=f64::from(u32::MAX),
        DType::Bool => 0.0..=1.0,
    };
    if range.contains(&value) && value.fract() == 0.0 {
        Ok(())
    } else {
        Err(format!("{value} is not a value of {dtype}"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::drawn;
    use super::*;

    #[test]
    fn fills_every_element() {
        assert_eq!(drawn(&constant(0.5), DType::F32, &[2, 2]).unwrap(), [0.5; 4]);
        assert_eq!(drawn(&ones(), DType::Bool, &[]).unwrap(), [1.0]);
        assert_eq!(drawn(&elements([1, 2, 3]), DType::U32, &[3]).unwrap(), [1.0, 2.0, 3.0]);
    }

    #[test]
    fn refuses_what_the_type_cannot_hold() {
        assert_eq!(drawn(&constant(1.5), DType::I32, &[1]).unwrap_err(), "1.5 is not a value of i32");
        assert!(drawn(&constant(-1), DType::U32, &[1]).is_err());
        assert!(drawn(&constant(2), DType::Bool, &[1]).is_err());
        assert!(drawn(&elements([1.0]), DType::F32, &[2]).is_err());
    }
}
