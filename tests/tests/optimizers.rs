//! Optimizers with numbers they cannot take, and with gradients of several models.

use ndarray::{Array1, arr1};
use varscope::optimizer::schedule;
use varscope::prelude::*;

model! {
    struct Line: f64 {
        fn loss(x: [2]) -> [] {
            var slope: [2] = constant(1.0);
            sum(slope * slope * x)
        }
    }
}

fn input() -> Array1<f64> {
    arr1(&[1.0, -2.0])
}

/// What an optimizer says that should refuse its first step, having changed nothing.
fn refused(mut optimizer: impl Optimizer) -> String {
    let net = Line::seeded(1).unwrap();
    let mut step = net.loss_gradients();
    let (_, gradients) = step.compute(input().view()).unwrap();
    let error = optimizer.apply(gradients).unwrap_err();
    assert!(matches!(error, Error::BadNumber { .. }), "{error:?}");
    assert_eq!((optimizer.steps(), net.slope.read().to_owned()), (0, arr1(&[1.0, 1.0])), "{error}");
    error.to_string()
}

#[test]
fn a_learning_rate_is_a_number_from_0_on() {
    for (rate, message) in [
        (f64::NAN, "the learning rate is NaN"),
        (f64::INFINITY, "the learning rate is inf"),
        (-0.1, "the learning rate is -0.1"),
    ] {
        assert_eq!(refused(GradientDescent::new(rate)), message);
        assert_eq!(refused(Momentum::new(rate, 0.9)), message);
        assert_eq!(refused(Momentum::new(rate, 0.9).nesterov()), message);
        assert_eq!(refused(Adagrad::new(rate)), message);
        assert_eq!(refused(RmsProp::new(rate)), message);
        assert_eq!(refused(Adam::new(rate)), message);
        assert_eq!(refused(AdamW::new(rate)), message);
    }
}

#[test]
fn other_numbers_have_their_ranges_too() {
    assert_eq!(refused(Momentum::new(0.1, 1.0)), "the momentum of `Momentum` is 1");
    assert_eq!(refused(Momentum::new(0.1, f64::NAN)), "the momentum of `Momentum` is NaN");
    assert_eq!(refused(Adagrad::new(0.1).initial_accumulator(0.0)), "the initial accumulator of `Adagrad` is 0");
    assert_eq!(refused(RmsProp::new(0.1).decay(1.5)), "the decay of `RmsProp` is 1.5");
    assert_eq!(refused(RmsProp::new(0.1).momentum(-0.5)), "the momentum of `RmsProp` is -0.5");
    assert_eq!(refused(RmsProp::new(0.1).epsilon(f64::INFINITY)), "the epsilon of `RmsProp` is inf");
    assert!(refused(Adam::new(0.1).beta1(1.0)).contains("beta1"));
    assert!(refused(Adam::new(0.1).beta2(-1.0)).contains("beta2"));
    assert!(refused(Adam::new(0.1).epsilon(f64::NAN)).contains("epsilon"));
    assert!(refused(AdamW::new(0.1).weight_decay(-0.01)).contains("weight decay"));
}

#[test]
fn a_schedule_is_asked_at_each_step() {
    let net = Line::seeded(1).unwrap();
    let mut step = net.loss_gradients();
    let mut optimizer = GradientDescent::new(schedule::of_step(|step| if step < 2 { 0.1 } else { f64::NAN }));
    for _ in 0..2 {
        let (_, gradients) = step.compute(input().view()).unwrap();
        optimizer.apply(gradients).unwrap();
    }
    let before = net.slope.read().to_owned();
    let (_, gradients) = step.compute(input().view()).unwrap();
    assert_eq!(optimizer.apply(gradients).unwrap_err().to_string(), "the learning rate is NaN");
    assert_eq!((optimizer.steps(), net.slope.read().to_owned()), (2, before));
}

#[test]
fn a_schedule_with_bad_numbers_is_refused() {
    refused(GradientDescent::new(schedule::exponential_decay(0.1, 0, 0.5)));
    refused(GradientDescent::new(schedule::exponential_decay(-0.1, 10, 0.5)));
    refused(GradientDescent::new(schedule::polynomial_decay(0.1, 0, 0.01)));
    refused(GradientDescent::new(schedule::cosine_decay(f64::NAN, 10)));
    refused(GradientDescent::new(schedule::piecewise_constant([5], [])));
}

#[test]
fn gradients_of_another_model_change_that_model_only() {
    let [net, other] = [1, 2].map(|seed| Line::seeded(seed).unwrap());
    let [mut step, mut other_step] = [net.loss_gradients(), other.loss_gradients()];
    let mut optimizer = Momentum::new(0.1, 0.5);
    let (_, gradients) = step.compute(input().view()).unwrap();
    optimizer.apply(gradients).unwrap();
    let after_one = net.slope.read().to_owned();
    let (_, gradients) = other_step.compute(input().view()).unwrap();
    optimizer.apply(gradients).unwrap();
    // The other's first step is as the first's was: its momentum is its own.
    assert_eq!(net.slope.read().to_owned(), after_one);
    assert_eq!(other.slope.read().to_owned(), after_one);
}

#[test]
fn gradients_of_two_models_have_no_mean() {
    let [net, other] = [1, 2].map(|seed| Line::seeded(seed).unwrap());
    let [mut step, mut other_step] = [net.loss_gradients(), other.loss_gradients()];
    let (_, gradients) = step.compute(input().view()).unwrap();
    let (_, others) = other_step.compute(input().view()).unwrap();
    let error = Gradients::mean(&[gradients, others]).unwrap_err();
    assert!(matches!(error, Error::Gradients { .. }), "{error:?}");
    assert!(error.to_string().contains("`slope`"), "{error}");
    assert!(Gradients::mean(&[]).is_err());
}

#[test]
fn a_gradient_of_another_model_is_zero() {
    let [net, other] = [1, 2].map(|seed| Line::seeded(seed).unwrap());
    let mut step = net.loss_gradients();
    let (_, gradients) = step.compute(input().view()).unwrap();
    assert!(gradients.get(&other.slope).is_none());
    assert_eq!(gradients.of(&other.slope), arr1(&[0.0, 0.0]));
}

#[test]
fn only_the_gradients_of_another_model_are_none() {
    let [net, other] = [1, 2].map(|seed| Line::seeded(seed).unwrap());
    let mut step = net.loss_gradients().only(&other.trainable_variables()).unwrap();
    let error = step.compute(input().view()).unwrap_err();
    let message = "`only` is given variables that this computation does not use, so there is no gradient";
    assert_eq!(error, Error::Gradients { message: message.into() });
}
