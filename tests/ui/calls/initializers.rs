//! Initializers that are misspelt, incomplete, or of another shape

use varscope::prelude::*;

model! {
    struct Net {
        var a: [3] = truncated_norma();
        var b: [3] = truncated_normal(stdev = 0.1);
        var c: [3] = constant();
        var d: [3] = [1.0, 2.0];
        var e: [3] = [[1.0, 2.0, 3.0]];
        var f: [3] = my::missing();
    }
}

fn main() {
    let _ = Net::seeded(1);
}
