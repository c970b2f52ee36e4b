//! Where TensorFlow is silent or odd, a store refuses, and says why. What `model!` refuses is in `ui/names` and
//! `ui/reuse`.

use ndarray::{Ix1, arr1};
use varscope::init::{constant, ones, zeros};
use varscope::op::DType;
use varscope::partition::fixed_size;
use varscope::prelude::*;
use varscope::regularizer::l2;
use varscope::{Scope, VariableInfo, Variables};

/// The names of variables.
fn names(variables: &Variables) -> Vec<String> {
    variables.iter().map(|variable| variable.name().to_string()).collect()
}

/// What a scope says to a variable of one element.
fn get(scope: &Scope, name: &str) -> Result<VariableInfo, Error> {
    scope.variable(name).shape(&[1]).get_any()
}

fn bad_name(result: Result<VariableInfo, Error>, name: &str, reason: &str) {
    match result {
        Err(error @ Error::BadName { .. }) => {
            assert_eq!(error.to_string(), format!("`{name}` cannot be a name: {reason}"));
        }
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn a_name_is_one_part_of_a_path() {
    let store = VariableStore::new(0);
    let slash = "a `/` separates scopes; enter them one by one";
    bad_name(get(&store.scope("a/b"), "v"), "a/b", slash);
    bad_name(get(&store.scope("a/"), "v"), "a/", slash);
    bad_name(get(&store.root(), "a/b"), "a/b", slash);
    bad_name(get(&store.scope("a").enter("b/c").enter("d"), "v"), "b/c", slash);
    bad_name(get(&store.scope(""), "v"), "", "it is empty");
    bad_name(get(&store.scope("a"), ""), "", "it is empty");
    bad_name(get(&store.root(), "v:0"), "v:0", "only letters, digits, `_`, `.` and `-` can be in it");
    bad_name(get(&store.scope("_a"), "v"), "_a", "at the root it must begin with a letter, a digit or `.`");
    assert!(store.is_empty());
    assert_eq!(get(&store.scope("a").enter("_b"), "_v").unwrap().name(), "a/_b/_v");
}

#[test]
fn a_name_means_one_thing() {
    let store = VariableStore::new(0);
    get(&store.root(), "foo").unwrap();
    get(&store.scope("bar"), "v").unwrap();
    bad_name(get(&store.scope("foo"), "v"), "foo", "there is a variable of this name");
    bad_name(get(&store.root(), "bar"), "bar", "there is a scope of this name");
    bad_name(get(&store.scope("bar"), "V"), "bar/V", "there is a variable whose name differs in case only");
    bad_name(get(&store.scope("Bar"), "v"), "Bar", "there is a scope whose name differs in case only");
    store.scope("bar").variable("unique").shape(&[1]).unique().get_any().unwrap();
    bad_name(get(&store.scope("bar"), "unique"), "bar/unique", "a unique variable has this name");
    assert_eq!(names(&store.variables()), ["foo", "bar/v", "bar/unique"]);
}

/// TensorFlow would save the second variable under `foo/w_1`, and find it as `foo/w`.
#[test]
fn a_variable_has_the_name_that_it_is_asked_for_by() {
    let store = VariableStore::new(0);
    let foo = store.scope("foo");
    assert_eq!(foo.op_name("w").unwrap(), "foo/w");
    bad_name(get(&foo, "w"), "foo/w", "an op, a variable or a scope has this name");
    assert_eq!(get(&foo, "v").unwrap().name(), "foo/v");
    assert_eq!(foo.op_name("v").unwrap(), "foo/v_1");
}

#[test]
fn what_only_counts_for_a_new_variable_is_not_said_where_one_is_shared() {
    let store = VariableStore::new(0);
    let made = store.scope("a").variable("v").shape(&[2]).initializer(ones()).get::<f32, Ix1>().unwrap();
    let scope = store.scope("a").reuse();
    let v = || scope.variable("v");
    for (what, request) in [
        ("initializer", v().initializer(zeros())),
        ("regularizer", v().regularizer(l2(0.1))),
        ("`trainable`", v().trainable(false)),
        ("collection", v().collection("ema")),
        ("value", v().value(&arr1(&[1.0_f32, 2.0]))),
    ] {
        let error = request.get_any().unwrap_err();
        assert!(matches!(error, Error::GivenWhereShared { .. }), "{error:?}");
        let text = format!("variable `a/v` is shared, and its {what} is that of where it was made, ");
        assert!(error.to_string().starts_with(&text), "{error}");
    }
    let shared = v().shape(&[2]).dtype(DType::F32).get::<f32, Ix1>().unwrap();
    assert!(shared.is_same(&made) && shared.trainable() && *shared.read() == arr1(&[1.0, 1.0]));
    assert!(store.collection("ema").is_empty() && store.regularization_losses().is_empty());
    // Where a scope makes what is missing, nobody knows beforehand whether it counts.
    assert!(store.scope("a").auto_reuse().variable("v").initializer(zeros()).get::<f32, Ix1>().unwrap().is_same(&made));
}

#[test]
fn nothing_is_unique_where_everything_is_shared() {
    let store = VariableStore::new(0);
    get(&store.scope("foo"), "a").unwrap();
    for scope in [store.scope("foo").reuse(), store.scope("foo").auto_reuse(), store.scope("foo").reuse().enter("bar")]
    {
        let error = scope.variable("a").shape(&[1]).unique().get_any().unwrap_err();
        assert!(matches!(error, Error::UniqueReused { .. }), "{error:?}");
        let error = get(&scope.unique("block"), "w").unwrap_err();
        assert!(matches!(&error, Error::UniqueReused { name } if name.ends_with("/block")), "{error:?}");
        assert!(error.to_string().contains("its scope shares what exists"), "{error}");
    }
    assert_eq!(store.len(), 1);
}

#[test]
fn a_filter_takes_whole_names() {
    let store = VariableStore::new(0);
    for scope in ["model", "model_2", "model1", "a.b", "aXb"] {
        get(&store.scope(scope), "v").unwrap();
    }
    get(&store.scope("model").enter("sub"), "v").unwrap();
    let inside = ["model/v", "model/sub/v"];
    assert_eq!(names(&store.trainable_variables().in_scope("model")), inside);
    assert_eq!(names(&store.trainable_variables().in_scope("model/")), inside);
    assert_eq!(names(&store.scope("model").variables()), inside);
    assert_eq!(names(&store.variables().in_scope("a.b")), ["a.b/v"]);
    for nothing in ["mod", "model.*", ".*", "v", "sub"] {
        assert!(store.variables().in_scope(nothing).is_empty(), "{nothing}");
    }
    assert_eq!(store.variables().in_scope("").len(), store.len());
}

/// After a call that fails TensorFlow calls the next variable `v_1`, or has the one that failed in its store.
#[test]
fn what_fails_leaves_nothing_behind() {
    let store = VariableStore::new(0);
    let root = store.root();
    let halves = fixed_size(2);
    assert!(root.variable("v").shape(&[2]).dtype(DType::I32).initializer(constant(1.5)).get_any().is_err());
    assert!(root.variable("v").shape(&[2]).dtype(DType::I32).regularizer(l2(0.1)).get_any().is_err());
    assert!(root.variable("v").shape(&[1]).partitioner(halves).get_any().is_err());
    assert!(root.variable("v").get_any().is_err());
    assert!(store.is_empty());
    assert_eq!(get(&root, "v").unwrap().name(), "v");
}
