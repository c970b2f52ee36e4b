//! The naive twins of the kernels: the definitions, written out.

use crate::element::Float;
use crate::op::Update;

/// `C = A · B`, or that added to `C`.
pub fn gemm<T: Float>(
    [rows, inner, columns]: [usize; 3],
    a: impl Fn(usize, usize) -> T,
    b: impl Fn(usize, usize) -> T,
    c: &mut [T],
    update: Update,
) {
    for row in 0..rows {
        for column in 0..columns {
            let sum = T::of((0..inner).map(|k| a(row, k).as_f64() * b(k, column).as_f64()).sum());
            let c = &mut c[row * columns + column];
            *c = if update == Update::Add { *c + sum } else { sum };
        }
    }
}

/// Where in an operand the element is that goes with the `n`-th of a broadcast result.
pub fn broadcast_index(n: usize, shape: &[usize], operand: &[usize]) -> usize {
    let (mut rest, mut stride, mut index) = (n, 1, 0);
    for (from_end, &size) in shape.iter().rev().enumerate() {
        let at = rest % size;
        rest /= size;
        if let Some(axis) = operand.len().checked_sub(from_end + 1) {
            index += if operand[axis] == 1 { 0 } else { at * stride };
            stride *= operand[axis];
        }
    }
    index
}

/// `exp(x) / Σ exp(x)` along the middle axis of `outer × size × inner`.
pub fn softmax<T: Float>(x: &[T], [size, inner]: [usize; 2]) -> Vec<T> {
    let exponential = |n: usize| x[n].as_f64().exp();
    (0..x.len()).map(|n| T::of(exponential(n) / line(n, [size, inner]).map(exponential).sum::<f64>())).collect()
}

/// `Σ_j dy_j · dy_j/dx_i` with `dy_j/dx_i = y_j · ([i = j] − y_i)`.
pub fn softmax_gradient<T: Float>(y: &[T], dy: &[T], [size, inner]: [usize; 2]) -> Vec<T> {
    let term = |i: usize, j: usize| {
        let same = if i == j { 1.0 } else { 0.0 };
        dy[j].as_f64() * y[j].as_f64() * (same - y[i].as_f64())
    };
    (0..y.len()).map(|i| T::of(line(i, [size, inner]).map(|j| term(i, j)).sum())).collect()
}

/// The elements of the line that the `n`-th is in.
fn line(n: usize, [size, inner]: [usize; 2]) -> impl Iterator<Item = usize> {
    let first = n / (size * inner) * (size * inner) + n % inner;
    (0..size).map(move |row| first + row * inner)
}
