//! Ops that do not exist, of the library and of one's own

use varscope::prelude::*;

mod swish {}
mod own {
    pub mod swish {}
}

model! {
    struct Net {
        fn f(x: [batch, 4]) -> [batch, 4] {
            let a = swish(x);
            let b = rellu(x);
            let c = x.hardtanh();
            let d = my_ops::swish(x);
            let e = own::swosh(x);
            let f = self.g(x);
            let g = self.ff(x);
            x
        }
    }
}

fn main() {}
