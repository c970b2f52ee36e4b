//! Convolutions and poolings with windows, strides and channels that do not fit

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            var filter: [3, 3, 1, 8];
            var other: [3, 3, 3, 8];
            var flat: [3, 3, 8];
            let i = reshape(x, shape = [batch, 2, 2, 1]);
            let a = conv2d(i, filter, strides = [0, 1]);
            let b = conv2d(i, filter, groups = 2);
            let c = conv2d(i, filter, groups = 0);
            let d = conv2d(x, filter);
            let e = conv2d(i, other);
            let f = conv2d(i, flat);
            let g = max_pool2d(i, window = [3, 3]);
            let h = max_pool2d(i, window = [0, 2]);
            let j = avg_pool2d(x);
            let k = max_pool2d(i, window = 2);
            let l = conv2d(i, filter, padding = "SAME");
            x
        }
    }
}

fn main() {}
