//! `regularizer` on scopes and variables, and `regularization_loss()`.

use varscope::layers::Dense;
use varscope::prelude::*;

model! {
    struct Net {
        fn loss(x: [batch, 2]) -> [] {
            let y = scope a(regularizer = l2(0.5)) {
                var w: [2, 2] = [[1.0, 2.0], [3.0, 4.0]];
                var own(regularizer = l1(2.0)): [2] = [1.0, -3.0];
                var free(regularizer = none): [2] = [7.0, 7.0];
                scope inside { var v: [2] = [2.0, 0.0]; }
                scope off(regularizer = none) { var v: [2] = [5.0, 5.0]; }
                let y = scope layer: Dense(x, units = 2);
                matmul(x, w) + own + free + inside.v + off.v + y
            };
            mean(y) + regularization_loss()
        }

        fn penalty() -> [] {
            regularization_loss()
        }
    }
}

#[test]
fn the_sum_is_over_the_whole_model() {
    let net = Net::seeded(1).unwrap();
    let weights = net.a.layer.weights.read();
    let layer: f32 = weights.iter().map(|w| w * w).sum::<f32>() * 0.25;
    let wanted = 0.25 * 30.0 + 2.0 * 4.0 + 0.25 * 4.0 + layer;
    assert!((net.penalty().unwrap() - wanted).abs() < 1e-5);
}
