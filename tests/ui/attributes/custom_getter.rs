//! A getter that is not called, has operands, stands on a layer, does not suit a variable, or is missing where one is shared

use varscope::prelude::*;

model! {
    struct Scaled {
        fn forward(w: [n, k]) -> [n, k] {
            var gain: [k] = ones();
            w * gain
        }
    }

    struct Other {
        fn forward(w: [n, k]) -> [n, k] { w * 2.0 }
    }

    struct Forms {
        fn f(x: [batch, 4]) -> [batch, 4] {
            let a = scope a(custom_getter) { var w: [4]; x * w };
            let b = scope b(custom_getter = tanh) { var w: [4]; a * w };
            let c = scope c(custom_getter = 3) { var w: [4]; b * w };
            let d = scope d(custom_getter = clip(x, min = 0.0)) { var w: [4]; c * w };
            let e = scope e(custom_getter = tanhh()) { var w: [4]; d * w };
            let f = scope f(custom_getter = clip(mn = 0.0)) { var w: [4]; e * w };
            let g = scope g(custom_getter = pow(exponent = batch)) { var w: [4]; f * w };
            scope h(custom_getter = tanh()): Scaled(g)
        }
    }

    struct Sizes {
        fn f(x: [batch, 4]) -> [batch, 4] {
            let y = scope a(custom_getter = transpose()) {
                var w: [3, 4];
                var b: [4];
                matmul(x, w) + b
            };
            matmul(y, a.w)
        }
    }

    struct Sharing {
        fn f(x: [batch, 4]) -> [batch, 4] {
            let y = scope a { var w: [4, 4]; matmul(x, w) };
            let y = scope a(reuse, custom_getter = Scaled()) { var w; matmul(y, w) };
            let z = scope b(custom_getter = Scaled()) { var w: [4, 4]; matmul(y, w) };
            scope b(reuse, custom_getter = Other()) { var w; matmul(z, w) }
        }
    }

    struct Updated {
        fn f(x: [batch, 4]) -> [batch, 4] {
            scope a(custom_getter = tanh()) {
                var gamma: [4];
                var beta: [4];
                var mean(trainable = false): [4];
                var variance(custom_getter = none, trainable = false): [4];
                batch_norm(x, gamma, beta, &mut mean, &mut variance)
            }
        }
    }
}

fn main() {}
