//! When work is split between threads, and how.
//!
//! How many threads compute is what rayon says of the pool that the caller is in; the threads are those of
//! `team`. The number of parts never changes a result: each part writes its own outputs.

#![expect(unsafe_code, reason = "parts of one slice are lent to several threads; each block below has its proof")]

use std::marker::PhantomData;
use std::ops::Range;

use super::scratch::Scratch;
use super::team;

/// Elementary operations below which handing work over takes longer than doing it.
const WORTHWHILE: usize = 1 << 16;

/// How many threads do so many tasks of so many elementary operations in all.
pub fn members(operations: usize, tasks: usize) -> usize {
    if operations < WORTHWHILE || tasks < 2 {
        1
    } else {
        rayon_core::current_num_threads().min(operations / (WORTHWHILE / 2)).min(tasks).min(team::MOST)
    }
}

/// Calls `work` with the number of each task.
pub fn for_each(tasks: usize, operations: usize, work: impl Fn(usize) + Sync) {
    team::run(members(operations, tasks), tasks, operations, &|_, task| work(task));
}

/// As [`for_each`], with memory for so many numbers, which hold anything, lent to each task.
pub fn for_each_with<T: Scratch + Send>(
    tasks: usize,
    operations: usize,
    memory: usize,
    work: impl Fn(usize, &mut [T]) + Sync,
) {
    let members = members(operations, tasks);
    let memory = memory.next_multiple_of(LINE);
    T::with_scratch(members * memory, |numbers| {
        let parts = Parts::new(numbers);
        team::run(members, tasks, operations, &|member, task| {
            // SAFETY: `team::run` gives a member one task at a time, and there is a chunk for each of them.
            work(task, unsafe { parts.chunk(member, memory) });
        });
    });
}

/// Numbers that a thread's memory is a multiple of, so that no two threads write to neighbouring lines.
const LINE: usize = 64;

/// A slice, parts of which several threads write at the same time.
pub struct Parts<'a, T> {
    first: *mut T,
    length: usize,
    lent: PhantomData<&'a mut [T]>,
}

// SAFETY: what it gives out are slices of `T`, each place of them once at a time, as `part` asks for.
unsafe impl<T: Send> Sync for Parts<'_, T> {}

impl<'a, T> Parts<'a, T> {
    /// The parts of a slice.
    pub fn new(slice: &'a mut [T]) -> Self {
        Self { first: slice.as_mut_ptr(), length: slice.len(), lent: PhantomData }
    }

    /// A part.
    ///
    /// # Safety
    ///
    /// Nothing of it is in use: no other part that was given out, and is still alive, overlaps it.
    ///
    /// # Panics
    ///
    /// Where the slice has no such part; a caller's defect.
    #[expect(clippy::mut_from_ref, reason = "the caller promises that no two parts in use overlap")]
    pub unsafe fn part(&self, part: Range<usize>) -> &mut [T] {
        assert!(part.start <= part.end && part.end <= self.length, "no part of the slice");
        // SAFETY: the part is inside the slice, as just checked, which is borrowed mutably for `'a`, longer than `self`
        // lives; the caller promises that nothing else refers to it.
        unsafe { std::slice::from_raw_parts_mut(self.first.add(part.start), part.len()) }
    }

    /// The part of a number among parts of this length, the last of which may be shorter.
    ///
    /// # Safety
    ///
    /// As for [`Parts::part`].
    #[expect(clippy::mut_from_ref, reason = "as for `part`")]
    unsafe fn chunk(&self, number: usize, length: usize) -> &mut [T] {
        let first = (number * length).min(self.length);
        // SAFETY: the caller vouches for it.
        unsafe { self.part(first..self.length.min(first + length)) }
    }
}

/// Calls `work` with each chunk of `out` and its number, on several threads if the work is worth it.
pub fn for_each_chunk<T: Send>(out: &mut [T], chunk: usize, operations: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    let chunk = chunk.max(1);
    let (tasks, parts) = (out.len().div_ceil(chunk), Parts::new(out));
    // SAFETY: each task has a chunk of its own.
    for_each(tasks, operations, |task| work(task, unsafe { parts.chunk(task, chunk) }));
}

/// As [`for_each_chunk`], with memory for so many numbers, which hold anything, lent to each chunk.
pub fn for_each_chunk_with<T: Scratch + Send>(
    out: &mut [T],
    chunk: usize,
    operations: usize,
    memory: usize,
    work: impl Fn(usize, &mut [T], &mut [T]) + Sync,
) {
    let chunk = chunk.max(1);
    let (tasks, parts) = (out.len().div_ceil(chunk), Parts::new(out));
    // SAFETY: each task has a chunk of its own.
    for_each_with(tasks, operations, memory, |task, memory| work(task, unsafe { parts.chunk(task, chunk) }, memory));
}

/// The units of an output, such as rows, that tasks have as many of as can be: in groups, the last unit of each of which
/// may be shorter.
#[derive(Clone, Copy, Debug)]
pub struct Units {
    /// How long a unit is.
    pub length: usize,
    /// How long a group is.
    pub group: usize,
    /// How many units a group has.
    pub of_group: usize,
}

impl Units {
    /// Where a unit starts: never before the one before it.
    pub fn start(&self, unit: usize) -> usize {
        unit / self.of_group * self.group + self.group.min(unit % self.of_group * self.length)
    }
}

/// As [`for_each_chunk_with`], of so many tasks, each with about as many units of the output: it is given which.
pub fn for_each_stretch_with<T: Scratch + Send>(
    out: &mut [T],
    (units, tasks): (Units, usize),
    operations: usize,
    memory: usize,
    work: impl Fn(Range<usize>, &mut [T], &mut [T]) + Sync,
) {
    let (count, parts) = (out.len() / units.group * units.of_group, Parts::new(out));
    for_each_with(tasks, operations, memory, |task, memory| {
        let (first, end) = (task * count / tasks, (task + 1) * count / tasks);
        // SAFETY: a task's stretch ends where the next one's begins.
        work(first..end, unsafe { parts.part(units.start(first)..units.start(end)) }, memory);
    });
}

/// As [`for_each_chunk`], of two outputs of the same length.
pub fn for_each_pair<T: Send, U: Send>(
    (first, second): (&mut [T], &mut [U]),
    chunk: usize,
    operations: usize,
    work: impl Fn(usize, (&mut [T], &mut [U])) + Sync,
) {
    let chunk = chunk.max(1);
    let tasks = first.len().max(second.len()).div_ceil(chunk);
    let (first, second) = (Parts::new(first), Parts::new(second));
    // SAFETY: each task has a chunk of its own in both.
    for_each(tasks, operations, |task| work(task, unsafe { (first.chunk(task, chunk), second.chunk(task, chunk)) }));
}

/// Splits rows between threads: `work` is given some rows and their part of each output, which come with
/// the lengths of their rows.
pub fn for_each_rows<T: Send, const N: usize>(
    outputs: [(&mut [T], usize); N],
    rows: usize,
    operations: usize,
    work: impl Fn(Range<usize>, [&mut [T]; N]) + Sync,
) {
    let outputs = outputs.map(|(output, row)| (Parts::new(output), row));
    let tasks = ROW_TASKS.min(rows);
    for_each(tasks, operations, |task| {
        let part = task * rows / tasks..(task + 1) * rows / tasks;
        // SAFETY: each task has rows of its own in each output.
        let outputs = outputs.each_ref().map(|(output, row)| unsafe { output.part(part.start * row..part.end * row) });
        work(part, outputs);
    });
}

/// How many parts of rows there are.
const ROW_TASKS: usize = 8;

/// The most slots that [`for_each_slots`] has room for.
const SLOTS: usize = 4;

/// As [`for_each_chunk`], with the same chunk of some more outputs of the same length, at most four.
pub fn for_each_slots<T: Send>(
    (out, slots): (&mut [T], &mut [Vec<T>]),
    chunk: usize,
    operations: usize,
    work: impl Fn(usize, &mut [T], &mut [&mut [T]]) + Sync,
) {
    debug_assert!(slots.len() <= SLOTS, "no optimizer has more slots");
    let (count, length) = (slots.len().min(SLOTS), out.len());
    let mut slots = slots.iter_mut();
    let slots: [Parts<'_, T>; SLOTS] =
        std::array::from_fn(|_| Parts::new(slots.next().map_or(&mut [], |slot| &mut slot[..length])));
    for_each_chunk(out, chunk, operations, |number, out| {
        // SAFETY: each task has a chunk of its own in each of them.
        let mut slots = slots.each_ref().map(|slot| unsafe { slot.chunk(number, chunk) });
        work(number, out, &mut slots[..count]);
    });
}
