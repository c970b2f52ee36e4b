//! Tensor types as patterns: `[batch, 784]` binds `batch` and asks for 784.

use super::{Dim, Shape, ShapeError};
use crate::element::DType;

/// One dimension of a tensor type.
#[derive(Clone, Copy, Debug)]
pub enum Axis {
    /// `_`: any size.
    Any,
    /// A name at its first use: takes the size.
    Bind,
    /// A number, an expression, or a name that has its size already.
    Is(Dim),
    /// An upper-case name, which is a constant.
    Constant(Dim),
    /// A hyper-parameter.
    Hyperparameter(Dim),
    /// The name that the pattern's `n`-th [`Axis::Bind`] has just bound.
    Again(usize),
}

/// A tensor type: `u32[batch, 784]`, or `[.., n]` with any leading axes.
#[derive(Clone, Copy, Debug)]
pub struct Pattern<'a> {
    /// The element type; `None` leaves it open.
    pub dtype: Option<DType>,
    /// Whether any axes may stand before the written ones.
    pub leading: bool,
    /// The written axes.
    pub axes: &'a [Axis],
}

impl Pattern<'_> {
    /// Holds a shape against the pattern. Gives the sizes of the names it binds, and the shape with what the pattern
    /// knows better.
    ///
    /// # Errors
    ///
    /// The element type, the number of axes or a size differs.
    pub const fn bind<const NAMES: usize>(&self, shape: Shape) -> Result<([Dim; NAMES], Shape), ShapeError> {
        if let Err(error) = self.check_type(shape) {
            return Err(error);
        }
        let offset = shape.rank() - self.axes.len();
        let mut bound = [Dim::Unknown; NAMES];
        let mut refined = shape;
        let (mut axis, mut names) = (0, 0);
        while axis < self.axes.len() {
            let found = shape.dim(offset + axis);
            let wanted = match self.axes[axis] {
                Axis::Any => Dim::Unknown,
                Axis::Bind => {
                    if names < NAMES {
                        bound[names] = found;
                    }
                    names += 1;
                    found
                }
                Axis::Is(dim) | Axis::Constant(dim) | Axis::Hyperparameter(dim) => dim,
                Axis::Again(name) => {
                    if name < NAMES {
                        bound[name]
                    } else {
                        Dim::Unknown
                    }
                }
            };
            if !found.agrees(wanted) {
                return Err(Self::unlike(self.axes[axis], offset + axis, found, wanted));
            }
            refined = refined.with(offset + axis, found.or(wanted));
            axis += 1;
        }
        Ok((bound, refined))
    }

    const fn check_type(&self, shape: Shape) -> Result<(), ShapeError> {
        if let Some(dtype) = self.dtype
            && !shape.dtype().same(dtype)
            && !matches!(shape.dtype(), DType::Number)
        {
            return Err(ShapeError::new("its elements are {}, not {}").dtype(shape.dtype()).dtype(dtype));
        }
        let fits = if self.leading { shape.rank() >= self.axes.len() } else { shape.rank() == self.axes.len() };
        if fits {
            return Ok(());
        }
        let error = if self.leading {
            ShapeError::new("it has {} axes, at least {} are needed")
        } else {
            ShapeError::new("it has {} axes, {} are needed")
        };
        Err(error.number(shape.rank() as isize).number(self.axes.len() as isize))
    }

    const fn unlike(written: Axis, axis: usize, found: Dim, wanted: Dim) -> ShapeError {
        let error = ShapeError::new(match (written, wanted) {
            (Axis::Constant(_), _) => {
                "axis {} is {}, not {}; an upper-case name is a constant, a lower-case one takes any size"
            }
            (Axis::Hyperparameter(_), _) => {
                "axis {} is {}, not {}; a hyper-parameter fixes every dimension of its name"
            }
            (_, Dim::Symbol(_)) if matches!(found, Dim::Symbol(_)) => {
                "axis {} is {}, not {}: if the two are one size, write one name in both places"
            }
            _ => "axis {} is {}, not {}",
        });
        error.number(axis as isize).with(found).with(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn f32s(dims: &[Dim]) -> Shape {
        Shape::new(DType::F32, dims)
    }

    fn pattern(axes: &[Axis]) -> Pattern<'_> {
        Pattern { dtype: Some(DType::F32), leading: false, axes }
    }

    #[test]
    fn names_take_sizes_and_numbers_are_asked_for() {
        let shape = f32s(&[Dim::Symbol(3), Dim::known(784)]);
        let (names, refined) = pattern(&[Axis::Bind, Axis::Is(Dim::known(784))]).bind::<1>(shape).unwrap();
        assert_eq!((names, refined), ([Dim::Symbol(3)], shape));
        let error = pattern(&[Axis::Bind, Axis::Is(Dim::known(785))]).bind::<1>(shape).unwrap_err();
        assert_eq!(error.to_string(), "axis 1 is 784, not 785");
    }

    #[test]
    fn a_name_must_agree_within_one_type() {
        let square = pattern(&[Axis::Bind, Axis::Again(0)]);
        assert!(square.bind::<1>(f32s(&[Dim::known(3), Dim::known(3)])).is_ok());
        assert!(square.bind::<1>(f32s(&[Dim::known(3), Dim::known(4)])).is_err());
    }

    #[test]
    fn a_known_size_replaces_an_unknown_one() {
        let (_, refined) = pattern(&[Axis::Is(Dim::known(5))]).bind::<0>(f32s(&[Dim::Unknown])).unwrap();
        assert_eq!(refined.dim(0), Dim::known(5));
    }

    #[test]
    fn leading_axes_are_free() {
        let last = Pattern { dtype: None, leading: true, axes: &[Axis::Bind] };
        let (names, _) = last.bind::<1>(f32s(&[Dim::known(2), Dim::known(3), Dim::known(4)])).unwrap();
        assert_eq!(names, [Dim::known(4)]);
        assert_eq!(last.bind::<1>(f32s(&[])).unwrap_err().to_string(), "it has 0 axes, at least 1 are needed");
    }

    #[test]
    fn element_types_must_be_equal() {
        let error = pattern(&[]).bind::<0>(Shape::scalar(DType::U32)).unwrap_err();
        assert_eq!(error.to_string(), "its elements are u32, not f32");
    }
}
