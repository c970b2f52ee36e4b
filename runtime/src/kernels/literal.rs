//! Numbers of any type as keywords, in constants: `rate = 0.5`, with `0.5` an `f32` or an `f64`.
//!
//! A `const fn` cannot call a trait's methods, so the conversion looks at the type's kind, a constant, and copies the
//! bits out as that type.

use crate::shape::Dim;

mod sealed {
    pub trait Sealed {}
}

/// The type of a number, as a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[doc(hidden)]
pub enum Kind {
    F32,
    F64,
    I32,
    I64,
    Isize,
    U8,
    U32,
    U64,
    Usize,
    Dim,
}

/// A number, or a size, that a keyword takes.
///
/// # Safety
///
/// `KIND` must name the implementing type itself.
#[diagnostic::on_unimplemented(
    message = "this keyword takes a number, not `{Self}`",
    label = "expected a number or a list of numbers"
)]
#[expect(unsafe_code, reason = "the conversions below rely on `KIND`")]
pub unsafe trait Literal: sealed::Sealed + Copy {
    #[doc(hidden)]
    const KIND: Kind;
}

macro_rules! literals {
    ($($number:ty: $kind:ident,)*) => {$(
        impl sealed::Sealed for $number {}
        // SAFETY: the table below pairs each type with the kind of its name.
        #[expect(unsafe_code, reason = "see the trait")]
        unsafe impl Literal for $number {
            const KIND: Kind = Kind::$kind;
        }
    )*};
}

literals! {
    f32: F32,
    f64: F64,
    i32: I32,
    i64: I64,
    isize: Isize,
    u8: U8,
    u32: U32,
    u64: U64,
    usize: Usize,
    Dim: Dim,
}

/// A literal whose type has been looked at.
enum Value {
    Float(f64),
    Integer(i64),
    Dim(Dim),
}

const fn value<L: Literal>(literal: L) -> Value {
    /// The bits of a literal as the type that its kind names.
    const fn bits<L: Literal, N: Copy>(literal: L) -> N {
        // SAFETY: called below with the `N` that `L::KIND` names, which `Literal`'s contract says is `L` itself.
        #[expect(unsafe_code, reason = "the copy cannot be written as a cast in a generic constant")]
        unsafe {
            core::mem::transmute_copy::<L, N>(&literal)
        }
    }
    match L::KIND {
        Kind::F32 => Value::Float(bits::<L, f32>(literal) as f64),
        Kind::F64 => Value::Float(bits::<L, f64>(literal)),
        Kind::I32 => Value::Integer(bits::<L, i32>(literal) as i64),
        Kind::I64 => Value::Integer(bits::<L, i64>(literal)),
        Kind::Isize => Value::Integer(bits::<L, isize>(literal) as i64),
        Kind::U8 => Value::Integer(bits::<L, u8>(literal) as i64),
        Kind::U32 => Value::Integer(bits::<L, u32>(literal) as i64),
        Kind::U64 => Value::Integer(saturate(bits::<L, u64>(literal))),
        Kind::Usize => Value::Integer(saturate(bits::<L, usize>(literal) as u64)),
        Kind::Dim => Value::Dim(bits::<L, Dim>(literal)),
    }
}

const fn saturate(number: u64) -> i64 {
    if number > i64::MAX as u64 { i64::MAX } else { number as i64 }
}

/// A literal as `f64`; a size that is not known as NaN.
pub const fn to_f64<L: Literal>(literal: L) -> f64 {
    match value(literal) {
        Value::Float(number) => number,
        Value::Integer(number) => number as f64,
        Value::Dim(Dim::Known(size)) => size as f64,
        Value::Dim(_) => f64::NAN,
    }
}

/// A literal as an axis: rounded towards zero.
pub const fn to_isize<L: Literal>(literal: L) -> isize {
    match value(literal) {
        Value::Float(number) => number as isize,
        Value::Integer(number) => number as isize,
        Value::Dim(Dim::Known(size)) => size as isize,
        Value::Dim(_) => isize::MAX,
    }
}

/// A literal as a size; a negative one, as TensorFlow's `-1`, is what the other axes leave.
pub const fn to_dim<L: Literal>(literal: L) -> Dim {
    match value(literal) {
        Value::Float(number) => Dim::known(number as usize),
        Value::Integer(number) if number < 0 => Dim::Rest,
        Value::Integer(number) => Dim::known(number as usize),
        Value::Dim(dim) => dim,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_number_converts() {
        assert_eq!(to_f64(0.5_f32), 0.5);
        assert_eq!(to_f64(0.1), 0.1);
        assert_eq!(to_f64(3_u8) + to_f64(4_u32) + to_f64(5_u64) + to_f64(6_usize), 18.0);
        assert_eq!(to_isize(-1) + to_isize(-2_i64) + to_isize(-3_isize), -6);
        assert_eq!(to_isize(u64::MAX), i64::MAX as isize);
        assert_eq!(to_dim(7), Dim::known(7));
        assert_eq!(to_dim(-1), Dim::Rest);
        assert_eq!(to_dim(Dim::Symbol(3)), Dim::Symbol(3));
        assert!(to_f64(Dim::Unknown).is_nan());
    }
}
