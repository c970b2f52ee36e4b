//! `matmul(a, b)`: the matrix product of the last two axes, `[…, m, k] × […, k, n] → […, m, n]`.
//!
//! Leading axes broadcast as in NumPy. `transpose_a` and `transpose_b` exchange the last two axes of an operand first.

use crate::kernels::broadcast::for_each_run;
use crate::kernels::gemm::{Epilogue, Gemm, Matrix, Packs, Right, gemm, gemm_then};
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

    /// Whether there is one product.
    fn is_one(&self) -> bool {
        self.leading.iter().all(|&size| size == 1)
    }

    /// A gradient, and what the products do to it: they are added to zeros, unless there is but one.
    fn begin<'g, T: Float>(&self, gradient: Gradient<'g, T>) -> Option<(ViewMut<'g, T>, Update)> {
        if self.is_one() { gradient.into_parts() } else { gradient.zeroed().map(|gradient| (gradient, Update::Add)) }
    }

    /// The packed copies that are kept of `b`, if it is one matrix, and products are not of one row, which reads `b` as
    /// it lies.
    fn packs<'v, T>(&self, b: &View<'v, T>, rows: usize) -> Option<&'v Packs<T>> {
        b.packs().filter(|_| rows > 1 && b.len() == self.inner * self.columns)
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
pub fn forward<T: Gemm>(context: &Context, a: View<T>, b: View<T>, attrs: &Attrs, mut y: ViewMut<T>) -> Result<()> {
    let products = Products::new(a.shape(), b.shape(), y.shape(), attrs).merged(attrs);
    let Products { rows, inner, columns, .. } = products;
    let packs = products.packs(&b, rows);
    products.each(|at_a, at_b, at_y| {
        let a = stored(&a.data()[at_a..], rows, inner, attrs.transpose_a);
        let b = Right::new(&b.data()[at_b..], [inner, columns], attrs.transpose_b, packs);
        let finish = |position: usize, piece: &mut [T]| context.finish(at_y + position, piece);
        let epilogue = context.is_followed().then_some(&finish as Epilogue<'_, T>);
        gemm_then([rows, inner, columns], &a, &b, &mut y.data()[at_y..], Update::Set, epilogue);
    });
    Ok(())
}

/// `da = dy · bᵀ` and `db = aᵀ · dy`, summed over leading axes that were broadcast.
pub fn backward<T: Gemm>(
    context: &Context,
    a: View<T>,
    b: View<T>,
    dy: View<T>,
    attrs: &Attrs,
    da: Gradient<T>,
    db: Gradient<T>,
) -> Result<()> {
    let products = Products::new(a.shape(), b.shape(), dy.shape(), attrs).merged(attrs);
    let Products { rows, inner, columns, .. } = products;
    if let Some((mut da, update)) = products.begin(da) {
        let packs = products.packs(&b, rows);
        // A gradient of several products is finished with the last of them.
        let finish = |position: usize, piece: &mut [T]| context.finish(position, piece);
        let is_followed = context.is_followed() && products.is_one() && !attrs.transpose_a;
        let epilogue = is_followed.then_some(&finish as Epilogue<'_, T>);
        products.each(|at_a, at_b, at_y| {
            let dy = Matrix::new(&dy.data()[at_y..], rows, columns);
            let da = &mut da.data()[at_a..];
            if attrs.transpose_a {
                let b = stored(&b.data()[at_b..], inner, columns, attrs.transpose_b);
                gemm([inner, columns, rows], &b, &dy.transposed(), da, update);
            } else {
                let b = Right::new(&b.data()[at_b..], [columns, inner], !attrs.transpose_b, packs);
                gemm_then([rows, columns, inner], &dy, &b, da, update, epilogue);
            }
        });
        if !is_followed {
            context.finish(0, da.data());
        }
    }
    if let Some((mut db, update)) = products.begin(db) {
        products.each(|at_a, at_b, at_y| {
            let dy = Matrix::new(&dy.data()[at_y..], rows, columns);
            let a = stored(&a.data()[at_a..], rows, inner, attrs.transpose_a);
            let db = &mut db.data()[at_b..];
            if attrs.transpose_b {
                gemm([columns, rows, inner], &dy.transposed(), &a, db, update);
            } else {
                gemm([inner, rows, columns], &a.transposed(), &dy, db, update);
            }
        });
    }
    Ok(())
}

crate::op! {
    matmul(a: T, b: T) -> (y: T), for T in [f32, f64];
    pieces;
    backward(reads [a, b], from [y], to [a, b], pieces);
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, ArrayD, Dimension};

    use super::*;
    use crate::ops::expected::{check, expect, refusal, results, tensor};

    fn numbers(shape: &[usize]) -> ArrayD<f64> {
        let number = |(axis, at): (usize, &usize)| (axis as f64 + 0.7) * *at as f64;
        Array::from_shape_fn(shape, |at| at.slice().iter().enumerate().map(number).sum::<f64>().sin())
    }

    fn exchanged(mut shape: Vec<usize>, exchange: bool) -> Vec<usize> {
        let last = shape.len() - 1;
        shape.swap(last, if exchange { last - 1 } else { last });
        shape
    }

    #[test]
    fn gradients_in_place_and_shapes() {
        let shapes: [(&[usize], &[usize]); 9] = [
            (&[3, 5], &[5, 2]),
            (&[1, 1], &[1, 1]),
            (&[2, 3, 4], &[4, 5]),
            (&[3, 4], &[2, 4, 1]),
            (&[2, 1, 3, 2], &[3, 2, 1]),
            (&[2, 3, 4], &[1, 4, 2]),
            (&[0, 3], &[3, 2]),
            (&[2, 0], &[0, 3]),
            (&[0, 2, 3], &[3, 2]),
        ];
        for (a, b) in shapes {
            for (transpose_a, transpose_b) in [(false, false), (false, true), (true, false), (true, true)] {
                let attrs = Attrs { transpose_a, transpose_b };
                let (a, b) = (exchanged(a.to_vec(), transpose_a), exchanged(b.to_vec(), transpose_b));
                let checked = check(&OPERATION, attrs, &[numbers(&a).into(), numbers(&b).into()]);
                assert_eq!(checked, Ok(()), "{a:?} and {b:?}, {attrs:?}");
            }
        }
    }

    mod transposed {
        pub const B: &[f64] = &[
            -1.2134, -1.0918, 1.3693, 0.9465, 0.8747, -1.0316, 1.5205, 1.617, 1.347, 0.1669, -1.171, 0.4256, -1.1024,
            -0.651, -1.2266, -1.0219, -0.4633, 1.0527, -0.0542, -0.2995,
        ];
        pub const Y: &[f64] = &[
            5.52068341,
            3.51629861,
            -4.05462354,
            -2.01517424,
            0.25515709999999997,
            2.0743963800000005,
            0.6932713900000005,
            -1.01429423,
            1.8622276500000003,
            -1.28540654,
            3.3171036199999997,
            4.63168535,
            -1.2664243700000002,
            -3.3046336299999997,
            -0.6136717199999999,
        ];
        pub const DY: &[f64] = &[
            1.2856, -0.3036, 0.6191, 0.396, 0.2234, -0.0543, -0.1793, 0.2428, 0.8211, 1.2171, 0.5594, 0.3767, -0.5611,
            -1.0077, 1.2262,
        ];
        pub const DA: &[f64] = &[
            -1.5316298800000003,
            -1.23295756,
            -0.56228815,
            -1.0097193500000006,
            1.03147901,
            0.85382921,
            0.07594030000000004,
            -1.70442552,
            3.16539165,
            0.51780746,
            -1.4415909100000002,
            1.5623135699999997,
        ];
        pub const DB: &[f64] = &[
            -1.6942128600000002,
            0.010376690000000001,
            3.7171230100000003,
            1.8024865100000003,
            0.57568884,
            0.23675815999999997,
            -0.02771333999999992,
            0.2076233,
            -1.07783188,
            -0.31753518999999997,
            0.40494228,
            -0.15712825000000008,
            -1.1457008400000002,
            -1.14831312,
            -0.8482554599999999,
            -0.9884556600000001,
            -0.8174777400000001,
            -1.98187961,
            2.44082549,
            1.40257261,
        ];
    }

    #[test]
    fn numbers_are_tensorflows() {
        let a =
            &[-1.4006, -0.5522, 0.1366, -0.0108, -1.5213, -0.1043, 2.1711, -0.0553, 1.6499, 0.8838, -0.1911, 1.1725];
        let attrs = Attrs::DEFAULT.transpose_a(true).transpose_b(true);
        let operands = [tensor(&[4, 3], a), tensor(&[5, 4], transposed::B)];
        expect(
            &OPERATION,
            attrs,
            &operands,
            &[tensor(&[3, 5], transposed::Y)],
            (&[transposed::DY], &[transposed::DA, transposed::DB]),
        );
    }

    mod batched {
        pub const A: &[f64] = &[
            0.4566, -0.0491, 1.5523, 1.3521, -0.8706, -1.806, 1.9755, 0.2767, 0.6501, -0.8975, -0.8013, -0.5501,
            1.0506, -0.5937, 1.3157, 0.8333, 0.387, -0.3254, -1.3235, 0.5001, 1.3642, -0.6728, 0.6337, 0.4341,
        ];
        pub const B: &[f64] = &[
            0.9942, 1.2928, 0.9834, -0.3534, -1.6672, 1.8734, 1.1666, 1.4863, 0.681, -1.4425, -0.9128, 0.3039, 0.0403,
            0.3863, 0.8288, -0.1513,
        ];
        pub const Y: &[f64] = &[
            -0.6049679199999993,
            5.52534947,
            -5.6123263,
            3.62488963,
            0.45790862,
            -1.1611432699999997,
            2.00104971,
            -1.3137393099999999,
            0.92171795,
            -1.24406974,
            1.92847223,
            -1.99320344,
        ];
        pub const DA: &[f64] = &[
            2.60152394,
            -0.15096852,
            2.38282058,
            3.00143691,
            -1.5139389,
            0.08210790000000001,
            -1.37243556,
            -1.7467735199999999,
            2.01693152,
            -0.47704235999999994,
            2.7387534,
            2.3202126999999995,
            0.6656409,
            -0.39942167999999995,
            -0.10324005,
            0.32497583999999996,
            0.17569564999999998,
            0.60814505,
            -0.23378309000000003,
            -0.61670367,
            3.75681325,
            -0.9864951300000001,
            -0.9496235599999999,
            0.58603591,
        ];
        pub const DB: &[f64] = &[
            0.47236607999999997,
            2.5893192000000003,
            0.40228046999999995,
            0.30654049000000017,
            0.12322987999999999,
            -0.5345939500000001,
            0.4977444999999999,
            1.1558183900000003,
            0.37523364000000003,
            -3.9076790800000003,
            -0.09769188999999998,
            2.01970062,
            1.71378938,
            -1.2872461200000003,
            -0.028600740000000027,
            -1.58949996,
        ];
    }

    #[test]
    fn numbers_of_a_batch_are_tensorflows() {
        let dy =
            &[0.4463, 1.6691, -0.2643, -0.9678, 0.0592, 1.5146, 0.3369, -0.3024, -0.8386, -0.5177, 0.2535, -2.4847];
        let operands = [tensor(&[2, 3, 4], batched::A), tensor(&[2, 4, 2], batched::B)];
        expect(
            &OPERATION,
            Attrs::DEFAULT,
            &operands,
            &[tensor(&[2, 3, 2], batched::Y)],
            (&[dy], &[batched::DA, batched::DB]),
        );
    }

    #[test]
    fn a_product_over_nothing_is_zero() {
        let operands = [tensor(&[2, 0], &[]), tensor(&[0, 1], &[])];
        assert_eq!(results(&OPERATION, Attrs::DEFAULT, &operands).unwrap(), [tensor(&[2, 1], &[0.0; 2])]);
    }

    #[test]
    fn nan_goes_to_its_row_only() {
        let operands = [tensor(&[2, 2], &[f64::NAN, 1.0, 1.0, 2.0]), tensor(&[2, 1], &[3.0, 4.0])];
        let y = &results(&OPERATION, Attrs::DEFAULT, &operands).unwrap()[0].array;
        assert!(y[[0, 0]].is_nan());
        assert_eq!(y[[1, 0]], 11.0);
    }

    #[test]
    fn sizes_must_meet() {
        let message = |a: &[usize], b: &[usize], attrs: Attrs| {
            refusal(&OPERATION, attrs, &[numbers(a).into(), numbers(b).into()])
        };
        let plain = Attrs::DEFAULT;
        assert_eq!(message(&[2, 3], &[4, 5], plain), "matmul: [2, 3] × [4, 5]: 3 columns cannot meet 4 rows");
        let error = message(&[2, 3], &[3, 5], plain.transpose_a(true));
        assert_eq!(error, "matmul: [2, 3] × [3, 5]: 2 columns cannot meet 3 rows");
        assert_eq!(message(&[3], &[3, 5], plain), "matmul: [3] × [3, 5]: a matrix has at least two axes");
        let error = message(&[2, 3, 4], &[5, 4, 1], plain);
        assert_eq!(error, "matmul: [2, 3, 4] × [5, 4, 1]: 2 cannot be broadcast with 5");
    }
}
