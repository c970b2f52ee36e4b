//! Broadcasting: operands of other shapes than the result, by NumPy's rules.

use std::ops::Range;

use super::elementwise::{CHUNK, ELEMENT};
use super::isa::vectorised;
use super::parallel::for_each_chunk;
use crate::element::Float;
use crate::op::Update;
use crate::shape::MAX_RANK;

/// How many parts the sums of a small gradient have.
const PARTIAL_SUMS: usize = 8;

/// The axes of a result as a loop sees them: neighbours that every operand treats alike are one.
#[derive(Clone, Copy)]
struct Axes<const N: usize> {
    sizes: [usize; MAX_RANK],
    /// For each operand, how far apart its elements are: 0 where it has one for all.
    steps: [[usize; MAX_RANK]; N],
    count: usize,
}

impl<const N: usize> Axes<N> {
    fn new(shape: &[usize], operands: [&[usize]; N]) -> Self {
        let mut axes = Self { sizes: [1; MAX_RANK], steps: [[0; MAX_RANK]; N], count: 0 };
        let mut strides = [1; N];
        // From the last axis to the first; turned round at the end.
        for (from_end, &size) in shape.iter().rev().enumerate() {
            let mut steps = [0; N];
            for ((step, stride), operand) in steps.iter_mut().zip(&mut strides).zip(operands) {
                let own = operand.len().checked_sub(from_end + 1).map_or(1, |axis| operand[axis]);
                if own != 1 || size == 1 {
                    *step = *stride;
                }
                *stride *= own;
            }
            if size != 1 {
                axes.push(size, steps);
            }
        }
        axes.sizes[..axes.count].reverse();
        axes.steps.iter_mut().for_each(|steps| steps[..axes.count].reverse());
        axes
    }

    /// Adds an axis before those that are there, or lengthens the first of them where they are one for each operand.
    fn push(&mut self, size: usize, steps: [usize; N]) {
        if let Some(last) = self.count.checked_sub(1) {
            let length = self.sizes[last];
            let is_one = |n: usize| steps[n] == self.steps[n][last] * length;
            if (0..N).all(is_one) {
                self.sizes[last] *= size;
                return;
            }
        }
        self.sizes[self.count] = size;
        for (n, step) in steps.into_iter().enumerate() {
            self.steps[n][self.count] = step;
        }
        self.count += 1;
    }
}

/// Calls `run` for each stretch of the last axis: with the offset in each operand, the stretch's length, and the step
/// in each operand, which is 0 or 1. The result's own elements follow one another.
pub fn for_each_run<const N: usize>(
    shape: &[usize],
    operands: [&[usize]; N],
    run: impl FnMut([usize; N], usize, [usize; N]),
) {
    if !shape.contains(&0) {
        let axes = Axes::new(shape, operands);
        axes.for_each_run(0..axes.rows(), run);
    }
}

impl<const N: usize> Axes<N> {
    /// How far the first axis goes.
    fn rows(&self) -> usize {
        if self.count == 0 { 1 } else { self.sizes[0] }
    }

    /// How many elements the result has for each position along the first axis.
    fn row(&self) -> usize {
        self.sizes[1..].iter().product()
    }

    /// As [`for_each_run`], for some positions along the first axis.
    fn for_each_run(mut self, rows: Range<usize>, mut run: impl FnMut([usize; N], usize, [usize; N])) {
        let mut offsets = self.steps.map(|steps| steps[0] * rows.start);
        self.sizes[0] = rows.len();
        let last = self.count.saturating_sub(1);
        let (length, steps) = (self.sizes[last], self.steps.map(|steps| steps[last]));
        let mut at = [0; MAX_RANK];
        loop {
            run(offsets, length, steps);
            // Counts on, the last outer axis fastest.
            let mut axis = last;
            loop {
                if axis == 0 {
                    return;
                }
                axis -= 1;
                at[axis] += 1;
                for (offset, steps) in offsets.iter_mut().zip(&self.steps) {
                    *offset += steps[axis];
                }
                if at[axis] < self.sizes[axis] {
                    break;
                }
                for (offset, steps) in offsets.iter_mut().zip(&self.steps) {
                    *offset -= steps[axis] * self.sizes[axis];
                }
                at[axis] = 0;
            }
        }
    }

    /// Splits the first axis between threads: `work` is given some of its positions and their part of `y`.
    fn for_each_part<Y: Send>(&self, y: &mut [Y], work: impl Fn(Range<usize>, &mut [Y]) + Sync) {
        let (row, operations) = (self.row(), y.len() * ELEMENT);
        let rows = (CHUNK / row).max(1);
        for_each_chunk(y, rows * row, operations, |number, y| {
            let first = number * rows;
            vectorised(
                #[inline(always)]
                || work(first..first + y.len() / row, y),
            );
        });
    }
}

/// `y = f(a, b)`, of this shape.
pub fn zip<A: Copy + Sync, B: Copy + Sync, Y: Copy + Send>(
    shape: &[usize],
    (a, a_shape): Operand<'_, A>,
    (b, b_shape): Operand<'_, B>,
    y: &mut [Y],
    f: impl Fn(A, B) -> Y + Sync,
) {
    if y.is_empty() {
        return;
    }
    let axes = Axes::new(shape, [a_shape, b_shape]);
    axes.for_each_part(
        y,
        #[inline(always)]
        |rows, y| {
            let mut rest = y;
            axes.for_each_run(rows, |[at_a, at_b], length, steps| {
                let (y, after) = std::mem::take(&mut rest).split_at_mut(length);
                rest = after;
                match steps {
                    [0, 0] => y.fill(f(a[at_a], b[at_b])),
                    [0, _] => y.iter_mut().zip(&b[at_b..]).for_each(|(y, &b)| *y = f(a[at_a], b)),
                    [_, 0] => y.iter_mut().zip(&a[at_a..]).for_each(|(y, &a)| *y = f(a, b[at_b])),
                    _ => y.iter_mut().zip(&a[at_a..]).zip(&b[at_b..]).for_each(|((y, &a), &b)| *y = f(a, b)),
                }
            });
        },
    );
}

/// `a = f(a, b)`, of `a`'s own shape.
pub fn zip_in_place<A: Copy + Send, B: Copy + Sync>(
    a: &mut [A],
    shape: &[usize],
    (b, b_shape): Operand<'_, B>,
    f: impl Fn(A, B) -> A + Sync,
) {
    if a.is_empty() {
        return;
    }
    let axes = Axes::new(shape, [b_shape]);
    axes.for_each_part(
        a,
        #[inline(always)]
        |rows, a| {
            let mut rest = a;
            axes.for_each_run(rows, |[at_b], length, [step]| {
                let (a, after) = std::mem::take(&mut rest).split_at_mut(length);
                rest = after;
                if step == 0 {
                    a.iter_mut().for_each(|a| *a = f(*a, b[at_b]));
                } else {
                    a.iter_mut().zip(&b[at_b..]).for_each(|(a, &b)| *a = f(*a, b));
                }
            });
        },
    );
}

/// An operand of a broadcast: its elements and its shape.
pub type Operand<'a, T> = (&'a [T], &'a [usize]);

/// `f(dy, a, b)` as the gradient of an operand of this shape, or added to it: where the operand has one element for
/// several of the result, it gets their sum.
///
/// A small gradient of something that is repeated along the first axis, as a bias is, gets the sum of sums over fixed
/// parts of that axis, which threads share.
pub fn gradient<T: Float, A: Copy + Sync, B: Copy + Sync>(
    (gradient, shape): (&mut [T], &[usize]),
    (dy, dy_shape): Operand<'_, T>,
    (a, a_shape): Operand<'_, A>,
    (b, b_shape): Operand<'_, B>,
    update: Update,
    f: impl Fn(T, A, B) -> T + Sync,
) {
    if update == Update::Set && (gradient.len() != dy.len() || dy.is_empty()) {
        gradient.fill(T::zero());
    }
    if dy.is_empty() {
        return;
    }
    let axes = Axes::new(dy_shape, [shape, a_shape, b_shape]);
    let (rows, row) = (axes.rows(), axes.row());
    // Some rows, for the part of the gradient from `origin` on.
    let add = |rows: Range<usize>, gradient: &mut [T], origin: usize| {
        let mut from = rows.start * row;
        vectorised(
            #[inline(always)]
            || {
                axes.for_each_run(rows, |[to, at_a, at_b], length, [step, step_a, step_b]| {
                    let dy = &dy[from..from + length];
                    from += length;
                    let term = |n: usize| f(dy[n], a[at_a + n * step_a], b[at_b + n * step_b]);
                    let to = &mut gradient[to - origin..];
                    match [step, step_a, step_b] {
                        [0, ..] => to[0] += (0..length).map(term).sum::<T>(),
                        [_, 0, 0] => {
                            let (a, b) = (a[at_a], b[at_b]);
                            to.iter_mut().zip(dy).for_each(|(to, &dy)| *to += f(dy, a, b));
                        }
                        _ => to[..length].iter_mut().enumerate().for_each(|(n, to)| *to += term(n)),
                    }
                });
            },
        );
    };
    let length = gradient.len();
    if length == dy.len() {
        return axes.for_each_part(gradient, |rows, gradient| {
            if update == Update::Set {
                gradient.fill(T::zero());
            }
            add(rows.clone(), gradient, rows.start * row);
        });
    }
    if axes.steps[0][0] > 0 || rows < PARTIAL_SUMS || length * PARTIAL_SUMS > CHUNK || dy.len() < CHUNK {
        return add(0..rows, gradient, 0);
    }
    add_partial_sums(gradient, dy.len() * ELEMENT, |part, sums| {
        add(part * rows / PARTIAL_SUMS..(part + 1) * rows / PARTIAL_SUMS, sums, 0);
    });
}

/// Adds sums that begin with zeros, each of a part, one after the other.
fn add_partial_sums<T: Float>(gradient: &mut [T], operations: usize, add: impl Fn(usize, &mut [T]) + Sync) {
    let length = gradient.len();
    T::with_scratch(PARTIAL_SUMS * length, |sums| {
        for_each_chunk(sums, length, operations, |part, sums| {
            sums.fill(T::zero());
            add(part, sums);
        });
        for sums in sums.chunks_exact(length) {
            gradient.iter_mut().zip(sums).for_each(|(gradient, &sum)| *gradient += sum);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::reference;

    const SHAPES: [(&[usize], &[usize], &[usize]); 8] = [
        (&[2, 3], &[2, 3], &[2, 3]),
        (&[2, 3], &[2, 3], &[3]),
        (&[2, 3], &[2, 1], &[1, 3]),
        (&[3, 2, 4], &[3, 1, 4], &[2, 4]),
        (&[2, 3, 4, 5], &[4, 1], &[2, 1, 1, 5]),
        (&[4], &[], &[4]),
        (&[], &[], &[1]),
        (&[2, 0, 3], &[2, 1, 3], &[0, 1]),
    ];

    fn count(shape: &[usize]) -> usize {
        shape.iter().product()
    }

    fn numbers(shape: &[usize], from: f64) -> Vec<f64> {
        (0..count(shape)).map(|n| from + n as f64).collect()
    }

    #[test]
    fn every_pair_of_shapes_agrees_with_the_definition() {
        for (shape, a_shape, b_shape) in SHAPES {
            let (a, b) = (numbers(a_shape, 1.0), numbers(b_shape, 100.0));
            let mut y = vec![0.0; count(shape)];
            zip(shape, (&a, a_shape), (&b, b_shape), &mut y, |a, b| a * b);
            let wanted: Vec<f64> = (0..count(shape))
                .map(|n| {
                    a[reference::broadcast_index(n, shape, a_shape)] * b[reference::broadcast_index(n, shape, b_shape)]
                })
                .collect();
            assert_eq!(y, wanted, "{a_shape:?} and {b_shape:?}");
            if a_shape == shape {
                let mut in_place = a.clone();
                zip_in_place(&mut in_place, shape, (&b, b_shape), |a, b| a * b);
                assert_eq!(in_place, wanted);
            }
        }
    }

    #[test]
    fn gradients_are_summed_over_broadcast_axes() {
        for (shape, a_shape, b_shape) in SHAPES {
            let (dy, a, b) = (numbers(shape, 0.5), numbers(a_shape, 1.0), numbers(b_shape, 2.0));
            let mut gradient = vec![1.0; a.len()];
            let f = |dy: f64, a: f64, b: f64| dy * b + a;
            super::gradient((&mut gradient, a_shape), (&dy, shape), (&a, a_shape), (&b, b_shape), Update::Add, f);
            let mut wanted = vec![1.0; a.len()];
            for (n, &dy) in dy.iter().enumerate() {
                let at = reference::broadcast_index(n, shape, a_shape);
                wanted[at] += f(dy, a[at], b[reference::broadcast_index(n, shape, b_shape)]);
            }
            assert_eq!(gradient, wanted, "{a_shape:?} and {b_shape:?}");
        }
    }
}
