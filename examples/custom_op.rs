//! An op of one's own, with a keyword and a gradient: `cargo run --release --example custom_op`.
//!
//! `model!` knows no op by name. One of the library's and one of yours are the same thing: a module with `Attrs`,
//! `shape`, `forward`, `backward` and a line of `op!`. Yours is written with its path, `crate::swish(x, beta = 1.5)`.

use anyhow::{Context, Result, ensure};
use ndarray::{Array2, array};
use varscope::prelude::*;
use varscope::testing::check;

/// `swish(x, beta = 1.0)`: `x · σ(beta · x)`, element by element, σ the sigmoid (Ramachandran, Zoph and Le, 2017).
mod swish {
    use varscope::op::*;

    // The keywords, each with its type and default.
    varscope::attributes! {
        /// How steep the sigmoid is; 0 gives `x / 2`, a large number `relu(x)`.
        beta: f64 = 1.0,
    }

    /// The shapes of the results, from those of the operands. It is `const`: it runs at `cargo check`, where `x` may
    /// have names for sizes, and what it refuses is an error at the call in the model.
    pub const fn shape(x: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
        if !(attrs.beta.is_finite() && attrs.beta >= 0.0) {
            return Err(ShapeError::new("`beta` should be a number from 0 on"));
        }
        Ok(Shapes::one(x))
    }

    /// `y = x · σ(beta · x)`.
    pub fn forward<T: Float>(_: &Context, x: View<T>, attrs: &Attrs, mut y: ViewMut<T>) -> Result<()> {
        let beta = T::of(attrs.beta);
        for (y, &x) in y.data().iter_mut().zip(x.data()) {
            *y = x * sigmoid(beta * x);
        }
        Ok(())
    }

    /// `dx = dy · (s + beta · x · s · (1 − s))`, where `s = σ(beta · x)`. The arguments are what `op!` below says: what
    /// it reads, the gradients it comes from, the keywords, the gradients it goes to. `dx` knows whether it is the
    /// first contribution to its gradient or a further one, or is not wanted.
    pub fn backward<T: Float>(_: &Context, x: View<T>, dy: View<T>, attrs: &Attrs, dx: Gradient<T>) -> Result<()> {
        let beta = T::of(attrs.beta);
        dx.zip(x, dy, |x, dy| {
            let s = sigmoid(beta * x);
            dy * (s + beta * x * s * (T::one() - s))
        });
        Ok(())
    }

    fn sigmoid<T: Float>(x: T) -> T {
        T::one() / (T::one() + (-x).exp())
    }

    // Operands, results, element types; what `backward` reads has to be kept, and nothing else is.
    varscope::op! {
        swish(x: T) -> (y: T), for T in [f32, f64];
        backward(reads [x], from [y], to [x]);
    }
}

/// The same op with a mistake that is easily made: `backward` forgets that σ depends on `x` too.
mod swish_with_a_mistake {
    use varscope::op::*;

    pub use super::swish::{Attrs, forward, shape};

    pub fn backward<T: Float>(_: &Context, x: View<T>, dy: View<T>, attrs: &Attrs, dx: Gradient<T>) -> Result<()> {
        let beta = T::of(attrs.beta);
        dx.zip(x, dy, |x, dy| dy / (T::one() + (-beta * x).exp()));
        Ok(())
    }

    varscope::op! {
        swish_with_a_mistake(x: T) -> (y: T), for T in [f32, f64];
        backward(reads [x], from [y], to [x]);
    }
}

model! {
    /// A curve through points, by a layer of swish.
    pub struct Curve {
        fn predict(x: [batch, 1]) -> [batch, 1] {
            let hidden = scope hidden: layers::Dense(x, units = 16);
            // Mistakes are found at `cargo check`, as with an op of the library:
            // crate::swish(hidden, bta = 1.5)
            //                      ^^^ no method named `bta` found …; there is a method `beta` with a similar name
            // crate::swish(hidden, beta = -1.0)
            //        ^^^^^ swish: [batch, 16]: `beta` should be a number from 0 on
            scope height: layers::Dense(crate::swish(hidden, beta = 1.5), units = 1)
        }

        fn loss(x: [batch, 1], y: [batch, 1]) -> [] {
            mean(square(predict(x) - y))
        }

        /// The op, and the same made of ops of the library.
        fn both(x: [batch, 3]) -> ([batch, 3], [batch, 3]) {
            (crate::swish(x, beta = 1.5), x * sigmoid(1.5 * x))
        }
    }
}

fn main() -> Result<()> {
    let net = Curve::seeded(7)?;
    let x = array![[-2.0, -0.5, 0.0], [0.25, 1.0, 30.0]];
    let (swish, composed) = net.both(x.view())?;
    println!("swish of\n{x}\nis\n{swish}");
    ensure!((&swish - &composed).iter().all(|difference| difference.abs() < 1e-6), "it should be {composed}");

    check_gradients()?;
    fit(&net)
}

/// Puts both ops to the library's checks: gradients against central differences, shapes, in place against not.
fn check_gradients() -> Result<()> {
    let x = array![[-2.0, -0.5, 0.1], [0.25, 1.0, 3.0]];
    for beta in [0.0, 1.0, 1.5] {
        let attrs = swish::Attrs::DEFAULT.beta(beta);
        check(&swish::OPERATION, attrs, &[x.clone().into()]).map_err(anyhow::Error::msg)?;
    }
    println!("its gradient is that of central differences");

    let wrong = check(&swish_with_a_mistake::OPERATION, swish::Attrs::DEFAULT, &[x.into()]);
    let message = wrong.err().context("the wrong gradient was not found")?;
    println!("that of the op with a mistake is not: {message}");
    Ok(())
}

/// Trains a model that has the op in it.
fn fit(net: &Curve) -> Result<()> {
    let x = Array2::from_shape_fn((64, 1), |(n, _)| n as f32 / 16.0 - 2.0);
    let y = x.mapv(|x| (2.0 * x).sin());
    let mut step = net.loss_gradients();
    let mut optimizer = Adam::new(0.02);
    let (first, _) = step.compute(x.view(), y.view())?;
    for _ in 0..1000 {
        let (_, gradients) = step.compute(x.view(), y.view())?;
        optimizer.apply(gradients)?;
    }
    let last = net.loss(x.view(), y.view())?;
    println!("a curve of 16 swishes follows a sine: the loss is {last:.5}, and was {first:.5}");
    ensure!(last < 0.01, "the curve does not follow the sine");
    Ok(())
}
