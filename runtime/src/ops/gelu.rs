//! `gelu(x)`: `x · Φ(x)`, `Φ` being the distribution function of the normal distribution, element by element.
//!
//! It is computed with the error function, as in TensorFlow 2, not approximated with `tanh`.

use crate::kernels::special::erfc;
use crate::op::*;
use crate::ops::elementwise::{apply, apply_in_place, differentiate_in_place};

crate::attributes! {}

/// The shape of `x`.
pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    Ok(Shapes::one(x))
}

/// √2 as TensorFlow has it: a constant of `f32`, also where the elements are `f64`.
const ROOT: f64 = std::f32::consts::SQRT_2 as f64;

/// `Φ(x)`: how much of a normal distribution lies below `x`.
fn below<T: Float>(x: T) -> T {
    T::of(0.5 * erfc(-x.as_f64() / ROOT))
}

/// `Φ′(x)`.
fn density<T: Float>(x: T) -> T {
    let scaled = x.as_f64() / ROOT;
    T::of(0.5 * std::f64::consts::FRAC_2_SQRT_PI / ROOT * (-scaled * scaled).exp())
}

fn gelu<T: Float>(x: T) -> T {
    x * below(x)
}

/// `y = x · Φ(x)`.
pub fn forward<T: Float>(_: &Context, x: View<T>, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply(x, y, gelu);
    Ok(())
}

/// `y = y · Φ(y)`.
pub fn forward_in_place<T: Float>(_: &Context, _: &Attrs, y: ViewMut<T>) -> Result<()> {
    apply_in_place(y, gelu);
    Ok(())
}

fn derivative<T: Float>(x: T, dy: T) -> T {
    dy * (below(x) + x * density(x))
}

/// `dx = dy · (Φ(x) + x · Φ′(x))`.
pub fn backward<T: Float>(_: &Context, x: View<T>, dy: View<T>, _: &Attrs, dx: Gradient<T>) -> Result<()> {
    dx.zip(x, dy, derivative);
    Ok(())
}

/// The same, with `dx` for `dy`.
pub fn backward_in_place<T: Float>(_: &Context, x: View<T>, _: &Attrs, dx: ViewMut<T>) -> Result<()> {
    differentiate_in_place(x, dx, derivative);
    Ok(())
}

crate::op! {
    gelu(x: T) -> (y: T), for T in [f32, f64];
    in_place;
    elementwise;
    backward(reads [x], from [y], to [x], in_place);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::expected::{check, expect, tensor};

    const X: [f64; 10] = [-30.0, -3.5, -1.0, -0.1, -0.0, 0.0, 0.1, 1.0, 3.5, 30.0];

    #[test]
    fn gradients_and_in_place() {
        check(&OPERATION, Attrs::DEFAULT, &[tensor(&[2, 3], &[0.5, -2.0, 3.0, 1.5, 0.25, -0.75])]).unwrap();
        check(&OPERATION, Attrs::DEFAULT, &[tensor(&[0, 3], &[])]).unwrap();
    }

    #[test]
    fn numbers_are_tensorflows() {
        let y = [
            -0.0,
            -0.0008142015936664915,
            -0.15865524979030443,
            -0.04601721620436157,
            -0.0,
            0.0,
            0.05398278379563844,
            0.8413447502096956,
            3.4991857984063337,
            30.0,
        ];
        let upstream = [-1.0376, 0.5937, 1.1027, -0.5122, -0.2654, -1.617, -0.2715, 0.9456, -0.627, -0.2659];
        let gradient = [
            4.5870951123001365e-195,
            -0.0016752788038396135,
            -0.09187197398349062,
            -0.21536827157248123,
            -0.1327,
            -0.8085,
            -0.15734051985175976,
            1.0243831129035899,
            -0.628769243405773,
            -0.2659,
        ];
        let (x, y) = (tensor(&[2, 5], &X), tensor(&[2, 5], &y));
        expect(&OPERATION, Attrs::DEFAULT, &[x], &[y], (&[&upstream], &[&gradient]));
    }
}
