//! Operands of normalization, `&mut`, casts and losses

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            var gamma: [4];
            var beta: [4];
            var mean: [4];
            var variance: [5];
            let a = batch_norm(x, gamma, beta, mean, variance);
            let b = batch_norm(x, gamma, beta, &mut x, &mut mean);
            let c = batch_norm(x, gamma, beta, &mean, &mean);
            let d = batch_norm(x, gamma, beta, &mut mean, &mut variance);
            let e = dropout(x, rate = 1.5);
            let f = layer_norm(x, beta);
            let g = relu(&mut beta);
            let h = cast(x);
            let i = cast::<u33>(x);
            let j = cast::<u32>(x) + x;
            let k = cast::<u32>(x) * 0.5;
            let l = sparse_softmax_cross_entropy(x, x);
            let m = softmax_cross_entropy(x, sum(x));
            x
        }
    }
}

fn main() {}
