//! The memory of a run: one aligned block, of which each call of an op borrows the parts that the plan gave it.
//!
//! All `unsafe` outside the kernels is in this file. It rests on one thing that is checked before a plan is run: the
//! places that an [`Access`] writes overlap nothing else that it touches. [`Access::new`] is the only way to make one.

#![expect(unsafe_code, reason = "parts of one block are lent at the same time; each block below has its proof")]

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::element::{DType, Element, Slice, SliceMut};
use crate::error::{Error, Result};
use crate::input::Input;
use crate::op::{Gradient, Update, View, ViewMut};
use crate::slot::{Place, Slot};

/// What every place in an arena is aligned to: a cache line, and the widest vector register.
pub const ALIGNMENT: usize = 64;

#[repr(C, align(64))]
#[derive(Clone, Copy)]
struct Line([u8; ALIGNMENT]);

/// A block of memory, zero at first.
#[derive(Clone, Default)]
pub struct Arena {
    lines: Vec<Line>,
}

impl Arena {
    /// A block of at least this many bytes.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] where the machine has not so much.
    pub fn new(bytes: usize) -> Result<Self> {
        let count = bytes.div_ceil(ALIGNMENT);
        let mut lines = Vec::new();
        lines.try_reserve_exact(count).map_err(|_| Error::TooLarge { what: format!("a plan of {bytes} bytes") })?;
        lines.resize(count, Line([0; ALIGNMENT]));
        Ok(Self { lines })
    }

    /// The block's size in bytes.
    pub fn bytes(&self) -> usize {
        self.lines.len() * ALIGNMENT
    }

    /// Makes room for at least this many bytes; what was in them may be lost.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] where the machine has not so much.
    pub fn grow(&mut self, bytes: usize) -> Result<()> {
        if bytes > self.bytes() {
            *self = Self::new(bytes)?;
        }
        Ok(())
    }

    /// Makes every byte zero.
    pub fn clear(&mut self) {
        self.lines.fill(Line([0; ALIGNMENT]));
    }

    fn block(&mut self) -> Block<'_> {
        Block { base: self.lines.as_mut_ptr().cast(), bytes: self.bytes(), lent: PhantomData }
    }

    /// The elements at an offset.
    ///
    /// # Errors
    ///
    /// [`Error::Defect`] where they are not all inside the block.
    pub fn read<T: Element>(&self, offset: usize, length: usize) -> Result<&[T]> {
        let block = Block { base: self.lines.as_ptr().cast_mut().cast(), bytes: self.bytes(), lent: PhantomData };
        // SAFETY: `self` is borrowed for as long as the slice lives, so nobody writes to the block.
        unsafe { block.read(offset, length) }
    }

    /// The elements at an offset, to write.
    ///
    /// # Errors
    ///
    /// [`Error::Defect`] where they are not all inside the block.
    pub fn write<T: Element>(&mut self, offset: usize, length: usize) -> Result<&mut [T]> {
        // SAFETY: `self` is borrowed mutably for as long as the slice lives, so this is the only access to the block.
        unsafe { self.block().write(offset, length) }
    }
}

impl std::fmt::Debug for Arena {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Arena({} bytes)", self.bytes())
    }
}

/// An arena that is borrowed mutably for `'a`, through which several of its places can be lent at once.
#[derive(Clone, Copy)]
struct Block<'a> {
    base: *mut u8,
    bytes: usize,
    lent: PhantomData<&'a mut [Line]>,
}

impl<'a> Block<'a> {
    /// The address of `length` elements at an offset, inside the block and aligned for them.
    fn locate<T: Element>(&self, offset: usize, length: usize) -> Result<*mut T> {
        let end = length.checked_mul(size_of::<T>()).and_then(|bytes| bytes.checked_add(offset));
        if !offset.is_multiple_of(ALIGNMENT) || end.is_none_or(|end| end > self.bytes) {
            return Err(Error::defect(format!("{length} elements at {offset} are not in an arena of {}", self.bytes)));
        }
        // SAFETY: `offset` is at most `self.bytes`, the length of the allocation that `base` points to (an empty `Vec`
        // has a dangling base, and then the offset is 0).
        Ok(unsafe { self.base.add(offset) }.cast())
    }

    /// # Safety
    ///
    /// Nobody may write to this place during `'a`.
    unsafe fn read<T: Element>(&self, offset: usize, length: usize) -> Result<&'a [T]> {
        let start = self.locate::<T>(offset, length)?;
        if T::DTYPE == DType::Bool {
            // SAFETY: as below, and any byte is a `u8`.
            let bytes = unsafe { std::slice::from_raw_parts(start.cast::<u8>(), length) };
            if bytes.iter().any(|&byte| byte > 1) {
                return Err(Error::defect("booleans are read where none were written"));
            }
        }
        // SAFETY: `locate` checked bounds and alignment (64 suffices for every element type); the block is initialized
        // memory, in which every bit pattern is an element, but for `bool`, which has just been looked at; the caller
        // promises that nobody writes to it during `'a`, for which the arena is borrowed.
        Ok(unsafe { std::slice::from_raw_parts(start, length) })
    }

    /// # Safety
    ///
    /// This must be the only access to this place during `'a`.
    unsafe fn write<T: Element>(&self, offset: usize, length: usize) -> Result<&'a mut [T]> {
        let start = self.locate::<T>(offset, length)?;
        if T::DTYPE == DType::Bool {
            // SAFETY: `locate` checked that these bytes are inside the block, which the caller lets nobody else touch.
            unsafe { start.cast::<u8>().write_bytes(0, length) };
        }
        // SAFETY: as for `read`; `bool`s have just been made `false`; the caller promises that nobody else touches the
        // place during `'a`.
        Ok(unsafe { std::slice::from_raw_parts_mut(start, length) })
    }
}

/// Where a call puts a tensor: `None` if nobody wants it, and otherwise whether it is added.
pub type Target = Option<(Slot, Update)>;

/// What one call of an op touches: its arguments in the order in which the op takes them, a list as several slots.
#[derive(Debug)]
pub struct Access {
    reads: Vec<Vec<Slot>>,
    writes: Vec<Vec<Target>>,
    /// What each of the calls reads that work on pieces of the first thing that is written.
    followers: Vec<Vec<Vec<Slot>>>,
}

impl Access {
    /// The arguments of a call.
    ///
    /// # Errors
    ///
    /// [`Error::Defect`] where something that is written overlaps another thing that is written or read, or is no
    /// place of the arena or of the gradients.
    pub fn new(reads: Vec<Vec<Slot>>, writes: Vec<Vec<Target>>) -> Result<Self> {
        let written: Vec<Slot> = writes.iter().flatten().flatten().map(|(slot, _)| *slot).collect();
        for (number, slot) in written.iter().enumerate() {
            let rest = written[number + 1..].iter().chain(reads.iter().flatten());
            if let Some(other) = rest.into_iter().find(|other| slot.overlaps(other)) {
                return Err(Error::defect(format!("{slot:?} is written where {other:?} is in use")));
            }
            if matches!(slot.place(), Place::Input(_) | Place::Variable(_)) {
                return Err(Error::defect("an input or a variable is written"));
            }
        }
        Ok(Self { reads, writes, followers: Vec::new() })
    }

    /// The same, with calls that work on pieces of the first thing that is written, and what these read.
    ///
    /// # Errors
    ///
    /// [`Error::Defect`] where something that is written overlaps what they read.
    pub fn followed_by(self, followers: Vec<Vec<Vec<Slot>>>) -> Result<Self> {
        let mut written = self.writes.iter().flatten().flatten().map(|(slot, _)| slot);
        let read = || followers.iter().flatten().flatten();
        if let Some(slot) = written.find(|slot| read().any(|other| slot.overlaps(other))) {
            return Err(Error::defect(format!("{slot:?} is written where a call that follows reads")));
        }
        Ok(Self { followers, ..self })
    }
}

/// A shared buffer of elements: the value of a variable, kept for a run.
pub trait Buffer: Send + Sync {
    /// The elements, row by row.
    fn slice(&self) -> Slice<'_>;

    /// The packed copies that are kept of the elements, which are of their type.
    fn packs(&self) -> Option<&dyn Any> {
        None
    }
}

/// What the calls of a run read and write.
pub struct Memory<'a> {
    arena: Block<'a>,
    gradients: Block<'a>,
    inputs: &'a [Input<'a>],
    variables: &'a [Arc<dyn Buffer>],
}

impl<'a> Memory<'a> {
    /// The memory of a run.
    pub fn new(
        arena: &'a mut Arena,
        gradients: &'a mut Arena,
        inputs: &'a [Input<'a>],
        variables: &'a [Arc<dyn Buffer>],
    ) -> Self {
        Self { arena: arena.block(), gradients: gradients.block(), inputs, variables }
    }

    /// The arguments of one call, lent until they are given back, and those of the calls that follow it piece by piece.
    pub fn lend<'b>(&'b mut self, access: &'b Access) -> (Arguments<'b>, Pieces<'b>) {
        let memory = || Memory {
            arena: Block { lent: PhantomData, ..self.arena },
            gradients: Block { lent: PhantomData, ..self.gradients },
            inputs: self.inputs,
            variables: self.variables,
        };
        let (reads, writes) = (access.reads.as_slice(), access.writes.as_slice());
        let arguments = Arguments { memory: memory(), reads, writes, piece: None, read: 0, written: 0 };
        (arguments, Pieces { memory: memory(), followers: &access.followers })
    }
}

/// What calls read that work on pieces of a result while it is computed.
pub struct Pieces<'a> {
    memory: Memory<'a>,
    followers: &'a [Vec<Vec<Slot>>],
}

// SAFETY: through a shared reference it only lends slots that `Access::followed_by` found to be written by nobody as long
// as they are lent; inputs and variables are `Sync`.
unsafe impl Sync for Pieces<'_> {}

impl Pieces<'_> {
    /// The arguments of one of the calls, for a piece.
    pub fn lend<'b>(&'b self, call: usize, piece: Piece<'b>) -> Arguments<'b> {
        let reads = self.followers.get(call).map_or(&[][..], Vec::as_slice);
        Arguments { memory: Memory { ..self.memory }, reads, writes: &[], piece: Some(piece), read: 0, written: 0 }
    }
}

/// Some rows of a tensor, on which a call works as if they were the whole.
pub struct Piece<'a> {
    /// The elements.
    pub elements: SliceMut<'a>,
    /// How many rows there are, and how long they are.
    pub shape: &'a [usize; 2],
    /// Where the first of the elements stands in the tensor.
    pub first: usize,
    /// How many elements the tensor has.
    pub of: usize,
}

impl Piece<'_> {
    /// What a call reads beside the piece: the same part of a tensor that is as large, or all of what is repeated for
    /// each row.
    fn beside<'a, T>(view: View<'a, T>, first: usize, shape: &'a [usize; 2], of: usize) -> Result<View<'a, T>> {
        let sizes = view.shape();
        if view.len() != of {
            return View::new(view.data(), &sizes[sizes.len().saturating_sub(1)..]);
        }
        let part = view.data().get(first..).and_then(|rest| rest.get(..shape[0] * shape[1]));
        View::new(part.ok_or_else(|| Error::defect("a piece is not inside its tensor"))?, shape)
    }
}

/// The arguments of one call of an op, taken one after the other.
pub struct Arguments<'a> {
    memory: Memory<'a>,
    reads: &'a [Vec<Slot>],
    writes: &'a [Vec<Target>],
    /// Takes the place of what is written, and cuts what is read.
    piece: Option<Piece<'a>>,
    read: usize,
    written: usize,
}

impl<'a> Arguments<'a> {
    /// The next tensor to read.
    ///
    /// # Errors
    ///
    /// [`Error::Defect`] where the call has no more, or it is of another element type.
    pub fn read<T: Element>(&mut self) -> Result<View<'a, T>> {
        match (self.read_list()?.as_slice(), &self.piece) {
            ([slot], None) => self.view(slot),
            ([slot], &Some(Piece { first, shape, of, .. })) => Piece::beside(self.view(slot)?, first, shape, of),
            (slots, _) => Err(Error::defect(format!("a list of {} is read as one tensor", slots.len()))),
        }
    }

    /// The slots of the next argument to read.
    fn read_list(&mut self) -> Result<&'a Vec<Slot>> {
        let slots = self.reads.get(self.read).ok_or_else(|| Error::defect("an op reads more than it declares"))?;
        self.read += 1;
        Ok(slots)
    }

    /// The element type of the next tensor to read.
    pub(crate) fn next_read(&self) -> Option<DType> {
        Some(self.reads.get(self.read)?.first()?.dtype())
    }

    /// The element type of the next tensor to write.
    pub(crate) fn next_write(&self) -> Option<DType> {
        let (slot, _) = self.writes.get(self.written)?.first()?.as_ref()?;
        Some(slot.dtype())
    }

    /// The next argument to read, a list.
    ///
    /// # Errors
    ///
    /// [`Error::Defect`] where the call has no more, or an element of the list is of another element type.
    pub fn read_views<T: Element>(&mut self) -> Result<Views<'a, T>> {
        let slots = self.read_list()?;
        for slot in slots {
            self.view::<T>(slot)?;
        }
        let memory = Memory { ..self.memory };
        Ok(Views { memory, slots, element: PhantomData })
    }

    fn view<T: Element>(&self, slot: &'a Slot) -> Result<View<'a, T>> {
        self.memory.view(slot)
    }

    /// The next tensor to write.
    ///
    /// # Errors
    ///
    /// [`Error::Defect`] where the call has no more, or it is of another element type.
    pub fn write<T: Element>(&mut self) -> Result<ViewMut<'a, T>> {
        let (view, _) = self.gradient::<T>()?.into_parts().ok_or_else(|| Error::defect("a result has no place"))?;
        Ok(view)
    }

    /// The next gradient.
    ///
    /// # Errors
    ///
    /// [`Error::Defect`] where the call has no more, or it is of another element type.
    pub fn gradient<T: Element>(&mut self) -> Result<Gradient<'a, T>> {
        if let Some(piece) = &mut self.piece {
            let elements = std::mem::replace(&mut piece.elements, SliceMut::Bool(&mut []));
            let elements =
                T::unwrap_mut(elements).ok_or_else(|| Error::defect("a piece is of another type, or given"))?;
            return Ok(Gradient::new(Some((ViewMut::new(elements, piece.shape)?, Update::Set))));
        }
        let mut gradients = self.gradients()?;
        match (gradients.next(), gradients.next()) {
            (Some(gradient), None) => gradient,
            _ => Err(Error::defect("a list is written as one tensor")),
        }
    }

    /// The gradients of the next argument, a list.
    ///
    /// # Errors
    ///
    /// [`Error::Defect`] where the call has no more.
    pub fn gradients<T: Element>(&mut self) -> Result<Gradients<'a, T>> {
        let targets =
            self.writes.get(self.written).ok_or_else(|| Error::defect("an op writes more than it declares"))?;
        self.written += 1;
        Ok(Gradients { memory: Memory { ..self.memory }, targets: targets.iter(), element: PhantomData })
    }
}

impl<'a> Memory<'a> {
    fn view<T: Element>(&self, slot: &'a Slot) -> Result<View<'a, T>> {
        let wrong = || Error::defect(format!("{} is read as {}", slot.dtype(), T::DTYPE));
        if slot.dtype() != T::DTYPE {
            return Err(wrong());
        }
        let data = match slot.place() {
            // SAFETY: the slot is one that an `Access` reads, or those that follow it, and `Access::new` and
            // `Access::followed_by` found that nothing of it is written; the arena is borrowed by these calls alone.
            Place::Arena(offset) => unsafe { self.arena.read(offset, slot.length()) }?,
            // SAFETY: as for the arena.
            Place::Gradients(offset) => unsafe { self.gradients.read(offset, slot.length()) }?,
            Place::Input(number) => {
                self.inputs.get(number).and_then(|input| T::unwrap(input.slice())).ok_or_else(wrong)?
            }
            Place::Variable(number) => {
                let buffer = self.variables.get(number).ok_or_else(wrong)?;
                let packs = buffer.packs().and_then(|packs| packs.downcast_ref());
                let data = T::unwrap(buffer.slice()).ok_or_else(wrong)?;
                return View::new(data, slot.sizes()).map(|view| view.keeping(packs));
            }
        };
        View::new(data, slot.sizes())
    }
}

/// A list of tensors to read.
pub struct Views<'a, T> {
    memory: Memory<'a>,
    slots: &'a [Slot],
    element: PhantomData<T>,
}

impl<'a, T: Element> Views<'a, T> {
    /// The number of tensors.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The tensors.
    pub fn iter(&self) -> impl Iterator<Item = View<'a, T>> {
        // Each slot was read once when the list was made, so none fails.
        self.slots.iter().filter_map(|slot| self.memory.view(slot).ok())
    }
}

/// The gradients of a list of tensors, or of one; each is handed out once.
pub struct Gradients<'a, T> {
    memory: Memory<'a>,
    targets: std::slice::Iter<'a, Target>,
    element: PhantomData<T>,
}

impl<'a, T: Element> Iterator for Gradients<'a, T> {
    type Item = Result<Gradient<'a, T>>;

    fn next(&mut self) -> Option<Self::Item> {
        let Some((slot, update)) = self.targets.next()? else { return Some(Ok(Gradient::new(None))) };
        if slot.dtype() != T::DTYPE {
            return Some(Err(Error::defect(format!("{} is written as {}", slot.dtype(), T::DTYPE))));
        }
        let data = match slot.place() {
            // SAFETY: the slot is one that an `Access` writes, and `Access::new` found that it overlaps nothing else
            // that the call touches; `Arguments::gradients` goes over each argument once and this iterator over each
            // of its slots once, so it is lent once.
            Place::Arena(offset) => unsafe { self.memory.arena.write(offset, slot.length()) },
            // SAFETY: as for the arena.
            Place::Gradients(offset) => unsafe { self.memory.gradients.write(offset, slot.length()) },
            Place::Input(_) | Place::Variable(_) => Err(Error::defect("an input or a variable is written")),
        };
        Some(data.and_then(|data| ViewMut::new(data, slot.sizes())).map(|view| Gradient::new(Some((view, *update)))))
    }
}

#[cfg(test)]
mod tests;
