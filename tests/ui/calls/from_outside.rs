//! Mistakes outside of the model, in the code that uses it, beside mistakes inside

use ndarray::{Array1, Array2};
use varscope::Error;
use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4], ids: u32[batch]) -> [batch, 4] {
            var w: [4, 4];
            matmul(x, w) + missing
        }
        fn loss(x: [batch, 4]) -> [] {
            mean(rellu(x))
        }
    }
}

fn used() -> Result<(), Error> {
    let net = Net::seeded(1)?;
    let (x, ids) = (Array2::<f32>::zeros((3, 4)), Array1::<u32>::zeros(3));
    let y: Array2<f32> = net.f(x.view(), ids.view())?;
    let mut step = net.loss_gradients();
    let (loss, gradients) = step.compute(x.view())?;
    net.f(ids.view(), x.view())?;
    net.f_gradients();
    net.v;
    Ok(())
}

fn main() {}
