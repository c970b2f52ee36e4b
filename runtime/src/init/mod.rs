//! Initializers: the values with which variables start.
//!
//! Each is a function that gives a value with a setter for each keyword; `truncated_normal(stddev = 0.1)` in a
//! [`model!`](macro@crate::model) is `truncated_normal().stddev(0.1)` in Rust. A user's own is any such function whose
//! value implements [`Initializer`], written with its path.
//!
//! ```
//! use varscope::init::Initializer;
//! use varscope::op::{DType, Random};
//!
//! /// 0, 1, 2, … times a step.
//! struct Steps(f64);
//!
//! impl Initializer for Steps {
//!     fn draw(
//!         &self,
//!         _: DType,
//!         shape: &[usize],
//!         _: &mut Random,
//!         element: &mut dyn FnMut(f64),
//!     ) -> Result<(), String> {
//!         (0..shape.iter().product()).for_each(|n: usize| element(n as f64 * self.0));
//!         Ok(())
//!     }
//! }
//!
//! let store = varscope::VariableStore::new(0);
//! let v = store.root().get_variable("v", [2, 2], &Steps(0.5))?;
//! assert_eq!(v.read()[[1, 1]], 1.5);
//! # Ok::<(), varscope::Error>(())
//! ```

mod constant;
mod distribution;
mod matrix;
mod variance_scaling;

pub use constant::{Constant, Elements, constant, elements, ones, zeros};
pub use distribution::{RandomNormal, RandomUniform, TruncatedNormal, random_normal, random_uniform, truncated_normal};
pub use matrix::{Identity, Orthogonal, identity, orthogonal};
pub use variance_scaling::{
    Distribution, Mode, VarianceScaling, glorot_normal, glorot_uniform, he_normal, he_uniform, lecun_normal,
    lecun_uniform, variance_scaling, xavier_normal, xavier_uniform,
};

use crate::element::DType;
use crate::random::Random;

/// Gives the elements of a new variable.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no initializer",
    label = "expected an initializer, such as `zeros()` or `truncated_normal(stddev = 0.1)`, or a number"
)]
pub trait Initializer {
    /// Calls `element` with each element in turn, the last axis fastest. They depend on the stream of random numbers,
    /// which depends on the store's seed and the variable's name, and on the shape.
    ///
    /// # Errors
    ///
    /// Why there is no such variable: its shape or its element type does not suit.
    fn draw(
        &self,
        dtype: DType,
        shape: &[usize],
        random: &mut Random,
        element: &mut dyn FnMut(f64),
    ) -> Result<(), String>;
}

/// The initializer of a variable that names none: [`glorot_uniform`] for floats, [`zeros`] for the rest.
pub fn default_for(dtype: DType) -> &'static dyn Initializer {
    const GLOROT_UNIFORM: VarianceScaling = variance_scaling::GLOROT_UNIFORM;
    const ZEROS: Constant = constant::ZEROS;
    if dtype.is_float() { &GLOROT_UNIFORM } else { &ZEROS }
}

/// That an initializer which draws fractions is given an integer variable.
fn only_floats(dtype: DType) -> Result<(), String> {
    if dtype.is_float() {
        return Ok(());
    }
    Err(format!(
        "this initializer draws fractions, which a variable of {dtype} cannot hold; `zeros()`, `ones()`, \
                 `constant(…)` and an array can be its start"
    ))
}

#[cfg(test)]
pub(crate) fn drawn(initializer: &dyn Initializer, dtype: DType, shape: &[usize]) -> Result<Vec<f64>, String> {
    let mut elements = Vec::new();
    initializer.draw(dtype, shape, &mut Random::new(1, "test", 0), &mut |element| elements.push(element))?;
    Ok(elements)
}
