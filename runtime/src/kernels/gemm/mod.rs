//! Matrix products: `C = A · B` or `C += A · B`.
//!
//! The loops are those of BLIS (Van Zee and van de Geijn, 2015). B is packed in panels of `NR` columns and A in panels
//! of `MR` rows, so that the microkernel in `tile` reads both from the first byte to the last; `KC` and `MC` keep a
//! panel of B in the first cache and a block of A in the second.
//!
//! A need not be a matrix in memory: whatever can pack a block of itself ([`Pack`]) can stand there, which is how a
//! convolution is a matrix product without its image ever being unrolled.

mod pack;
mod packed;
mod tile;

use rayon::prelude::*;

use crate::element::Float;
use crate::op::Update;

pub use pack::{Matrix, Pack, Transposed};
pub use packed::Packed;
pub use tile::{Rows, Steps, Tile};

use super::isa::Isa;
use super::parallel;
use super::scratch::Scratch;

/// Rows of B per block: a panel of 256 × 32 `f32` fills the first cache.
const KC: usize = 256;

/// Rows of A per block, a multiple of every `MR`: with `KC` columns 168 KiB of `f32`, a part of the second cache.
const MC: usize = 168;

/// Columns of B per block: with `KC` rows at most 1 MiB of `f32`.
const NC: usize = 1024;

/// A number that matrices can be multiplied in, with its microkernels.
pub trait Gemm: Float + Scratch + 'static {
    /// The microkernel for a set of instructions.
    fn tile(isa: Isa) -> Tile<Self>;
}

macro_rules! gemm {
    ($($number:ty),*) => {$(
        impl Gemm for $number {
            fn tile(isa: Isa) -> Tile<Self> {
                Tile::<$number>::for_isa(isa)
            }
        }
    )*};
}

gemm!(f32, f64);

/// Some columns of a matrix, as the place for a product.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    /// The first of them.
    pub first: usize,
    /// How many the matrix has in all.
    pub of: usize,
}

/// Multiplies: `c`, of `rows × columns` row by row, becomes `a · b`, or that is added to it. The sum goes over `inner`.
///
/// # Panics
///
/// Where `c` is shorter than that; a caller's defect.
pub fn gemm<T: Gemm>(
    [rows, inner, columns]: [usize; 3],
    a: &impl Pack<T>,
    b: &impl Pack<T>,
    c: &mut [T],
    update: Update,
) {
    gemm_with(Isa::best(), [rows, inner, columns], a, b, c, update);
}

/// As [`gemm()`], with the instructions given.
pub fn gemm_with<T: Gemm>(
    isa: Isa,
    [rows, inner, columns]: [usize; 3],
    a: &impl Pack<T>,
    b: &impl Pack<T>,
    c: &mut [T],
    update: Update,
) {
    let place = Columns { first: 0, of: columns };
    gemm_into(&T::tile(isa), [rows, inner, columns], a, b, c, place, update);
}

/// As [`gemm()`], into some columns of `c`.
pub fn gemm_into<T: Gemm>(
    tile: &Tile<T>,
    [rows, inner, columns]: [usize; 3],
    a: &impl Pack<T>,
    b: &impl Pack<T>,
    c: &mut [T],
    place: Columns,
    update: Update,
) {
    let c = &mut c[..rows * place.of];
    if inner == 0 {
        clear(c, place, columns, update);
        return;
    }
    let done = if rows == 1 { row(tile, [inner, columns], a, b, &mut c[place.first..], update) } else { 0 };
    for first_column in (done..columns).step_by(NC) {
        let width = NC.min(columns - first_column);
        for first_inner in (0..inner).step_by(KC) {
            let depth = KC.min(inner - first_inner);
            let update = if first_inner == 0 { update } else { Update::Add };
            T::with_scratch(width.next_multiple_of(tile.columns) * depth, |packed| {
                b.pack_columns(
                    first_inner..first_inner + depth,
                    first_column..first_column + width,
                    tile.columns,
                    packed,
                );
                let place = Columns { first: place.first + first_column, ..place };
                let block = Block { tile, depth, place, width, packed, update };
                block.multiply(
                    rows,
                    |part, from, out| a.pack_rows(part, first_inner..first_inner + depth, from, out),
                    c,
                );
            });
        }
    }
}

/// A product of one row with rows of B as they lie, which are read but once: packing them takes longer than that. Gives
/// how many columns it has computed.
fn row<T: Gemm>(
    tile: &Tile<T>,
    [inner, columns]: [usize; 2],
    a: &impl Pack<T>,
    b: &impl Pack<T>,
    c: &mut [T],
    update: Update,
) -> usize {
    let Some((b, step)) = b.in_rows() else { return 0 };
    let whole = columns / tile.wide * tile.wide;
    T::with_scratch(inner, |packed| {
        a.pack_rows(0..1, 0..inner, 1, packed);
        for first in (0..whole).step_by(tile.wide) {
            tile.run_row(packed, &b[first..], step, &mut c[first..], update);
        }
    });
    whole
}

/// The product whose sums have no terms.
fn clear<T: Float>(c: &mut [T], place: Columns, columns: usize, update: Update) {
    if update == Update::Set && columns > 0 {
        c.chunks_exact_mut(place.of).for_each(|row| row[place.first..place.first + columns].fill(T::zero()));
    }
}

/// A packed block of B, and where in C its products go.
struct Block<'a, T: 'static> {
    tile: &'a Tile<T>,
    depth: usize,
    place: Columns,
    width: usize,
    packed: &'a [T],
    update: Update,
}

impl<T: Gemm> Block<'_, T> {
    /// Multiplies all rows of A with the block, splitting them between threads where that is worth it.
    fn multiply(&self, rows: usize, pack: impl Fn(std::ops::Range<usize>, usize, &mut [T]) + Sync, c: &mut [T]) {
        let parts = parallel::parts(rows * self.depth * self.width, rows.div_ceil(self.tile.rows));
        let height = MC.min(rows.div_ceil(parts).next_multiple_of(self.tile.rows));
        let work = |(number, c): (usize, &mut [T])| {
            let first = number * height;
            let height = c.len() / self.place.of;
            T::with_scratch(height.next_multiple_of(self.tile.rows) * self.depth, |packed| {
                pack(first..first + height, self.tile.rows, packed);
                self.multiply_rows(packed, height, c);
            });
        };
        let chunk = (height * self.place.of).max(1);
        if parts > 1 {
            c.par_chunks_mut(chunk).enumerate().for_each(work);
        } else {
            c.chunks_mut(chunk).enumerate().for_each(work);
        }
    }

    /// Multiplies a packed block of A with the block: one tile of C after the other, down the rows.
    fn multiply_rows(&self, a: &[T], height: usize, c: &mut [T]) {
        let panel = self.tile.columns * self.depth;
        let steps = Steps::packed(self.depth, self.tile.rows, self.tile.columns);
        for (number, b) in self.packed.chunks_exact(panel).enumerate() {
            let column = number * self.tile.columns;
            let width = self.tile.columns.min(self.width - column);
            for (number, a) in a.chunks_exact(self.tile.rows * self.depth).enumerate() {
                let row = number * self.tile.rows;
                let height = self.tile.rows.min(height - row);
                let c = &mut c[row * self.place.of + self.place.first + column..];
                self.tile.run(&steps, a, b, c, [height, width, self.place.of], self.update);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::reference;
    use crate::random::Random;

    fn numbers<T: Float>(count: usize, random: &mut Random) -> Vec<T> {
        (0..count).map(|_| T::of(random.normal())).collect()
    }

    fn check<T: Gemm>(isa: Isa, sizes: [usize; 3], transposed: [bool; 2], update: Update, random: &mut Random) {
        let [rows, inner, columns] = sizes;
        let (a, b): (Vec<T>, Vec<T>) = (numbers(rows * inner, random), numbers(inner * columns, random));
        let matrix = |data, rows, columns, transposed| {
            if transposed { Matrix::new(data, columns, rows).transposed() } else { Matrix::new(data, rows, columns) }
        };
        let (a, b) = (matrix(&a, rows, inner, transposed[0]), matrix(&b, inner, columns, transposed[1]));
        let mut c: Vec<T> = numbers(rows * columns, random);
        let mut wanted = c.clone();
        gemm_with(isa, sizes, &a, &b, &mut c, update);
        reference::gemm(sizes, |i, k| a.get(i, k), |k, j| b.get(k, j), &mut wanted, update);
        let tolerance = T::epsilon().as_f64() * 8.0 * (inner as f64).max(1.0);
        for (n, (&found, &wanted)) in c.iter().zip(&wanted).enumerate() {
            let error = (found.as_f64() - wanted.as_f64()).abs();
            assert!(error < tolerance, "{isa:?} {sizes:?} {transposed:?} {update:?}: {found} at {n}, not {wanted}");
        }
    }

    fn check_sizes<T: Gemm>(sizes: &[[usize; 3]]) {
        let mut random = Random::new(5, "gemm", 0);
        for isa in Isa::available() {
            for &sizes in sizes {
                for transposed in [[false, false], [true, false], [false, true], [true, true]] {
                    check::<T>(isa, sizes, transposed, Update::Set, &mut random);
                    check::<T>(isa, sizes, transposed, Update::Add, &mut random);
                }
            }
        }
    }

    #[test]
    fn agrees_with_the_definition_at_the_edges_of_tiles() {
        for isa in Isa::available() {
            let tile = f32::tile(isa);
            let edges = |n: usize| [0, 1, n - 1, n, n + 1];
            let sizes: Vec<[usize; 3]> = edges(tile.rows)
                .into_iter()
                .flat_map(|rows| edges(tile.columns).map(|columns| [rows, 3, columns]))
                .collect();
            check_sizes::<f32>(&sizes);
            check_sizes::<f64>(&sizes);
        }
    }

    #[test]
    fn agrees_with_the_definition_at_the_edges_of_blocks() {
        check_sizes::<f32>(&[
            [5, 0, 7],
            [MC + 1, KC - 1, 33],
            [7, KC + 1, 31],
            [3, 2 * KC, NC + 1],
            [1, 100, 64],
            [1, 37, 290],
        ]);
        check_sizes::<f64>(&[[MC + 1, KC + 1, 17], [2, 5, NC + 3]]);
    }

    #[test]
    fn does_not_depend_on_the_number_of_threads() {
        let mut random = Random::new(6, "threads", 0);
        let sizes = [301, 300, 130];
        let (a, b): (Vec<f32>, Vec<f32>) = (numbers(301 * 300, &mut random), numbers(300 * 130, &mut random));
        let product = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut c = vec![0.0; 301 * 130];
            pool.install(|| gemm(sizes, &Matrix::new(&a, 301, 300), &Matrix::new(&b, 300, 130), &mut c, Update::Set));
            c
        };
        assert_eq!(product(1), product(3));
    }
}
