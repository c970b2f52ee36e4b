//! Hyper-parameters while a model is checked: with a value, or without.

use crate::shape::Dim;

/// A hyper-parameter, as far as it is known.
///
/// A layer is checked by itself with none known, where it is applied with those that the application knows, and when an
/// instance is made with all.
#[derive(Clone, Copy, Debug)]
pub enum Known<T> {
    /// It has this value.
    Is(T),
    /// It is a size that is known as a [`Dim`] is: by name.
    Size(Dim),
    /// It is not known.
    Unknown,
    /// It was not given and has no default.
    Missing,
}

impl<T: Copy> Known<T> {
    /// The value, where it is known.
    pub const fn value(self) -> Option<T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Size(_) | Self::Unknown | Self::Missing => None,
        }
    }

    /// The value, or the error that it was not given.
    ///
    /// # Errors
    ///
    /// [`Error::HyperparameterMissing`](crate::Error::HyperparameterMissing), also where it is not a number yet.
    pub fn required(self, model: &'static str, name: &'static str) -> crate::Result<T> {
        self.value().ok_or(crate::Error::HyperparameterMissing { model, name })
    }

    /// Whether it was not given and has no default.
    pub const fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }
}

impl Known<usize> {
    /// A size.
    pub const fn size(dim: Dim) -> Self {
        match dim {
            Dim::Known(size) => Self::Is(size as usize),
            dim => Self::Size(dim),
        }
    }

    /// The hyper-parameter as a dimension.
    pub const fn dim(self) -> Dim {
        match self {
            Self::Is(size) => Dim::known(size),
            Self::Size(dim) => dim,
            Self::Unknown | Self::Missing => Dim::Unknown,
        }
    }
}

/// A keyword whose value cannot be known while the model is checked, because it is computed by a call.
///
/// Only numbers can be: they decide no shape.
#[diagnostic::on_unimplemented(
    message = "this keyword decides a shape, so `cargo check` must know it: a call cannot stand here",
    label = "computed by a call",
    note = "write the value, or the name of a constant: `const SIZE: usize = …;`"
)]
pub trait Unchecked {
    /// A value that stands for it.
    const UNKNOWN: Self;
}

impl Unchecked for f32 {
    const UNKNOWN: Self = 0.0;
}

impl Unchecked for f64 {
    const UNKNOWN: Self = 0.0;
}

/// The value that stands for one which is not known.
pub const fn unchecked<T: Unchecked>() -> T {
    T::UNKNOWN
}
