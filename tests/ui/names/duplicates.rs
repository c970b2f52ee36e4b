//! One name for two things, of all kinds

use varscope::layers::Dense;
use varscope::prelude::*;

model! {
    struct Net(a: usize, a: usize) {
        var b: [1];
        scope b {
            var c: [1];
        }
        scope d {
            var e: [1];
            var e: [1];
            var E: [1];
        }
        fn f(x: [batch], x: [batch]) -> [batch] {
            scope g: Dense(x, units = 3);
            scope g: Dense(x, units = 3);
            scope h: Dense(x, units = 3, units = 4);
            mean(x, axes = [0], axes = [0])
        }
        fn f(x: [batch]) -> [batch] {
            x
        }
        fn seeded(x: [batch]) -> [batch] {
            x
        }
        fn variables(x: [batch]) -> [batch] {
            x
        }
    }
    struct Net {}
}

fn main() {}
