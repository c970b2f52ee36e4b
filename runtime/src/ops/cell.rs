//! What the recurrent cells share: their sizes, and products of an input and a state that stand side by side.

use crate::kernels::gemm::{Gemm, Matrix, Pack, gemm};
use crate::op::*;
use crate::ops::broadcast::{self, unread};

/// What `x: […, n]` and `h: […, units]` have in common: the sizes before their last.
///
/// # Errors
///
/// A scalar; not as many examples in both.
pub const fn leading(x: &Shape, h: &Shape) -> Result<Shape, ShapeError> {
    if x.rank() == 0 || h.rank() == 0 {
        return Err(ShapeError::new("`x` and `h` have at least one axis, that of their units"));
    }
    let leading = h.leading(h.rank() - 1);
    if !x.leading(x.rank() - 1).agrees(&leading) {
        return Err(ShapeError::new("`x` should have as many examples as `h`: {}").shape(leading.push(x.from_end(0))));
    }
    Ok(leading)
}

/// Examples, inputs and units of a step from `x: […, n]` and `h: […, units]`.
pub fn sizes(x: &[usize], h: &[usize]) -> [usize; 3] {
    let last = |shape: &[usize]| shape.last().copied().unwrap_or(1);
    [h.iter().rev().skip(1).product(), last(x), last(h)]
}

/// `y = [one, other] · kernel`, without the two ever standing side by side; each comes with its columns.
pub fn product<T: Gemm>([rows, columns]: [usize; 2], [one, other]: [(&[T], usize); 2], kernel: &[T], y: &mut [T]) {
    let (of_one, of_other) = kernel.split_at(one.1 * columns);
    for ((values, size), kernel, update) in [(one, of_one, Update::Set), (other, of_other, Update::Add)] {
        let (values, kernel) = (Matrix::new(values, rows, size), Matrix::new(kernel, size, columns));
        gemm([rows, size, columns], &values, &kernel, y, update);
    }
}

/// `dvalues = dy · kernelᵀ`, for the part of a kernel that one of the two meets.
pub fn through<T: Gemm>(
    [rows, size, columns]: [usize; 3],
    dy: &impl Pack<T>,
    kernel: &[T],
    dvalues: &mut [T],
    update: Update,
) {
    gemm([rows, columns, size], dy, &Matrix::new(kernel, size, columns).transposed(), dvalues, update);
}

/// `dkernel = [one, other]ᵀ · dy`.
pub fn kernel_gradient<T: Gemm>(
    [rows, columns]: [usize; 2],
    pair: [(&[T], usize); 2],
    dy: &impl Pack<T>,
    dkernel: Gradient<T>,
) {
    let Some((mut dkernel, update)) = dkernel.into_parts() else { return };
    let mut rest = dkernel.data();
    for (values, size) in pair {
        let (own, after) = rest.split_at_mut(size * columns);
        rest = after;
        gemm([size, rows, columns], &Matrix::new(values, rows, size).transposed(), dy, own, update);
    }
}

/// `dbias = Σ dy`, the sum going over the rows.
///
/// # Errors
///
/// [`Error::Defect`] where `dy` has no whole rows.
pub fn bias_gradient<T: Float>(columns: usize, dy: &[T], dbias: Gradient<T>) -> Result<()> {
    let shape = [dy.len() / columns.max(1), columns];
    broadcast::gradient(dbias, View::new(dy, &shape)?, unread(), unread(), |dy, (), ()| dy);
    Ok(())
}

#[cfg(test)]
pub mod tests {
    use ndarray::{Array, ArrayD, Dimension};

    /// Leading sizes, inputs and units that cells are checked with, the edges among them.
    pub const SIZES: [(&[usize], usize, usize); 10] = [
        (&[2], 3, 2),
        (&[1], 1, 1),
        (&[], 2, 3),
        (&[2, 2], 1, 3),
        (&[0], 2, 3),
        (&[2], 0, 2),
        (&[2], 2, 0),
        // At the edges of vectors.
        (&[2], 1, 7),
        (&[3], 1, 8),
        (&[2], 1, 9),
    ];

    /// An operand of these sizes.
    pub fn numbers(shape: &[usize]) -> ArrayD<f64> {
        let number = |(axis, at): (usize, &usize)| (axis as f64 + 0.7) * *at as f64;
        Array::from_shape_fn(shape, |at| at.slice().iter().enumerate().map(number).sum::<f64>().sin())
    }
}
