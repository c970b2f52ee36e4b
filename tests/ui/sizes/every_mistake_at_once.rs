//! Six mistakes in one `fn`, each with its own error

use varscope::prelude::*;

model! {
    struct Net {
        fn f(x: [batch, 4], y: [batch, 6]) -> [batch, 4] {
            var a: [5, 4];
            var b: [3];
            let one = matmul(x, a);
            let two = y + b;
            let three = x.mean(axes = [2]);
            let four = matmul(x, a, transpose_c = true);
            let five = rellu(x);
            let six = x + missing;
            x
        }
    }
}

fn main() {}
