//! Sharing: which instances have which variables, and what is said where a name is taken or missing.

use ndarray::{Array1, Array2, arr1};
use varscope::init::{constant, ones, random_normal, zeros};
use varscope::op::DType;
use varscope::prelude::*;

model! {
    /// Two dense layers.
    struct Mlp {
        fn logits(x: [batch, 4]) -> [batch, 2] {
            let hidden = scope layer1 {
                var weights: [4, 3];
                var biases: [3] = constant(0.1);
                relu(matmul(x, weights) + biases)
            };
            scope layer2 {
                var weights: [3, 2];
                var biases: [2] = zeros();
                matmul(hidden, weights) + biases
            }
        }

        fn loss(x: [batch, 4], labels: u32[batch]) -> [] {
            mean(sparse_softmax_cross_entropy(logits(x), labels))
        }
    }

    /// The same with a layer in between.
    struct Deeper {
        fn logits(x: [batch, 4]) -> [batch, 2] {
            let hidden = scope layer1 {
                var weights: [4, 3];
                var biases: [3] = constant(0.1);
                relu(matmul(x, weights) + biases)
            };
            let between = scope between {
                var weights: [3, 3];
                relu(matmul(hidden, weights))
            };
            scope layer2 {
                var weights: [3, 2];
                var biases: [2] = zeros();
                matmul(between, weights) + biases
            }
        }
    }

    /// Names like those of [`Mlp`], with a variable of another shape after some that fit.
    pub struct Wider {
        scope layer0 { var weights: [2]; }
        scope layer1 {
            var weights: [4, 3];
            var biases: [5];
        }
    }

    /// The same in `f64`.
    pub struct Doubled: f64 {
        scope layer0 { var weights: [2]; }
        scope layer1 { var weights: [4, 3]; }
    }
}

/// The names of a model's variables.
fn names(variables: &varscope::Variables) -> Vec<String> {
    variables.iter().map(|variable| variable.name().to_string()).collect()
}

fn batch() -> (Array2<f32>, Array1<u32>) {
    let x = Array2::from_shape_fn((5, 4), |(row, column)| (row * 4 + column) as f32 * 0.1 - 1.0);
    (x, arr1(&[0, 1, 0, 1, 1]))
}

#[test]
fn variables_are_named_by_their_scopes() {
    let store = VariableStore::new(1);
    let net = Mlp::new(&store.scope("model1")).unwrap();
    let expected = ["layer1/weights", "layer1/biases", "layer2/weights", "layer2/biases"];
    assert_eq!(names(&net.variables()), expected.map(|name| format!("model1/{name}")));
    assert_eq!(names(&Mlp::seeded(1).unwrap().variables()), expected);
    assert_eq!(net.layer2.biases.name(), "model1/layer2/biases");
    assert_eq!(names(&net.variables().in_scope("layer1")), ["model1/layer1/weights", "model1/layer1/biases"]);
    assert_eq!(net.variables().in_scope("model1/layer1").len(), 2);
    assert!(net.variables().in_scope("layer").is_empty());
    assert_eq!((store.len(), net.layer1.weights.shape()), (4, &[4, 3][..]));
}

#[test]
fn a_model_in_a_taken_scope_is_told_where_the_first_was_made() {
    let store = VariableStore::new(1);
    let (first, line) = (Mlp::new(&store.scope("model1")).unwrap(), line!());
    let error = Mlp::new(&store.scope("model1")).unwrap_err();
    let begin = format!("variable `model1/layer1/weights` already exists, first made at {}:{line}:", file!());
    assert!(error.to_string().starts_with(&begin), "{error}");
    assert!(error.to_string().ends_with("in a scope with `.reuse()` or `.auto_reuse()`"), "{error}");
    assert!(matches!(error, Error::AlreadyExists { first, .. } if first.line() == line && first.file() == file!()));
    assert_eq!(store.len(), first.variables().len());
}

#[test]
fn the_place_of_a_variable_is_that_of_the_call_however_it_is_made() {
    let store = VariableStore::new(1);
    let scope = store.scope("a");
    let (_, line) = (scope.get_variable("v", [2], &zeros()).unwrap(), line!());
    let place = |error: Error| match error {
        Error::AlreadyExists { first, .. } => (first.file(), first.line()),
        error => panic!("{error}"),
    };
    assert_eq!(place(scope.get_variable("v", [2], &zeros()).unwrap_err()), (file!(), line));
    let source = Mlp::seeded(1).unwrap();
    let (_, line) = (source.copy_into(&store.scope("copy")).unwrap(), line!());
    assert_eq!(place(Mlp::new(&store.scope("copy")).unwrap_err()), (file!(), line));
}

#[test]
fn a_reusing_scope_shares() {
    let store = VariableStore::new(1);
    let a = Mlp::new(&store.scope("model1")).unwrap();
    let b = Mlp::new(&store.scope("model1").reuse()).unwrap();
    let auto = Mlp::new(&store.scope("model1").auto_reuse()).unwrap();
    for other in [&b, &auto] {
        assert!(a.layer1.weights.is_same(&other.layer1.weights) && a.layer1.biases.is_same(&other.layer1.biases));
        assert!(a.layer2.weights.is_same(&other.layer2.weights) && a.layer2.biases.is_same(&other.layer2.biases));
    }
    assert_eq!(store.len(), 4);
    b.layer2.biases.assign(&arr1(&[3.0, 4.0])).unwrap();
    assert_eq!(*a.layer2.biases.read(), arr1(&[3.0, 4.0]));
    assert!(a.summary().to_string().contains("shared by 3 instances"), "{}", a.summary());
}

#[test]
fn another_scope_has_variables_of_its_own() {
    let store = VariableStore::new(1);
    let [a, b] = ["model", "model_2"].map(|name| Mlp::new(&store.scope(name)).unwrap());
    assert!(!a.layer1.weights.is_same(&b.layer1.weights));
    assert_ne!(*a.layer1.weights.read(), *b.layer1.weights.read());
    assert_eq!((store.len(), a.variables().in_scope("model").len()), (8, 4));
}

#[test]
fn a_missing_variable_is_named_with_the_nearest_spelling() {
    let store = VariableStore::new(1);
    let _net = Mlp::new(&store.scope("model1")).unwrap();
    let error = Mlp::new(&store.scope("modle1").reuse()).unwrap_err();
    let message =
        "variable `modle1/layer1/weights` does not exist and its scope reuses; there is a `model1/layer1/weights`";
    assert_eq!(error.to_string(), message);
    let error = store.scope("decoder").reuse().get_variable("temperature", [1], &zeros()).unwrap_err();
    assert!(matches!(&error, Error::DoesNotExist { nearest: None, .. }), "{error:?}");
    assert!(error.to_string().contains("`decoder/temperature` does not exist"), "{error}");
    assert_eq!(store.len(), 4);
}

#[test]
fn a_scope_with_auto_reuse_makes_what_is_missing() {
    let store = VariableStore::new(1);
    let a = Mlp::new(&store.scope("net").auto_reuse()).unwrap();
    let b = Deeper::new(&store.scope("net").auto_reuse()).unwrap();
    assert!(a.layer1.weights.is_same(&b.layer1.weights) && a.layer2.biases.is_same(&b.layer2.biases));
    assert_eq!((store.len(), b.between.weights.name()), (5, "net/between/weights"));
    assert!(Mlp::new(&store.scope("net")).is_err());
}

#[test]
fn another_shape_or_type_is_refused_and_nothing_stays_behind() {
    let store = VariableStore::new(1);
    let net = Mlp::new(&store.scope("net")).unwrap();
    let error = Wider::new(&store.scope("net").auto_reuse()).unwrap_err();
    assert_eq!(error.to_string(), "variable `net/layer1/biases` has the shape [3], and is asked for as [5]");
    assert!(matches!(error, Error::ShapeMismatch { .. }));
    let error = Doubled::new(&store.scope("net").auto_reuse()).unwrap_err();
    assert_eq!(error.to_string(), "variable `net/layer1/weights` is of f32, and is asked for as f64");
    assert!(matches!(error, Error::DTypeMismatch { expected: DType::F64, found: DType::F32, .. }));
    // `layer0/weights` would have been new in both.
    assert_eq!(store.len(), 4);
    assert!(store.scope("net").reuse().enter("layer0").get_variable("weights", [2], &zeros()).is_err());
    assert!(net.summary().to_string().contains("weights") && !net.summary().to_string().contains("shared"));
    let rank = store.scope("net").reuse().enter("layer1").get_variable("weights", [12], &zeros()).unwrap_err();
    assert!(matches!(rank, Error::ShapeMismatch { .. }), "{rank}");
}

#[test]
fn a_name_that_is_taken_halfway_leaves_nothing_behind() {
    let store = VariableStore::new(1);
    let taken = store.scope("net").enter("layer2").get_variable("biases", [2], &ones()).unwrap();
    let error = Mlp::new(&store.scope("net")).unwrap_err();
    assert!(error.to_string().starts_with("variable `net/layer2/biases` already exists"), "{error}");
    assert_eq!((store.len(), taken.read().to_owned()), (1, arr1(&[1.0, 1.0])));
    let net = Mlp::new(&store.scope("net").auto_reuse()).unwrap();
    assert!(net.layer2.biases.is_same(&taken));
    assert_eq!(store.len(), 4);
}

#[test]
fn variables_are_made_without_a_model_by_the_same_rules() {
    let store = VariableStore::new(42);
    let v = store.scope("extra").get_variable("v", [3, 4], &zeros()).unwrap();
    let same = store.scope("extra").reuse().get_variable("v", [3, 4], &ones()).unwrap();
    assert!(v.is_same(&same) && v.is_same(&v.share()));
    assert_eq!((v.name(), *v.read() == Array2::<f32>::zeros((3, 4))), ("extra/v", true));
    assert!(store.scope("extra").get_variable("v", [3, 4], &zeros()).is_err());
    assert!(store.scope("extra").auto_reuse().get_variable("v", [4, 3], &zeros()).is_err());
    assert!(store.scope("extra").auto_reuse().get_variable_of::<f64, _>("v", [3, 4], &zeros()).is_err());
    let deep =
        store.root().enter("a").enter("b").auto_reuse().enter("c").get_variable("w", [], &constant(2.0)).unwrap();
    assert_eq!((deep.name(), *deep.read().first().unwrap()), ("a/b/c/w", 2.0));
    // A model's variable by its name, and a model on variables made by hand.
    let net = Mlp::new(&store.scope("net")).unwrap();
    let biases = store.scope("net").reuse().enter("layer1").get_variable("biases", [3], &zeros()).unwrap();
    assert!(biases.is_same(&net.layer1.biases));
}

#[test]
fn names_that_cannot_be_are_refused() {
    let store = VariableStore::new(1);
    for name in ["", "a/b", "a b", "_a", "a:0"] {
        let error = Mlp::new(&store.scope(name)).unwrap_err();
        assert!(matches!(&error, Error::BadName { .. }), "{error:?}");
        assert!(error.to_string().starts_with(&format!("`{name}` cannot be a name: ")), "{error}");
        assert!(store.scope("ok").get_variable(name, [1], &zeros()).is_err() || name == "_a");
    }
    let _net = Mlp::new(&store.scope("net")).unwrap();
    for clash in ["Net", "NET"] {
        assert!(matches!(Mlp::new(&store.scope(clash)).unwrap_err(), Error::BadName { .. }));
    }
    // A variable cannot be called as a scope is, nor a scope as a variable is.
    assert!(matches!(store.scope("net").get_variable("layer1", [1], &zeros()), Err(Error::BadName { .. })));
    let inside = store.scope("net").enter("layer1").enter("weights").get_variable("w", [1], &zeros());
    assert!(matches!(inside, Err(Error::BadName { .. })), "{inside:?}");
}

#[test]
fn share_is_a_handle_and_copy_into_a_copy() {
    let store = VariableStore::new(1);
    let net = Mlp::new(&store.scope("net")).unwrap();
    net.layer1.biases.assign(&arr1(&[1.0, 2.0, 3.0])).unwrap();
    let handle = net.share();
    assert!(handle.layer1.biases.is_same(&net.layer1.biases));
    let copy = net.copy_into(&store.scope("copy")).unwrap();
    assert!(!copy.layer1.biases.is_same(&net.layer1.biases));
    assert_eq!((copy.layer1.biases.name(), copy.layer1.biases.read()[2]), ("copy/layer1/biases", 3.0));
    let (x, labels) = batch();
    assert_eq!(net.logits(x.view()).unwrap(), copy.logits(x.view()).unwrap());
    let mut step = copy.loss_gradients();
    let (_, gradients) = step.compute(x.view(), labels.view()).unwrap();
    GradientDescent::new(0.5).apply(gradients).unwrap();
    assert_eq!(*net.layer1.biases.read(), arr1(&[1.0, 2.0, 3.0]));
    assert_ne!(*net.layer2.biases.read(), *copy.layer2.biases.read());
    assert!(net.copy_into(&store.scope("copy")).is_err());
    let elsewhere = VariableStore::new(9);
    let other = copy.copy_into(&elsewhere.root()).unwrap();
    assert_eq!((elsewhere.len(), names(&other.variables())[0].as_str()), (4, "layer1/weights"));
    assert_eq!(other.logits(x.view()).unwrap(), copy.logits(x.view()).unwrap());
}

#[test]
fn a_target_network_takes_over_the_values() {
    let store = VariableStore::new(1);
    let [online, target] = ["online", "target"].map(|name| Mlp::new(&store.scope(name)).unwrap());
    target.assign_from(&online).unwrap();
    let (x, labels) = batch();
    assert_eq!(online.logits(x.view()).unwrap(), target.logits(x.view()).unwrap());
    let (before, mut step) = (target.logits(x.view()).unwrap(), online.loss_gradients());
    let (_, gradients) = step.compute(x.view(), labels.view()).unwrap();
    Adam::new(0.1).apply(gradients).unwrap();
    assert_eq!(target.logits(x.view()).unwrap(), before);
    assert_ne!(online.logits(x.view()).unwrap(), before);
    target.assign_from(&online).unwrap();
    assert_eq!(online.logits(x.view()).unwrap(), target.logits(x.view()).unwrap());
    assert!(!online.layer1.weights.is_same(&target.layer1.weights));
    // From itself, and from a handle on the same variables, nothing changes.
    target.assign_from(&target.share()).unwrap();
    assert_eq!(online.logits(x.view()).unwrap(), target.logits(x.view()).unwrap());
}

#[test]
fn initial_values_depend_on_the_seed_and_the_name_alone() {
    let (a, b) = (Mlp::seeded(7).unwrap(), Deeper::seeded(7).unwrap());
    assert_eq!(*a.layer1.weights.read(), *b.layer1.weights.read());
    assert_eq!(*a.layer2.weights.read(), *b.layer2.weights.read());
    assert_ne!(*a.layer1.weights.read(), *Mlp::seeded(8).unwrap().layer1.weights.read());
    // Nor does it matter what else a store has, or in which order it was made.
    let store = VariableStore::new(7);
    let by_hand = store.scope("layer2").get_variable("weights", [3, 2], &random_normal()).unwrap();
    let again = VariableStore::new(7);
    again.scope("first").get_variable("other", [100], &random_normal()).unwrap();
    let same = again.scope("layer2").get_variable("weights", [3, 2], &random_normal()).unwrap();
    assert_eq!(*by_hand.read(), *same.read());
    assert!(!by_hand.is_same(&same));
    let (left, right) = (VariableStore::new(7), VariableStore::new(7));
    let one = Mlp::new(&left.scope("a").enter("b")).unwrap();
    let _in_between = Deeper::new(&right.scope("c")).unwrap();
    let other = Mlp::new(&right.scope("a").enter("b")).unwrap();
    assert_eq!(*one.layer2.weights.read(), *other.layer2.weights.read());
}

/// Takes some steps of an optimizer on one of two tied models; both must see them.
fn stays_tied(mut optimizer: impl Optimizer) {
    let store = VariableStore::new(3);
    let a = Mlp::new(&store.scope("net")).unwrap();
    let b = Deeper::new(&store.scope("net").auto_reuse()).unwrap();
    let c = Mlp::new(&store.scope("net").reuse()).unwrap();
    let (x, labels) = batch();
    let (mut step, mut other) = (a.loss_gradients(), c.loss_gradients());
    let before = a.layer1.weights.read();
    for _ in 0..30 {
        let (_, gradients) = step.compute(x.view(), labels.view()).unwrap();
        optimizer.apply(gradients).unwrap();
        let (_, gradients) = other.compute(x.view(), labels.view()).unwrap();
        optimizer.apply(gradients).unwrap();
    }
    assert!(a.layer1.weights.is_same(&b.layer1.weights) && a.layer1.weights.is_same(&c.layer1.weights));
    assert_ne!(*before, *a.layer1.weights.read());
    assert_eq!(*a.layer1.weights.read(), *b.layer1.weights.read());
    assert_eq!(a.logits(x.view()).unwrap(), c.logits(x.view()).unwrap());
    assert_eq!((store.len(), optimizer.steps()), (5, 60));
}

#[test]
fn tied_models_stay_tied_through_every_optimizer() {
    stays_tied(GradientDescent::new(0.05));
    stays_tied(Momentum::new(0.05, 0.9));
    stays_tied(Momentum::new(0.05, 0.9).nesterov());
    stays_tied(Adagrad::new(0.05));
    stays_tied(RmsProp::new(0.01));
    stays_tied(Adam::new(0.01));
    stays_tied(AdamW::new(0.01));
}

#[test]
fn a_slot_belongs_to_the_variable_not_to_the_model() {
    let trained = |tied: bool| {
        let store = VariableStore::new(3);
        let a = Mlp::new(&store.scope("net")).unwrap();
        let b = Mlp::new(&store.scope("net").reuse()).unwrap();
        let (mut first, mut second) = (a.loss_gradients(), if tied { b.loss_gradients() } else { a.loss_gradients() });
        let (mut optimizer, (x, labels)) = (Adam::new(0.1), batch());
        for turn in 0..6 {
            let step = if turn % 2 == 0 { &mut first } else { &mut second };
            optimizer.apply(step.compute(x.view(), labels.view()).unwrap().1).unwrap();
        }
        a.layer1.weights.read().to_owned()
    };
    assert_eq!(trained(true), trained(false));
}

#[test]
fn threads_that_make_one_model_agree_on_one() {
    let store = VariableStore::new(1);
    let made: Vec<_> = std::thread::scope(|threads| {
        let make = || Mlp::new(&store.scope("net")).map_err(|error| error.to_string());
        let running: Vec<_> = (0..8).map(|_| threads.spawn(make)).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!((made.iter().filter(|made| made.is_ok()).count(), store.len()), (1, 4));
}
