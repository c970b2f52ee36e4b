//! When work is split between threads, and how.

use rayon::prelude::*;

/// Elementary operations below which one thread is faster than waking another, which takes some 20 to 50 µs.
const WORTHWHILE: usize = 1 << 21;

/// How many parts work of this many elementary operations is split into, at most `most`.
///
/// The number of parts never changes a result: each part writes its own outputs.
pub fn parts(operations: usize, most: usize) -> usize {
    if operations < WORTHWHILE {
        1
    } else {
        rayon::current_num_threads().min(operations / (WORTHWHILE / 2)).min(most).max(1)
    }
}

/// Calls `work` with each chunk of `out` and its number, on several threads if the work is worth it.
pub fn for_each_chunk<T: Send>(
    out: &mut [T],
    chunk: usize,
    operations: usize,
    work: impl Fn(usize, &mut [T]) + Sync + Send,
) {
    let chunk = chunk.max(1);
    if parts(operations, out.len().div_ceil(chunk)) > 1 {
        out.par_chunks_mut(chunk).enumerate().for_each(|(number, chunk)| work(number, chunk));
    } else {
        out.chunks_mut(chunk).enumerate().for_each(|(number, chunk)| work(number, chunk));
    }
}

/// As [`for_each_chunk`], of two outputs of the same length.
pub fn for_each_pair<T: Send, U: Send>(
    (first, second): (&mut [T], &mut [U]),
    chunk: usize,
    operations: usize,
    work: impl Fn(usize, (&mut [T], &mut [U])) + Sync + Send,
) {
    let chunk = chunk.max(1);
    if parts(operations, first.len().div_ceil(chunk)) > 1 {
        let chunks = first.par_chunks_mut(chunk).zip(second.par_chunks_mut(chunk));
        chunks.enumerate().for_each(|(number, chunks)| work(number, chunks));
    } else {
        let chunks = first.chunks_mut(chunk).zip(second.chunks_mut(chunk));
        chunks.enumerate().for_each(|(number, chunks)| work(number, chunks));
    }
}
