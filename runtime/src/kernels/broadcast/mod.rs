//! Broadcasting: operands of other shapes than the result, by NumPy's rules.

use std::ops::Range;

use super::columns::{self, NOTHING};
use super::elementwise::{CHUNK, ELEMENT};
use super::isa::vectorised;
use super::lanes::{LANES, total};
use super::parallel::for_each_chunk;
use super::scratch::Scratch;
use crate::element::Float;
use crate::op::Update;
use crate::shape::MAX_RANK;

#[cfg(test)]
mod tests;

/// How many parts the sums of a small gradient have.
const PARTIAL_SUMS: usize = 8;

/// Numbers in a row that is made of several short ones.
const WIDE: usize = 256;

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

    /// As [`for_each_run`], for some positions along the first axis. Inline: it is compiled for its caller's vectors.
    #[inline(always)]
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

    /// Whether the result is a matrix of short rows, and each operand either such a matrix or one row that is repeated
    /// (true).
    fn repeated(&self) -> Option<[bool; N]> {
        let columns = self.sizes[1];
        let is_row = self.steps.map(|steps| steps[..2] == [0, 1]);
        let is_known = |n: usize| is_row[n] || self.steps[n][..2] == [columns, 1];
        (self.count == 2 && columns <= WIDE / 2 && (0..N).all(is_known)).then_some(is_row)
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
            let from = rows.start * axes.row();
            match axes.repeated() {
                Some([false, true]) => return in_wide_rows(y, &a[from..], b, &f),
                Some([true, false]) => return in_wide_rows(y, &b[from..], a, |b, a| f(a, b)),
                _ => {}
            }
            let mut rest = y;
            axes.for_each_run(
                rows,
                #[inline(always)]
                |[at_a, at_b], length, steps| {
                    let (y, after) = std::mem::take(&mut rest).split_at_mut(length);
                    rest = after;
                    match steps {
                        [0, 0] => y.fill(f(a[at_a], b[at_b])),
                        [0, _] => y.iter_mut().zip(&b[at_b..]).for_each(|(y, &b)| *y = f(a[at_a], b)),
                        [_, 0] => y.iter_mut().zip(&a[at_a..]).for_each(|(y, &a)| *y = f(a, b[at_b])),
                        _ => y.iter_mut().zip(&a[at_a..]).zip(&b[at_b..]).for_each(|((y, &a), &b)| *y = f(a, b)),
                    }
                },
            );
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
            if axes.repeated() == Some([true]) {
                let put = |a: &mut A, b| *a = f(*a, b);
                return for_each_wide_row(b, a.len(), |part, b| {
                    a[part].iter_mut().zip(b).for_each(|(a, &b)| put(a, b))
                });
            }
            let mut rest = a;
            axes.for_each_run(
                rows,
                #[inline(always)]
                |[at_b], length, [step]| {
                    let (a, after) = std::mem::take(&mut rest).split_at_mut(length);
                    rest = after;
                    if step == 0 {
                        a.iter_mut().for_each(|a| *a = f(*a, b[at_b]));
                    } else {
                        a.iter_mut().zip(&b[at_b..]).for_each(|(a, &b)| *a = f(*a, b));
                    }
                },
            );
        },
    );
}

/// `y = f(a, b)`, `b` being a row for each row of `a`.
#[inline(always)]
fn in_wide_rows<A: Copy, B: Copy, Y>(y: &mut [Y], a: &[A], b: &[B], f: impl Fn(A, B) -> Y) {
    for_each_wide_row(b, y.len(), |part, b| {
        y[part.clone()].iter_mut().zip(&a[part]).zip(b).for_each(|((y, &a), &b)| *y = f(a, b));
    });
}

/// Calls `work` with several rows at a time, and as many copies of `row`: a loop over vectors is not worth beginning for
/// a short row.
#[inline(always)]
fn for_each_wide_row<B: Copy>(row: &[B], length: usize, mut work: impl FnMut(Range<usize>, &[B])) {
    let mut wide = [row[0]; WIDE];
    let wide = &mut wide[..WIDE / row.len() * row.len()];
    wide.iter_mut().zip(row.iter().cycle()).for_each(|(wide, &number)| *wide = number);
    for from in (0..length).step_by(wide.len()) {
        work(from..length.min(from + wide.len()), wide);
    }
}

/// An operand of a broadcast: its elements and its shape.
pub type Operand<'a, T> = (&'a [T], &'a [usize]);

/// `f(dy, a, b)` as the gradient of an operand of this shape, or added to it: where the operand has one element for
/// several of the result, it gets their sum.
///
/// The gradient of something that is repeated along the first axis, as a bias is, gets the sum of sums over fixed parts
/// of that axis, which threads share.
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
    if axes.is_of_columns() && add_columns(&axes, gradient, dy, (a, b), &f) {
        return;
    }
    let (rows, row) = (axes.rows(), axes.row());
    // Some rows, for the part of the gradient from `origin` on.
    let add = |rows: Range<usize>, gradient: &mut [T], origin: usize| {
        vectorised(
            #[inline(always)]
            || axes.add_rows(rows, (gradient, origin), dy, (a, b), &f),
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
    let own = axes.steps[0][0];
    if own > 0 {
        // Each position along the first axis has its own part of the gradient.
        let together = (CHUNK / row).max(1);
        return for_each_chunk(gradient, own * together, dy.len() * ELEMENT, |number, gradient| {
            let first = number * together;
            add(first..first + gradient.len() / own, gradient, first * own);
        });
    }
    if rows < PARTIAL_SUMS || length * PARTIAL_SUMS > CHUNK || dy.len() < CHUNK {
        return add(0..rows, gradient, 0);
    }
    add_partial_sums(gradient, dy.len() * ELEMENT, |part, sums| {
        add(part * rows / PARTIAL_SUMS..(part + 1) * rows / PARTIAL_SUMS, sums, 0);
    });
}

impl Axes<3> {
    /// Whether the first operand has a number for each column of a matrix of several rows.
    fn is_of_columns(&self) -> bool {
        self.count == 2 && self.steps[0][..2] == [0, 1]
    }

    /// Adds `f(dy, a, b)` to the first operand, for some positions along the first axis; of the first operand there is
    /// a part, from `origin` on.
    #[inline(always)]
    fn add_rows<T: Float, A: Copy, B: Copy>(
        self,
        rows: Range<usize>,
        (gradient, origin): (&mut [T], usize),
        dy: &[T],
        (a, b): (&[A], &[B]),
        f: impl Fn(T, A, B) -> T,
    ) {
        let mut from = rows.start * self.row();
        self.for_each_run(
            rows,
            #[inline(always)]
            |[to, at_a, at_b], length, steps| {
                let (dy, to) = (&dy[from..from + length], &mut gradient[to - origin..]);
                from += length;
                let (a, b) = (&a[at_a..], &b[at_b..]);
                match steps {
                    [0, 1, 1] => to[0] += dy.iter().zip(a).zip(b).map(|((&dy, &a), &b)| f(dy, a, b)).sum::<T>(),
                    [0, 1, 0] => {
                        let b = b[0];
                        to[0] += sum_of_row(dy, a, |dy, a| f(dy, a, b));
                    }
                    [0, 0, 1] => {
                        let a = a[0];
                        to[0] += sum_of_row(dy, b, |dy, b| f(dy, a, b));
                    }
                    [0, ..] => {
                        let (a, b) = (a[0], b[0]);
                        to[0] += sum_of_row(dy, NOTHING, |dy, ()| f(dy, a, b));
                    }
                    [_, 0, 0] => {
                        let (a, b) = (a[0], b[0]);
                        to.iter_mut().zip(dy).for_each(|(to, &dy)| *to += f(dy, a, b));
                    }
                    [_, 0, _] => {
                        let a = a[0];
                        to.iter_mut().zip(dy).zip(b).for_each(|((to, &dy), &b)| *to += f(dy, a, b));
                    }
                    [_, _, 0] => {
                        let b = b[0];
                        to.iter_mut().zip(dy).zip(a).for_each(|((to, &dy), &a)| *to += f(dy, a, b));
                    }
                    _ => {
                        let terms = dy.iter().zip(a).zip(b);
                        to.iter_mut().zip(terms).for_each(|(to, ((&dy, &a), &b))| *to += f(dy, a, b));
                    }
                }
            },
        );
    }
}

/// The sum of `f(dy, a)` over a row, in lanes.
#[inline(always)]
fn sum_of_row<T: Float, A: Copy>(dy: &[T], a: &[A], f: impl Fn(T, A) -> T) -> T {
    let mut sums = [T::zero(); LANES];
    let ((of_dy, rest), (of_a, rest_of_a)) = (dy.as_chunks::<LANES>(), a[..dy.len()].as_chunks::<LANES>());
    for (dy, a) in of_dy.iter().zip(of_a) {
        for lane in 0..LANES {
            sums[lane] += f(dy[lane], a[lane]);
        }
    }
    sums.iter_mut().zip(rest).zip(rest_of_a).for_each(|((sum, &dy), &a)| *sum += f(dy, a));
    total(sums)
}

/// Adds `f(dy, a, b)` to the columns of a matrix, where `a` and `b` each are a matrix as `dy`, or one number; says
/// whether they are.
fn add_columns<T: Float, A: Copy + Sync, B: Copy + Sync>(
    axes: &Axes<3>,
    gradient: &mut [T],
    dy: &[T],
    (a, b): (&[A], &[B]),
    f: impl Fn(T, A, B) -> T + Sync,
) -> bool {
    let columns = gradient.len();
    let kind = |n: usize| match axes.steps[n][..2] {
        [0, 0] => Some(false),
        [row, 1] if row == columns => Some(true),
        _ => None,
    };
    let Some(kinds) = kind(1).zip(kind(2)) else { return false };
    let (nothing, first_a, first_b) = (&NOTHING[..columns::width(columns)], a[0], b[0]);
    f64::with_scratch(columns, |sums| {
        match kinds {
            (false, false) => {
                columns::sums(columns, (dy, NOTHING), nothing, sums, |dy, (), ()| [f(dy, first_a, first_b)]);
            }
            (true, false) => columns::sums(columns, (dy, a), nothing, sums, |dy, a, ()| [f(dy, a, first_b)]),
            (false, true) => columns::sums(columns, (dy, b), nothing, sums, |dy, b, ()| [f(dy, first_a, b)]),
            (true, true) => return false,
        }
        gradient.iter_mut().zip(sums).for_each(|(gradient, &mut sum)| *gradient += T::of(sum));
        true
    })
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
