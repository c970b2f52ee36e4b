//! Inputs and results without a type, or with one of Rust

use varscope::prelude::*;

model! {
    struct Net {
        fn f(mut x: [batch], y: &[batch], &z: [batch], self) -> [batch] {
            x + y + z
        }
        fn g(x, y: batch, z: [n m], w: [.., ..]) -> [k] {
            x + y
        }
        fn h(x: [batch]) -> [batch] {
            x = relu(x);
            x
        }
        fn i<T>(x: [batch]) -> [batch] {
            x
        }
        fn j(x: [batch]) [batch] {
            relu(missing)
        }
        fn k(x: float32[batch], y: k[batch]) -> () {
            x
        }
    }
}

fn used(net: &Net) {
    let _ = (Net::f, Net::g, Net::h, Net::j);
    let _ = net.summary();
}

fn main() {}
