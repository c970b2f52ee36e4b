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

/// A tensor with its axes in another order: axis `n` of the result is axis `order[n]`.
pub fn transposed<T: Copy>(x: &[T], shape: &[usize], order: &[usize]) -> Vec<T> {
    let sizes: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
    (0..x.len())
        .map(|n| {
            let (mut rest, mut at) = (n, vec![0; shape.len()]);
            for (&axis, &size) in order.iter().zip(&sizes).rev() {
                at[axis] = rest % size;
                rest /= size;
            }
            x[at.iter().zip(shape).fold(0, |index, (&at, &size)| index * size + at)]
        })
        .collect()
}

/// The complementary error function by the Taylor series of the error function, for `x` of a size up to 2.
pub fn erfc(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..80 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    1.0 - sum * std::f64::consts::FRAC_2_SQRT_PI
}
