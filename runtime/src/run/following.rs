//! What is done with the pieces of a tensor while they are in the caches: the calls of a [`Chain`].

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::arena::{Arguments, Piece, Pieces};
use crate::element::{Element, with_element};
use crate::error::{Error, Result};
use crate::kernels::elementwise::{CHUNK, ELEMENT};
use crate::kernels::parallel::for_each_chunk;
use crate::op::Context;
use crate::plan::{Call, Chain};

impl Call {
    /// Makes the call.
    pub fn run(&self, context: Context<'_>, arguments: &mut Arguments<'_>) -> Result<()> {
        let context = Context { op: &self.name, training: context.training && self.training, ..context };
        (self.kernel)(&context, self.element, &*self.attrs, arguments)
    }
}

/// A chain that is being carried out, by several threads at once.
pub struct Following<'a> {
    chain: &'a Chain,
    pieces: Pieces<'a>,
    context: Context<'a>,
    /// How many elements are finished.
    finished: AtomicUsize,
    failure: Mutex<Option<Failure>>,
}

/// What went wrong: in which call, and at which piece. The first call that failed tells, at the first of its pieces, as
/// if each call had waited for the one before it.
struct Failure {
    call: usize,
    first: usize,
    error: Error,
}

impl<'a> Following<'a> {
    /// A chain of which nothing is done yet.
    pub fn new(chain: &'a Chain, pieces: Pieces<'a>, context: Context<'a>) -> Self {
        Self { chain, pieces, context, finished: AtomicUsize::new(0), failure: Mutex::new(None) }
    }

    /// Makes all calls for the elements of the tensor from `first` on.
    pub fn finish<T: Element>(&self, first: usize, elements: &mut [T]) {
        for (number, (call, &row)) in self.chain.calls.iter().zip(&self.chain.rows).enumerate() {
            let length = elements.len();
            if !first.is_multiple_of(row) || !length.is_multiple_of(row) {
                return self.fail(number, first, Error::defect(format!("a piece cuts rows of {row} elements")));
            }
            let shape = if row > 1 { [length / row, row] } else { [1, length] };
            let piece = Piece { elements: T::wrap_mut(elements), shape: &shape, first, of: self.chain.elements };
            if let Err(error) = call.run(self.context, &mut self.pieces.lend(number, piece)) {
                return self.fail(number, first, error);
            }
        }
        self.finished.fetch_add(elements.len(), Ordering::Relaxed);
    }

    fn fail(&self, call: usize, first: usize, error: Error) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        if failure.as_ref().is_none_or(|known| (call, first) < (known.call, known.first)) {
            *failure = Some(Failure { call, first, error });
        }
    }

    /// Makes all calls for the whole tensor, which is what the arguments write.
    pub fn run(self, arguments: &mut Arguments<'_>) -> Result<()> {
        let row = self.chain.rows.iter().copied().max().unwrap_or(1);
        let chunk = (CHUNK / row).max(1) * row;
        let operations = self.chain.elements * self.chain.calls.len() * ELEMENT;
        let dtype = arguments.next_write().ok_or_else(|| Error::defect("a chain writes nothing"))?;
        with_element!(dtype, T => {
            let elements = arguments.write::<T>()?.into_data();
            for_each_chunk(elements, chunk, operations, |number, piece| self.finish(number * chunk, piece));
            Ok(())
        })?;
        self.result("a chain")
    }

    /// Whether all calls were made for every element, of a tensor that `op` gave piece by piece.
    pub fn result(self, op: &str) -> Result<()> {
        if let Some(failure) = self.failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(failure.error);
        }
        let (finished, all) = (self.finished.into_inner(), self.chain.elements);
        if finished == all {
            return Ok(());
        }
        Err(Error::defect(format!("{op} gave away {finished} of {all} elements: `Context::finish` is for each once")))
    }
}

impl fmt::Debug for Following<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Following({} calls)", self.chain.calls.len())
    }
}
