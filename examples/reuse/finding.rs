//! The scope `foo` with `v` and `w`, and what a second scope `foo` finds in it.

use anyhow::{Result, ensure};
use varscope::Error;
use varscope::init::zeros;
use varscope::prelude::*;

use crate::{names, refused};

model! {
    struct Foo {
        scope foo {
            var v: [1];
            var w: [1];
        }
        scope foo(reuse) {
            var v; // no shape: it is that of the declaration
            // var u: [1];
            //     error: variable `foo/u` does not exist, and its scope reuses: `foo` has `v`, `w`; to make it, leave `reuse`
            //     out, or write `reuse = auto`
        }
        // scope foo { var v; }
        //     error: variable `foo/v` already exists, first declared at …; to share it, open the scope with `reuse`:
        //     `scope foo(reuse) { var v; }`
        // scope foo(reuse = false) { var v; }
        //     error: write `reuse`, or `reuse = auto`; a scope that shall not reuse has no such attribute (inside a reusing
        //     scope TensorFlow's `reuse=False` changes nothing)
    }

    struct FooAndMore {
        scope foo {
            var v: [1];
            var w: [1];
        }
        scope foo {
            // var u;
            //     error: variable `foo/u` is new, so its shape must be known: write `var u: [3, 3];`, or an array as its
            //     initializer; to share an existing one, open its scope with `reuse`
            var u: [1]; // a scope may be opened again for other variables; one struct has all of them
        }
    }
}

/// `foo` as a store has it after its first scope.
fn foo() -> Result<VariableStore, Error> {
    let store = VariableStore::new(1);
    for name in ["v", "w"] {
        store.scope("foo").get_variable(name, [1], &zeros())?;
    }
    Ok(store)
}

/// `v` is found with its shape. On a store it is asked for with one, since that is the type of what one gets.
pub fn without_a_shape() -> Result<()> {
    let net = Foo::seeded(1)?;
    let places: Vec<_> = net.variables().iter().map(|v| format!("{} in {}", v.name(), v.places())).collect();
    println!("  places: {}", places.join(", "));
    ensure!(places == ["foo/v in 2", "foo/w in 1"]);

    let store = foo()?;
    let v1 = store.scope("foo").reuse().get_variable("v", [1], &zeros())?;
    println!("  {}", v1.name());
    let error = refused(store.scope("foo").get_variable("v", [1], &zeros()))?;
    ensure!(store.len() == 2 && matches!(error, Error::AlreadyExists { .. }));
    Ok(())
}

/// `u` is not there to be shared.
pub fn another_name() -> Result<()> {
    let error = refused(foo()?.scope("foo").reuse().get_variable("u", [1], &zeros()))?;
    ensure!(matches!(error, Error::DoesNotExist { .. }));
    Ok(())
}

/// A scope that does not reuse makes `u` beside the others.
pub fn a_new_one_beside_it() -> Result<()> {
    let net = FooAndMore::seeded(1)?;
    println!("  {}, as fields {:?}, {:?}, {:?}", names(&net.variables()), net.foo.v, net.foo.w, net.foo.u);
    let store = foo()?;
    let u = store.scope("foo").get_variable("u", [1], &zeros())?;
    ensure!(u.name() == "foo/u" && names(&net.variables()) == "foo/v, foo/w, foo/u");
    Ok(())
}

model! {
    struct Unique {
        scope foo {
            var v1(unique): [2, 3] = random_normal(); // TensorFlow's `tf.Variable`
            var v2: [1];
        }
        scope foo(reuse) {
            var v2;
            // var v1;
            //     error: variable `foo/v1` is declared `unique` at …, so it is never shared: leave `unique` out there, or give
            //     this one another name
            // var v2(unique): [1];
            //     error: a `unique` variable is always a new one, and `foo` shares what exists: leave `unique` out, to share
            //     `v2`, or declare it where nothing is shared
        }
    }
}

/// `v1` is made for its place alone: no scope shares it.
pub fn never_shared() -> Result<()> {
    let net = Unique::seeded(1)?;
    println!("  {}", names(&net.variables()));
    ensure!(names(&net.variables()) == "foo/v1, foo/v2");
    Ok(())
}
