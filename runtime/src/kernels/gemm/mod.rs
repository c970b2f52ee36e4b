//! Matrix products: `C = A · B` or `C += A · B`.
//!
//! The loops are those of BLIS (Van Zee and van de Geijn, 2015). B is packed in panels of `NR` columns and A in panels
//! of `MR` rows, so that the microkernel in `tile` reads both from the first byte to the last; `KC` and `MC` keep a
//! panel of B in the first cache and a block of A in the second.
//!
//! A need not be a matrix in memory: whatever can pack a block of itself ([`Pack`]) can stand there, which is how a
//! convolution is a matrix product without its image ever being unrolled.

#![expect(unsafe_code, reason = "threads write columns of one matrix; the block below has its proof")]

mod kept;
mod pack;
mod packed;
mod tile;

use std::ops::Range;

use crate::element::Float;
use crate::op::Update;

pub use kept::{Packs, Right, with_panels};
pub use pack::{Matrix, Pack, Transposed};
pub use packed::Packed;
pub use tile::{Rows, Steps, Tile};

use super::isa::Isa;
use super::parallel::{self, Parts, for_each_chunk, for_each_chunk_with, for_each_with};
use super::scratch::Scratch;

/// Rows of B per block: a panel of 256 × 32 `f32` fills the first cache.
const KC: usize = 256;

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
    let operations = rows * inner * columns;
    let done = if rows == 1 { row(tile, [inner, columns], a, b, &mut c[place.first..], update) } else { 0 };
    for first_column in (done..columns).step_by(NC) {
        let width = NC.min(columns - first_column);
        for first_inner in (0..inner).step_by(KC) {
            let depth = KC.min(inner - first_inner);
            let steps = first_inner..first_inner + depth;
            let update = if first_inner == 0 { update } else { Update::Add };
            let mut multiply = |packed: &[T]| {
                let place = Columns { first: place.first + first_column, ..place };
                let block = Block { tile, depth, place, width, packed, update };
                block.multiply(rows, |part, width, out| a.pack_rows(part, steps.clone(), width, out), c);
            };
            if let Some(packed) = b.packed(&steps, &(first_column..first_column + width), tile.columns) {
                multiply(packed);
                continue;
            }
            T::with_scratch(width.next_multiple_of(tile.columns) * depth, |packed| {
                for_each_chunk(packed, tile.columns * depth, operations, |panel, packed| {
                    let first = panel * tile.columns;
                    let columns = first_column + first..first_column + width.min(first + tile.columns);
                    b.pack_columns(steps.clone(), columns, tile.columns, packed);
                });
                multiply(packed);
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

/// A packed block of B, and where in C its products go.
#[derive(Clone, Copy)]
struct Block<'a, T: 'static> {
    tile: &'a Tile<T>,
    depth: usize,
    place: Columns,
    width: usize,
    packed: &'a [T],
    update: Update,
}

/// The largest part of `whole` that is at most `most`, where all parts are about as large.
fn even(whole: usize, most: usize) -> usize {
    whole.div_ceil(whole.div_ceil(most).max(1)).max(1)
}

impl<T: Gemm> Block<'_, T> {
    /// Multiplies all rows of A with the block, splitting rows between threads where that is worth it; columns where
    /// there are few rows.
    fn multiply(&self, rows: usize, pack: impl Fn(Range<usize>, usize, &mut [T]) + Sync, c: &mut [T]) {
        let (tile, operations) = (self.tile, rows * self.depth * self.width);
        let members = parallel::members(operations, self.width.div_ceil(tile.columns).max(rows.div_ceil(tile.rows)));
        if rows < members * tile.rows / 2 {
            return self.multiply_columns(rows, pack, c);
        }
        // Some tasks for each thread, so that none waits long for another that was slower.
        let tasks = if members > 1 { rows.div_ceil(MC).max(TASKS * members).min(rows.div_ceil(tile.rows)) } else { 1 };
        let height = even(rows.div_ceil(tasks.next_multiple_of(members)).min(MC), tile.rows);
        let at_once = (rows.div_ceil(tasks).min(MC) / height * height).max(height);
        let memory = at_once * self.depth;
        for_each_chunk_with(c, at_once * self.place.of, operations, memory, |number, c, packed| {
            let first = number * at_once;
            let rows = c.len() / self.place.of;
            let packed = &mut packed[..rows.next_multiple_of(height) * self.depth];
            pack(first..first + rows, height, packed);
            self.multiply_rows(packed, height, rows, c);
        });
    }

    /// As [`Block::multiply`], with few rows, which are packed once; a thread takes some columns.
    fn multiply_columns(&self, rows: usize, pack: impl Fn(Range<usize>, usize, &mut [T]), c: &mut [T]) {
        let (tile, height) = (self.tile, even(rows, self.tile.rows));
        let operations = rows * self.depth * self.width;
        T::with_scratch(rows.next_multiple_of(height) * self.depth, |packed| {
            pack(0..rows, height, packed);
            let (packed, c) = (&*packed, Parts::new(c));
            let panels = self.width.div_ceil(tile.columns);
            for_each_with(panels, operations, rows * tile.columns, |panel, product| {
                let column = panel * tile.columns;
                let width = tile.columns.min(self.width - column);
                let place = Columns { first: 0, of: width };
                let b = &self.packed[column * self.depth..][..tile.columns * self.depth];
                let block = Block { place, width, packed: b, update: Update::Set, ..*self };
                block.multiply_rows(packed, height, rows, &mut product[..rows * width]);
                for (row, product) in product.chunks_exact(width).take(rows).enumerate() {
                    let first = row * self.place.of + self.place.first + column;
                    // SAFETY: these columns of `c` belong to this task alone, and one row of them is in use at a time.
                    let c = unsafe { c.part(first..first + width) };
                    match self.update {
                        Update::Set => c.copy_from_slice(product),
                        Update::Add => c.iter_mut().zip(product).for_each(|(c, &product)| *c += product),
                    }
                }
            });
        });
    }

    /// Multiplies a packed block of A, in panels of `height` rows, with the block: one tile of C after the other, down
    /// the rows.
    fn multiply_rows(&self, a: &[T], height: usize, rows: usize, c: &mut [T]) {
        let panel = self.tile.columns * self.depth;
        let steps = Steps::packed(self.depth, height, self.tile.columns);
        for (number, b) in self.packed.chunks_exact(panel).enumerate() {
            let column = number * self.tile.columns;
            let width = self.tile.columns.min(self.width - column);
            for (number, a) in a.chunks_exact(height * self.depth).enumerate() {
                let row = number * height;
                let height = height.min(rows - row);
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
