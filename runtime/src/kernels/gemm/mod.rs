//! Matrix products: `C = A · B` or `C += A · B`.
//!
//! The loops are those of BLIS (Van Zee and van de Geijn, 2015): `KC` and `MC` keep a panel of B, of `NR` columns, and a
//! block of A in the second cache. A factor of whose numbers the microkernel in `tile` finds neighbours in memory is read
//! where it lies, or from a copy whose rows are further apart. Others are packed in panels, B's of `NR` columns and A's of
//! up to `MR` rows, so that they are read from the first byte to the last. Products of one row (`row`) and of few rows
//! (`few`) go other ways. Which way is taken depends on the sizes, never on the number of threads: sums have the same
//! order.
//!
//! A need not be a matrix in memory: whatever can pack a block of itself ([`Pack`]) can stand there, which is how a
//! convolution is a matrix product without its image ever being unrolled.

mod block;
mod few;
mod kept;
mod pack;
mod packed;
mod row;
mod tile;
mod transpose;

use std::ops::Range;

use crate::element::Float;
use crate::op::Update;

pub use kept::{Packs, Right, with_panels};
pub use pack::{Lying, Matrix, Pack, Transposed, copy};
pub use packed::Packed;
pub use tile::{Rows, Steps, Tile, reach};

use super::isa::Isa;
use super::parallel::for_each_chunk;
use super::scratch::Scratch;
use super::simd::Registers;
use block::{Block, Panels};
use pack::PANELS;

/// Rows of B per block: few blocks, since each reads and writes all of C.
const KC: usize = 1024;

/// Rows of A per block, a multiple of every `MR`: with `KC` columns 336 KiB of `f32`, a part of the second cache.
const MC: usize = 84;

/// Columns of B per block: with `KC` rows at most 4 MiB of `f32`, a part of the third cache.
const NC: usize = 1024;

/// The least panels of columns that threads share instead of few rows.
const STRIPS: usize = 4;

/// Multiply-adds that take as long as packing a number.
pub const PACKING: usize = 16;

/// Parts of the work of a thread, so that it can take over some of another's.
pub const TASKS: usize = 3;

/// A number that matrices can be multiplied in, with its microkernels.
pub trait Gemm: Registers + Scratch + 'static {
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

/// As [`gemm()`], and does with each row of `c` what is still to be done, if anything is.
pub fn gemm_then<T: Gemm>(
    sizes: [usize; 3],
    a: &impl Pack<T>,
    b: &impl Pack<T>,
    c: &mut [T],
    update: Update,
    epilogue: Option<Epilogue<'_, T>>,
) {
    let tile = T::tile(Isa::best());
    Product { epilogue, ..Product::new(&tile, sizes, update) }.multiply(a, b, c);
}

/// As [`gemm()`], with the instructions given.
pub fn gemm_with<T: Gemm>(
    isa: Isa,
    sizes: [usize; 3],
    a: &impl Pack<T>,
    b: &impl Pack<T>,
    c: &mut [T],
    update: Update,
) {
    Product::new(&T::tile(isa), sizes, update).multiply(a, b, c);
}

/// What is multiplied, and where to.
pub struct Product<'a, T: 'static> {
    /// The microkernel.
    pub tile: &'a Tile<T>,
    /// Rows of A, steps of the sum, columns of B.
    pub sizes: [usize; 3],
    /// The columns of C.
    pub place: Columns,
    /// What becomes of C.
    pub update: Update,
    /// What is done with rows of C then; all of C's columns are the product's.
    pub epilogue: Option<Epilogue<'a, T>>,
}

impl<'a, T: Gemm> Product<'a, T> {
    /// A product that is all of C.
    pub fn new(tile: &'a Tile<T>, sizes: [usize; 3], update: Update) -> Self {
        Self { tile, sizes, place: Columns { first: 0, of: sizes[2] }, update, epilogue: None }
    }

    /// Multiplies.
    ///
    /// # Panics
    ///
    /// Where `c` is too short; a caller's defect.
    pub fn multiply(&self, a: &impl Pack<T>, b: &impl Pack<T>, c: &mut [T]) {
        let &Self { tile, sizes: [rows, inner, columns], place, update, epilogue } = self;
        let c = &mut c[..rows * place.of];
        if c.is_empty() {
            return;
        }
        if inner == 0 {
            clear(c, place, columns, update);
        }
        let rows_of_b = b.lying().filter(|b| rows == 1 && inner > 0 && b.column_step == 1);
        if let Some(b) = rows_of_b {
            row::multiply(tile, a, b, [inner, columns], (&mut c[place.first..][..columns], update));
        }
        if inner == 0 || rows_of_b.is_some() {
            return epilogue.into_iter().for_each(|epilogue| epilogue(0, c));
        }
        let has_few_rows = rows <= MC && columns >= STRIPS * tile.columns;
        if let Some(a) = a.lying().filter(|_| has_few_rows) {
            return self.multiply_few_rows(a, b, c);
        }
        for first in (0..columns).step_by(NC) {
            self.multiply_columns(first..columns.min(first + NC), a, b, c);
        }
    }

    /// Some columns of the product, that are at most [`NC`].
    fn multiply_columns(&self, columns: Range<usize>, a: &impl Pack<T>, b: &impl Pack<T>, c: &mut [T]) {
        let &Self { tile, sizes: [rows, inner, all_columns], place, .. } = self;
        let width = columns.len();
        let place = Columns { first: place.first + columns.start, ..place };
        let lying_b = b.lying().filter(|b| b.reads_as_panels(inner, rows.div_ceil(tile.rows)));
        // The last columns are packed even so: a tile of them would read past the end of a row.
        let in_place = if lying_b.is_some() { width / tile.columns } else { 0 };
        for first in (0..inner).step_by(KC) {
            let steps = first..inner.min(first + KC);
            let update = if first == 0 { self.update } else { Update::Add };
            let is_last = steps.end == inner && columns.end == all_columns;
            let epilogue = self.epilogue.filter(|_| is_last);
            let mut multiply = |b: Panels<'_, T>| {
                Block { tile, steps: steps.clone(), place, width, b, update }.multiply(rows, a, c, epilogue);
            };
            if let Some(packed) = b.packed(&steps, &columns, tile.columns) {
                multiply(Panels { lying: None, in_place: 0, packed });
                continue;
            }
            let lying = lying_b.map(|b| (b.from(steps.start, columns.start), b.row_step));
            let rest = columns.start + in_place * tile.columns..columns.end;
            let operations = rows * inner * all_columns;
            with_packed(tile, b, steps.clone(), rest, operations, |packed| {
                multiply(Panels { lying, in_place, packed });
            });
        }
    }
}

/// Lends panels of some columns of B, packed by several threads if the product of so many operations is worth it.
fn with_packed<T: Gemm>(
    tile: &Tile<T>,
    b: &impl Pack<T>,
    steps: Range<usize>,
    columns: Range<usize>,
    operations: usize,
    work: impl FnOnce(&[T]),
) {
    let panel = tile.columns * steps.len();
    T::with_scratch(columns.len().div_ceil(tile.columns) * panel, |packed| {
        for_each_chunk(packed, PANELS * panel, operations, |number, packed| {
            let first = columns.start + number * PANELS * tile.columns;
            let last = columns.end.min(first + PANELS * tile.columns);
            b.pack_columns(steps.clone(), first..last, tile.columns, packed);
        });
        work(packed);
    });
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
            // Rows that are powers of two apart, so that both factors are packed or copied.
            [127, 512, 512],
            // Few rows, of B as it lies and packed, at the edges of what is summed up at once; one row in several parts.
            [MC, 257, 130],
            [20, 300, 521],
            [9, 256, 1024],
            [1, 700, 301],
            // One row of A, and rows of B that meet in the same place of the first cache.
            [1, 39, 1024],
        ]);
        check_sizes::<f64>(&[[MC + 1, KC + 1, 17], [2, 5, NC + 3], [1, 39, 1024]]);
    }

    #[test]
    fn an_epilogue_is_given_each_row_when_it_is_done() {
        let mut random = Random::new(7, "epilogue", 0);
        for [rows, inner, columns] in
            [[0, 3, 4], [1, 5, 40], [3, 0, 4], [2, 7, 300], [200, 40, NC + 3], [90, KC + 1, 33]]
        {
            let (a, b): (Vec<f32>, Vec<f32>) =
                (numbers(rows * inner, &mut random), numbers(inner * columns, &mut random));
            let (a, b) = (Matrix::new(&a, rows, inner), Matrix::new(&b, inner, columns));
            let (mut c, mut wanted) = (vec![0.0; rows * columns], vec![0.0; rows * columns]);
            gemm([rows, inner, columns], &a, &b, &mut wanted, Update::Set);
            wanted.iter_mut().enumerate().for_each(|(n, wanted)| *wanted = *wanted * 2.0 + n as f32);
            let epilogue = |first: usize, c: &mut [f32]| {
                assert!(first.is_multiple_of(columns) && c.len().is_multiple_of(columns), "rows are whole");
                c.iter_mut().zip(first..).for_each(|(c, n)| *c = *c * 2.0 + n as f32);
            };
            gemm_then([rows, inner, columns], &a, &b, &mut c, Update::Set, Some(&epilogue));
            assert_eq!(c, wanted, "{rows} × {inner} × {columns}");
        }
    }

    #[test]
    fn does_not_depend_on_the_number_of_threads() {
        let mut random = Random::new(6, "threads", 0);
        // Many rows, few rows, few columns, one row.
        for [rows, inner, columns] in [[301, 300, 130], [40, 700, 197], [60, 900, 70], [1, 2000, 131]] {
            let (a, b): (Vec<f32>, Vec<f32>) =
                (numbers(rows * inner, &mut random), numbers(inner * columns, &mut random));
            let (a, b) = (Matrix::new(&a, rows, inner), Matrix::new(&b, inner, columns));
            let product = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let mut c = vec![0.0; rows * columns];
                pool.install(|| gemm([rows, inner, columns], &a, &b, &mut c, Update::Set));
                c
            };
            for threads in [2, 3, 5] {
                assert_eq!(product(1), product(threads), "{rows} × {inner} × {columns}");
            }
        }
    }
}
