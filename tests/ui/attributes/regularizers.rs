//! Regularizers, and the sum of their penalties

use varscope::layers::Dense;
use varscope::prelude::*;

model! {
    struct Net {
        scope a(regularizer) {
            var v(regularizer = l2): [1];
            var n(regularizer = l2(0.1)): u32[1];
        }
        scope b(regularizer = l2(0.1)) {
            var v: [1];
            var n: u32[1];
            var free(regularizer = none): u32[1];
        }
        scope b(reuse) {
            var v(regularizer = none);
        }
        fn forward(x: [batch, 4]) -> [batch, 4] {
            let y = scope fc: Dense(x, units = 4);
            scope fc(reuse, regularizer = l1(0.1)): Dense(y)
        }
        fn loss(x: [batch, 4]) -> [] {
            mean(forward(x)) + regularization_loss(x) + regularization_loss(scope = "a")
        }
        fn regularization_loss() -> [] {
            sum(b.v)
        }
    }

    struct Unknown {
        scope a {
            var v(regularizer = l3(0.1)): [1];
            var u(regularizer = l1_l2(l3 = 0.1)): [1];
        }
        fn vector() -> [3] {
            regularization_loss()
        }
        fn misspelt() -> [] {
            regularisation_loss()
        }
        fn of_a_layer(x: [batch, 4]) -> [] {
            let y = scope fc: Dense(x, units = 4);
            x.regularization_loss() + fc.regularization_loss() + self.regularization_loss()
        }
    }
}

fn main() {}
