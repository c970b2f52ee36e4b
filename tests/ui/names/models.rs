//! Items that are no models

use varscope::prelude::*;

model! {
    struct Fields {
        x: f32,
        y: f32,
    }
    struct Bounds<T: Float> {}
    struct Two<A, B> {}
    struct Half: f16 {}
    struct Both<T>: f64 {}
    enum Choice {}
    fn alone(x: [batch]) -> [batch] {
        x
    }
    impl Fields {
        fn f(x: [batch]) -> [batch] {
            x
        }
    }
}

fn main() {}
