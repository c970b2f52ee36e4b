//! Hyper-parameters that are misspelt where they are used

use varscope::prelude::*;

model! {
    struct Net(layers: usize, bias: bool = true, rate: f32 = 0.5) {
        fn f(x: [batch, 4]) -> [batch, 4] {
            let mut y = x;
            if biass {
                y = relu(y);
            }
            for i in 0..layer {
                y = relu(y);
            }
            dropout(y, rate = ratee) * { layerss as f32 } + layerz
        }
        fn g(x: [batch, layer]) -> [batch, layers] {
            var w: [batsh, layers];
            x
        }
        fn h(x: [batch, 4]) -> [batch, 4] {
            if layers { x } else { x }
        }
    }
}

fn main() {}
