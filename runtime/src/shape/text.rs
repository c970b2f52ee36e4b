//! Messages with numbers in them, written by `const` code.

use super::{Dim, Shape};
use crate::element::DType;

/// A message under construction. What does not fit any more is cut off.
#[derive(Clone, Copy)]
pub struct Text {
    bytes: [u8; Self::CAPACITY],
    length: usize,
}

impl Text {
    const CAPACITY: usize = 1024;

    /// An empty message.
    pub const fn new() -> Self {
        Self { bytes: [0; Self::CAPACITY], length: 0 }
    }

    /// The message so far.
    pub const fn as_str(&self) -> &str {
        match core::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => "a message that was cut within a character",
        }
    }

    /// Appends a string.
    pub const fn str(&mut self, text: &str) {
        self.slice(text, 0, text.len());
    }

    /// Appends the bytes `from..to` of a string.
    const fn slice(&mut self, text: &str, from: usize, to: usize) {
        let bytes = text.as_bytes();
        if self.length + (to - from) > Self::CAPACITY {
            return;
        }
        let mut at = from;
        while at < to {
            self.bytes[self.length] = bytes[at];
            self.length += 1;
            at += 1;
        }
    }

    /// Appends a number.
    pub const fn number(&mut self, number: i64) {
        if number < 0 {
            self.str("-");
        }
        let mut digits = [0; 20];
        let mut rest = number.unsigned_abs();
        let mut first = digits.len();
        loop {
            first -= 1;
            digits[first] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if let Ok(digits) = core::str::from_utf8(digits.split_at(first).1) {
            self.str(digits);
        }
    }

    /// Appends a size; `names` are those of the symbols.
    pub const fn dim(&mut self, dim: Dim, names: &[&str]) {
        match dim {
            Dim::Known(size) => self.number(size as i64),
            Dim::Symbol(id) if (id as usize) < names.len() => self.str(names[id as usize]),
            Dim::Symbol(_) | Dim::Unknown => self.str("?"),
            Dim::Rest => self.str("_"),
        }
    }

    /// Appends a shape, `[batch, 784]`; with its element type where that is an integer or a boolean.
    pub const fn shape(&mut self, shape: &Shape, names: &[&str]) {
        if shape.is_absent() {
            return self.str("?");
        }
        if !matches!(shape.dtype(), DType::F32 | DType::F64 | DType::Model | DType::Number) {
            self.str(shape.dtype().name());
        }
        self.str("[");
        let mut axis = 0;
        while axis < shape.rank() {
            if axis > 0 {
                self.str(", ");
            }
            self.dim(shape.dim(axis), names);
            axis += 1;
        }
        self.str("]");
    }

    /// Appends shapes: `[batch, 784] × [785, 256]`.
    pub const fn shapes(&mut self, shapes: &[Shape], names: &[&str]) {
        let mut n = 0;
        while n < shapes.len() {
            if n > 0 {
                self.str(" × ");
            }
            self.shape(&shapes[n], names);
            n += 1;
        }
    }

    /// Appends a template, and at each of its `{}` the next argument of the error.
    pub(super) const fn template(&mut self, template: &str, error: &super::ShapeError, names: &[&str]) {
        let bytes = template.as_bytes();
        let (mut from, mut at, mut argument) = (0, 0, 0);
        while at < bytes.len() {
            if bytes[at] == b'{' {
                self.slice(template, from, at);
                error.write_argument(self, argument, names);
                argument += 1;
                at += 1;
                from = at + 1;
            }
            at += 1;
        }
        self.slice(template, from, bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_shapes_read_as_in_source() {
        let mut text = Text::new();
        text.number(-120);
        text.str(" ");
        text.number(0);
        text.str(" ");
        text.shape(&Shape::new(DType::F32, &[Dim::Symbol(0), Dim::known(784), Dim::Unknown]), &["batch"]);
        text.str(" ");
        text.shape(&Shape::new(DType::U32, &[]), &[]);
        assert_eq!(text.as_str(), "-120 0 [batch, 784, ?] u32[]");
    }

    #[test]
    fn a_long_message_is_cut() {
        let mut text = Text::new();
        for _ in 0..200 {
            text.str("0123456789");
        }
        assert_eq!(text.as_str().len(), 1020);
    }
}
