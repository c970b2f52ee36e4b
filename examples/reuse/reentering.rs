//! Scopes that are opened again.

use anyhow::{Result, ensure};
use ndarray::Array2;
use varscope::Error;
use varscope::init::zeros;
use varscope::prelude::*;

use crate::{names, refused};

model! {
    struct ScopeObjects {
        scope scope_1 {
            var v1: [1];
            scope scope_2 {
                var v2: [1];
            }
        }
        // `self.` and a path opens a scope again from anywhere, as a scope object does in TensorFlow.
        scope self.scope_1(reuse) {
            var v1; // the one above; its shape is known
            // var v2;
            //     error: variable `scope_1/v2` does not exist, and its scope reuses: `scope_1` has `v1`; there is a
            //     `scope_1/scope_2/v2`, which `scope self.scope_1.scope_2(reuse) { var v2; }` shares
        }
        scope self.scope_1.scope_2(reuse) {
            var v2; // this is where it is
        }
    }
}

/// The scope object `scope_1` is entered again and reuses. `v2` is not found in it: it is in `scope_2`.
pub fn scope_objects() -> Result<()> {
    let net = ScopeObjects::seeded(1)?;
    println!("  {}", names(&net.variables()));
    ensure!(names(&net.variables()) == "scope_1/v1, scope_1/scope_2/v2");
    ensure!(net.variables().iter().all(|variable| variable.places() == 2), "each is declared and shared once");

    let store = VariableStore::new(1);
    let scope_1 = store.scope("scope_1");
    let v1 = scope_1.get_variable("v1", [1], &zeros())?;
    scope_1.enter("scope_2").get_variable("v2", [1], &zeros())?;
    let scope_1 = scope_1.reuse();
    let v3 = scope_1.get_variable("v1", [1], &zeros())?;
    println!("  v3 is {}, the same as v1: {}", v3.name(), v3.is_same(&v1));
    ensure!(v3.is_same(&v1));
    let error = refused(scope_1.get_variable("v2", [1], &zeros()))?;
    ensure!(matches!(error, Error::DoesNotExist { nearest: Some(nearest), .. } if nearest == "scope_1/scope_2/v2"));
    Ok(())
}

model! {
    struct TwoLayers {
        fn forward(input: [batch, 784]) -> [batch, 10] {
            let layer_1 = scope layer1 {
                var weights: [784, 256] = truncated_normal(stddev = 0.1);
                var biases: [256] = zeros();
                relu(matmul(input, weights) + biases)
            };
            scope layer2 {
                var weights: [256, 10] = truncated_normal(stddev = 0.1);
                var biases: [10] = zeros();
                matmul(layer_1, weights) + biases
            }
        }
    }

    struct TwoInputs {
        fn outputs(input_data1: [batch, 784], input_data2: [batch, 784]) -> ([batch, 10], [batch, 10]) {
            // A model as a layer: to apply it again is to name it, and no scope has to say that it reuses.
            let output1 = scope model1: TwoLayers(input_data1);
            (output1, model1(input_data2))
        }
    }
}

/// One model on two inputs: within another model, and as two instances in one scope of a store.
pub fn a_model_on_two_inputs() -> Result<()> {
    let ones = Array2::ones((1, 784));
    let net = TwoInputs::seeded(1)?;
    println!("  {}", names(&net.variables()));
    ensure!(net.variables().len() == 4);
    let (output1, output2) = net.outputs(ones.view(), ones.view())?;
    ensure!(output1 == output2, "one set of weights gives one output");

    let store = VariableStore::new(1);
    let model1 = TwoLayers::new(&store.scope("model1"))?;
    let again = TwoLayers::new(&store.scope("model1").reuse())?;
    println!("  two instances of it have {} variables, and give the same output", store.len());
    ensure!(again.layer1.weights.is_same(&model1.layer1.weights) && store.len() == 4);
    ensure!(model1.forward(ones.view())? == again.forward(ones.view())?);
    let error = refused(TwoLayers::new(&store.scope("model1")))?;
    ensure!(matches!(error, Error::AlreadyExists { .. }));
    Ok(())
}
