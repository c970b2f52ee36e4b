//! Templates: what makes its variables once, and has them again each time it is called.

use anyhow::{Result, ensure};
use ndarray::{Array2, Array3};
use varscope::prelude::*;

use crate::names;

model! {
    struct Scale {
        fn forward(x: [.., n]) -> [.., n] {
            var d: [n] = ones();
            x * d
        }
    }

    struct Templates {
        // A `fn` is a template: it is called twice, and its variables are the model's.
        fn scaled(x: [batch, 2]) -> [batch, 2] {
            scope s1 {
                var d: [2] = constant(2.0);
                x * d
            }
        }

        fn twice(x: [batch, 2]) -> [batch, 2] {
            scaled(scaled(x))
        }

        // An instance of a layer is a template, too; another instance has variables of its own.
        fn layers(x: [batch, 2]) -> [batch, 2] {
            let y = scope t(unique): Scale(x);
            let y = t(y);
            scope t(unique): Scale(y)
        }
    }
}

/// `tf.make_template` makes a function with variables of its own.
pub fn functions_with_variables() -> Result<()> {
    let net = Templates::seeded(1)?;
    println!("  {}", names(&net.variables()));
    ensure!(names(&net.variables()) == "s1/d, t/d, t_1/d");
    ensure!(net.twice(Array2::ones((1, 2)).view())? == Array2::from_elem((1, 2), 4.0));
    Ok(())
}

model! {
    struct BasicLstmCell(units: usize) {
        fn forward(x: [batch, n], h: [batch, units], c: [batch, units]) -> ([batch, units], [batch, units]) {
            var kernel: [{ n + units }, { 4 * units }];
            var bias: [{ 4 * units }] = zeros();
            lstm_cell(x, h, c, kernel, bias)
        }
    }

    struct OneCell {
        /// The same cell at each point of time.
        fn last(x: [batch, time, 3]) -> [batch, 4] {
            // `cell.zero_state(batch)`
            let mut h = zeros(shape = [batch, 4]);
            let mut c = zeros(shape = [batch, 4]);
            for t in 0..time {
                let now = x.slice(begin = [0, t, 0], size = [batch, 1, 3]).reshape(shape = [batch, 3]);
                (h, c) = scope cell(reuse = auto): BasicLstmCell(now, h, c, units = 4);
            }
            h
        }
    }

    struct TwoCells {
        /// Two layers of cells, each with weights of its own, and a third step with those of the first.
        fn stacked(x: [batch, 3]) -> [batch, 4] {
            let zero = zeros(shape = [batch, 4]);
            let (h0, c0) = scope cell[0]: BasicLstmCell(x, zero, zero, units = 4);
            let (h1, c1) = scope cell[1]: BasicLstmCell(h0, zero, zero, units = 4);
            let (h, c) = cell[0](x, h0, c0);
            h + h1
        }
    }
}

/// One cell that is applied at each step shares its weights; two cells do not.
pub fn recurrent_cells() -> Result<()> {
    let one = OneCell::seeded(1)?;
    println!("  {}", names(&one.variables()));
    ensure!(names(&one.variables()) == "cell/kernel, cell/bias");
    ensure!(one.last(Array3::ones((2, 5, 3)).view())?.shape() == [2, 4]);
    let two = TwoCells::seeded(1)?;
    println!("  {}", names(&two.variables()));
    ensure!(names(&two.variables()) == "cell_0/kernel, cell_0/bias, cell_1/kernel, cell_1/bias");
    ensure!(two.cell[0].kernel.shape() == [7, 16] && two.cell[1].kernel.shape() == [8, 16]);
    ensure!(two.stacked(Array2::ones((2, 3)).view())?.shape() == [2, 4]);
    Ok(())
}
