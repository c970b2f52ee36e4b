//! What a call of an op knows besides its arguments.

use crate::element::Element;
use crate::kernels::gemm::Epilogue;
use crate::random::Random;
use crate::run::Following;

/// The circumstances of a call: which op it is, and whether the model is being trained.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub(crate) op: &'a str,
    pub(crate) training: bool,
    pub(crate) seed: u64,
    pub(crate) run: u64,
    /// What is done with the pieces of the first result.
    pub(crate) following: Option<&'a Following<'a>>,
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

    /// Whether the op has to give away the pieces of its first result as they are finished, each element once
    /// ([`Context::finish`]). So it is only for an op that declares `pieces;`.
    pub fn is_followed(&self) -> bool {
        self.following.is_some()
    }

    /// Gives away a piece of the first result that is finished: whole rows of its last axis, from the element at
    /// `position` on. What follows, a bias or an activation say, is done with it while it is in the caches. May be called
    /// on several threads at once.
    pub fn finish<T: Element>(&self, position: usize, piece: &mut [T]) {
        if let Some(following) = self.following {
            following.finish(position, piece);
        }
    }

    /// Calls `work` with what gives away the pieces of the first result ([`Context::finish`]), if it is followed.
    pub(crate) fn with_epilogue<T: Element, R>(&self, work: impl FnOnce(Option<Epilogue<'_, T>>) -> R) -> R {
        let finish = |position: usize, piece: &mut [T]| self.finish(position, piece);
        work(self.is_followed().then_some(&finish))
    }

    /// Random numbers that depend on the store's seed, the op's name and the number of the run only.
    pub fn random(&self) -> Random {
        Random::new(self.seed, self.op, self.run)
    }
}
