//! Chains: calls that go element by element over what another call has just computed, in its place. They need not wait
//! until all of it is there: each piece is done with while it is in the caches, instead of in a pass over memory for each
//! call.
//!
//! What an op can do is said by its constants: `pieces` that it gives away what it has computed piece by piece,
//! `elementwise` that it can be called with some rows at a time. A chain runs when its first call does, so that whatever
//! its other calls read has to be there by then. No tensor is anywhere else than without chains, and no number differs.

use std::collections::HashMap;

use crate::op::{Kind, Operation, Update};
use crate::record::Recording;

use super::lifetimes::Lifetimes;
use super::stage::{Stage, Tensor, Touched, touched};

/// A stage in a chain; one that is alone is a chain of one.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Link {
    /// Its number.
    pub stage: usize,
    /// How long the rows are that it has to see: 1 where that is all the same to it.
    pub row: usize,
    /// Whether the op itself gives pieces away. Otherwise it is called piece by piece, or nothing follows it.
    pub gives_pieces: bool,
}

/// The stages in chains, in the order in which they run.
pub fn find(recording: &Recording, stages: &[Stage], lifetimes: &Lifetimes) -> Vec<Vec<Link>> {
    let mut search = Search::new(recording, stages, lifetimes);
    let mut chains = Vec::with_capacity(stages.len());
    for stage in 0..stages.len() {
        // What was put into a chain has run by then.
        if search.runs[stage] == stage {
            chains.push(search.chain(stage));
        }
    }
    chains
}

/// The stages that touch a tensor, and the last that writes it, if any does.
#[derive(Default)]
struct Uses {
    stages: Vec<usize>,
    written: Option<usize>,
}

struct Search<'a> {
    recording: &'a Recording,
    stages: &'a [Stage],
    lifetimes: &'a Lifetimes,
    uses: HashMap<Tensor, Uses>,
    /// When each stage runs: at its own time, or at that of the first of its chain.
    runs: Vec<usize>,
}

impl<'a> Search<'a> {
    fn new(recording: &'a Recording, stages: &'a [Stage], lifetimes: &'a Lifetimes) -> Self {
        let mut uses: HashMap<Tensor, Uses> = HashMap::new();
        for (number, stage) in stages.iter().enumerate() {
            let touched = touched(recording, stage);
            let mut touch = |tensor, writes: bool| {
                let uses = uses.entry(lifetimes.canonical(tensor)).or_default();
                if uses.stages.last() != Some(&number) {
                    uses.stages.push(number);
                }
                uses.written = if writes { Some(number) } else { uses.written };
            };
            touched.reads.iter().flatten().for_each(|&tensor| touch(tensor, false));
            touched.writes.iter().flatten().flatten().for_each(|&(tensor, _)| touch(tensor, true));
        }
        Self { recording, stages, lifetimes, uses, runs: (0..stages.len()).collect() }
    }

    fn operation(&self, stage: usize) -> Option<&'static Operation> {
        match self.stages[stage] {
            Stage::Forward(node) | Stage::Backward { node, .. } => Some(self.recording.nodes[node].operation),
            Stage::Fill { .. } => None,
        }
    }

    /// The chain that begins with a stage.
    fn chain(&mut self, first: usize) -> Vec<Link> {
        let touched = self.lifetimes.touched(self.recording, &self.stages[first]);
        let gives_pieces = self.operation(first).is_some_and(|operation| match self.stages[first] {
            Stage::Backward { .. } => operation.backward.is_some_and(|backward| backward.pieces),
            _ => operation.pieces,
        });
        let row = self.row_of(first, &touched);
        let mut chain = vec![Link { stage: first, row: row.unwrap_or(1), gives_pieces }];
        let Some((mut result, Update::Set)) = first_written(&touched) else { return chain };
        if !is_on() || !(gives_pieces || row.is_some()) {
            return chain;
        }
        let dtype = result.shape(self.recording).dtype();
        // The op's own pieces are of whole rows; those that it is called with are of the longest rows of the chain.
        let mut longest = if gives_pieces { last_size(self.recording, result) } else { row.unwrap_or(1) };
        while let Some((follower, row)) = self.follower(result, first) {
            longest = if gives_pieces || longest > 1 { longest } else { row };
            let touched = self.lifetimes.touched(self.recording, &self.stages[follower]);
            match first_written(&touched) {
                Some((next, _)) if next.shape(self.recording).dtype() == dtype => result = next,
                _ => break,
            }
            if !longest.is_multiple_of(row) {
                break;
            }
            self.runs[follower] = first;
            chain.push(Link { stage: follower, row, gives_pieces: false });
        }
        chain
    }

    /// The stage that alone works on a result, in its place and element by element, and could do so when stage `first`
    /// runs; and how long the rows are that it has to see.
    fn follower(&self, result: Tensor, first: usize) -> Option<(usize, usize)> {
        let result = self.lifetimes.canonical(result);
        let &[_, follower] = self.uses.get(&result)?.stages.as_slice() else { return None };
        let stage = &self.stages[follower];
        if self.lifetimes.found_in_place(self.recording, stage) != Some(result) {
            return None;
        }
        let touched = self.lifetimes.touched(self.recording, stage);
        let is_there = |tensor: &Tensor| {
            let written = self.uses.get(&self.lifetimes.canonical(*tensor)).and_then(|uses| uses.written);
            written.is_none_or(|writer| self.runs[writer] < first)
        };
        if !touched.reads.iter().flatten().all(is_there) {
            return None;
        }
        Some((follower, self.row_of(follower, &touched)?))
    }

    /// How long the rows are that a stage has to see if it is called piece by piece; `None` where it cannot be.
    fn row_of(&self, stage: usize, touched: &Touched) -> Option<usize> {
        let Operation { signature, elementwise: true, .. } = self.operation(stage)? else { return None };
        if signature.list().is_some() || signature.results.contains(&Kind::Any) {
            return None;
        }
        let [[Some((result, Update::Set))]] = touched.writes.iter().map(Vec::as_slice).collect::<Vec<_>>()[..] else {
            return None;
        };
        let (elements, last) = (count(self.recording, *result), last_size(self.recording, *result));
        let mut row = 1;
        for argument in &touched.reads {
            let &[tensor] = argument.as_slice() else { return None };
            let length = count(self.recording, tensor);
            if length == last && last_size(self.recording, tensor) == last && length != elements {
                row = last;
            } else if length != elements && length != 1 {
                return None;
            }
        }
        (elements > 0).then_some(row)
    }
}

/// What a stage writes first, and how.
fn first_written(touched: &Touched) -> Option<(Tensor, Update)> {
    *touched.writes.first()?.first()?
}

fn count(recording: &Recording, tensor: Tensor) -> usize {
    tensor.shape(recording).elements().size().unwrap_or(0)
}

/// The length of a tensor's rows.
fn last_size(recording: &Recording, tensor: Tensor) -> usize {
    tensor.shape(recording).dims().last().and_then(|dim| dim.size()).unwrap_or(1)
}

#[cfg(test)]
mod tests;

#[cfg(not(test))]
fn is_on() -> bool {
    true
}

#[cfg(test)]
thread_local! {
    static IS_OFF: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

#[cfg(test)]
fn is_on() -> bool {
    !IS_OFF.get()
}

/// Calls `work`; plans that this thread makes meanwhile have no chains.
#[cfg(test)]
pub fn without<R>(work: impl FnOnce() -> R) -> R {
    IS_OFF.set(true);
    let result = work();
    IS_OFF.set(false);
    result
}
