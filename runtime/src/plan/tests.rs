//! Plans of random models, with layers, loops and branches, against a memory that knows what lies in it.

use std::collections::HashMap;

use super::lifetimes::{Home, Lifetimes};
use super::stage::{self, Stage, Tensor, touched};
use super::{chains, layout};
use crate::arena::ALIGNMENT;
use crate::element::DType;
use crate::error::Result;
use crate::op::{Forward, Shape, Update};
use crate::ops::{add, concat, dropout, matmul, mul, relu, reshape, softmax, split, sub, sum, tanh};
use crate::random::Random;
use crate::record::{Origin, Recorder, Recording, Value};
use crate::store::VariableStore;

/// Every entry of a body, the last first.
const LAST_FIRST: &[usize] = &[15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0];

/// Records random models of `[4, 4]` tensors.
pub struct Model {
    random: Random,
    recorder: Recorder,
    variables: Vec<Value>,
    bias: Value,
    /// The values that a later op may use.
    live: Vec<Value>,
}

impl Model {
    /// Records a model: a loss, and some of the values as further results.
    pub fn record(seed: u64, recorder: &mut Recorder, input: Value) -> Result<Vec<Value>> {
        let mut model = Self::new(seed, std::mem::replace(recorder, Recorder::new(DType::F32, true)), input);
        let results = model.results();
        *recorder = model.recorder;
        results
    }

    fn new(seed: u64, mut recorder: Recorder, input: Value) -> Self {
        let store = VariableStore::new(seed);
        let variables: Vec<Value> = (0..3)
            .map(|number| {
                let variable = store.root().get_variable(&format!("v{number}"), [4, 4], &crate::init::ones()).unwrap();
                recorder.variable(&variable)
            })
            .collect();
        let bias = store.root().get_variable("bias", [4], &crate::init::ones()).unwrap();
        let bias = recorder.variable(&bias);
        Self { random: Random::new(seed, "model", 0), recorder, live: vec![input, variables[0]], variables, bias }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.random.below(bound)
    }

    /// A value to use: often the newest, which may be used up in place.
    fn any(&mut self) -> Value {
        let from = if self.below(2) == 0 { self.live.len() - 1 } else { 0 };
        let number = from + self.random.below(self.live.len() - from);
        self.live[number]
    }

    fn op(&mut self) -> Result<()> {
        let (a, b, variable) = (self.any(), self.any(), self.below(3));
        let (weights, bias, kind) = (self.variables[variable], self.bias, self.below(11));
        let recorder = &mut self.recorder;
        let made = match kind {
            0 => add::record(recorder, "add", &[a, b], add::Attrs::DEFAULT)?.one()?,
            1 => mul::record(recorder, "mul", &[a, b], mul::Attrs::DEFAULT)?.one()?,
            2 => matmul::record(recorder, "matmul", &[a, weights], matmul::Attrs::DEFAULT)?.one()?,
            3 => relu::record(recorder, "relu", &[a], relu::Attrs::DEFAULT)?.one()?,
            4 => tanh::record(recorder, "tanh", &[a], tanh::Attrs::DEFAULT)?.one()?,
            5 => softmax::record(recorder, "softmax", &[a], softmax::Attrs::DEFAULT)?.one()?,
            6 => dropout::record(recorder, "dropout", &[a], dropout::Attrs::DEFAULT)?.one()?,
            7 => add::record(recorder, "bias", &[bias, a], add::Attrs::DEFAULT)?.one()?,
            8 => {
                let half = recorder.number(0.5);
                sub::record(recorder, "sub", &[a, half], sub::Attrs::DEFAULT)?.one()?
            }
            9 => {
                let flat = reshape::record(recorder, "flat", &[a], reshape::Attrs::DEFAULT.shape([16]))?.one()?;
                let relu = relu::record(recorder, "relu", &[flat], relu::Attrs::DEFAULT)?.one()?;
                reshape::record(recorder, "square", &[relu], reshape::Attrs::DEFAULT.shape([4, 4]))?.one()?
            }
            _ => {
                let parts = split::record(recorder, "split", &[a], split::Attrs::DEFAULT.sizes([1, 3]))?.take::<2>()?;
                concat::record(recorder, "concat", &[parts[1], parts[0]], concat::Attrs::DEFAULT)?.one()?
            }
        };
        self.live.push(made);
        Ok(())
    }

    /// What is made inside can be used inside only, but for the newest.
    fn inside(&mut self, depth: usize) -> Result<()> {
        let outside = self.live.len();
        self.body(depth)?;
        let newest = self.any();
        self.live.truncate(outside);
        self.live.push(newest);
        Ok(())
    }

    fn body(&mut self, depth: usize) -> Result<()> {
        for _ in 0..1 + self.below(5) {
            match self.below(if depth == 0 { 4 } else { 8 }) {
                4 => {
                    self.recorder.enter_layer("layer");
                    self.recorder.begin(DType::F32, LAST_FIRST);
                    self.inside(depth - 1)?;
                    self.recorder.end()?;
                    self.recorder.leave_layer();
                }
                5 => {
                    self.recorder.enter_turns("");
                    for _ in 0..self.below(4) {
                        self.recorder.enter(LAST_FIRST);
                        self.inside(depth - 1)?;
                        self.recorder.leave();
                    }
                    self.recorder.leave();
                }
                // The arm of a branch that was taken is a body.
                6 => {
                    self.recorder.enter(LAST_FIRST);
                    self.inside(depth - 1)?;
                    self.recorder.leave();
                }
                _ => self.op()?,
            }
        }
        Ok(())
    }

    fn results(&mut self) -> Result<Vec<Value>> {
        self.recorder.begin(DType::F32, LAST_FIRST);
        self.body(3)?;
        let loss = self.live[self.live.len() - 1];
        let loss = sum::record(&mut self.recorder, "loss", &[loss], sum::Attrs::DEFAULT)?.one()?;
        let others: Vec<Value> = (0..self.below(3)).map(|_| self.any()).collect();
        self.recorder.end()?;
        Ok([vec![loss], others].concat())
    }
}

/// A memory of blocks that each know whose they are.
struct Memory<'a> {
    recording: &'a Recording,
    lifetimes: &'a Lifetimes,
    offsets: &'a [usize],
    blocks: HashMap<usize, Tensor>,
}

impl Memory<'_> {
    /// The blocks of a tensor in the arena; none for what is elsewhere.
    fn blocks_of(&self, tensor: Tensor) -> std::ops::Range<usize> {
        match self.lifetimes.home(self.recording, tensor) {
            Some(Home::Span(span)) => {
                let (begin, bytes) = (self.offsets[span], self.lifetimes.spans()[span].bytes);
                begin / ALIGNMENT..(begin + bytes).div_ceil(ALIGNMENT)
            }
            _ => 0..0,
        }
    }

    fn write(&mut self, tensor: Tensor) {
        for block in self.blocks_of(tensor) {
            self.blocks.insert(block, self.root(tensor));
        }
    }

    /// What a tensor is an alias of.
    fn root(&self, tensor: Tensor) -> Tensor {
        let Tensor::Value(mut value) = tensor else { return tensor };
        while let Origin::Node(node) = self.recording.values[value.index()].origin
            && matches!(self.recording.nodes[node].operation.forward, Forward::Alias)
        {
            value = self.recording.nodes[node].operands[0];
        }
        Tensor::Value(value)
    }

    /// Whether a tensor is still there, whole.
    fn holds(&self, tensor: Tensor) -> bool {
        self.blocks_of(tensor).all(|block| self.blocks.get(&block) == Some(&self.root(tensor)))
    }
}

/// Goes through a plan; gives the first tensor that something else has overwritten before it is read.
fn overwritten(recording: &Recording, stages: &[Stage], lifetimes: &Lifetimes, offsets: &[usize]) -> Option<Tensor> {
    let mut memory = Memory { recording, lifetimes, offsets, blocks: HashMap::new() };
    for (number, value) in recording.values.iter().enumerate() {
        if matches!(value.origin, Origin::Number(_)) {
            memory.write(Tensor::Value(Value(number as u32)));
        }
    }
    for chain in chains::find(recording, stages, lifetimes) {
        for stage in chain.iter().map(|link| &stages[link.stage]) {
            let all = touched(recording, stage);
            let added = all.writes.iter().flatten().flatten().filter(|(_, update)| *update == Update::Add);
            let mut read = all.reads.iter().flatten().copied().chain(added.map(|&(tensor, _)| tensor));
            if let Some(lost) = read.find(|&tensor| !memory.holds(tensor)) {
                return Some(lost);
            }
            all.writes.iter().flatten().flatten().for_each(|&(tensor, _)| memory.write(tensor));
            // What is written together with something else must not lie over it, nor over what is read beside it.
            let beside = lifetimes.touched(recording, stage);
            let mut touched =
                beside.reads.iter().flatten().copied().chain(all.writes.iter().flatten().flatten().map(|w| w.0));
            if let Some(lost) = touched.find(|&tensor| !memory.holds(tensor)) {
                return Some(lost);
            }
        }
        // The calls of a chain run at the same time: what one reads is there until the last has run.
        let read = |link: &chains::Link| lifetimes.touched(recording, &stages[link.stage]).reads.concat();
        if let Some(lost) = chain.iter().flat_map(read).find(|&tensor| !memory.holds(tensor)) {
            return Some(lost);
        }
    }
    let mut results = recording.results.iter().map(|&value| Tensor::Value(value));
    results.find(|&tensor| !memory.holds(tensor))
}

/// The stages of a random model and their lifetimes, with the gradients of some of its variables.
fn planned(seed: u64) -> (Recording, Vec<Stage>, Lifetimes) {
    let mut recorder = Recorder::new(DType::F32, true);
    let input = recorder.input(0, Shape::of(DType::F32, &[4, 4]));
    let results = Model::record(seed, &mut recorder, input).unwrap();
    let recording = recorder.finish(&results).unwrap();
    let wanted: Vec<bool> = (0..recording.variables.len() as u64).map(|number| (seed >> number) & 1 == 0).collect();
    let stages = stage::schedule(&recording, &wanted);
    let lifetimes = Lifetimes::new(&recording, &stages);
    (recording, stages, lifetimes)
}

#[test]
fn nothing_is_overwritten_before_it_was_read() {
    let (mut in_place, mut following) = (0, 0);
    for seed in 0..600 {
        let (recording, stages, lifetimes) = planned(seed);
        let (offsets, _) = layout::place(lifetimes.spans()).unwrap();
        let lost = overwritten(&recording, &stages, &lifetimes, &offsets);
        let names: Vec<&str> = recording.nodes.iter().map(|node| node.name.as_str()).collect();
        assert_eq!(lost, None, "model {seed}: {names:?}");
        let is_in_place = |stage: &&Stage| lifetimes.touched(&recording, stage) != touched(&recording, stage);
        in_place += stages.iter().filter(is_in_place).count();
        following += stages.len() - chains::find(&recording, &stages, &lifetimes).len();
    }
    assert!(in_place > 300, "the models try what runs in place: {in_place} calls");
    assert!(following > 100, "the models try what follows in a chain: {following} calls");
}

#[test]
fn the_memory_sees_what_is_overwritten() {
    let seen = (0..50).filter(|&seed| {
        let (recording, stages, lifetimes) = planned(seed);
        let offsets = vec![0; lifetimes.spans().len()];
        overwritten(&recording, &stages, &lifetimes, &offsets).is_some()
    });
    assert!(seen.count() > 45);
}
