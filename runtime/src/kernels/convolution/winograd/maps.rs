//! The matrices of fast convolution: what a tile is multiplied by from both sides.
//!
//! A product of polynomials is found by evaluating both at some points, multiplying the values, and interpolating
//! (Toom and Cook; Winograd, 1980); a convolution is the same with its matrices transposed. Those here are made from the
//! points. These are the ones that Barabasz, Anderson, Soodhalter and Gregg (2020, "Error Analysis and Improving the
//! Accuracy of Winograd Convolution for Deep Neural Networks") found to have the least error for tiles of their size.

/// The points, one fewer than a tile has rows, as the last one is infinity.
const POINTS: [f64; 5] = [0.0, 1.0, -1.0, 2.0, -0.5];

/// A matrix that maps the rows of a tile, and then its columns: `I` numbers to `O`.
pub trait Map<const I: usize, const O: usize> {
    /// Row by row.
    const MATRIX: [[f64; I]; O];
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

impl<const N: usize> Map<N, N> for Input {
    const MATRIX: [[f64; N]; N] = polynomials();
}

impl<const R: usize, const N: usize> Map<R, N> for Filter {
    const MATRIX: [[f64; R]; N] = scaled_powers();
}

impl<const R: usize, const N: usize> Map<R, N> for TurnedFilter {
    const MATRIX: [[f64; R]; N] = turned(scaled_powers());
}

impl<const N: usize, const M: usize> Map<N, M> for Output {
    const MATRIX: [[f64; N]; M] = transposed(powers::<M, N>());
}

impl<const M: usize, const N: usize> Map<M, N> for OutputGradient {
    const MATRIX: [[f64; M]; N] = powers();
}

impl<const N: usize, const R: usize> Map<N, R> for FilterGradient {
    const MATRIX: [[f64; N]; R] = transposed(scaled_powers::<R, N>());
}

/// The powers of each point, from the zeroth on; of infinity, the highest alone counts.
const fn powers<const COUNT: usize, const N: usize>() -> [[f64; COUNT]; N] {
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
const fn scaled_powers<const COUNT: usize, const N: usize>() -> [[f64; COUNT]; N] {
    let mut rows = powers::<COUNT, N>();
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

/// For each point the polynomial with zeros at all others, by its coefficients from the constant on.
const fn polynomials<const N: usize>() -> [[f64; N]; N] {
    let mut rows = [[0.0; N]; N];
    let mut point = 0;
    while point < N {
        rows[point][0] = 1.0;
        let mut zero = 0;
        while zero < N - 1 {
            let mut power = N;
            while zero != point && power > 0 {
                power -= 1;
                let below = if power > 0 { rows[point][power - 1] } else { 0.0 };
                rows[point][power] = below - POINTS[zero] * rows[point][power];
            }
            zero += 1;
        }
        point += 1;
    }
    rows
}

/// The columns from the last to the first.
const fn turned<const ROWS: usize, const COLUMNS: usize>(matrix: [[f64; COLUMNS]; ROWS]) -> [[f64; COLUMNS]; ROWS] {
    let mut result = matrix;
    let mut row = 0;
    while row < ROWS {
        let mut column = 0;
        while column < COLUMNS {
            result[row][column] = matrix[row][COLUMNS - 1 - column];
            column += 1;
        }
        row += 1;
    }
    result
}

const fn transposed<const ROWS: usize, const COLUMNS: usize>(matrix: [[f64; COLUMNS]; ROWS]) -> [[f64; ROWS]; COLUMNS] {
    let mut result = [[0.0; ROWS]; COLUMNS];
    let mut row = 0;
    while row < ROWS {
        let mut column = 0;
        while column < COLUMNS {
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

    fn multiply<K: Map<I, O>, const I: usize, const O: usize>(by: [f64; I]) -> [f64; O] {
        K::MATRIX.map(|row| row.iter().zip(by).map(|(a, b)| a * b).sum())
    }

    fn check<const M: usize, const R: usize, const N: usize>() {
        let x: [f64; N] = std::array::from_fn(|n| (n * n) as f64 - 3.5);
        let filter: [f64; R] = std::array::from_fn(|n| 2.0 - n as f64 * 1.25);
        let (x_at, filter_at) = (multiply::<Input, N, N>(x), multiply::<Filter, R, N>(filter));
        let found = multiply::<Output, N, M>(std::array::from_fn(|n| x_at[n] * filter_at[n]));
        for (n, found) in found.into_iter().enumerate() {
            let wanted: f64 = filter.iter().zip(&x[n..]).map(|(a, b)| a * b).sum();
            assert!((found - wanted).abs() < 1e-12, "F({M}, {R}): {found} at {n}, not {wanted}");
        }
    }

    #[test]
    fn products_at_points_make_a_convolution() {
        check::<2, 3, 4>();
        check::<4, 3, 6>();
        check::<2, 5, 6>();
        check::<3, 2, 4>();
    }

    #[test]
    fn small_tiles_need_only_sums() {
        let input: [[f64; 4]; 4] = Input::MATRIX;
        assert_eq!(input, [[-1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 1.0, 0.0], [0.0, -1.0, 1.0, 0.0], [0.0, -1.0, 0.0, 1.0]]);
    }
}
