//! The matrices of fast convolution: what a tile is multiplied by from both sides.
//!
//! A product of polynomials is found by evaluating both at some points, multiplying the values, and interpolating
//! (Toom and Cook; Winograd, 1980); a convolution is the same with its matrices transposed. Those here are made from the
//! points. Which points there are decides how much rounding is added (Barabasz, Anderson, Soodhalter and Gregg, 2020,
//! "Error Analysis and Improving the Accuracy of Winograd Convolution for Deep Neural Networks"): with 2 and −1/2 there
//! was half the error that 2 and −2 had, or 1/2 and −1/2.

#![expect(unsafe_code, reason = "vector instructions; see `Vector`")]

use crate::element::Float;
use crate::kernels::simd::Vector;

/// The rows and columns of a tile.
pub const N: usize = 6;

/// The points, one fewer than a tile has rows, as the last one is infinity.
const POINTS: [f64; N - 1] = [0.0, 1.0, -1.0, 2.0, -0.5];

/// A matrix that maps the columns of a tile, and then its rows: `I` numbers to `O`.
pub trait Map<const I: usize, const O: usize> {
    /// Whether it reads tiles of an image, and whether it writes such tiles.
    const OF_IMAGES: [bool; 2];

    /// The matrix times a column of vectors.
    ///
    /// # Safety
    ///
    /// The machine has the instructions of `V`.
    unsafe fn multiply<V: Vector>(column: &[V; I]) -> [V; O];
}

/// `Bᵀ`: a tile of the image, to be multiplied.
pub struct Input;

/// `G`: a filter, to be multiplied.
pub struct Filter;

/// `G` of a filter that is turned round.
pub struct TurnedFilter;

/// `Aᵀ`: the products to a tile of the result.
pub struct Output;

/// `A`: what comes back to a tile of the result, to be multiplied.
pub struct OutputGradient;

/// `Gᵀ`: the products to what comes back to a filter.
pub struct FilterGradient;

impl Map<N, N> for Input {
    const OF_IMAGES: [bool; 2] = [true, false];

    /// Row by row the coefficients of the polynomials with zeros at all points but one, and at all of them: products of
    /// `x`, of `p = x² − 1` with zeros at 1 and −1, and of `q = x² − 3/2 x − 1` with zeros at 2 and −1/2.
    #[inline(always)]
    unsafe fn multiply<V: Vector>(x: &[V; N]) -> [V; N] {
        // SAFETY: the caller vouches for the instructions.
        unsafe {
            let p = [minus(x[2], x[0]), minus(x[3], x[1]), minus(x[4], x[2]), minus(x[5], x[3])];
            let q = [times_q([x[1], x[2], x[3]]), times_q([x[2], x[3], x[4]])];
            [
                times_q([p[0], p[1], p[2]]),
                q[1].add(q[0]),
                minus(q[1], q[0]),
                plus(p[2], 0.5, p[1]),
                plus(p[2], -2.0, p[1]),
                times_q([p[1], p[2], p[3]]),
            ]
        }
    }
}

/// What `q` gives of three numbers, by its coefficients from the constant on. No closure: one over vectors is not always
/// compiled for the caller's instructions.
///
/// # Safety
///
/// The machine has the instructions of `V`.
#[inline(always)]
unsafe fn times_q<V: Vector>([x, next, last]: [V; 3]) -> V {
    // SAFETY: the caller vouches for the instructions.
    unsafe { plus(minus(last, x), -1.5, next) }
}

/// `a − b`.
///
/// # Safety
///
/// The machine has the instructions of `V`.
#[inline(always)]
unsafe fn minus<V: Vector>(a: V, b: V) -> V {
    // SAFETY: the caller vouches for the instructions.
    unsafe { plus(a, -1.0, b) }
}

/// `a + factor · b`.
///
/// # Safety
///
/// The machine has the instructions of `V`.
#[inline(always)]
unsafe fn plus<V: Vector>(a: V, factor: f64, b: V) -> V {
    // SAFETY: the caller vouches for the instructions.
    unsafe { b.mul_add(V::splat(<V::Element as Float>::of(factor)), a) }
}

/// Maps by a matrix, row by row.
macro_rules! matrices {
    ($(<$size:ident> $map:ident: [$from:ident] to [$to:ident] of $images:expr, by $matrix:expr;)*) => {$(
        impl<const $size: usize> Map<$from, $to> for $map {
            const OF_IMAGES: [bool; 2] = $images;

            #[inline(always)]
            unsafe fn multiply<V: Vector>(column: &[V; $from]) -> [V; $to] {
                // SAFETY: the caller vouches for the instructions.
                unsafe { multiply(const { &$matrix }, column) }
            }
        }
    )*};
}

matrices! {
    <R> Filter: [R] to [N] of [false, false], by scaled_powers::<R>();
    <R> TurnedFilter: [R] to [N] of [false, false], by turned(scaled_powers::<R>());
    <M> Output: [N] to [M] of [false, true], by transposed(powers::<M>());
    <M> OutputGradient: [M] to [N] of [true, false], by powers::<M>();
    <R> FilterGradient: [N] to [R] of [false, false], by transposed(scaled_powers::<R>());
}

/// A matrix that is known to the compiler, and so which terms are none, and which factors are one.
///
/// # Safety
///
/// The machine has the instructions of `V`.
#[inline(always)]
unsafe fn multiply<V: Vector, const I: usize, const O: usize>(matrix: &[[f64; I]; O], column: &[V; I]) -> [V; O] {
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let mut result = [V::splat(<V::Element as num_traits::Zero>::zero()); O];
        // From the last term on, whose factor is one as a rule.
        for (result, factors) in result.iter_mut().zip(matrix) {
            let mut is_first = true;
            for (&number, &factor) in column.iter().zip(factors).rev() {
                if factor != 0.0 {
                    *result = match (is_first, factor == 1.0) {
                        (true, true) => number,
                        (false, true) => result.add(number),
                        (_, false) => plus(*result, factor, number),
                    };
                    is_first = false;
                }
            }
        }
        result
    }
}

/// The powers of each point, from the zeroth on; of infinity, the highest alone counts.
const fn powers<const COUNT: usize>() -> [[f64; COUNT]; N] {
    let mut rows = [[0.0; COUNT]; N];
    let mut point = 0;
    while point < N - 1 {
        let (mut power, mut value) = (0, 1.0);
        while power < COUNT {
            rows[point][power] = value;
            value *= POINTS[point];
            power += 1;
        }
        point += 1;
    }
    rows[N - 1][COUNT - 1] = 1.0;
    rows
}

/// The same, of each point divided by its distances from the other ones.
const fn scaled_powers<const COUNT: usize>() -> [[f64; COUNT]; N] {
    let mut rows = powers();
    let mut point = 0;
    while point < N - 1 {
        let (mut other, mut distances) = (0, 1.0);
        while other < N - 1 {
            if other != point {
                distances *= POINTS[point] - POINTS[other];
            }
            other += 1;
        }
        let mut power = 0;
        while power < COUNT {
            rows[point][power] /= distances;
            power += 1;
        }
        point += 1;
    }
    rows
}

/// The columns from the last to the first.
const fn turned<const COUNT: usize>(mut matrix: [[f64; COUNT]; N]) -> [[f64; COUNT]; N] {
    let mut row = 0;
    while row < N {
        let mut column = 0;
        while column < COUNT / 2 {
            (matrix[row][column], matrix[row][COUNT - 1 - column]) =
                (matrix[row][COUNT - 1 - column], matrix[row][column]);
            column += 1;
        }
        row += 1;
    }
    matrix
}

const fn transposed<const COUNT: usize>(matrix: [[f64; COUNT]; N]) -> [[f64; N]; COUNT] {
    let mut result = [[0.0; N]; COUNT];
    let mut row = 0;
    while row < N {
        let mut column = 0;
        while column < COUNT {
            result[column][row] = matrix[row][column];
            column += 1;
        }
        row += 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::simd::Four;

    /// A map of single numbers, as vectors of equal ones.
    fn multiply<K: Map<I, O>, const I: usize, const O: usize>(by: [f64; I]) -> [f64; O] {
        // SAFETY: these vectors need no instruction that the target does not have, and hold four numbers.
        unsafe {
            K::multiply(&by.map(|number| Four::splat(number))).map(|vector| {
                let mut numbers = [0.0; 4];
                vector.store(numbers.as_mut_ptr());
                numbers[0]
            })
        }
    }

    fn check<const M: usize, const R: usize>() {
        let x: [f64; N] = std::array::from_fn(|n| (n * n) as f64 - 3.5);
        let mut filter: [f64; R] = std::array::from_fn(|n| 2.0 - n as f64 * 1.25);
        let (x_at, filter_at) = (multiply::<Input, N, N>(x), multiply::<Filter, R, N>(filter));
        let found = multiply::<Output, N, M>(std::array::from_fn(|n| x_at[n] * filter_at[n]));
        for (n, found) in found.into_iter().enumerate() {
            let wanted: f64 = filter.iter().zip(&x[n..]).map(|(a, b)| a * b).sum();
            assert!((found - wanted).abs() < 1e-12, "F({M}, {R}): {found} at {n}, not {wanted}");
        }
        filter.reverse();
        let turned = multiply::<TurnedFilter, R, N>(filter);
        assert!(turned.iter().zip(filter_at).all(|(a, b)| (a - b).abs() < 1e-15), "{turned:?}, not {filter_at:?}");
        // What comes back to the filter: each number of it is a sum over what it was multiplied by.
        let dy: [f64; M] = std::array::from_fn(|n| n as f64 - 0.5);
        let dy_at = multiply::<OutputGradient, M, N>(dy);
        let found = multiply::<FilterGradient, N, R>(std::array::from_fn(|n| x_at[n] * dy_at[n]));
        for (n, found) in found.into_iter().enumerate() {
            let wanted: f64 = dy.iter().zip(&x[n..]).map(|(a, b)| a * b).sum();
            assert!((found - wanted).abs() < 1e-12, "F({M}, {R}): {found} at {n} of the filter, not {wanted}");
        }
    }

    #[test]
    fn products_at_points_make_a_convolution_and_its_gradients() {
        check::<4, 3>();
        check::<2, 5>();
    }
}
