//! The three rules of a scope: it makes variables, it shares them, or it does what is needed.

use anyhow::{Result, ensure};
use varscope::Error;
use varscope::init::{constant, ones, zeros};
use varscope::prelude::*;

use crate::{names, refused};

model! {
    struct Shared {
        scope scope1 {
            var v1: [3, 3] = constant(1.0);
        }
        scope scope2 {
            var v1: [3, 3] = constant(1.0); // another scope, so another variable
        }
        scope scope1(reuse) {
            var v1: [3, 3];
            // var v1: [3, 3] = constant(1.0);
            //     error: variable `scope1/v1` is shared here, and its initializer is that of its declaration at …: leave it out
            //     TensorFlow takes it and silently does not use it.
            // var v1: [3, 4];
            //     error: variable `scope1/v1` is [3, 3], as declared at …; here it is asked for as [3, 4]
        }
        // scope scope2 { var v1: [3, 3] = constant(1.0); }
        //     error: variable `scope2/v1` already exists, first declared at …; to share it, open the scope with `reuse`:
        //     `scope scope2(reuse) { var v1; }`
    }
}

/// `scope1/v1` and `scope2/v1` are two variables; `scope1`, opened with `reuse`, has the first again.
pub fn shared_by_reuse() -> Result<()> {
    let net = Shared::seeded(1)?;
    println!("  {}", names(&net.variables()));
    ensure!(names(&net.variables()) == "scope1/v1, scope2/v1");
    ensure!(!net.scope1.v1.is_same(&net.scope2.v1));

    let store = VariableStore::new(1);
    let one = store.scope("scope1").get_variable("v1", [3, 3], &constant(1.0))?;
    store.scope("scope2").get_variable("v1", [3, 3], &constant(1.0))?;
    let share = store.scope("scope1").reuse().get_variable("v1", [3, 3], &zeros())?;
    println!("  {} again, still with its ones: {}", share.name(), share.read()[[0, 0]]);
    ensure!(share.is_same(&one) && share.read()[[0, 0]] == 1.0);
    let error = refused(store.scope("scope1").reuse().get_variable("v1", [3, 4], &zeros()))?;
    ensure!(matches!(error, Error::ShapeMismatch { .. }));
    Ok(())
}

/// The same program, and `scope2` is opened a second time without `reuse`.
pub fn made_twice() -> Result<()> {
    let store = VariableStore::new(1);
    store.scope("scope2").get_variable("v1", [3, 3], &ones())?;
    let error = refused(store.scope("scope2").get_variable("v1", [3, 3], &ones()))?;
    ensure!(matches!(error, Error::AlreadyExists { .. }));
    Ok(())
}

model! {
    struct Demo {
        // A function with AUTO_REUSE, called twice: the first call makes the variable, the second shares it.
        scope demo(reuse = auto) {
            var v: [1];
        }
        scope demo(reuse = auto) {
            var v: [1];
        }
    }

    struct DemoCalled {
        // A `fn` of a model needs no rule: its variables are the model's, however often it is called.
        fn demo() -> [1] {
            scope demo {
                var v: [1] = constant(0.5);
                v
            }
        }
        fn twice() -> [1] {
            demo() + demo()
        }
    }
}

/// A scope that shares what is there and makes what is not.
pub fn auto_reuse() -> Result<()> {
    let (net, called) = (Demo::seeded(1)?, DemoCalled::seeded(1)?);
    println!("  {} and {}, in two places each", names(&net.variables()), names(&called.variables()));
    ensure!(net.variables().len() == 1 && called.variables().len() == 1);
    ensure!(called.twice()?[0] == 1.0);

    let store = VariableStore::new(1);
    let demo = || store.scope("demo").auto_reuse().get_variable("v", [1], &zeros());
    let (v1, v2) = (demo()?, demo()?);
    println!("  {}, {}: the same, {}", v1.name(), v2.name(), v1.is_same(&v2));
    ensure!(v1.is_same(&v2));
    Ok(())
}

/// A scope that reuses finds nothing to share. In a model:
///
/// ```text
/// scope demo(reuse) { var v: [1]; }
///                         ^ variable `demo/v` does not exist, and its scope reuses: `demo` has no variable before this
/// ```
pub fn reused_before_it_exists() -> Result<()> {
    let store = VariableStore::new(1);
    let error = refused(store.scope("demo").reuse().get_variable("v", [1], &zeros()))?;
    ensure!(matches!(error, Error::DoesNotExist { nearest: None, .. }) && store.is_empty());
    Ok(())
}
