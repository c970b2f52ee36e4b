//! Calls of a model's `fn`s for their results alone, in inference mode.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use ndarray::{ArrayView, Dimension};

use super::{Workspace, record_inputs};
use crate::arena::Arena;
use crate::element::{DType, Element};
use crate::error::Result;
use crate::input::Input;
use crate::op::Context;
use crate::plan::{Plan, Purpose};
use crate::record::{Recorder, Value};
use crate::slot::Slot;

/// How many plans a model keeps between calls, with their memory.
const IDLE: usize = 8;

/// The plans of a model's `fn`s that nobody is carrying out at the moment. Calls from several threads at once each have
/// their own.
#[derive(Default)]
pub struct Runs {
    idle: Mutex<Vec<Run>>,
    calls: AtomicU64,
}

/// A plan, what it was made for, and its memory.
struct Run {
    function: usize,
    shapes: Vec<Vec<usize>>,
    plan: Plan,
    workspace: Workspace,
}

/// The results of a call.
pub struct Outputs<'a> {
    plan: &'a Plan,
    workspace: &'a Workspace,
}

impl Runs {
    /// Calls a `fn`, which has this number in its model: records it if need be, runs it, and lets `take` copy the
    /// results.
    ///
    /// # Errors
    ///
    /// Inputs of wrong or unlike sizes; data that an op refuses.
    pub fn call<R>(
        &self,
        function: usize,
        element: DType,
        seed: u64,
        inputs: &[Input<'_>],
        record: impl FnOnce(&mut Recorder, &[Value]) -> Result<Vec<Value>>,
        take: impl FnOnce(&Outputs<'_>) -> Result<R>,
    ) -> Result<R> {
        let mut run = match self.find(function, inputs) {
            Some(run) => run,
            None => Run::new(function, element, inputs, record)?,
        };
        let context =
            Context { op: "", training: false, seed, run: self.calls.fetch_add(1, Ordering::Relaxed), following: None };
        let result = run
            .workspace
            .run(&run.plan, &mut Arena::default(), inputs, context)
            .and_then(|()| take(&Outputs { plan: &run.plan, workspace: &run.workspace }));
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.truncate(IDLE - 1);
        idle.insert(0, run);
        result
    }

    fn find(&self, function: usize, inputs: &[Input<'_>]) -> Option<Run> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |run: &Run| {
            run.function == function && run.shapes.iter().zip(inputs).all(|(shape, input)| input.shape() == shape)
        };
        let number = idle.iter().position(fits)?;
        Some(idle.remove(number))
    }
}

impl Run {
    fn new(
        function: usize,
        element: DType,
        inputs: &[Input<'_>],
        record: impl FnOnce(&mut Recorder, &[Value]) -> Result<Vec<Value>>,
    ) -> Result<Self> {
        let mut recorder = Recorder::new(element, false);
        let values = record_inputs(&mut recorder, inputs)?;
        let results = record(&mut recorder, &values)?;
        let plan = Plan::new(recorder.finish(&results)?, Purpose::Results)?;
        let shapes = inputs.iter().map(|input| input.shape().to_vec()).collect();
        Ok(Self { function, shapes, plan, workspace: Workspace::default() })
    }
}

impl Outputs<'_> {
    /// The element types of the results.
    pub fn dtypes(&self) -> impl Iterator<Item = DType> {
        self.plan.results.iter().map(Slot::dtype)
    }

    /// A result.
    ///
    /// # Errors
    ///
    /// [`Error::Defect`](crate::Error::Defect) where there is no such result.
    pub fn array<T: Element, D: Dimension + 'static>(&self, number: usize) -> Result<ArrayView<'_, T, D>> {
        self.workspace.result(self.plan, number)
    }

    /// A result that is a single number.
    ///
    /// # Errors
    ///
    /// [`Error::Defect`](crate::Error::Defect) where there is no such result.
    pub fn number<T: Element>(&self, number: usize) -> Result<T> {
        Ok(*self.array::<T, ndarray::Ix0>(number)?.into_scalar())
    }
}

impl fmt::Debug for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Runs")
    }
}
