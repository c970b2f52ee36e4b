//! What a call of an op knows besides its arguments.

use crate::random::Random;

/// The circumstances of a call: which op it is, and whether the model is being trained.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub(crate) op: &'a str,
    pub(crate) training: bool,
    pub(crate) seed: u64,
    pub(crate) run: u64,
}

impl Context<'_> {
    /// The op's name with its scope: `layer1/dropout`.
    pub fn op(&self) -> &str {
        self.op
    }

    /// Whether this is a training step: dropout drops, batch statistics move.
    pub fn is_training(&self) -> bool {
        self.training
    }

    /// Random numbers that depend on the store's seed, the op's name and the number of the run only.
    pub fn random(&self) -> Random {
        Random::new(self.seed, self.op, self.run)
    }
}
