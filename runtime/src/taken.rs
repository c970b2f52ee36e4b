//! What the code that `model!` emits takes from branches and layers, held against what there is.

use crate::error::{Error, Result};
use crate::record::Value;

/// What a branch may not have made, where it is used.
///
/// # Errors
///
/// [`Error::Shape`] where it is missing.
pub fn present<'a, T>(made: Option<&'a T>, name: &str) -> Result<&'a T> {
    made.ok_or_else(|| Error::Shape {
        message: format!("`{name}` is used here, and the hyper-parameters of this instance made none"),
    })
}

/// The results of a layer, which are taken as so many values.
///
/// # Errors
///
/// [`Error::Shape`] where it has more or fewer; a check has said so before.
pub fn so_many<const WANTED: usize, const GIVEN: usize>(
    layer: &str,
    values: [Value; GIVEN],
) -> Result<[Value; WANTED]> {
    let message = || format!("{layer} gives {GIVEN} values, and {WANTED} are taken");
    values.as_slice().try_into().map_err(|_| Error::Shape { message: message() })
}
