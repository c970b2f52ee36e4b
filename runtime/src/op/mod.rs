//! The contract of an op.
//!
//! An op is a module. [`model!`](macro@crate::model) knows none of them by name: it calls `shape`, `record` and `Attrs`
//! of whatever module the user wrote, the library's or the user's own. The module has
//!
//! - `Attrs`, the keywords, declared with [`attributes!`](crate::attributes);
//! - `shape`, a `const fn` from the operands' shapes and the keywords to those of the results ([`Shapes`]), which runs
//!   at `cargo check` with names for sizes, and again with numbers when a batch of a new size comes;
//! - `forward`, and for an op with a gradient `backward`, on [`View`]s;
//! - one [`op!`](crate::op!) declaration, which says what goes where.
//!
//! ```
//! /// `swish(x)`: `x · sigmoid(x)` (Ramachandran, Zoph and Le, 2017).
//! mod swish {
//!     use varscope::op::*;
//!
//!     varscope::attributes! {}
//!
//!     pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
//!         Ok(Shapes::one(x))
//!     }
//!
//!     pub fn forward<T: Float>(_: &Context, x: View<T>, _: &Attrs, mut y: ViewMut<T>) -> Result<()> {
//!         for (y, &x) in y.data().iter_mut().zip(x.data()) {
//!             *y = x / (T::one() + (-x).exp());
//!         }
//!         Ok(())
//!     }
//!
//!     pub fn backward<T: Float>(_: &Context, x: View<T>, dy: View<T>, _: &Attrs, dx: Gradient<T>) -> Result<()> {
//!         dx.zip(x, dy, |x, dy| {
//!             let s = T::one() / (T::one() + (-x).exp());
//!             dy * (s + x * s * (T::one() - s))
//!         });
//!         Ok(())
//!     }
//!
//!     varscope::op! {
//!         swish(x: T) -> (y: T), for T in [f32, f64];
//!         backward(reads [x], from [y], to [x]);
//!     }
//! }
//!
//! use varscope::prelude::*;
//!
//! model! {
//!     struct Net {
//!         fn activate(x: [batch, 4]) -> [batch, 4] {
//!             crate::swish(x) // an op of one's own is written with its path
//!         }
//!     }
//! }
//! # fn main() {}
//! ```

mod any;
pub mod attributes;
mod context;
#[doc(hidden)]
pub mod declare;
mod view;
mod window;

use std::any::Any;

#[doc(hidden)]
pub use any::Any as AnyElement;
pub use attributes::{Axes, Paddings, Sizes};
pub use context::Context;
pub use view::{Gradient, Update, View, ViewMut};
pub use window::{Padding, Window};

pub use crate::arena::{Arguments, Gradients, Views};
pub use crate::element::{DType, Element, Float, Number, Slice, SliceMut};
pub use crate::error::{Error, Result};
pub use crate::kernels::literal::Literal;
pub use crate::random::Random;
pub use crate::shape::{Dim, List, MAX_RANK, Shape, ShapeError, Shapes};

/// The element type of an operand or a result, as the op's declaration gives it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `T`: one of the op's element types, the same wherever it stands.
    Element,
    /// `[T]`: a list of such tensors.
    List,
    /// `(mut T)`: a variable that the op itself updates, marked with `&mut` where it is called.
    Updated,
    /// A type of its own, such as `u32` for indices.
    Is(DType),
    /// `any`, of a result: the type that `shape` gives it.
    Any,
}

/// A tensor of a call, by its role.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Buffer {
    /// The `n`-th operand.
    Operand(usize),
    /// The `n`-th result.
    Result(usize),
    /// The `n`-th buffer kept for backward.
    Saved(usize),
}

/// The operands and results of an op as it declares them.
#[derive(Clone, Copy, Debug)]
pub struct Signature {
    /// The op's name.
    pub name: &'static str,
    /// The operands.
    pub operands: &'static [Kind],
    /// The results.
    pub results: &'static [Kind],
    /// The types that `T` may be.
    pub elements: &'static [DType],
}

impl Signature {
    /// The kind of the `n`-th tensor of a call; a list stands last and takes what is left.
    pub const fn kind(&self, n: usize) -> Kind {
        if n < self.operands.len() {
            self.operands[n]
        } else if let Some(&kind) = self.operands.last() {
            kind
        } else {
            Kind::Element
        }
    }

    /// The element type of a call: that of the first operand that has one, otherwise the model's.
    pub const fn element(&self, model: DType, operands: &[Shape]) -> DType {
        let mut n = 0;
        while n < operands.len() {
            if !matches!(self.kind(n), Kind::Is(_)) && !matches!(operands[n].dtype(), DType::Number) {
                return operands[n].dtype();
            }
            n += 1;
        }
        model
    }

    /// The position at which a list stands, if there is one.
    pub const fn list(&self) -> Option<usize> {
        match self.operands.last() {
            Some(Kind::List) => Some(self.operands.len() - 1),
            _ => None,
        }
    }

    const fn check_count(&self, count: usize) -> Result<(), ShapeError> {
        let (wanted, has_list) = (self.operands.len(), self.list().is_some());
        if count == wanted || (has_list && count > wanted) {
            return Ok(());
        }
        if has_list && count + 1 == wanted {
            return Err(ShapeError::new("the list is empty"));
        }
        let error = match wanted {
            1 => ShapeError::new("it takes one operand, not {}"),
            _ => {
                return Err(ShapeError::new("it takes {} operands, not {}")
                    .number(wanted as isize)
                    .number(count as isize));
            }
        };
        Err(error.number(count as isize))
    }

    /// Whether operands are as many and of the types that the op declares.
    ///
    /// # Errors
    ///
    /// The first that is not.
    pub const fn check(&self, element: DType, operands: &[Shape]) -> Result<(), ShapeError> {
        if let Err(error) = self.check_count(operands.len()) {
            return Err(error);
        }
        if !self.takes(element) {
            return Err(ShapeError::new("it does not take {}").dtype(element));
        }
        let mut n = 0;
        while n < operands.len() {
            let wanted = if let Kind::Is(dtype) = self.kind(n) { dtype } else { element };
            let found = operands[n].dtype();
            if !found.same(wanted) && !matches!(found, DType::Number) {
                let error = ShapeError::new("operand {} is of {}, and {} is needed");
                return Err(error.number(n as isize + 1).dtype(found).dtype(wanted));
            }
            n += 1;
        }
        Ok(())
    }

    /// Whether `T` may be this type. The type of a generic model is one of the floats.
    const fn takes(&self, element: DType) -> bool {
        let mut n = 0;
        while n < self.elements.len() {
            let taken = self.elements[n];
            if taken.same(element) || (matches!(element, DType::Model) && taken.is_float()) {
                return true;
            }
            n += 1;
        }
        false
    }
}

/// The backward pass of an op.
#[derive(Clone, Copy, Debug)]
pub struct Backward {
    /// Computes the operands' gradients.
    pub kernel: Kernel,
    /// The kernel that finds the gradient of the result where it puts that of the first of `to`, if the op has one.
    pub in_place: Option<Kernel>,
    /// Whether it gives pieces of the gradient of the first of `to` away as they are finished ([`Context::finish`]).
    pub pieces: bool,
    /// What it reads of the forward pass; what it does not read need not be kept.
    pub reads: &'static [Buffer],
    /// The results whose gradients it takes.
    pub from: &'static [usize],
    /// The operands whose gradients it gives.
    pub to: &'static [usize],
}

/// A call of an op, its types erased.
pub type Kernel = fn(&Context<'_>, DType, &dyn Any, &mut Arguments<'_>) -> Result<()>;

/// How a result comes from its operands.
#[derive(Clone, Copy, Debug)]
pub enum Forward {
    /// A kernel writes it.
    Computed {
        /// The kernel, from operands to results and saved buffers.
        kernel: Kernel,
        /// The kernel that finds the first operand where it puts the first result, if the op has one.
        in_place: Option<Kernel>,
    },
    /// It is the first operand itself, with other sizes.
    Alias,
}

/// An op, as its [`op!`](crate::op!) declaration describes it.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Operands and results.
    pub signature: Signature,
    /// The shapes of the results; the element type is that of the model.
    pub shape: fn(DType, &[Shape], &dyn Any) -> Result<Shapes, ShapeError>,
    /// How the results come about.
    pub forward: Forward,
    /// How gradients go back, if they do.
    pub backward: Option<Backward>,
    /// Whether each element of the only result depends on the elements of the operands in its place alone, so that some
    /// rows of it can be computed by themselves.
    pub elementwise: bool,
    /// Whether the two operands can be exchanged.
    pub commutes: bool,
    /// Whether the op gives pieces of its first result away as they are finished ([`Context::finish`]).
    pub pieces: bool,
}

/// How an argument stands in the op's functions: alone, or as a list. Implemented by markers that
/// [`op!`](crate::op!) uses.
#[doc(hidden)]
pub trait Argument {
    type View<'a>;
    type ViewMut<'a>;
    type Gradient<'a>;
    fn read<'a>(arguments: &mut Arguments<'a>) -> Result<Self::View<'a>>;
    fn write<'a>(arguments: &mut Arguments<'a>) -> Result<Self::ViewMut<'a>>;
    fn gradient<'a>(arguments: &mut Arguments<'a>) -> Result<Self::Gradient<'a>>;
}

#[doc(hidden)]
pub struct One<T>(std::marker::PhantomData<T>);

impl<T: Element> Argument for One<T> {
    type View<'a> = View<'a, T>;
    type ViewMut<'a> = ViewMut<'a, T>;
    type Gradient<'a> = Gradient<'a, T>;

    fn read<'a>(arguments: &mut Arguments<'a>) -> Result<View<'a, T>> {
        arguments.read()
    }

    fn write<'a>(arguments: &mut Arguments<'a>) -> Result<ViewMut<'a, T>> {
        arguments.write()
    }

    fn gradient<'a>(arguments: &mut Arguments<'a>) -> Result<Gradient<'a, T>> {
        arguments.gradient()
    }
}

#[doc(hidden)]
pub struct Many<T>(std::marker::PhantomData<T>);

impl<T: Element> Argument for Many<T> {
    type View<'a> = Views<'a, T>;
    type ViewMut<'a> = ViewsMut<'a, T>;
    type Gradient<'a> = Gradients<'a, T>;

    fn read<'a>(arguments: &mut Arguments<'a>) -> Result<Views<'a, T>> {
        arguments.read_views()
    }

    fn write<'a>(arguments: &mut Arguments<'a>) -> Result<ViewsMut<'a, T>> {
        Ok(ViewsMut(arguments.gradients()?))
    }

    fn gradient<'a>(arguments: &mut Arguments<'a>) -> Result<Gradients<'a, T>> {
        arguments.gradients()
    }
}

/// A list of results to write, each handed out once.
pub struct ViewsMut<'a, T>(Gradients<'a, T>);

impl<'a, T: Element> Iterator for ViewsMut<'a, T> {
    type Item = Result<ViewMut<'a, T>>;

    fn next(&mut self) -> Option<Self::Item> {
        let gradient = self.0.next()?;
        Some(gradient.and_then(|gradient| match gradient.into_parts() {
            Some((view, _)) => Ok(view),
            None => Err(Error::defect("a result has no place")),
        }))
    }
}
