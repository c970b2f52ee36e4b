//! Indexing, slicing and attributes of tensors

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            let a = x[0];
            let b = x[0..2];
            let c = x[0, 1];
            let d = x[:, 0];
            let e = x.T;
            let f = x.shape;
            let g = x.shape[0];
            let h = x.dtype;
            let i = x.shape();
            let j = x.weights;
            x
        }
    }
}

fn main() {}
