//! Moving averages of a model's variables: their numbers, and evaluations that read them.

use ndarray::{Array1, array};
use varscope::layers::{BatchNorm, Dense};
use varscope::op::DType;
use varscope::prelude::*;

model! {
    struct Net {
        scope count { var steps: u32[]; }

        fn predict(x: [batch, 2]) -> [batch, 1] {
            let x = scope norm: BatchNorm(x);
            scope tied(regularizer = l2(0.1), collections = ["tied"]) { var w: [2] = [1.0, 2.0]; }
            let x = scope tied(reuse) { var w; x * w * w };
            scope out: Dense(x, units = 1)
        }

        fn loss(x: [batch, 2]) -> [] {
            -mean(predict(x))
        }
    }

    struct Line<T> {
        fn forward(x: [batch, 1]) -> [batch, 1] {
            var v: [1, 1] = zeros();
            matmul(x, v)
        }
    }

    struct Wide: f64 {
        fn predict(x: [batch, 1]) -> [batch, 1] {
            scope line: Line(x)
        }
    }
}

fn names(variables: &varscope::Variables) -> Vec<String> {
    variables.iter().map(|variable| variable.name().to_string()).collect()
}

/// The averages of a variable that takes these values, after each update.
fn averages_of(values: &[f64], make: impl Fn(ExponentialMovingAverage) -> ExponentialMovingAverage) -> Vec<f64> {
    let net = Wide::seeded(0).unwrap();
    let mut averages = make(ExponentialMovingAverage::new(&net.variables(), 0.9).unwrap());
    let update = |&value| {
        net.line.v.assign(&array![[value]]).unwrap();
        averages.apply();
        averages.average_of(&net.line.v).unwrap().read()[[0, 0]]
    };
    values.iter().map(update).collect()
}

fn near(found: &[f64], wanted: &[f64]) -> bool {
    found.len() == wanted.len() && found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12)
}

#[test]
fn each_step_leaves_so_much_of_an_average() {
    assert!(near(&averages_of(&[1.0, 2.0, -1.0], |averages| averages), &[0.1, 0.29, 0.161]));
}

#[test]
fn the_decay_grows_with_the_number_of_updates() {
    let grown = |mut averages: ExponentialMovingAverage| {
        averages.num_updates(2);
        averages
    };
    assert!(near(&averages_of(&[1.0, 2.0], grown), &[0.75, 1.6875]));
    let large = |mut averages: ExponentialMovingAverage| {
        averages.num_updates(1_000);
        averages
    };
    assert!(near(&averages_of(&[1.0], large), &[0.1]));
}

#[test]
fn without_a_start_an_average_is_the_mean_of_what_was_seen() {
    let found = averages_of(&[1.0, 2.0, -1.0], ExponentialMovingAverage::zero_debias);
    let second = (0.9 * 1.0 + 2.0) / (0.9 + 1.0);
    let third = (0.81 * 1.0 + 0.9 * 2.0 - 1.0) / (0.81 + 0.9 + 1.0);
    assert!(near(&found, &[1.0, second, third]), "{found:?}");
}

#[test]
fn averages_are_listed_by_name_each_variable_once() {
    let store = VariableStore::new(0);
    let net = Net::new(&store.scope("net")).unwrap();
    let averages = ExponentialMovingAverage::new(&net.trainable_variables(), 0.5).unwrap();
    let listed = averages.variables();
    let named = ["norm/gamma", "norm/beta", "tied/w", "out/weights", "out/biases"];
    assert_eq!(names(&listed), named.map(|name| format!("net/{name}/ExponentialMovingAverage")));
    assert!(listed.iter().all(|average| !average.trainable() && average.dtype() == DType::F32));
    assert!(listed.collection("tied").is_empty());
    assert_eq!(store.variables().len(), net.variables().len());

    let everywhere = ExponentialMovingAverage::new(&store.trainable_variables(), 0.5).unwrap();
    assert_eq!(names(&everywhere.variables()), names(&listed));
}

fn trained() -> (Net, ExponentialMovingAverage) {
    let net = Net::new(&VariableStore::new(3).scope("net")).unwrap();
    let mut averages = ExponentialMovingAverage::new(&net.trainable_variables(), 0.5).unwrap();
    let (mut step, mut optimizer) = (net.loss_gradients(), GradientDescent::new(0.1));
    for _ in 0..3 {
        optimizer.apply(step.compute(array![[1.0, 2.0], [0.5, -1.0]].view()).unwrap().1).unwrap();
        averages.apply();
    }
    drop(step);
    (net, averages)
}

#[test]
fn an_evaluation_reads_the_averages_and_training_goes_on() {
    let (net, mut averages) = trained();
    let x = array![[1.0, 2.0]];
    let (own, average) = (net.tied.w.read().clone(), averages.average_of(&net.tied.w).unwrap().read().clone());
    let before = net.predict(x.view()).unwrap();
    assert_ne!(own, average);

    let swapped = averages.swap();
    assert_eq!(*net.share().tied.w.read(), average);
    let evaluated = net.predict(x.view()).unwrap();
    drop(swapped);
    assert_ne!(evaluated, before);
    assert_eq!((net.tied.w.read().clone(), net.predict(x.view()).unwrap()), (own, before));
    assert_eq!(*averages.average_of(&net.tied.w).unwrap().read(), average);
}

#[test]
fn a_copy_takes_over_the_averages() {
    let (net, mut averages) = trained();
    let x = array![[1.0, 2.0]];
    let store = VariableStore::new(0);
    let teacher = net.copy_into(&store.scope("teacher")).unwrap();
    averages.copy_to(&teacher.variables()).unwrap();
    assert_eq!(*teacher.norm.moving_mean.read(), *net.norm.moving_mean.read());
    let evaluated = teacher.predict(x.view()).unwrap();
    let swapped = averages.swap();
    assert_eq!(net.predict(x.view()).unwrap(), evaluated);
    drop(swapped);

    averages.copy_to(&net.variables()).unwrap();
    assert_eq!(net.predict(x.view()).unwrap(), evaluated);
}

#[test]
fn what_has_no_average_is_told() {
    let (net, averages) = trained();
    let text = |error: Error| error.to_string();
    assert_eq!(
        text(averages.average_of(&net.norm.moving_mean).unwrap_err()),
        "variable `net/norm/moving_mean` has no moving average here: it is not among those of which averages were made"
    );
    let wide = Wide::seeded(0).unwrap();
    assert_eq!(
        text(averages.copy_to(&wide.variables()).unwrap_err()),
        "variable `norm/gamma` has a moving average, and is not among those that averages are copied to"
    );
    let integers = ExponentialMovingAverage::new(&net.variables(), 0.5).unwrap_err();
    assert_eq!(text(integers), "variable `net/count/steps` is of u32, and only a float can have a moving average");
    let decay = ExponentialMovingAverage::new(&net.trainable_variables(), 1.0).unwrap_err();
    assert_eq!(text(decay), "the decay of `ExponentialMovingAverage` is 1");

    let store = VariableStore::new(0);
    let line = store.scope("a").get_variable("v", [1], &varscope::init::zeros()).unwrap();
    let averages = ExponentialMovingAverage::new(&store.variables(), 0.5).unwrap();
    let other = VariableStore::new(0);
    other.scope("a").get_variable("v", [2], &varscope::init::zeros()).unwrap();
    assert!(matches!(averages.copy_to(&other.variables()), Err(Error::ShapeMismatch { .. })));
    line.assign(&Array1::ones(1)).unwrap();
    assert_eq!(averages.average_of(&line).unwrap().read()[0], 0.0);
}
