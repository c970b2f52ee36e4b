//! Keyword arguments of ops.

use crate::kernels::literal::{self, Literal};
use crate::shape::{Dim, MAX_RANK, Shape, Shapes};

/// A list of sizes: `shape = [batch, 28, 28, _]`.
///
/// While a model is checked, a size may be a name or unknown; when it runs, each is a number (or the `_` of `reshape`).
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    dims: [Dim; Self::CAPACITY],
    length: u8,
    cut: bool,
    given: bool,
}

impl Sizes {
    const CAPACITY: usize = Shapes::RESULTS;

    /// No size; the default of a keyword that must be given.
    pub const NONE: Self = Self { dims: [Dim::Unknown; Self::CAPACITY], length: 0, cut: false, given: false };

    /// The sizes of a list.
    pub const fn new<L: Literal, const N: usize>(sizes: [L; N]) -> Self {
        let mut list = Self { given: true, ..Self::NONE };
        let mut at = 0;
        while at < N {
            list = list.push(literal::to_dim(sizes[at]));
            at += 1;
        }
        list
    }

    const fn push(mut self, dim: Dim) -> Self {
        if (self.length as usize) < Self::CAPACITY {
            self.dims[self.length as usize] = dim;
            self.length += 1;
        } else {
            self.cut = true;
        }
        self
    }

    /// The sizes.
    pub const fn dims(&self) -> &[Dim] {
        self.dims.split_at(self.length as usize).0
    }

    /// The number of sizes.
    pub const fn len(&self) -> usize {
        self.length as usize
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether a list is written, be it empty: `shape = []` is that of a scalar.
    pub const fn is_given(&self) -> bool {
        self.given
    }

    /// Whether there were more than the sixteen that a list holds.
    pub const fn is_cut(&self) -> bool {
        self.cut
    }

    /// The `n`-th size; unknown beyond the last.
    pub const fn get(&self, n: usize) -> Dim {
        if n < self.len() { self.dims[n] } else { Dim::Unknown }
    }
}

/// A list of axes: `axes = [1, -1]`. A negative one counts from the last.
#[derive(Clone, Copy, Debug)]
pub struct Axes {
    axes: [i8; MAX_RANK],
    length: u8,
    given: bool,
}

impl Axes {
    /// No axis; for a reduction: every axis.
    pub const NONE: Self = Self { axes: [0; MAX_RANK], length: 0, given: false };

    /// The axes of a list. More than a tensor can have are an axis that no tensor has.
    pub const fn new<L: Literal, const N: usize>(axes: [L; N]) -> Self {
        let mut list = Self { given: true, ..Self::NONE };
        let mut at = 0;
        while at < N {
            let axis = literal::to_isize(axes[at]);
            let axis = if axis > 100 || axis < -100 { i8::MAX } else { axis as i8 };
            if at < MAX_RANK {
                list.axes[at] = axis;
                list.length += 1;
            } else {
                list.axes[0] = i8::MAX;
            }
            at += 1;
        }
        list
    }

    /// The number of axes.
    pub const fn len(&self) -> usize {
        self.length as usize
    }

    /// Whether none is named.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether a list is written, be it empty: then a reduction has nothing to reduce.
    pub const fn is_given(&self) -> bool {
        self.given
    }

    /// The `n`-th axis as it was written.
    pub const fn get(&self, n: usize) -> isize {
        self.axes[n] as isize
    }

    /// The `n`-th axis, counted from the first, if the shape has it.
    pub const fn of(&self, n: usize, shape: &Shape) -> Option<usize> {
        shape.axis(self.get(n))
    }
}

/// Pairs of sizes, one for each axis: `paddings = [[0, 0], [1, 1]]`.
#[derive(Clone, Copy, Debug)]
pub struct Paddings {
    before: Sizes,
    after: Sizes,
    length: usize,
}

impl Paddings {
    /// No pair; the default of a keyword that must be given.
    pub const NONE: Self = Self { before: Sizes::NONE, after: Sizes::NONE, length: 0 };

    /// The pairs of a list.
    pub const fn new<L: Literal, const N: usize>(pairs: [[L; 2]; N]) -> Self {
        let mut list = Self { length: N, ..Self::NONE };
        let mut at = 0;
        while at < N {
            list.before = list.before.push(literal::to_dim(pairs[at][0]));
            list.after = list.after.push(literal::to_dim(pairs[at][1]));
            at += 1;
        }
        list
    }

    /// The number of pairs.
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The `n`-th pair; unknown beyond the last.
    pub const fn get(&self, n: usize) -> (Dim, Dim) {
        (self.before.get(n), self.after.get(n))
    }
}

#[doc(hidden)]
pub use crate::kernels::literal::{to_f64, to_isize};

/// Declares the keywords of an op: the struct `Attrs`, its `DEFAULT`, and a `const` setter for each keyword.
///
/// A keyword of type `f64` or `isize` takes a number of any type; one of type [`Sizes`] or [`Axes`] a list,
/// one of type [`Paddings`] a list of pairs.
///
/// ```
/// mod scale {
///     varscope::attributes! {
///         /// What each element is multiplied by.
///         factor: f64 = 1.0,
///         /// How often.
///         times: usize = 1,
///         /// At which size it stops, if at any.
///         end: Option<usize> = None,
///     }
/// }
/// let attrs = scale::Attrs::DEFAULT.factor(0.5_f32).times(2).end(Some(8));
/// assert_eq!((attrs.factor, attrs.times, attrs.end), (0.5, 2, Some(8)));
/// ```
#[macro_export]
macro_rules! attributes {
    () => { $crate::attributes! { @all } };
    ($(#[$doc:meta])* $name:ident: $($rest:tt)*) => {
        $crate::attributes! { @each [] $(#[$doc])* $name: $($rest)* }
    };
    // The types that have setters of their own are single tokens; only as such can they be told from others.
    (@each [$($done:tt)*] $(#[$doc:meta])* $name:ident: $type:tt = $default:expr $(, $($rest:tt)*)?) => {
        $crate::attributes! { @each [$($done)* { [$(#[$doc])*] $name $type = $default }] $($($rest)*)? }
    };
    (@each [$($done:tt)*] $(#[$doc:meta])* $name:ident: $type:ty = $default:expr $(, $($rest:tt)*)?) => {
        $crate::attributes! { @each [$($done)* { [$(#[$doc])*] $name $type = $default }] $($($rest)*)? }
    };
    (@each [$($done:tt)*]) => { $crate::attributes! { @all $($done)* } };
    (@all $({ [$($doc:tt)*] $name:ident $type:tt = $default:expr })*) => {
        /// The keywords of this op.
        #[derive(Clone, Copy, Debug)]
        pub struct Attrs {
            $($($doc)* pub $name: $type,)*
        }

        impl Attrs {
            /// What holds where nothing is written.
            pub const DEFAULT: Self = Self { $($name: $default),* };

            $($crate::attributes!(@setter [$($doc)*] $name $type);)*
        }
    };
    (@setter [$($doc:tt)*] $name:ident f64) => {
        $($doc)*
        #[must_use]
        pub const fn $name<L: $crate::op::Literal>(mut self, $name: L) -> Self {
            self.$name = $crate::op::attributes::to_f64($name);
            self
        }
    };
    (@setter [$($doc:tt)*] $name:ident isize) => {
        $($doc)*
        #[must_use]
        pub const fn $name<L: $crate::op::Literal>(mut self, $name: L) -> Self {
            self.$name = $crate::op::attributes::to_isize($name);
            self
        }
    };
    (@setter [$($doc:tt)*] $name:ident Sizes) => {
        $($doc)*
        #[must_use]
        pub const fn $name<L: $crate::op::Literal, const N: usize>(mut self, $name: [L; N]) -> Self {
            self.$name = $crate::op::Sizes::new($name);
            self
        }
    };
    (@setter [$($doc:tt)*] $name:ident Axes) => {
        $($doc)*
        #[must_use]
        pub const fn $name<L: $crate::op::Literal, const N: usize>(mut self, $name: [L; N]) -> Self {
            self.$name = $crate::op::Axes::new($name);
            self
        }
    };
    (@setter [$($doc:tt)*] $name:ident Paddings) => {
        $($doc)*
        #[must_use]
        pub const fn $name<L: $crate::op::Literal, const N: usize>(mut self, $name: [[L; 2]; N]) -> Self {
            self.$name = $crate::op::Paddings::new($name);
            self
        }
    };
    (@setter [$($doc:tt)*] $name:ident $type:tt) => {
        $($doc)*
        #[must_use]
        pub const fn $name(mut self, $name: $type) -> Self {
            self.$name = $name;
            self
        }
    };
}
