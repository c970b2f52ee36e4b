//! Models whose gradients are what a case says, so that optimizers and clipping are driven as users drive them.

use varscope::prelude::*;

model! {
    /// The problem of the section `optimizers`: ½ xᵀ A x − bᵀ x.
    pub struct Quadratic(
        /// The number of elements of `x`.
        size: usize,
    ): f64 {
        fn loss(a: [size, size], minus_b: [size, 1]) -> [] {
            var x: [size, 1] = zeros();
            sum(x * matmul(a, x)) * 0.5 + sum(minus_b * x)
        }
    }

    /// Half the sum of the squares of some rows of a table, chosen by rows that are 1 in one place and 0 elsewhere.
    pub struct Rows(
        /// The number of rows.
        rows: usize,
        /// Their length.
        width: usize,
    ): f64 {
        fn loss(chosen: [count, rows]) -> [] {
            var table: [rows, width] = zeros();
            let found = matmul(chosen, table);
            sum(found * found) * 0.5
        }
    }

    /// Two variables whose gradients are the inputs.
    pub struct Linear(
        /// The number of elements of `first`.
        many: usize,
        /// The number of elements of `second`.
        others: usize,
    ): f64 {
        fn loss(a: [many], b: [others]) -> [] {
            var first: [many] = zeros();
            var second: [others] = zeros();
            sum(a * first) + sum(b * second)
        }
    }
}
