//! Sizes and axes of ops that arrange: reshape, concat, split, transpose, slice and others

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            let a = reshape(x, shape = [batch, 5]);
            let b = reshape(x, shape = [_, _]);
            let c = concat([x, x], axis = 2);
            let d = concat(x, x);
            let e = concat([]);
            let (f, g) = split(x, sizes = [1, 2]);
            let (h, i, j) = split(x, sizes = [2, 2]);
            let k = split(x, sizes = [2, 2]);
            let l = transpose(x, perm = [0, 0]);
            let m = transpose(x, perm = [0, 2]);
            let n = gather(x, x);
            let o = slice(x, begin = [0, 3], size = [batch, 4]);
            let p = pad(x, paddings = [[0, 0]]);
            let q = softmax(x, axis = 5);
            let r = stack([x, mean(x)]);
            x
        }
    }
}

fn main() {}
