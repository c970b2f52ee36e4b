//! What a check has found.

use super::failure::Failure;
use crate::error::{Error, Result};
use crate::shape::Text;

/// The most mistakes that one `fn` reports at once.
const FAILURES: usize = 16;

/// What is wrong with a `fn`.
#[derive(Clone, Debug)]
pub struct Findings {
    failures: [Option<Failure>; FAILURES],
    count: usize,
    /// The names of the symbols, for messages.
    names: &'static [&'static str],
}

impl Findings {
    /// Nothing yet.
    pub(super) const fn new(names: &'static [&'static str]) -> Self {
        Self { failures: [None; FAILURES], count: 0, names }
    }

    /// Adds a mistake; a seventeenth is not kept.
    pub(super) const fn note(&mut self, failure: Failure) {
        if self.count < FAILURES {
            self.failures[self.count] = Some(failure);
            self.count += 1;
        }
    }

    /// The first mistake.
    pub(super) const fn first(&self) -> Option<Failure> {
        self.failures[0]
    }

    /// Whether nothing is wrong.
    pub const fn is_right(&self) -> bool {
        self.count == 0
    }

    /// The error of the first mistake, if there is one.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] with its message.
    pub fn ok(&self) -> Result<()> {
        match self.first() {
            None => Ok(()),
            Some(failure) => Err(Error::Shape { message: failure.message(self.names) }),
        }
    }

    /// Stops the compilation with what is wrong at a node, if anything is; called in a constant whose tokens are the
    /// user's, so that rustc shows it there.
    #[track_caller]
    pub const fn report(&self, node: usize) {
        let mut n = 0;
        while n < self.count {
            if let Some(failure) = &self.failures[n]
                && failure.node == node
            {
                let mut text = Text::new();
                failure.write(&mut text, self.names);
                panic!("{}", text.as_str());
            }
            n += 1;
        }
    }
}
