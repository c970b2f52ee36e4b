//! A cell is used in one scope, and looked for in another

use varscope::prelude::*;

model! {
    struct BasicLstmCell(units: usize) {
        fn forward(x: [batch, n], h: [batch, units], c: [batch, units]) -> ([batch, units], [batch, units]) {
            var kernel: [{ n + units }, { 4 * units }];
            var bias: [{ 4 * units }] = zeros();
            lstm_cell(x, h, c, kernel, bias)
        }
    }

    struct Net {
        fn f(x: [2, 3]) -> [2, 4] {
            let state = zeros(shape = [2, 4]);
            let (h, c) = scope a {
                scope cell: BasicLstmCell(x, state, state, units = 4)
            };
            let (h, c) = scope b(reuse) {
                scope cell: BasicLstmCell(x, h, c)
            };
            // A cell that has variables of its own in `b`: `scope b { scope cell: BasicLstmCell(x, h, c, units = 4) }`.
            // The cell of `a`, wherever it is called from:
            let (h, c) = a.cell(x, h, c);
            h
        }
    }
}

fn main() {}
