//! `matmul(a, b)`: the matrix product of the last two axes, `[…, m, k] × […, k, n] → […, m, n]`.
//!
//! Leading axes broadcast as in NumPy. `transpose_a` and `transpose_b` exchange the last two axes of an operand first.

use crate::kernels::broadcast::for_each_run;
use crate::kernels::gemm::{Gemm, Matrix, gemm};
use crate::op::*;
use crate::ops::broadcast::broadcast;

crate::attributes! {
    /// Whether the last two axes of `a` are exchanged before.
    transpose_a: bool = false,
    /// Whether the last two axes of `b` are exchanged before.
    transpose_b: bool = false,
}

/// Rows and columns of a matrix, exchanged if need be.
const fn matrix(shape: &Shape, transposed: bool) -> (Dim, Dim) {
    let (rows, columns) = (shape.from_end(1), shape.from_end(0));
    if transposed { (columns, rows) } else { (rows, columns) }
}

/// `[…, m, n]`: leading axes broadcast, `k` must agree.
pub const fn shape(a: Shape, b: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    if a.rank() < 2 || b.rank() < 2 {
        return Err(ShapeError::new("a matrix has at least two axes"));
    }
    let ((rows, inner), (inner_b, columns)) = (matrix(&a, attrs.transpose_a), matrix(&b, attrs.transpose_b));
    if !inner.agrees(inner_b) {
        return Err(ShapeError::new("{} columns cannot meet {} rows").with(inner).with(inner_b));
    }
    match broadcast(a.leading(a.rank() - 2), b.leading(b.rank() - 2)) {
        Ok(leading) => Ok(Shapes::one(leading.push(rows).push(columns))),
        Err(error) => Err(error),
    }
}

/// The sizes of one product, and the shapes of the leading axes.
struct Products<'a> {
    rows: usize,
    inner: usize,
    columns: usize,
    a_leading: &'a [usize],
    b_leading: &'a [usize],
    leading: &'a [usize],
}

impl<'a> Products<'a> {
    fn new(a: &'a [usize], b: &'a [usize], y: &'a [usize], attrs: &Attrs) -> Self {
        let split = |shape: &'a [usize]| shape.split_at(shape.len() - 2);
        let ((a_leading, a), (b_leading, b), (leading, y)) = (split(a), split(b), split(y));
        let inner = if attrs.transpose_a { a[0] } else { a[1] };
        debug_assert_eq!(inner, if attrs.transpose_b { b[1] } else { b[0] });
        Self { rows: y[0], inner, columns: y[1], a_leading, b_leading, leading }
    }

    /// Calls `product` with the offsets of each product in `a`, `b` and `y`.
    fn each(&self, mut product: impl FnMut(usize, usize, usize)) {
        let (a, b, y) = (self.rows * self.inner, self.inner * self.columns, self.rows * self.columns);
        let mut number = 0;
        for_each_run(self.leading, [self.a_leading, self.b_leading], |[at_a, at_b], length, [step_a, step_b]| {
            for n in 0..length {
                product((at_a + n * step_a) * a, (at_b + n * step_b) * b, number * y);
                number += 1;
            }
        });
    }

    /// Where `b` is one matrix for all and `a` is not transposed, all products as one of more rows.
    fn merged(self, attrs: &Attrs) -> Self {
        if attrs.transpose_a || self.b_leading.iter().any(|&size| size != 1) {
            return self;
        }
        let count: usize = self.leading.iter().product();
        Self { rows: self.rows * count, a_leading: &[], b_leading: &[], leading: &[], ..self }
    }
}

/// A matrix that is stored with its axes exchanged if `transposed`.
fn stored<T: Float>(data: &[T], rows: usize, columns: usize, transposed: bool) -> Matrix<'_, T> {
    if transposed { Matrix::new(data, columns, rows).transposed() } else { Matrix::new(data, rows, columns) }
}

/// `y = a · b`.
pub fn forward<T: Gemm>(_: &Context, a: View<T>, b: View<T>, attrs: &Attrs, mut y: ViewMut<T>) -> Result<()> {
    let products = Products::new(a.shape(), b.shape(), y.shape(), attrs).merged(attrs);
    let Products { rows, inner, columns, .. } = products;
    products.each(|at_a, at_b, at_y| {
        let a = stored(&a.data()[at_a..], rows, inner, attrs.transpose_a);
        let b = stored(&b.data()[at_b..], inner, columns, attrs.transpose_b);
        gemm([rows, inner, columns], &a, &b, &mut y.data()[at_y..], Update::Set);
    });
    Ok(())
}

/// `da = dy · bᵀ` and `db = aᵀ · dy`, summed over leading axes that were broadcast.
pub fn backward<T: Gemm>(
    _: &Context,
    a: View<T>,
    b: View<T>,
    dy: View<T>,
    attrs: &Attrs,
    da: Gradient<T>,
    db: Gradient<T>,
) -> Result<()> {
    let products = Products::new(a.shape(), b.shape(), dy.shape(), attrs).merged(attrs);
    let Products { rows, inner, columns, .. } = products;
    if let Some(mut da) = da.zeroed() {
        products.each(|at_a, at_b, at_y| {
            let dy = Matrix::new(&dy.data()[at_y..], rows, columns);
            let b = stored(&b.data()[at_b..], inner, columns, attrs.transpose_b);
            let da = &mut da.data()[at_a..];
            if attrs.transpose_a {
                gemm([inner, columns, rows], &b, &dy.transposed(), da, Update::Add);
            } else {
                gemm([rows, columns, inner], &dy, &b.transposed(), da, Update::Add);
            }
        });
    }
    if let Some(mut db) = db.zeroed() {
        products.each(|at_a, at_b, at_y| {
            let dy = Matrix::new(&dy.data()[at_y..], rows, columns);
            let a = stored(&a.data()[at_a..], rows, inner, attrs.transpose_a);
            let db = &mut db.data()[at_b..];
            if attrs.transpose_b {
                gemm([columns, rows, inner], &dy.transposed(), &a, db, Update::Add);
            } else {
                gemm([inner, rows, columns], &a.transposed(), &dy, db, Update::Add);
            }
        });
    }
    Ok(())
}

crate::op! {
    matmul(a: T, b: T) -> (y: T), for T in [f32, f64];
    backward(reads [a, b], from [y], to [a, b]);
}
