//! What variables and ops are called.

use anyhow::{Result, ensure};
use varscope::init::{random_normal, zeros};
use varscope::layers::Dense;
use varscope::prelude::*;

use crate::names;

model! {
    struct Nested {
        scope scope_name {} // nothing has to be in a scope
        scope scope {
            var v1: [1];
        }
        scope scope1 {
            scope scope2 {
                var v: [1];
            }
        }
    }
}

/// A variable has the names of its scopes before its own; there is no `:0`.
pub fn nested_scopes() -> Result<()> {
    let net = Nested::seeded(1)?;
    println!("  {}", names(&net.variables()));
    ensure!(names(&net.variables()) == "scope/v1, scope1/scope2/v");

    let store = VariableStore::new(1);
    let v = store.scope("scope1").enter("scope2").get_variable("v", [1], &zeros())?;
    ensure!(v.name() == "scope1/scope2/v" && store.scope("scope_name").reuse().variables().is_empty());
    Ok(())
}

model! {
    struct TwoKindsOfScopes {
        fn hello() -> ([2, 10], [2, 10]) {
            let named = name_scope hello {
                var arr1: [2, 10];
                arr1
            };
            let inside = scope hello {
                var arr1: [2, 10];
                arr1
            };
            (named, inside)
        }

        fn sums() -> ([1], [1]) {
            let named = name_scope my_scope {
                var var1: [1];
                var var2(unique): [1] = [1.0];
                var1 + var2
            };
            let inside = scope my_scope {
                var var1: [1];
                var var2(unique): [1] = [1.0];
                var1 + var2
            };
            (named, inside)
        }
    }
}

/// A name scope names ops, and a variable scope names both. A variable is in its variable scope in any case; what
/// `tf.Variable` makes is in TensorFlow called by the name scope, too.
pub fn name_scopes_and_variable_scopes() -> Result<()> {
    let net = TwoKindsOfScopes::seeded(1)?;
    println!("  {}", names(&net.variables()));
    ensure!(names(&net.variables()) == "arr1, hello/arr1, var1, var2, my_scope/var1, my_scope/var2");

    let store = VariableStore::new(1);
    let scope = store.root().name_scope("name_scope")?;
    let v1 = scope.get_variable("v1", [1], &zeros())?;
    let x1 = scope.op_name("x1")?;
    println!("  v1.name= {}, x1.name= {x1}", v1.name());
    ensure!(v1.name() == "v1" && x1 == "name_scope/x1");
    Ok(())
}

/// A function that takes the kind of scope that it opens: here it takes the scope that is open.
pub fn either_kind_of_scope() -> Result<()> {
    let scoping = |opened: &Scope| -> Result<[String; 4]> {
        let a = opened.variable("a").shape(&[]).unique().get_any()?;
        let b = opened.variable("b").shape(&[]).get_any()?;
        let c = opened.op_name("c")?;
        let res = opened.name_scope("res")?.op_name("res")?;
        Ok([a.name().to_string(), b.name().to_string(), c, res])
    };
    let vars = scoping(&VariableStore::new(1).scope("scope_vars"))?;
    let name = scoping(&VariableStore::new(1).root().name_scope("scope_name")?)?;
    println!("  {}\n  {}", vars.join(", "), name.join(", "));
    ensure!(vars == ["scope_vars/a", "scope_vars/b", "scope_vars/c", "scope_vars/res/res"]);
    ensure!(name == ["a", "b", "scope_name/c", "scope_name/res/res"], "TensorFlow calls the first `scope_name/a`");
    Ok(())
}

/// `default_name`: a scope, or a name scope, that takes the next name that is free.
pub fn default_names() -> Result<()> {
    let store = VariableStore::new(1);
    let v = |scope: &Scope| scope.get_variable("v", [1], &zeros());
    let (first, second) = (store.root().unique("default"), store.root().unique("default"));
    println!("  {}, {}", v(&first)?.name(), v(&second)?.name());
    ensure!(first.name() == "default" && second.name() == "default_1");
    ensure!(first.op_name("Identity")? == "default/Identity" && store.scope("given").name() == "given");

    let named = VariableStore::new(1).root().name_scope("default")?;
    ensure!(named.current_name_scope() == "default/" && v(&named)?.name() == "v");
    Ok(())
}

model! {
    struct AlwaysNew {
        var variable_1(unique): [2, 3] = random_normal(mean = 0.0, stddev = 1.0);
        var weights(unique): [3, 3, 3, 64] = random_normal();
        scope conv1 {
            var weights(unique): [3, 3, 3, 64] = random_normal();
            var biases(unique): [64] = zeros();
        }
        scope conv2 {
            var weights(unique): [3, 3, 64, 128] = random_normal();
            var biases(unique): [128] = zeros();
        }
    }
}

/// `tf.Variable`, which makes a variable and shares none. To make an instance is to initialize it: there is nothing
/// that could be read before.
pub fn variables_that_are_always_new() -> Result<()> {
    let net = AlwaysNew::seeded(1)?;
    println!("  {}", names(&net.variables()));
    println!("  {:?}", net.variable_1);
    ensure!(names(&net.variables().in_scope("conv2")) == "conv2/weights, conv2/biases");
    ensure!(net.variable_1.read().iter().all(|number| number.is_finite() && *number != 0.0));

    let store = VariableStore::new(1);
    let w = || store.root().variable("w").shape(&[2, 3]).initializer(random_normal()).unique().get_any();
    ensure!((w()?.name(), w()?.name()) == ("w", "w_1"));
    Ok(())
}

model! {
    struct FullyConnected {
        fn loss(input_data: [batch, 784]) -> [] {
            let net = scope model {
                let net = scope fc1: Dense(input_data, units = 10);
                scope fc2: Dense(net, units = 5)
            };
            sum(square(net))
        }
    }
}

/// A filter of trainable variables; and the average of gradients, which is one of each variable over several steps.
pub fn filters_and_averages() -> Result<()> {
    let net = FullyConnected::seeded(1)?;
    let variables = net.trainable_variables().in_scope("model");
    println!("  {}", names(&variables));
    ensure!(names(&variables) == "model/fc1/weights, model/fc1/biases, model/fc2/weights, model/fc2/biases");

    let (mut one, mut other) = (net.loss_gradients(), net.loss_gradients());
    let (_, grads) = one.compute(ndarray::Array2::from_elem((2, 784), 0.5).view())?;
    let (_, others) = other.compute(ndarray::Array2::from_elem((3, 784), -0.5).view())?;
    let avg_grads = Gradients::mean(&[grads, others])?;
    GradientDescent::new(0.001).apply(&avg_grads)?;
    ensure!(avg_grads.of(&net.model.fc1.weights).shape() == [784, 10]);
    Ok(())
}
