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

fn backward<T: Float>(_: &Context, dy: View<T>, _: &Attrs, dx: Gradient<T>) -> Result<()> {
    dx.map(dy, |dy| dy);
    Ok(())
}

crate::op! {
    copy(x: T) -> (y: T), for T in [f32, f64] and [i32, i64, u8, u32, bool];
    backward(reads [], from [y], to [x]);
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::check;

    #[test]
    fn copies_and_hands_its_gradient_on() {
        check(&OPERATION, Attrs::DEFAULT, &[array![[1.5, -2.0, 0.25]].into()]).unwrap();
    }
}
