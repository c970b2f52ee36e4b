//! A copy: what a `fn` gives that returns an input or a variable as it is.

use crate::op::*;

crate::attributes! {}

const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    Ok(Shapes::one(x))
}

fn forward<T: Element>(_: &Context, x: View<T>, _: &Attrs, mut y: ViewMut<T>) -> Result<()> {
    y.data().copy_from_slice(x.data());
    Ok(())
}

crate::op! {
    copy(x: T) -> (y: T), for T in [f32, f64, i32, i64, u8, u32, bool];
}
