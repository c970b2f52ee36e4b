//! Moving averages of variables.

use std::fmt;
use std::sync::Arc;

use ndarray::Dimension;

use super::slots::check;
use crate::element::{Element, Float, Slice, SliceMut};
use crate::error::{Error, Result};
use crate::kernels::elementwise::update_with;
use crate::model::{VariableInfo, Variables};
use crate::store::About;
use crate::variable::{AnyVariable, Variable};

/// Averages of variables over the steps of a training, of which late steps count most: after each step
/// `average −= (1 − decay) · (average − variable)`, as TensorFlow's `tf.train.ExponentialMovingAverage` has it. A model
/// with averaged weights is often better than one with the last.
///
/// The averages begin as what the variables are when it is made, so it is made before the first step. Each is of a
/// variable, wherever that is shared. Nothing is allocated after that.
///
/// ```
/// use ndarray::array;
/// use varscope::prelude::*;
///
/// model! {
///     struct Line {
///         fn predict(x: [batch, 1]) -> [batch, 1] {
///             var slope: [1, 1] = ones();
///             matmul(x, slope)
///         }
///
///         fn loss(x: [batch, 1]) -> [] {
///             -mean(predict(x))
///         }
///     }
/// }
///
/// # fn main() -> Result<(), varscope::Error> {
/// let x = array![[1.0]];
/// let net = Line::seeded(0)?;
/// let (mut step, mut optimizer) = (net.loss_gradients(), GradientDescent::new(1.0));
/// let mut averages = ExponentialMovingAverage::new(&net.trainable_variables(), 0.75)?;
/// optimizer.apply(step.compute(x.view())?.1)?; // from 1 to 2
/// averages.apply();
///
/// assert_eq!(averages.average_of(&net.slope)?.read()[[0, 0]], 1.25);
/// let swapped = averages.swap(); // the model reads the averages …
/// assert_eq!(net.predict(x.view())?, array![[1.25]]);
/// drop(swapped); // … and has its own values again
/// assert_eq!(net.predict(x.view())?, array![[2.0]]);
/// # Ok(())
/// # }
/// ```
pub struct ExponentialMovingAverage {
    decay: f64,
    /// The number by which the decay grows, if it does.
    updates: Option<u64>,
    /// The product of all decays so far, where the averages shall not remember how they began.
    start: Option<f64>,
    averages: Vec<Average>,
}

struct Average {
    variable: Arc<dyn AnyVariable>,
    average: Arc<dyn AnyVariable>,
    /// The variable's name in its model.
    name: String,
}

/// While it lives, the variables have the values of their averages, and these those of the variables.
#[must_use = "the variables have their own values again when this is dropped"]
pub struct Swapped<'a> {
    averages: &'a mut ExponentialMovingAverage,
}

impl ExponentialMovingAverage {
    /// The averages of these variables, which are floats. `decay`, from 0 to below 1, is how much of an average a step
    /// leaves; numbers near 1, as 0.999, average over many steps.
    ///
    /// # Errors
    ///
    /// [`Error::NotFloat`], [`Error::BadNumber`].
    pub fn new(variables: &Variables, decay: impl Into<f64>) -> Result<Self> {
        let decay = decay.into();
        check("the decay of `ExponentialMovingAverage`", decay, 0.0..1.0)?;
        let mut averages: Vec<Average> = Vec::with_capacity(variables.len());
        for info in variables {
            let (name, dtype) = (info.name(), info.dtype());
            if !dtype.is_float() {
                return Err(Error::NotFloat { variable: name.to_string(), what: "a moving average", dtype });
            }
            let variable = Arc::clone(info.variable());
            if averages.iter().all(|average| average.variable.id() != variable.id()) {
                let average = variable.copy(format!("{name}/ExponentialMovingAverage"), About::default());
                average.set_trainable(false);
                averages.push(Average { name: variables.name_in_model(info).to_string(), variable, average });
            }
        }
        Ok(Self { decay, updates: None, start: None, averages })
    }

    /// From now on the decay is at most `(1 + updates) / (10 + updates)`, so that averages move fast at first: the
    /// number of steps taken, set before each [`ExponentialMovingAverage::apply`].
    pub fn num_updates(&mut self, updates: u64) -> &mut Self {
        self.updates = Some(updates);
        self
    }

    /// Averages that do not remember how they began: 0 before the first update, then the mean of the values so far, each
    /// weighted by how little of it has decayed.
    #[must_use]
    pub fn zero_debias(mut self) -> Self {
        self.start = Some(1.0);
        for Average { average, .. } in &self.averages {
            average.change(&mut |average| match average {
                SliceMut::F32(average) => average.fill(0.0),
                SliceMut::F64(average) => average.fill(0.0),
                _ => {}
            });
        }
        self
    }

    /// Takes what the variables are now into the averages: after each step of an optimizer.
    pub fn apply(&mut self) {
        let rate = self.rate();
        for Average { variable, average, .. } in &self.averages {
            let value = variable.snapshot();
            average.change(&mut |average| match (average, value.slice()) {
                (SliceMut::F32(average), Slice::F32(value)) => approach(average, value, rate),
                (SliceMut::F64(average), Slice::F64(value)) => approach(average, value, rate),
                _ => {}
            });
        }
    }

    /// How much of the way to a variable its average goes.
    fn rate(&mut self) -> f64 {
        let grown = self.updates.map(|updates| (1.0 + updates as f64) / (10.0 + updates as f64));
        let decay = grown.map_or(self.decay, |grown| grown.min(self.decay));
        let Some(start) = &mut self.start else { return 1.0 - decay };
        *start *= decay;
        (1.0 - decay) / (1.0 - *start)
    }

    /// The average of a variable, as a variable.
    ///
    /// # Errors
    ///
    /// [`Error::MovingAverage`] where it has none.
    pub fn average_of<T: Element, D: Dimension + 'static>(&self, variable: &Variable<T, D>) -> Result<Variable<T, D>> {
        let id = variable.erase().id();
        let average = self.averages.iter().find(|average| average.variable.id() == id);
        let average = average.and_then(|average| Variable::of(Arc::clone(&average.average)));
        let problem = "has no moving average here: it is not among those of which averages were made";
        average.ok_or_else(|| Error::MovingAverage { variable: variable.name().to_string(), problem })
    }

    /// The averages as variables, which are not trainable: `layer1/weights/ExponentialMovingAverage`, … They are in no
    /// store.
    pub fn variables(&self) -> Variables {
        let average = |average: &Average| VariableInfo::new(Arc::clone(&average.average), 1);
        Variables::listed(self.averages.iter().map(average).collect())
    }

    /// Exchanges variables and averages until the guard is dropped, for an evaluation: every model that has the
    /// variables reads the averages. Nothing is copied to another place.
    pub fn swap(&mut self) -> Swapped<'_> {
        self.exchange();
        Swapped { averages: self }
    }

    fn exchange(&self) {
        for Average { variable, average, .. } in &self.averages {
            variable.change(&mut |mut variable| {
                average.change(&mut |average| match (&mut variable, average) {
                    (SliceMut::F32(variable), SliceMut::F32(average)) => variable.swap_with_slice(average),
                    (SliceMut::F64(variable), SliceMut::F64(average)) => variable.swap_with_slice(average),
                    _ => {}
                });
            });
        }
    }

    /// Copies the averages to the variables of their names in another model, such as a copy that
    /// `net.copy_into(&scope)?` made, or to the variables themselves. Other variables in the list are left as they are.
    ///
    /// # Errors
    ///
    /// [`Error::MovingAverage`] where a variable that has an average is not in the list, [`Error::ShapeMismatch`],
    /// [`Error::DTypeMismatch`]; nothing is changed then.
    pub fn copy_to(&self, variables: &Variables) -> Result<()> {
        let problem = "has a moving average, and is not among those that averages are copied to";
        let to = |average: &Average| {
            let to = variables.iter().find(|to| variables.name_in_model(to) == average.name);
            to.ok_or_else(|| Error::MovingAverage { variable: average.name.clone(), problem })
        };
        for average in &self.averages {
            to(average)?.variable().check_like(average.average.dtype(), average.average.shape())?;
        }
        for average in &self.averages {
            let value = average.average.snapshot();
            to(average)?.variable().change(&mut |elements| elements.copy_from(value.slice()));
        }
        Ok(())
    }
}

/// `average −= rate · (average − value)`
fn approach<T: Float>(average: &mut [T], value: &[T], rate: f64) {
    let rate = T::of(rate);
    update_with(average, value, |average, value| *average -= (*average - value) * rate);
}

impl Drop for Swapped<'_> {
    fn drop(&mut self) {
        self.averages.exchange();
    }
}

impl fmt::Debug for ExponentialMovingAverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExponentialMovingAverage({} variables, decay {})", self.averages.len(), self.decay)
    }
}

impl fmt::Debug for Swapped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Swapped({:?})", self.averages)
    }
}
