//! Matrix products: `C = A · B` or `C += A · B`.
//!
//! The loops are those of BLIS (Van Zee and van de Geijn, 2015): `KC` and `MC` keep a panel of B, of `NR` columns, near
//! the first cache, and a block of A in the second. A factor of whose numbers the microkernel in `tile` finds neighbours
//! in memory is read where it lies. Others are packed in panels, B's of `NR` columns and A's of up to `MR` rows, so that
//! they are read from the first byte to the last.
//!
//! A need not be a matrix in memory: whatever can pack a block of itself ([`Pack`]) can stand there, which is how a
//! convolution is a matrix product without its image ever being unrolled.

mod block;
mod kept;
mod pack;
mod packed;
mod tile;

use crate::element::Float;
use crate::op::Update;

pub use kept::{Packs, Right, with_panels};
pub use pack::{Lying, Matrix, Pack, Transposed};
pub use packed::Packed;
pub use tile::{Rows, Steps, Tile};

use super::elementwise::ELEMENT;
use super::isa::Isa;
use super::parallel::for_each_chunk;
use super::scratch::Scratch;
use block::{Block, Panels};

/// Rows of B per block: a panel of 256 × 32 `f32` fills the first cache.
const KC: usize = 512;

/// Rows of A per block, a multiple of every `MR`: with `KC` columns 168 KiB of `f32`, a part of the second cache.
const MC: usize = 168;

/// Columns of B per block: with `KC` rows at most 1 MiB of `f32`.
const NC: usize = 1024;

/// Multiply-adds that take as long as packing a number.
pub const PACKING: usize = 16;

/// Parts of the work of a thread, so that it can take over some of another's.
pub const TASKS: usize = 3;

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

/// What is still to be done with whole rows of a result, bias and activation say, while they are in the caches: it is
/// given the position of the first of some elements, and these.
pub type Epilogue<'a, T> = &'a (dyn Fn(usize, &mut [T]) + Sync);

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

/// As [`gemm()`], and does with each row of `c` what is still to be done.
pub fn gemm_then<T: Gemm>(
    sizes: [usize; 3],
    a: &impl Pack<T>,
    b: &impl Pack<T>,
    c: &mut [T],
    update: Update,
    epilogue: Epilogue<'_, T>,
) {
    let [rows, _, columns] = sizes;
    gemm(sizes, a, b, c, update);
    let chunk = columns * MC;
    for_each_chunk(&mut c[..rows * columns], chunk, ELEMENT * rows * columns, |number, c| epilogue(number * chunk, c));
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
    let operations = rows * inner * columns;
    let done = if rows == 1 { row(tile, [inner, columns], a, b, &mut c[place.first..], update) } else { 0 };
    let lying_b = b.lying().filter(|b| b.column_step == 1 && b.reads_well(rows.div_ceil(tile.rows)));
    for first_column in (done..columns).step_by(NC) {
        let width = NC.min(columns - first_column);
        // The last columns are packed even so: a tile of them would read past the end of a row.
        let in_place = if lying_b.is_some() { width / tile.columns } else { 0 };
        for first_inner in (0..inner).step_by(KC) {
            let steps = first_inner..inner.min(first_inner + KC);
            let update = if first_inner == 0 { update } else { Update::Add };
            let place = Columns { first: place.first + first_column, ..place };
            let mut multiply = |b: Panels<'_, T>| {
                Block { tile, steps: steps.clone(), place, width, b, update }.multiply(rows, a, c);
            };
            if let Some(packed) = b.packed(&steps, &(first_column..first_column + width), tile.columns) {
                multiply(Panels { lying: None, in_place: 0, packed });
                continue;
            }
            let panels = width.div_ceil(tile.columns) - in_place;
            T::with_scratch(panels * tile.columns * steps.len(), |packed| {
                for_each_chunk(packed, tile.columns * steps.len(), operations, |panel, packed| {
                    let first = first_column + (in_place + panel) * tile.columns;
                    let last = (first + tile.columns).min(first_column + width);
                    b.pack_columns(steps.clone(), first..last, tile.columns, packed);
                });
                let lying = lying_b.map(|b| (b.from(first_inner, first_column), b.row_step));
                multiply(Panels { lying, in_place, packed });
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
    let Some(Lying { data: b, row_step: step, .. }) = b.lying().filter(|b| b.column_step == 1) else { return 0 };
    let whole = columns / tile.wide * tile.wide;
    T::with_scratch(inner, |packed| {
        a.pack_rows(0..1, 0..inner, 1, packed);
        let packed = &*packed;
        for_each_chunk(&mut c[..whole], tile.wide, inner * columns, |number, c| {
            tile.run_row(packed, &b[number * tile.wide..], step, c, update);
        });
    });
    whole
}

/// The product whose sums have no terms.
fn clear<T: Float>(c: &mut [T], place: Columns, columns: usize, update: Update) {
    if update == Update::Set && columns > 0 {
        c.chunks_exact_mut(place.of).for_each(|row| row[place.first..place.first + columns].fill(T::zero()));
    }
}

/// The largest part of `whole` that is at most `most`, where all parts are about as large.
fn even(whole: usize, most: usize) -> usize {
    whole.div_ceil(whole.div_ceil(most).max(1)).max(1)
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
            // Rows that are powers of two apart, so that both factors are packed.
            [127, 512, 512],
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
