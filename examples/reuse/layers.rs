//! Sharing beyond a single variable: name scopes, cells, filters, convolutions.

use anyhow::{Result, ensure};
use ndarray::{Array2, Array4};
use varscope::Error;
use varscope::init::{glorot_uniform, zeros};
use varscope::prelude::*;

use crate::{names, refused};

model! {
    struct NameScopes {
        fn sum_of_both() -> [1] {
            let v = name_scope foo {
                scope var_scope {
                    var var: [1];
                    var
                }
            };
            let v1 = name_scope bar {
                scope var_scope(reuse) {
                    var var;
                    var
                }
            };
            v + v1
        }
    }
}

/// `name_scope` names operations. Variables have the names of their variable scopes alone, so the two meet.
pub fn name_scopes_do_not_count() -> Result<()> {
    let net = NameScopes::seeded(1)?;
    println!("  {}", names(&net.variables()));
    ensure!(names(&net.variables()) == "var_scope/var");
    Ok(())
}

model! {
    struct Cell(units: usize) {
        fn forward(x: [batch, n], h: [batch, units]) -> [batch, units] {
            var kernel: [{ n + units }, units];
            var bias: [units] = zeros();
            tanh(matmul(concat([x, h]), kernel) + bias)
        }
    }

    struct Cells {
        fn forward(x: [batch, 3], h: [batch, 4]) -> [batch, 4] {
            let h = scope a {
                scope cell: Cell(x, h, units = 4)
            };
            scope b {
                // A layer's variables are its own, wherever it is applied from: these are `a/cell/…`.
                a.cell(x, h)
            }
            // scope b(reuse) { scope cell: Cell(x, h, units = 4) }
            //     error: layer `b/cell` does not exist, and its scope reuses; there is a `a/cell`, which `a.cell(…)` applies
        }
    }
}

/// A recurrent cell that is used in a second scope. TensorFlow 1.0.1 refused it, since it would have looked for
/// variables there; later versions share those of the first scope, as is said here.
pub fn a_cell_in_two_scopes() -> Result<()> {
    let net = Cells::seeded(1)?;
    println!("  {}", names(&net.variables()));
    ensure!(names(&net.variables()) == "a/cell/kernel, a/cell/bias");
    net.forward(Array2::ones((2, 3)).view(), Array2::zeros((2, 4)).view())?;
    Ok(())
}

model! {
    struct ImageFilter {
        fn forward(images: [batch, height, width, 32]) -> [batch, height, width, 32] {
            var conv1_weights: [5, 5, 32, 32] = random_normal();
            var conv1_biases: [32] = zeros();
            relu(conv2d(images, conv1_weights) + conv1_biases)
        }
    }

    struct Filters {
        fn shared(image: [batch, 8, 8, 32]) -> ([batch, 8, 8, 32], [batch, 8, 8, 32]) {
            let one = scope filter: ImageFilter(image);
            (one, filter(image))
        }

        fn apart(image: [batch, 8, 8, 32]) -> ([batch, 8, 8, 32], [batch, 8, 8, 32]) {
            let one = scope other(unique): ImageFilter(image);
            (one, scope other(unique): ImageFilter(image))
        }
    }
}

/// A function that filters images, called twice. With `tf.Variable` it has weights of its own each time, which nobody
/// is told; here one writes which it shall be.
pub fn an_image_filter_twice() -> Result<()> {
    let net = Filters::seeded(1)?;
    println!("  {}", names(&net.variables()));
    let scopes = ["filter", "other", "other_1"].map(|scope| net.variables().in_scope(scope).len());
    ensure!(scopes == [2, 2, 2] && net.variables().len() == 6);
    let image = Array4::ones((1, 8, 8, 32));
    let ((one, same), (other, another)) = (net.shared(image.view())?, net.apart(image.view())?);
    ensure!(one == same && other != another);
    Ok(())
}

model! {
    struct Convolutions {
        scope conv1 {
            var weights: [3, 3, 3, 64] = xavier_uniform();
            var biases: [64] = zeros();
        }
        scope conv2 {
            var weights: [3, 3, 64, 128] = xavier_uniform();
            var biases: [128] = zeros();
            reuse; // from here to its end the scope shares
            var weights;
            var biases;
        }
        // scope conv3 { reuse; var weights; var biases; }
        //     error: variable `conv3/weights` does not exist, and its scope reuses: `conv3` has no variable before this;
        //     there is a `conv1/weights`, which `scope self.conv1(reuse) { var weights; }` shares
    }
}

/// `reuse` in `conv2` shares what `conv2` has. It never reaches into `conv1`, whose filters have other sizes.
pub fn two_convolutions() -> Result<()> {
    let net = Convolutions::seeded(1)?;
    println!("  {}", names(&net.variables()));
    ensure!(names(&net.variables()) == "conv1/weights, conv1/biases, conv2/weights, conv2/biases");

    let store = VariableStore::new(1);
    store.scope("conv1").get_variable("weights", [3, 3, 3, 64], &glorot_uniform())?;
    store.scope("conv1").get_variable("biases", [64], &zeros())?;
    let error = refused(store.scope("conv2").reuse().get_variable("weights", [3, 3, 3, 64], &glorot_uniform()))?;
    ensure!(matches!(error, Error::DoesNotExist { .. }));
    let error = refused(store.scope("conv1").get_variable("weights", [3, 3, 3, 64], &glorot_uniform()))?;
    ensure!(matches!(error, Error::AlreadyExists { .. }));
    Ok(())
}
