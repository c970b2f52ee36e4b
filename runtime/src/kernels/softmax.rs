//! Softmax and its logarithm along one axis of a tensor, which is seen as `outer × size × inner`.
//!
//! The largest number of a line is taken off before the exponentials, so that none is infinite. A line that holds NaN,
//! `∞`, or nothing but `−∞`, becomes NaN.

use std::ops::Range;

use crate::element::Float;
use crate::op::Update;

use super::exponential::exp;
use super::isa::vectorised;
use super::lanes::{self, LANES, join, total};
use super::parallel;
use super::reduce::row_sum_of;

/// Columns that are done together where the axis is not the last: neighbours in memory.
const COLUMNS: usize = 64;

/// Elements that one thread does at a time, at least.
const PART: usize = 4096;

/// Elementary operations that an exponential counts as.
pub const EXPONENTIAL: usize = 16;

/// `y = softmax(x)`; without `x`, that of what `y` holds.
pub fn softmax<T: Float>(x: Option<&[T]>, y: &mut [T], sizes: [usize; 2]) {
    in_parts(y, sizes, EXPONENTIAL, |from, y| {
        let x = x.map(|x| &x[from..from + y.len()]);
        vectorised(
            #[inline(always)]
            || if sizes[1] == 1 { softmax_rows(x, y, sizes[0]) } else { softmax_columns(x, y, sizes) },
        );
    });
}

/// `y = log softmax(x)`; without `x`, that of what `y` holds.
pub fn log_softmax<T: Float>(x: Option<&[T]>, y: &mut [T], sizes: [usize; 2]) {
    in_parts(y, sizes, EXPONENTIAL, |from, y| {
        let x = x.map(|x| &x[from..from + y.len()]);
        vectorised(
            #[inline(always)]
            || if sizes[1] == 1 { log_softmax_rows(x, y, sizes[0]) } else { log_softmax_columns(x, y, sizes) },
        );
    });
}

/// `dx = (dy − Σ dy · y) · y`, `y` being the softmax, or that added to `dx`.
pub fn softmax_gradient<T: Float>(y: &[T], dy: &[T], dx: &mut [T], sizes: [usize; 2], update: Update) {
    gradient(y, dy, dx, sizes, update, |dy, y| dy * y, |dy, y, sum| (dy - sum) * y);
}

/// `dx = dy − exp(y) · Σ dy`, `y` being the logarithm of the softmax, or that added to `dx`.
pub fn log_softmax_gradient<T: Float>(y: &[T], dy: &[T], dx: &mut [T], sizes: [usize; 2], update: Update) {
    gradient(y, dy, dx, sizes, update, |dy, _| dy, |dy, y, sum| dy - exp(y) * sum);
}

/// The largest number; NaN is passed over, and `−∞` where there is none.
#[inline(always)]
pub fn largest<T: Float>(x: &[T]) -> T {
    let mut largest = [T::neg_infinity(); LANES];
    lanes::for_each(x, T::neg_infinity(), |x| {
        largest.iter_mut().zip(x).for_each(|(largest, &x)| *largest = larger(*largest, x));
    });
    join(largest, larger)
}

/// The sum of `exp(x − largest)`.
#[inline(always)]
pub fn sum_of_exponentials<T: Float>(x: &[T], largest: T) -> T {
    let mut sums = [T::zero(); LANES];
    // Where nothing is, the exponential is 0.
    lanes::for_each(x, T::neg_infinity(), |x| {
        sums.iter_mut().zip(x).for_each(|(sum, &x)| *sum += exp(x - largest));
    });
    total(sums)
}

/// Makes `exp(y − largest)` of each `y`, and gives their sum.
#[inline(always)]
pub fn exponentials<T: Float>(y: &mut [T], largest: T) -> T {
    let mut sums = [T::zero(); LANES];
    lanes::update(y, T::neg_infinity(), |y| {
        for (y, sum) in y.iter_mut().zip(&mut sums) {
            *y = exp(*y - largest);
            *sum += *y;
        }
    });
    total(sums)
}

#[inline(always)]
fn larger<T: Float>(a: T, b: T) -> T {
    if b > a { b } else { a }
}

/// Splits the lines between threads, if they are worth it: `work` gets whole blocks of `size × inner`, and where they
/// begin.
fn in_parts<T: Send>(
    y: &mut [T],
    [size, inner]: [usize; 2],
    cost: usize,
    work: impl Fn(usize, &mut [T]) + Sync + Send,
) {
    let block = size * inner;
    if let Some(blocks) = PART.checked_div(block) {
        let chunk = blocks.max(1) * block;
        let operations = y.len().saturating_mul(cost);
        parallel::for_each_chunk(y, chunk, operations, |number, y| work(number * chunk, y));
    }
}

#[inline(always)]
fn softmax_rows<T: Float>(x: Option<&[T]>, y: &mut [T], size: usize) {
    for (row, y) in y.chunks_exact_mut(size).enumerate() {
        if let Some(x) = x {
            y.copy_from_slice(&x[row * size..][..size]);
        }
        let factor = exponentials(y, largest(y)).recip();
        y.iter_mut().for_each(|y| *y *= factor);
    }
}

#[inline(always)]
fn log_softmax_rows<T: Float>(x: Option<&[T]>, y: &mut [T], size: usize) {
    for (row, y) in y.chunks_exact_mut(size).enumerate() {
        if let Some(x) = x {
            y.copy_from_slice(&x[row * size..][..size]);
        }
        let largest = largest(y);
        let logarithm = sum_of_exponentials(y, largest).ln();
        // One after the other: their sum would round away what the logarithm adds to a large number.
        y.iter_mut().for_each(|y| *y = (*y - largest) - logarithm);
    }
}

/// Some neighbouring columns of a block of `size × inner`.
#[derive(Clone, Copy)]
struct Strip {
    from: usize,
    width: usize,
    sizes: [usize; 2],
}

impl Strip {
    /// The strips of a tensor of this many elements.
    fn all(length: usize, sizes @ [size, inner]: [usize; 2]) -> impl Iterator<Item = Self> {
        let firsts = (0..length).step_by(size * inner);
        firsts.flat_map(move |first| {
            (0..inner).step_by(COLUMNS).map(move |column| Self {
                from: first + column,
                width: COLUMNS.min(inner - column),
                sizes,
            })
        })
    }

    /// Where its rows are.
    fn rows(self) -> impl Iterator<Item = Range<usize>> {
        let Self { from, width, sizes: [size, inner] } = self;
        (0..size).map(move |row| from + row * inner..from + row * inner + width)
    }

    /// Brings `x` into `y`, if there is one, and gives the largest number of each column.
    fn largest<T: Float>(self, x: Option<&[T]>, y: &mut [T]) -> [T; COLUMNS] {
        let mut largest = [T::neg_infinity(); COLUMNS];
        for row in self.rows() {
            let y = &mut y[row.clone()];
            if let Some(x) = x {
                y.copy_from_slice(&x[row]);
            }
            largest.iter_mut().zip(y).for_each(|(largest, &mut y)| *largest = larger(*largest, y));
        }
        largest
    }
}

#[inline(always)]
fn softmax_columns<T: Float>(x: Option<&[T]>, y: &mut [T], sizes: [usize; 2]) {
    for strip in Strip::all(y.len(), sizes) {
        let (largest, mut sums) = (strip.largest(x, y), [T::zero(); COLUMNS]);
        for row in strip.rows() {
            for ((y, &largest), sum) in y[row].iter_mut().zip(&largest).zip(&mut sums) {
                *y = exp(*y - largest);
                *sum += *y;
            }
        }
        let factors = sums.map(T::recip);
        for row in strip.rows() {
            y[row].iter_mut().zip(&factors).for_each(|(y, &factor)| *y *= factor);
        }
    }
}

#[inline(always)]
fn log_softmax_columns<T: Float>(x: Option<&[T]>, y: &mut [T], sizes: [usize; 2]) {
    for strip in Strip::all(y.len(), sizes) {
        let (largest, mut sums) = (strip.largest(x, y), [T::zero(); COLUMNS]);
        for row in strip.rows() {
            let columns = y[row].iter().zip(&largest).zip(&mut sums);
            columns.for_each(|((&y, &largest), sum)| *sum += exp(y - largest));
        }
        let logarithms = sums.map(T::ln);
        for row in strip.rows() {
            let columns = y[row].iter_mut().zip(&largest).zip(&logarithms);
            columns.for_each(|((y, &largest), &logarithm)| *y = (*y - largest) - logarithm);
        }
    }
}

/// `dx = f(dy, y, Σ term(dy, y))`, the sum going over the line, or that added to `dx`. A term of zeros is 0.
fn gradient<T: Float>(
    y: &[T],
    dy: &[T],
    dx: &mut [T],
    sizes: [usize; 2],
    update: Update,
    term: impl Fn(T, T) -> T + Sync + Send,
    f: impl Fn(T, T, T) -> T + Sync + Send,
) {
    in_parts(dx, sizes, EXPONENTIAL, |from, dx| {
        let (y, dy) = (&y[from..from + dx.len()], &dy[from..from + dx.len()]);
        vectorised(
            #[inline(always)]
            || {
                if sizes[1] == 1 {
                    gradient_rows(y, dy, dx, sizes[0], update, &term, &f);
                } else {
                    gradient_columns(y, dy, dx, sizes, update, &term, &f);
                }
            },
        );
    });
}

#[inline(always)]
fn gradient_rows<T: Float>(
    y: &[T],
    dy: &[T],
    dx: &mut [T],
    size: usize,
    update: Update,
    term: impl Fn(T, T) -> T,
    f: impl Fn(T, T, T) -> T,
) {
    for ((dx, y), dy) in dx.chunks_exact_mut(size).zip(y.chunks_exact(size)).zip(dy.chunks_exact(size)) {
        let sum = row_sum_of([dy, y], |[dy, y]| term(dy, y));
        let elements = dx.iter_mut().zip(y).zip(dy);
        match update {
            Update::Set => elements.for_each(|((dx, &y), &dy)| *dx = f(dy, y, sum)),
            Update::Add => elements.for_each(|((dx, &y), &dy)| *dx += f(dy, y, sum)),
        }
    }
}

#[inline(always)]
fn gradient_columns<T: Float>(
    y: &[T],
    dy: &[T],
    dx: &mut [T],
    sizes: [usize; 2],
    update: Update,
    term: impl Fn(T, T) -> T,
    f: impl Fn(T, T, T) -> T,
) {
    for strip in Strip::all(y.len(), sizes) {
        let mut sums = [T::zero(); COLUMNS];
        for row in strip.rows() {
            let columns = sums.iter_mut().zip(&y[row.clone()]).zip(&dy[row]);
            columns.for_each(|((sum, &y), &dy)| *sum += term(dy, y));
        }
        for row in strip.rows() {
            let columns = dx[row.clone()].iter_mut().zip(&y[row.clone()]).zip(&dy[row]).zip(&sums);
            match update {
                Update::Set => columns.for_each(|(((dx, &y), &dy), &sum)| *dx = f(dy, y, sum)),
                Update::Add => columns.for_each(|(((dx, &y), &dy), &sum)| *dx += f(dy, y, sum)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::isa::{self, Isa};
    use crate::kernels::reference;
    use crate::random::Random;

    /// Outer axes, the axis itself, inner axes.
    const SIZES: [[usize; 3]; 12] = [
        [1, 1, 1],
        [3, 15, 1],
        [3, 16, 1],
        [3, 17, 1],
        [2, 40, 1],
        [2, 3, 2],
        [2, 5, 63],
        [1, 5, 64],
        [2, 5, 65],
        [0, 3, 2],
        [2, 0, 3],
        // Large enough to be split between threads.
        [40, 50, 71],
    ];

    fn numbers(count: usize, name: &str) -> Vec<f64> {
        let mut random = Random::new(1, name, 0);
        (0..count).map(|_| 3.0 * random.normal()).collect()
    }

    fn close(found: &[f64], wanted: &[f64], what: &str) {
        assert_eq!(found.len(), wanted.len());
        for (found, wanted) in found.iter().zip(wanted) {
            assert!((found - wanted).abs() < 1e-12 * wanted.abs().max(1.0), "{what}: {found}, not {wanted}");
        }
    }

    #[test]
    fn softmax_and_logarithm_are_the_definitions_on_every_path() {
        isa::on_each(|isa| SIZES.into_iter().for_each(|sizes| check(isa, sizes)));
    }

    fn check(isa: Isa, [outer, size, inner]: [usize; 3]) {
        let (x, sizes) = (numbers(outer * size * inner, "x"), [size, inner]);
        let wanted = reference::softmax(&x, sizes);
        let logarithms: Vec<f64> = wanted.iter().map(|y| y.ln()).collect();
        let what = format!("{isa:?} {outer} × {size} × {inner}");
        let mut y = vec![f64::NAN; x.len()];
        softmax(Some(&x), &mut y, sizes);
        close(&y, &wanted, &what);
        log_softmax(Some(&x), &mut y, sizes);
        close(&y, &logarithms, &what);
        let (mut y, mut log_y) = (x.clone(), x);
        softmax(None, &mut y, sizes);
        close(&y, &wanted, &what);
        log_softmax(None, &mut log_y, sizes);
        close(&log_y, &logarithms, &what);
    }

    #[test]
    fn gradients_are_the_definitions_on_every_path() {
        isa::on_each(|isa| SIZES.into_iter().for_each(|sizes| check_gradients(isa, sizes)));
    }

    fn check_gradients(isa: Isa, [outer, size, inner]: [usize; 3]) {
        let (x, sizes) = (numbers(outer * size * inner, "x"), [size, inner]);
        let (y, dy) = (reference::softmax(&x, sizes), numbers(x.len(), "dy"));
        let log_y: Vec<f64> = y.iter().map(|y| y.ln()).collect();
        let wanted = reference::softmax_gradient(&y, &dy, sizes);
        // The logarithm's gradient is the softmax's of `dy / y`.
        let divided: Vec<f64> = dy.iter().zip(&y).map(|(dy, y)| dy / y).collect();
        let log_wanted = reference::softmax_gradient(&y, &divided, sizes);
        let what = format!("{isa:?} {outer} × {size} × {inner}");
        for (update, before) in [(Update::Set, f64::NAN), (Update::Add, 0.5)] {
            let base = if update == Update::Add { before } else { 0.0 };
            let based = |wanted: &[f64]| wanted.iter().map(|wanted| wanted + base).collect::<Vec<_>>();
            let mut dx = vec![before; x.len()];
            softmax_gradient(&y, &dy, &mut dx, sizes, update);
            close(&dx, &based(&wanted), &what);
            let mut dx = vec![before; x.len()];
            log_softmax_gradient(&log_y, &dy, &mut dx, sizes, update);
            close(&dx, &based(&log_wanted), &what);
        }
    }

    #[test]
    fn lines_without_a_finite_sum_are_nan() {
        isa::on_each(|_| check_lines_without_a_finite_sum());
    }

    fn check_lines_without_a_finite_sum() {
        for line in [[f64::NAN, 1.0], [f64::INFINITY, 1.0], [f64::NEG_INFINITY; 2]] {
            for sizes in [[2, 1], [1, 2]] {
                let mut y = line;
                softmax(None, &mut y, sizes);
                // With one number in a line, a finite one is 1.
                assert!(y.iter().zip(line).all(|(y, x)| y.is_nan() || sizes[0] == 1 && x.is_finite()), "{y:?}");
            }
        }
        let mut y = [f64::NEG_INFINITY, 2.0];
        softmax(None, &mut y, [2, 1]);
        assert_eq!(y, [0.0, 1.0]);
    }
}
