//! What an initializer, an attribute and a size of a variable cannot be

use varscope::prelude::*;

model! {
    struct Net {
        var a: [2] = [1.0];
        var b: [2] = zeros;
        var c: [2] = Zeros;
        var d: [2] = constant();
        var e: [2] = truncated_normal(std = 0.1);
        var f: [2] = String::new();
        var g: [2] = "a";
        var h = zeros(shape = [2]);
        var i(shape = [2]) = zeros();
        var j(name = "w"): [2];
        var k: [-1];
        fn f(x: [2]) -> [2] {
            var l: [2] = [1.0, x];
            var m: [2] = constant(x);
            x + a + h + k
        }
    }
}

fn main() {}
