//! Carrying out plans: a training step ([`Step`]), and a call of a `fn` for its results alone ([`Runs`]).

mod following;
mod runs;
mod step;

use std::sync::Arc;

use ndarray::{ArrayView, Dimension};

use crate::arena::{Arena, Buffer, Memory};
use crate::element::{Element, SliceMut, with_element};
use crate::error::{Error, Result};
use crate::input::Input;
use crate::op::Context;
use crate::plan::{self, Plan};
use crate::record::{Recorder, Value};
use crate::shape::Shape;
use crate::slot::{Place, Slot};

pub use following::Following;
pub use runs::Runs;
pub use step::Step;

/// Records the inputs as values, in their order.
fn record_inputs(recorder: &mut Recorder, inputs: &[Input<'_>]) -> Result<Vec<Value>> {
    let record = |(number, input): (usize, &Input<'_>)| {
        let shape = Shape::of(input.dtype(), input.shape());
        if shape.is_known() && input.shape().iter().all(|&size| size < u32::MAX as usize) {
            return Ok(recorder.input(number, shape));
        }
        Err(Error::Shape { message: format!("an input of shape {:?} has too many axes or elements", input.shape()) })
    };
    inputs.iter().enumerate().map(record).collect()
}

/// Memory in which plans are carried out.
#[derive(Default)]
struct Workspace {
    arena: Arena,
    snapshots: Vec<Arc<dyn Buffer>>,
}

impl Workspace {
    /// Carries out a plan. Gradients go to their own arena.
    fn run(&mut self, plan: &Plan, gradients: &mut Arena, inputs: &[Input<'_>], context: Context<'_>) -> Result<()> {
        self.arena.grow(plan.arena_bytes)?;
        for (slot, number) in &plan.numbers {
            fill(&mut self.arena, gradients, slot, *number)?;
        }
        self.snapshots.extend(plan.variables.iter().map(|variable| variable.snapshot()));
        let result = self.steps(plan, gradients, inputs, context);
        self.snapshots.clear();
        result
    }

    fn steps(&mut self, plan: &Plan, gradients: &mut Arena, inputs: &[Input<'_>], context: Context<'_>) -> Result<()> {
        for step in &plan.steps {
            let mut memory = Memory::new(&mut self.arena, gradients, inputs, &self.snapshots);
            match step {
                plan::Step::Fill { slot, value } => fill(&mut self.arena, gradients, slot, *value)?,
                plan::Step::Call { call, chain: None, access } => call.run(context, &mut memory.lend(access).0)?,
                plan::Step::Call { call, chain: Some(chain), access } => {
                    let (mut arguments, pieces) = memory.lend(access);
                    let following = Following::new(chain, pieces, context);
                    call.run(Context { following: Some(&following), ..context }, &mut arguments)?;
                    following.result(&call.name)?;
                }
                plan::Step::Pieces { chain, access } => {
                    let (mut arguments, pieces) = memory.lend(access);
                    Following::new(chain, pieces, context).run(&mut arguments)?;
                }
            }
        }
        Ok(())
    }

    /// Puts the new values that ops have made of variables into these.
    fn commit(&self, plan: &Plan) -> Result<()> {
        for (number, slot) in &plan.updates {
            let mut result = Ok(());
            plan.variables[*number].change(&mut |value| result = copy(&self.arena, slot, value));
            result?;
        }
        Ok(())
    }

    /// A result of the plan that was carried out last.
    fn result<T: Element, D: Dimension + 'static>(&self, plan: &Plan, number: usize) -> Result<ArrayView<'_, T, D>> {
        let missing = || Error::defect(format!("there is no result {number} of {}", T::DTYPE));
        let slot = plan.results.get(number).filter(|slot| slot.dtype() == T::DTYPE).ok_or_else(missing)?;
        let Place::Arena(offset) = slot.place() else { return Err(missing()) };
        let mut shape = D::zeros(slot.sizes().len());
        if D::NDIM.is_some_and(|rank| rank != slot.sizes().len()) {
            return Err(missing());
        }
        shape.slice_mut().copy_from_slice(slot.sizes());
        let elements = self.arena.read(offset, slot.length())?;
        ArrayView::from_shape(shape, elements).map_err(|error| Error::defect(error.to_string()))
    }
}

fn fill(arena: &mut Arena, gradients: &mut Arena, slot: &Slot, number: f64) -> Result<()> {
    let (arena, offset) = match slot.place() {
        Place::Arena(offset) => (arena, offset),
        Place::Gradients(offset) => (gradients, offset),
        Place::Input(_) | Place::Variable(_) => return Err(Error::defect("an input or a variable is filled")),
    };
    with_element!(slot.dtype(), T => {
        arena.write::<T>(offset, slot.length()).map(|elements| elements.fill(T::from_f64(number)))
    })
}

fn copy(arena: &Arena, slot: &Slot, to: SliceMut<'_>) -> Result<()> {
    fn elements<T: Element>(arena: &Arena, slot: &Slot, to: &mut [T]) -> Result<()> {
        let Place::Arena(offset) = slot.place() else { return Err(Error::defect("an update is not in the arena")) };
        if slot.dtype() != T::DTYPE || slot.length() != to.len() {
            return Err(Error::defect("an update is unlike its variable"));
        }
        to.copy_from_slice(arena.read(offset, slot.length())?);
        Ok(())
    }
    match to {
        SliceMut::F32(to) => elements(arena, slot, to),
        SliceMut::F64(to) => elements(arena, slot, to),
        SliceMut::I32(to) => elements(arena, slot, to),
        SliceMut::I64(to) => elements(arena, slot, to),
        SliceMut::U8(to) => elements(arena, slot, to),
        SliceMut::U32(to) => elements(arena, slot, to),
        SliceMut::Bool(to) => elements(arena, slot, to),
    }
}
