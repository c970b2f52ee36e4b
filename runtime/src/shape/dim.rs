//! One size of a shape, as far as it is known.

/// The size of one axis: a number, the name of a size that is bound when the model runs, or a size that was computed
/// from names and is not known before they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dim {
    /// This many elements. Larger sizes than 4,294,967,295 do not fit, and are refused where memory is planned.
    Known(u32),
    /// A named size: equal to itself only.
    Symbol(u32),
    /// Any size; agrees with every other.
    Unknown,
    /// The `_` of `reshape`: what the other axes leave.
    Rest,
}

impl Dim {
    /// A known size.
    pub const fn known(size: usize) -> Self {
        if size < u32::MAX as usize { Self::Known(size as u32) } else { Self::Known(u32::MAX) }
    }

    /// A size that may be known.
    pub const fn known_or_not(size: Option<usize>) -> Self {
        match size {
            Some(size) => Self::known(size),
            None => Self::Unknown,
        }
    }

    /// A name's size among these, where it is a number; the name's symbol otherwise.
    pub const fn known_or_symbol(sizes: &[Self], number: usize, symbol: u32) -> Self {
        if number < sizes.len() && matches!(sizes[number], Self::Known(_)) {
            sizes[number]
        } else {
            Self::Symbol(symbol)
        }
    }

    /// The size, where it is known.
    pub const fn size(self) -> Option<usize> {
        match self {
            Self::Known(size) => Some(size as usize),
            Self::Symbol(_) | Self::Unknown | Self::Rest => None,
        }
    }

    /// Whether the size is this number.
    pub const fn is(self, size: usize) -> bool {
        matches!(self, Self::Known(known) if known as usize == size)
    }

    /// Equality, in constants too.
    pub const fn same(self, other: Self) -> bool {
        match (self, other) {
            (Self::Known(a), Self::Known(b)) | (Self::Symbol(a), Self::Symbol(b)) => a == b,
            (Self::Unknown, Self::Unknown) | (Self::Rest, Self::Rest) => true,
            _ => false,
        }
    }

    /// Whether two sizes can be equal: the same number or name, or one of them unknown.
    pub const fn agrees(self, other: Self) -> bool {
        matches!(self, Self::Unknown) || matches!(other, Self::Unknown) || self.same(other)
    }

    /// Of two sizes that agree, the one that says more.
    pub const fn or(self, other: Self) -> Self {
        if matches!(self, Self::Unknown) { other } else { self }
    }

    /// The sum.
    pub const fn add(self, other: Self) -> Self {
        match (self, other) {
            (Self::Known(a), Self::Known(b)) => Self::Known(a.saturating_add(b)),
            (Self::Known(0), size) | (size, Self::Known(0)) => size,
            _ => Self::Unknown,
        }
    }

    /// The difference; unknown where it would be negative.
    pub const fn sub(self, other: Self) -> Self {
        match (self, other) {
            (Self::Known(a), Self::Known(b)) if a >= b => Self::Known(a - b),
            (size, Self::Known(0)) => size,
            _ => Self::Unknown,
        }
    }

    /// The product.
    pub const fn mul(self, other: Self) -> Self {
        match (self, other) {
            (Self::Known(a), Self::Known(b)) => Self::Known(a.saturating_mul(b)),
            (Self::Known(0), _) | (_, Self::Known(0)) => Self::Known(0),
            (Self::Known(1), size) | (size, Self::Known(1)) => size,
            _ => Self::Unknown,
        }
    }

    /// The quotient, rounded down as Rust's `/` is; unknown where the divisor is zero.
    pub const fn div(self, other: Self) -> Self {
        match (self, other) {
            (Self::Known(a), Self::Known(b)) if b > 0 => Self::Known(a / b),
            (size, Self::Known(1)) => size,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Dim;

    #[test]
    fn names_equal_themselves_only() {
        assert!(Dim::Symbol(1).agrees(Dim::Symbol(1)));
        assert!(!Dim::Symbol(1).agrees(Dim::Symbol(2)));
        assert!(!Dim::Symbol(1).agrees(Dim::known(1)));
        assert!(Dim::Unknown.agrees(Dim::Symbol(2)));
    }

    #[test]
    fn arithmetic_keeps_what_it_can() {
        assert_eq!(Dim::known(3).mul(Dim::known(4)), Dim::known(12));
        assert_eq!(Dim::known(1).mul(Dim::Symbol(0)), Dim::Symbol(0));
        assert_eq!(Dim::known(2).mul(Dim::Symbol(0)), Dim::Unknown);
        assert_eq!(Dim::known(7).div(Dim::known(2)), Dim::known(3));
        assert_eq!(Dim::known(7).div(Dim::known(0)), Dim::Unknown);
        assert_eq!(Dim::known(2).sub(Dim::known(3)), Dim::Unknown);
        assert_eq!(Dim::known(usize::MAX).add(Dim::known(1)), Dim::Known(u32::MAX));
    }
}
