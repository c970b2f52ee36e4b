//! More parts than rows, an axis that is not there, two axes, and a variable that is shared with other parts

use varscope::partition::{Partitioner, per_axis};
use varscope::prelude::*;

const PARTS: usize = 8;

const fn both() -> Partitioner {
    per_axis(&[2, 2])
}

fn unknown() -> Partitioner {
    per_axis(&[2, 2])
}

model! {
    struct Layer {
        fn forward(x: [batch, n]) -> [batch, n] {
            var scale(partitioner = fixed_size(4)): [n] = ones();
            x * scale
        }
    }

    struct Sizes(parts: usize = 9) {
        fn f(x: [batch, 3]) -> [batch, 3] {
            scope a(partitioner = fixed_size(PARTS)) {
                var few: [3, 10];
                var many: [10, 3];
                var scalar: [];
            }
            scope b {
                var scalar(partitioner = fixed_size(1)): [];
                var axis(partitioner = fixed_size(2, axis = 1)): [4];
                var axes(partitioner = crate::both()): [4, 4];
                var none(partitioner = fixed_size(0)): [4];
                var list(partitioner = per_axis([1, 5])): [4, 4];
                var short(partitioner = per_axis([2])): [4, 4];
                var later(partitioner = fixed_size(parts)): [4];
                var not_constant(partitioner = crate::unknown()): [4, 4];
                var not_called(partitioner = fixed_size): [4];
            }
            scope layer: Layer(x)
        }
    }

    struct Shared {
        scope a(partitioner = fixed_size(2)) { var w: [4]; }
        scope whole { var w: [4]; }
        scope a(reuse) { var w; }
        scope a(reuse = auto) { var w; }
        scope a(reuse, partitioner = fixed_size(3)) { var w; }
        scope whole(reuse, partitioner = fixed_size(2)) { var w; }
        scope whole(reuse) { var w(partitioner = none); }
    }

    struct OnLayer {
        fn f(x: [batch, 3]) -> [batch, 3] {
            scope layer(partitioner = fixed_size(2)): Layer(x)
        }
    }
}

fn main() {}
