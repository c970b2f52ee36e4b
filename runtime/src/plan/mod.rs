//! The planner: from a recording to a list of calls, each with its places in memory.
//!
//! It runs once for each size of batch and set of wanted gradients. It drops what no result needs, orders the reverse
//! pass ([`reverse`]), finds how long each tensor has to live and which calls can run in place ([`lifetimes`]), gives each
//! its offset in the arena ([`layout`]), and lets calls that work in place on what another computes do so while that is
//! in the caches ([`chains`]).

mod chains;
mod layout;
mod lifetimes;
mod reverse;
mod stage;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::sync::Arc;

use crate::arena::{Access, Target};
use crate::element::DType;
use crate::error::{Error, Result};
use crate::gradients::GradientLayout;
use crate::op::{Kernel, Update};
use crate::record::{Origin, Recording};
use crate::slot::{Place, Slot};
use crate::variable::AnyVariable;
use chains::Link;
use lifetimes::{Home, Lifetimes};
use stage::{Stage, Tensor, Touched};

/// A call of an op, forward or backward.
pub struct Call {
    /// The op's name with its scopes.
    pub name: Arc<str>,
    /// What computes it.
    pub kernel: Kernel,
    /// The element type it runs on.
    pub element: DType,
    /// Its keywords.
    pub attrs: Arc<dyn Any + Send + Sync>,
    /// Whether it runs as in a training step where the run is one.
    pub training: bool,
}

/// Calls that work on one tensor piece by piece, each on what the one before it has left there.
pub struct Chain {
    /// The calls, in their order.
    pub calls: Vec<Call>,
    /// For each call, how long the rows are that it sees, 1 where that is all the same to it.
    pub rows: Vec<usize>,
    /// How many elements the tensor has.
    pub elements: usize,
}

/// One thing to do in a run.
pub enum Step {
    /// A call.
    Call {
        /// Which.
        call: Call,
        /// What is done with the pieces of what it writes first.
        chain: Option<Chain>,
        /// What it reads and writes, and what the chain reads.
        access: Access,
    },
    /// A chain whose first call can be made piece by piece as well.
    Pieces {
        /// The calls.
        chain: Chain,
        /// The tensor, and what they read.
        access: Access,
    },
    /// Fills a gradient that nothing else begins: the loss's own with 1, that of an unused result with 0.
    Fill {
        /// The tensor.
        slot: Slot,
        /// What it is filled with.
        value: f64,
    },
}

/// What a run does, and where.
pub struct Plan {
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// The numbers that stand among the operands, written before the first step.
    pub numbers: Vec<(Slot, f64)>,
    /// The size of the arena in bytes.
    pub arena_bytes: usize,
    /// The most bytes of it that are needed at one time.
    pub peak_bytes: usize,
    /// The variables that are read or updated.
    pub variables: Vec<Arc<dyn AnyVariable>>,
    /// Which of them were trainable when the plan was made.
    pub trainable: Vec<bool>,
    /// What the `fn` gives.
    pub results: Vec<Slot>,
    /// New values of variables, by their number.
    pub updates: Vec<(usize, Slot)>,
    /// How many gradients of variables it computes.
    pub gradients: usize,
}

/// What a plan is for.
pub enum Purpose<'a> {
    /// The results alone.
    Results,
    /// The gradients of the first result as well, for the variables that are wanted, which go where the layout says.
    Gradients {
        /// Whether the gradient of a variable is wanted.
        wanted: &'a dyn Fn(&dyn AnyVariable) -> bool,
        /// Where gradients go; the plan adds what is missing.
        layout: &'a mut GradientLayout,
    },
}

impl Plan {
    /// Plans a recording.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] where the tensors do not fit into an address space, [`Error::Defect`] where an op breaks its
    /// contract.
    pub fn new(recording: Recording, mut purpose: Purpose<'_>) -> Result<Self> {
        let wanted: Vec<bool> = match &purpose {
            Purpose::Results => vec![false; recording.variables.len()],
            Purpose::Gradients { wanted, .. } => {
                recording.variables.iter().map(|variable| wanted(variable.as_ref())).collect()
            }
        };
        let stages = stage::schedule(&recording, &wanted);
        let lifetimes = Lifetimes::new(&recording, &stages);
        let (offsets, arena_bytes) = layout::place(lifetimes.spans())?;
        let peak_bytes = layout::peak(lifetimes.spans());
        let trainable = recording.variables.iter().map(|variable| variable.trainable()).collect();
        let mut homes =
            Homes { recording: &recording, lifetimes: &lifetimes, offsets: &offsets, purpose: &mut purpose };
        let chains = chains::find(&recording, &stages, &lifetimes);
        let steps = chains.iter().filter_map(|links| homes.chain(&stages, links).transpose()).collect::<Result<_>>()?;
        let numbers = homes.numbers()?;
        let gradients = lifetimes.gradients();
        let results = recording.results.iter().map(|&value| homes.slot(Tensor::Value(value))).collect::<Result<_>>()?;
        let updates = recording
            .updates
            .iter()
            .map(|&(variable, value)| Ok((variable, homes.slot(Tensor::Value(value))?)))
            .collect::<Result<_>>()?;
        let Recording { variables, .. } = recording;
        Ok(Self { steps, numbers, arena_bytes, peak_bytes, variables, trainable, results, updates, gradients })
    }
}

/// Where each tensor of a plan is.
struct Homes<'a, 'b> {
    recording: &'a Recording,
    lifetimes: &'a Lifetimes,
    offsets: &'a [usize],
    purpose: &'a mut Purpose<'b>,
}

impl Homes<'_, '_> {
    fn slot(&mut self, tensor: Tensor) -> Result<Slot> {
        let shape = tensor.shape(self.recording);
        let place = match (self.lifetimes.home(self.recording, tensor), &mut self.purpose) {
            (Some(Home::Input(number)), _) => Place::Input(number),
            (Some(Home::Variable(number)), _) => Place::Variable(number),
            (Some(Home::Span(span)), _) => Place::Arena(self.offsets[span]),
            (Some(Home::Gradient(number)), Purpose::Gradients { layout, .. }) => {
                layout.place(&self.recording.variables[number])
            }
            _ => return Err(Error::defect(format!("{tensor:?} has no place"))),
        };
        Ok(Slot::new(place, &shape))
    }

    /// What there is to do for a chain, if anything.
    fn chain(&mut self, stages: &[Stage], links: &[Link]) -> Result<Option<Step>> {
        let Some((first, followers)) = links.split_first() else { return Ok(None) };
        let stage = &stages[first.stage];
        if let Stage::Fill { value, number } = *stage {
            return Ok(Some(Step::Fill { slot: self.slot(Tensor::Gradient(value))?, value: number }));
        }
        if self.lifetimes.is_done(self.recording, stage) {
            return Ok(None);
        }
        let touched = self.lifetimes.touched(self.recording, stage);
        let writes = self.writes(&touched)?;
        let elements = writes.iter().flatten().flatten().next().map_or(0, |(slot, _)| slot.length());
        let chained = if first.gives_pieces { followers } else { links };
        let mut reads = Vec::with_capacity(chained.len());
        let mut chain = Chain { calls: Vec::new(), rows: Vec::new(), elements };
        for link in chained {
            let stage = &stages[link.stage];
            reads.push(self.reads(&self.lifetimes.touched(self.recording, stage))?);
            chain.calls.push(self.call(stage)?);
            chain.rows.push(link.row);
        }
        if followers.is_empty() || first.gives_pieces {
            let access = Access::new(self.reads(&touched)?, writes)?;
            let call = self.call(stage)?;
            if followers.is_empty() {
                return Ok(Some(Step::Call { call, chain: None, access }));
            }
            return Ok(Some(Step::Call { call, chain: Some(chain), access: access.followed_by(reads)? }));
        }
        Ok(Some(Step::Pieces { chain, access: Access::new(Vec::new(), writes)?.followed_by(reads)? }))
    }

    fn call(&self, stage: &Stage) -> Result<Call> {
        let (Stage::Forward(node) | Stage::Backward { node, .. }) = *stage else {
            return Err(Error::defect("what fills a tensor is no call"));
        };
        let recorded = &self.recording.nodes[node];
        let kernel = self.lifetimes.kernel(self.recording, stage);
        Ok(Call {
            name: recorded.name.as_str().into(),
            kernel: kernel.ok_or_else(|| Error::defect(format!("{} has no kernel to run", recorded.name)))?,
            element: recorded.element,
            attrs: Arc::clone(&recorded.attrs),
            training: recorded.training,
        })
    }

    fn reads(&mut self, touched: &Touched) -> Result<Vec<Vec<Slot>>> {
        let slots = |argument: &Vec<Tensor>| argument.iter().map(|&tensor| self.slot(tensor)).collect();
        touched.reads.iter().map(slots).collect()
    }

    fn writes(&mut self, touched: &Touched) -> Result<Vec<Vec<Target>>> {
        let mut target = |target: &Option<(Tensor, Update)>| match *target {
            Some((tensor, update)) => Ok(Some((self.slot(tensor)?, update))),
            None => Ok(None),
        };
        touched.writes.iter().map(|argument| argument.iter().map(&mut target).collect()).collect()
    }

    fn numbers(&mut self) -> Result<Vec<(Slot, f64)>> {
        let mut numbers = Vec::new();
        for (index, value) in self.recording.values.iter().enumerate() {
            let tensor = Tensor::Value(crate::record::Value(index as u32));
            if let Origin::Number(number) = value.origin
                && self.lifetimes.is_used(tensor)
            {
                numbers.push((self.slot(tensor)?, number));
            }
        }
        Ok(numbers)
    }
}
