//! Why sizes do not fit: a template and its numbers, put into words only where it is reported.

use super::{Dim, Shape, Text};
use crate::element::DType;

/// A number or a size in a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quantity {
    /// A size, which may be a name.
    Dim(Dim),
    /// A plain number, such as an axis.
    Number(i32),
    /// An element type.
    DType(DType),
}

/// Why the operands of an op do not fit together, or its keywords do not fit them.
///
/// The message is a template with a `{}` for each [`ShapeError::with`], [`ShapeError::number`] and
/// [`ShapeError::dtype`], in their order, and one for [`ShapeError::shape`], which comes last. The op's name and the
/// shapes of its operands need not be in it: they are put before it.
///
/// ```
/// use varscope::op::{Dim, ShapeError};
/// let error = ShapeError::new("{} columns cannot meet {} rows").with(Dim::known(784)).with(Dim::known(785));
/// assert_eq!(error.to_string(), "784 columns cannot meet 785 rows");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShapeError {
    template: &'static str,
    quantities: [Quantity; Self::QUANTITIES],
    count: u8,
    shape: Option<Shape>,
}

impl ShapeError {
    const QUANTITIES: usize = 4;

    /// An error with a message.
    pub const fn new(template: &'static str) -> Self {
        Self { template, quantities: [Quantity::Number(0); Self::QUANTITIES], count: 0, shape: None }
    }

    const fn push(mut self, quantity: Quantity) -> Self {
        if (self.count as usize) < Self::QUANTITIES {
            self.quantities[self.count as usize] = quantity;
            self.count += 1;
        }
        self
    }

    /// The size at the next `{}`.
    pub const fn with(self, dim: Dim) -> Self {
        self.push(Quantity::Dim(dim))
    }

    /// The number at the next `{}`; one of more than 32 bits as the largest, or the smallest, that has so many.
    pub const fn number(self, number: isize) -> Self {
        let number = if number > i32::MAX as isize {
            i32::MAX
        } else if number < i32::MIN as isize {
            i32::MIN
        } else {
            number as i32
        };
        self.push(Quantity::Number(number))
    }

    /// The element type at the next `{}`.
    pub const fn dtype(self, dtype: DType) -> Self {
        self.push(Quantity::DType(dtype))
    }

    /// The shape at the last `{}`.
    pub const fn shape(mut self, shape: Shape) -> Self {
        self.shape = Some(shape);
        self
    }

    /// The first size in it that is one of the first `count` symbols.
    pub(crate) const fn symbol_below(&self, count: u32) -> Option<u32> {
        let mut n = 0;
        while n < self.count as usize {
            if let Quantity::Dim(Dim::Symbol(id)) = self.quantities[n]
                && id < count
            {
                return Some(id);
            }
            n += 1;
        }
        None
    }

    /// Appends the message; `names` are those of the symbols.
    pub const fn write(&self, text: &mut Text, names: &[&str]) {
        text.template(self.template, self, names);
    }

    /// The message with the op's name and its operands before it.
    pub fn of(&self, op: &str, operands: &[Shape]) -> String {
        let mut text = Text::new();
        text.str(op);
        text.str(": ");
        text.shapes(operands, &[]);
        text.str(if operands.is_empty() { "" } else { ": " });
        self.write(&mut text, &[]);
        text.as_str().to_string()
    }

    pub(super) const fn write_argument(&self, text: &mut Text, argument: usize, names: &[&str]) {
        if argument < self.count as usize {
            match self.quantities[argument] {
                Quantity::Dim(dim) => text.dim(dim, names),
                Quantity::Number(number) => text.number(number as i64),
                Quantity::DType(dtype) => text.str(dtype.name()),
            }
        } else if let Some(shape) = &self.shape {
            text.shape(shape, names);
        }
    }
}

impl std::fmt::Display for ShapeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = Text::new();
        self.write(&mut text, &[]);
        f.write_str(text.as_str())
    }
}

impl std::error::Error for ShapeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_small_enough_to_return() {
        assert!(size_of::<ShapeError>() < 128);
    }

    #[test]
    fn templates_take_sizes_numbers_and_a_shape_in_order() {
        let error = ShapeError::new("axis {} of size {} does not fit into {}")
            .number(-1)
            .with(Dim::Symbol(0))
            .shape(Shape::new(DType::F32, &[Dim::known(2)]));
        let mut text = Text::new();
        error.write(&mut text, &["batch"]);
        assert_eq!(text.as_str(), "axis -1 of size batch does not fit into [2]");
    }
}
