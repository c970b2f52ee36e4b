//! A training step: a `fn` forward and backward, with its memory, to be run again and again.

use std::fmt;

use ndarray::{ArrayView, Dimension};

use super::{Workspace, record_inputs};
use crate::element::{DType, Element};
use crate::error::{Error, Result};
use crate::gradients::Gradients;
use crate::input::Input;
use crate::model::Variables;
use crate::op::Context;
use crate::plan::{Plan, Purpose};
use crate::record::{Recorder, Value};
use crate::slot::Slot;

/// Records a `fn` from its inputs to its results.
type Record = dyn Fn(&mut Recorder, &[Value]) -> Result<Vec<Value>> + Send + Sync;

/// How many plans a step keeps: one for each of the last sizes of batch.
const PLANS: usize = 4;

/// What the `…_gradients()` of a model give, without the types of the `fn`.
pub struct Step {
    record: Box<Record>,
    element: DType,
    seed: u64,
    only: Option<Vec<usize>>,
    clip: Option<f64>,
    plans: Vec<Planned>,
    workspace: Workspace,
    gradients: Gradients,
    /// How often it has run.
    runs: u64,
}

/// A plan and what it was made for.
struct Planned {
    shapes: Vec<Vec<usize>>,
    plan: Plan,
    /// Whether every gradient of the layout is one that this plan computes.
    is_complete: bool,
}

impl Step {
    /// A step of a `fn` of a model of this element type, whose random ops draw from this seed.
    pub fn new(
        element: DType,
        seed: u64,
        record: impl Fn(&mut Recorder, &[Value]) -> Result<Vec<Value>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            record: Box::new(record),
            element,
            seed,
            only: None,
            clip: None,
            plans: Vec::new(),
            workspace: Workspace::default(),
            gradients: Gradients::default(),
            runs: 0,
        }
    }

    /// Computes no gradient but those of these variables.
    ///
    /// # Errors
    ///
    /// [`Error::Gradients`] where there is none.
    pub fn only(mut self, variables: &Variables) -> Result<Self> {
        if variables.is_empty() {
            return Err(Error::Gradients { message: "`only` is given no variable, so there is no gradient".into() });
        }
        self.only = Some(variables.ids());
        self.plans.clear();
        Ok(self)
    }

    /// From now on, clips the gradients by their global norm, in place.
    pub fn clip_by_global_norm(&mut self, norm: f64) {
        self.clip = Some(norm);
    }

    /// The size of the memory in which the values and the gradients of intermediate results live; 0 before the first
    /// run.
    pub fn arena_bytes(&self) -> usize {
        self.workspace.arena.bytes()
    }

    /// The most bytes of intermediate results that the plan of the last run needs at one time; 0 before the first run.
    pub fn peak_bytes(&self) -> usize {
        self.plans.first().map_or(0, |planned| planned.plan.peak_bytes)
    }

    /// The plan of the last run.
    #[cfg(test)]
    pub(crate) fn plan(&self) -> Option<&Plan> {
        self.plans.first().map(|planned| &planned.plan)
    }

    /// Runs forward and backward.
    ///
    /// # Errors
    ///
    /// Inputs of wrong or unlike sizes; data that an op refuses, such as a label that is out of range;
    /// [`Error::Gradients`] where [`Step::only`] was given other models' variables. The gradients are then of no worth,
    /// and no variable has changed.
    pub fn compute(&mut self, inputs: &[Input<'_>]) -> Result<()> {
        if let Some(norm) = self.clip.filter(|norm| !(norm.is_finite() && *norm > 0.0)) {
            return Err(Error::BadNumber { what: "the norm to clip gradients by", value: norm });
        }
        self.prepare(inputs)?;
        let Some(Planned { plan, is_complete, .. }) = self.plans.first() else {
            return Err(Error::defect("a plan was made and is not there"));
        };
        if !is_complete {
            self.gradients.clear();
        }
        let context = Context { op: "", training: true, seed: self.seed, run: self.runs, following: None };
        self.workspace.run(plan, self.gradients.arena(), inputs, context)?;
        self.workspace.commit(plan)?;
        if let Some(norm) = self.clip {
            self.gradients.clip(norm);
        }
        self.runs += 1;
        Ok(())
    }

    /// Puts the plan for these inputs first, making it if there is none.
    fn prepare(&mut self, inputs: &[Input<'_>]) -> Result<()> {
        let fits = |planned: &Planned| {
            let same = planned.shapes.iter().zip(inputs).all(|(shape, input)| input.shape() == shape);
            let variables = planned.plan.variables.iter().zip(&planned.plan.trainable);
            same && variables.into_iter().all(|(variable, &trainable)| variable.trainable() == trainable)
        };
        if let Some(number) = self.plans.iter().position(fits) {
            self.plans[..=number].rotate_right(1);
            return Ok(());
        }
        let mut recorder = Recorder::new(self.element, true);
        let values = record_inputs(&mut recorder, inputs)?;
        let results = (self.record)(&mut recorder, &values)?;
        let recording = recorder.finish(&results)?;
        let mut layout = self.gradients.layout().clone();
        let only = self.only.as_deref();
        if only.is_some_and(|ids| !recording.variables.iter().any(|variable| ids.contains(&variable.id()))) {
            let message = "`only` is given variables that this computation does not use, so there is no gradient";
            return Err(Error::Gradients { message: message.into() });
        }
        let wanted = |variable: &dyn crate::variable::AnyVariable| {
            variable.trainable() && variable.dtype().is_float() && only.is_none_or(|ids| ids.contains(&variable.id()))
        };
        let plan = Plan::new(recording, Purpose::Gradients { wanted: &wanted, layout: &mut layout })?;
        self.gradients.adopt(layout)?;
        self.plans.truncate(PLANS - 1);
        let shapes = inputs.iter().map(|input| input.shape().to_vec()).collect();
        self.plans.insert(0, Planned { shapes, plan, is_complete: false });
        self.note_completeness();
        Ok(())
    }

    fn note_completeness(&mut self) {
        for planned in &mut self.plans {
            planned.is_complete = planned.plan.gradients == self.gradients.len();
        }
    }

    /// The element types of the results of the last run.
    pub fn dtypes(&self) -> impl Iterator<Item = DType> {
        self.plans.first().into_iter().flat_map(|planned| planned.plan.results.iter().map(Slot::dtype))
    }

    /// The gradients of the last run.
    pub fn gradients(&self) -> &Gradients {
        &self.gradients
    }

    /// A result of the last run.
    ///
    /// # Errors
    ///
    /// [`Error::Defect`] where there is no such result.
    pub fn result<T: Element, D: Dimension + 'static>(&self, number: usize) -> Result<ArrayView<'_, T, D>> {
        let plan = self.plans.first().ok_or_else(|| Error::defect("a step that has not run has no result"))?;
        self.workspace.result(&plan.plan, number)
    }

    /// A result of the last run that is a single number.
    ///
    /// # Errors
    ///
    /// [`Error::Defect`] where there is no such result.
    pub fn number<T: Element>(&self, number: usize) -> Result<T> {
        Ok(*self.result::<T, ndarray::Ix0>(number)?.into_scalar())
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Step({} runs, {} bytes)", self.runs, self.arena_bytes())
    }
}
