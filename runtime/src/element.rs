//! Element types of tensors.

use std::fmt;

/// The type of a tensor's elements.
///
/// [`DType::Model`] and [`DType::Number`] only occur while a model is checked: the first is the element type `T` of a
/// layer that takes that of the model which applies it, the second a plain number, which takes the type of what it
/// meets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum DType {
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `i32`
    I32,
    /// `i64`
    I64,
    /// `u8`
    U8,
    /// `u32`
    U32,
    /// `bool`
    Bool,
    /// The element type `T` of a generic model, not known yet.
    Model,
    /// A number without a type of its own.
    Number,
}

impl DType {
    /// The type's name in Rust.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::U8 => "u8",
            Self::U32 => "u32",
            Self::Bool => "bool",
            Self::Model => "T",
            Self::Number => "number",
        }
    }

    /// Bytes of one element; 0 for a type that is not known yet.
    pub const fn size(self) -> usize {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::U8 | Self::Bool => 1,
            Self::Model | Self::Number => 0,
        }
    }

    /// Whether gradients reach values of this type.
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64 | Self::Model)
    }

    /// Equality, in constants too.
    pub const fn same(self, other: Self) -> bool {
        self as u8 == other as u8
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

mod sealed {
    pub trait Sealed {}
}

/// A type that tensors can hold: `f32`, `f64`, `i32`, `i64`, `u8`, `u32`, `bool`.
///
/// Sealed, because the arena lends memory as these types.
pub trait Element:
    sealed::Sealed + Copy + Default + PartialEq + fmt::Debug + fmt::Display + Send + Sync + 'static
{
    /// The type as a value.
    const DTYPE: DType;
    /// Zero, or `false`, for as long as anybody wants to look at it.
    const ZERO: &'static Self;

    /// The element nearest to a number; `bool` is whether it differs from zero.
    fn from_f64(number: f64) -> Self;

    /// The element as `f64`; `bool` is 0 or 1.
    fn as_f64(self) -> f64;

    #[doc(hidden)]
    fn wrap(slice: &[Self]) -> Slice<'_>;

    #[doc(hidden)]
    fn unwrap(slice: Slice<'_>) -> Option<&[Self]>;

    #[doc(hidden)]
    fn wrap_mut(slice: &mut [Self]) -> SliceMut<'_>;

    #[doc(hidden)]
    fn unwrap_mut(slice: SliceMut<'_>) -> Option<&mut [Self]>;
}

/// Elements whose type is known at run time only.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
pub enum Slice<'a> {
    F32(&'a [f32]),
    F64(&'a [f64]),
    I32(&'a [i32]),
    I64(&'a [i64]),
    U8(&'a [u8]),
    U32(&'a [u32]),
    Bool(&'a [bool]),
}

impl Slice<'_> {
    /// The elements as numbers.
    pub(crate) fn to_vec(self) -> Vec<f64> {
        fn numbers<T: Element>(slice: &[T]) -> Vec<f64> {
            slice.iter().map(|element| element.as_f64()).collect()
        }
        match self {
            Self::F32(slice) => numbers(slice),
            Self::F64(slice) => numbers(slice),
            Self::I32(slice) => numbers(slice),
            Self::I64(slice) => numbers(slice),
            Self::U8(slice) => numbers(slice),
            Self::U32(slice) => numbers(slice),
            Self::Bool(slice) => numbers(slice),
        }
    }
}

/// Elements to change, whose type is known at run time only.
#[derive(Debug)]
#[doc(hidden)]
pub enum SliceMut<'a> {
    F32(&'a mut [f32]),
    F64(&'a mut [f64]),
    I32(&'a mut [i32]),
    I64(&'a mut [i64]),
    U8(&'a mut [u8]),
    U32(&'a mut [u32]),
    Bool(&'a mut [bool]),
}

macro_rules! elements {
    ($($element:ty, $dtype:ident, $zero:literal, |$number:ident| $from:expr, |$this:ident| $to:expr;)*) => {$(
        impl sealed::Sealed for $element {}
        impl Element for $element {
            const DTYPE: DType = DType::$dtype;
            const ZERO: &'static Self = &$zero;
            fn from_f64($number: f64) -> Self {
                $from
            }
            fn as_f64(self) -> f64 {
                let $this = self;
                $to
            }
            fn wrap(slice: &[Self]) -> Slice<'_> {
                Slice::$dtype(slice)
            }
            fn unwrap(slice: Slice<'_>) -> Option<&[Self]> {
                if let Slice::$dtype(slice) = slice { Some(slice) } else { None }
            }
            fn wrap_mut(slice: &mut [Self]) -> SliceMut<'_> {
                SliceMut::$dtype(slice)
            }
            fn unwrap_mut(slice: SliceMut<'_>) -> Option<&mut [Self]> {
                if let SliceMut::$dtype(slice) = slice { Some(slice) } else { None }
            }
        }
    )*};
}

elements! {
    f32, F32, 0.0, |number| number as f32, |this| f64::from(this);
    f64, F64, 0.0, |number| number, |this| this;
    i32, I32, 0, |number| number as i32, |this| f64::from(this);
    i64, I64, 0, |number| number as i64, |this| this as f64;
    u8, U8, 0, |number| number as u8, |this| f64::from(this);
    u32, U32, 0, |number| number as u32, |this| f64::from(this);
    bool, Bool, false, |number| number != 0.0, |this| f64::from(u8::from(this));
}

impl SliceMut<'_> {
    /// Takes over elements of the same type and number; otherwise nothing happens.
    pub(crate) fn copy_from(self, from: Slice<'_>) {
        match (self, from) {
            (Self::F32(to), Slice::F32(from)) => copy(to, from),
            (Self::F64(to), Slice::F64(from)) => copy(to, from),
            (Self::I32(to), Slice::I32(from)) => copy(to, from),
            (Self::I64(to), Slice::I64(from)) => copy(to, from),
            (Self::U8(to), Slice::U8(from)) => copy(to, from),
            (Self::U32(to), Slice::U32(from)) => copy(to, from),
            (Self::Bool(to), Slice::Bool(from)) => copy(to, from),
            _ => {}
        }
    }
}

fn copy<T: Copy>(to: &mut [T], from: &[T]) {
    if to.len() == from.len() {
        to.copy_from_slice(from);
    }
}

/// Evaluates an expression with `$T` as the type that a [`DType`] names; the expression is a `Result`.
macro_rules! with_element {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::element::DType::F32 => with_element!(@as $T = f32, $body),
            $crate::element::DType::F64 => with_element!(@as $T = f64, $body),
            $crate::element::DType::I32 => with_element!(@as $T = i32, $body),
            $crate::element::DType::I64 => with_element!(@as $T = i64, $body),
            $crate::element::DType::U8 => with_element!(@as $T = u8, $body),
            $crate::element::DType::U32 => with_element!(@as $T = u32, $body),
            $crate::element::DType::Bool => with_element!(@as $T = bool, $body),
            $crate::element::DType::Model | $crate::element::DType::Number => {
                Err($crate::error::Error::defect("a tensor that is run has no element type"))
            }
        }
    };
    (@as $T:ident = $type:ty, $body:expr) => {{
        type $T = $type;
        $body
    }};
}

pub(crate) use with_element;

/// An element type that can be added and multiplied: every one but `bool`.
///
/// Its methods are the arithmetic of ops: integers wrap around, as TensorFlow's do, where the operators would panic.
pub trait Number: Element + num_traits::NumAssign + PartialOrd {
    /// The sum.
    fn plus(self, other: Self) -> Self;

    /// The difference.
    fn minus(self, other: Self) -> Self;

    /// The product.
    fn times(self, other: Self) -> Self;

    /// The quotient; of integers rounded towards zero, and 0 where the divisor is.
    fn over(self, other: Self) -> Self;
}

macro_rules! floats {
    ($($float:ty),*) => {$(
        impl Number for $float {
            fn plus(self, other: Self) -> Self {
                self + other
            }
            fn minus(self, other: Self) -> Self {
                self - other
            }
            fn times(self, other: Self) -> Self {
                self * other
            }
            fn over(self, other: Self) -> Self {
                self / other
            }
        }
    )*};
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl Number for $integer {
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
            fn times(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }
            fn over(self, other: Self) -> Self {
                if other == 0 { 0 } else { self.wrapping_div(other) }
            }
        }
    )*};
}

floats!(f32, f64);
integers!(i32, i64, u8, u32);

/// A floating-point element type: `f32` or `f64`. Gradients are of these.
pub trait Float:
    Number + num_traits::Float + std::iter::Sum + crate::kernels::scratch::Scratch + crate::kernels::exponential::Exponent
{
    /// The number as this type.
    fn of(number: f64) -> Self {
        <Self as Element>::from_f64(number)
    }
}

impl Float for f32 {}

impl Float for f64 {}

/// A Rust value that an element of a variable can begin with: a number, or a truth.
#[diagnostic::on_unimplemented(
    message = "a variable begins with numbers or truths, and this is `{Self}`",
    label = "expected a number, `true` or `false`"
)]
pub trait Literal {
    /// The value as the number that initializers draw.
    fn to_element(self) -> f64;
}

impl<N: Scalar> Literal for N {
    fn to_element(self) -> f64 {
        self.to_number()
    }
}

impl Literal for bool {
    fn to_element(self) -> f64 {
        f64::from(u8::from(self))
    }
}

/// A Rust number that can stand where a tensor may.
#[diagnostic::on_unimplemented(
    message = "among tensors stand numbers, and this is `{Self}`",
    label = "expected a number"
)]
pub trait Scalar {
    /// The number.
    fn to_number(self) -> f64;
}

macro_rules! scalars {
    ($($type:ty),*) => {$(
        impl Scalar for $type {
            fn to_number(self) -> f64 {
                self as f64
            }
        }
    )*};
}

scalars!(f32, f64, i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);
