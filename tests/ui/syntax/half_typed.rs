//! Lines that are only half written

use varscope::prelude::*;

model! {
    pub struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            let y = relu(x)
            let z = y.
            ;
            var w: [4] =
            ;
            z
        }
        fn g(x: [batch, 4]) -> [batch, 4] {
            relu(x)
        }
    }
}

fn main() {
    let net = Net::seeded(1).unwrap();
    let x = ndarray::Array2::zeros((1, 4));
    let _: ndarray::Array2<f32> = net.g(x.view()).unwrap();
    let _: ndarray::Array2<f32> = net.f(x.view()).unwrap();
}
