//! Results whose element type is a keyword's, as that of `cast`.

use super::{Argument, Arguments, Element, Error, Result, Slice, SliceMut};
use crate::element::with_element;

/// Stands for a tensor whose element type is known at run time only.
#[derive(Debug)]
pub struct Any;

impl Argument for Any {
    type View<'a> = Slice<'a>;
    type ViewMut<'a> = SliceMut<'a>;
    type Gradient<'a> = SliceMut<'a>;

    fn read<'a>(arguments: &mut Arguments<'a>) -> Result<Slice<'a>> {
        let dtype = arguments.next_read().ok_or_else(|| Error::defect("an op reads more than it declares"))?;
        with_element!(dtype, T => Ok(T::wrap(arguments.read::<T>()?.data())))
    }

    fn write<'a>(arguments: &mut Arguments<'a>) -> Result<SliceMut<'a>> {
        let dtype = arguments.next_write().ok_or_else(|| Error::defect("a result has no place"))?;
        with_element!(dtype, T => Ok(T::wrap_mut(arguments.write::<T>()?.into_data())))
    }

    fn gradient<'a>(_: &mut Arguments<'a>) -> Result<SliceMut<'a>> {
        Err(Error::defect("an operand of any type has no gradient"))
    }
}
