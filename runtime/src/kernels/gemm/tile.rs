//! The microkernel: one tile of C, held in registers.

#![expect(unsafe_code, reason = "vector instructions; bounds are checked once in `Tile::run`")]

use super::row::{self, Places};
use crate::element::Float;
use crate::kernels::isa::Isa;
use crate::kernels::simd::{Four, Vector, line, prefetch};
use crate::op::Update;

/// The most rows of a tile, and the most numbers of one.
const HIGHEST: usize = 14;
const LARGEST: usize = HIGHEST * 32;

/// How a tile's factors lie in memory. The sum has `segments × depth` steps.
///
/// In step `k` of segment `s` row `r` of A is at `s · segment + k · step + r · row`, where one of the last two
/// distances is 1; and B's numbers begin at `s · b_segment + k · b_step`.
#[derive(Clone, Copy, Debug)]
pub struct Steps {
    /// How many segments there are.
    pub segments: usize,
    /// The steps of a segment.
    pub depth: usize,
    /// How far apart in A the segments begin.
    pub segment: usize,
    /// Where the numbers of A are.
    pub a: Rows,
    /// How far apart in B the segments begin.
    pub b_segment: usize,
    /// How far apart in B the steps are.
    pub b_step: usize,
}

/// Where in A the rows of a tile are.
#[derive(Clone, Copy, Debug)]
pub enum Rows {
    /// The rows of one step are neighbours; the steps are so far apart.
    Together(usize),
    /// The steps of one row are neighbours; the rows are so far apart.
    Apart(usize),
}

impl Steps {
    /// A single segment.
    pub const fn single(depth: usize, a: Rows, b_step: usize) -> Self {
        Self { segments: 1, depth, segment: 0, a, b_segment: 0, b_step }
    }

    /// A panel of A and one of B, packed.
    pub const fn packed(depth: usize, rows: usize, columns: usize) -> Self {
        Self::single(depth, Rows::Together(rows), columns)
    }

    /// How many numbers of A are within reach of a tile of this height.
    fn of_a(&self, height: usize) -> usize {
        let (row, step) = match self.a {
            Rows::Together(step) => (1, step),
            Rows::Apart(row) => (row, 1),
        };
        reach([(self.segments, self.segment), (self.depth, step), (height, row)])
    }

    /// How many numbers of B are within reach of a tile of so many columns.
    fn of_b(&self, columns: usize) -> usize {
        reach([(self.segments, self.b_segment), (self.depth, self.b_step), (columns, 1)])
    }
}

/// One more than the largest index, for counts of positions that are so far apart. Too much rather than wrapped around.
pub fn reach<const N: usize>(axes: [(usize, usize); N]) -> usize {
    if axes.iter().any(|&(count, _)| count == 0) {
        return 0;
    }
    axes.iter().fold(1, |reach: usize, &(count, step)| reach.saturating_add((count - 1).saturating_mul(step)))
}

/// Microkernels for tiles of one width and up to so many rows.
#[derive(Clone, Copy)]
pub struct Tile<T: 'static> {
    /// `MR`: the most rows of a tile, and the width of a panel of A.
    pub rows: usize,
    /// `NR`: the columns of a tile, and the width of a panel of B.
    pub columns: usize,
    /// For each height, with rows together and apart; each for one vector of columns and for two.
    kernels: &'static Heights<T>,
    /// The kernel for a product of one row.
    row: RowKernel<T>,
}

type Heights<T> = [[[Kernel<T>; 2]; 2]];

/// Multiplies by these steps (segments, depth, distance of the segments, of rows or steps of A, of B's segments and
/// steps) into a tile at `c`, whose rows are `stride` apart.
type Kernel<T> = unsafe fn(steps: [usize; 6], a: *const T, b: *const T, c: *mut T, stride: usize, update: Update);

/// As [`row::multiply_row`].
type RowKernel<T> = unsafe fn(sizes: [usize; 4], a: *const T, b: *const T, c: *mut T);

impl<T: Float> Tile<T> {
    const fn new<V: Vector<Element = T>>(kernels: &'static Heights<T>, row: RowKernel<T>) -> Self {
        let (rows, columns) = (kernels.len(), 2 * V::LANES);
        assert!(rows * columns <= LARGEST, "an edge is computed in a buffer of the largest tile");
        Self { rows, columns, kernels, row }
    }

    /// Computes a tile. `c` begins at its first element; `[height, width]` is how much of the tile lies inside C, and
    /// `stride` the distance of its rows.
    ///
    /// # Panics
    ///
    /// Where a slice is too short; a caller's defect.
    pub fn run(
        &self,
        steps: &Steps,
        a: &[T],
        b: &[T],
        c: &mut [T],
        [height, width, stride]: [usize; 3],
        update: Update,
    ) {
        assert!(height > 0 && height <= self.rows && width <= self.columns && width <= stride, "not a tile");
        let vectors = if width > self.columns / 2 { 2 } else { 1 };
        let columns = self.columns / 2 * vectors;
        assert!(a.len() >= steps.of_a(height) && b.len() >= steps.of_b(columns), "a factor is too short");
        assert!(c.len() >= (height - 1) * stride + width, "C is too short");
        let Steps { segments, depth, segment, b_segment, b_step, .. } = *steps;
        let (apart, distance) = match steps.a {
            Rows::Together(step) => (0, step),
            // These are neighbours as well, whose places are simpler to compute.
            Rows::Apart(1) => (0, 1),
            Rows::Apart(row) => (1, row),
        };
        let kernel = self.kernels[height - 1][apart][vectors - 1];
        let steps = [segments, depth, segment, distance, b_segment, b_step];
        if width == columns {
            // SAFETY: `Tile::for_isa` chose the kernels for instructions that the machine has; the factors are long
            // enough for all steps of this height, and C for the whole tile, as just checked.
            unsafe { kernel(steps, a.as_ptr(), b.as_ptr(), c.as_mut_ptr(), stride, update) };
            return;
        }
        let mut whole = [T::zero(); LARGEST];
        // SAFETY: as above, with a C of `height` rows of `columns`, at most the buffer's length (`Tile::new`).
        unsafe { kernel(steps, a.as_ptr(), b.as_ptr(), whole.as_mut_ptr(), columns, Update::Set) };
        for (row, whole) in whole.chunks_exact(columns).take(height).enumerate() {
            let c = &mut c[row * stride..][..width];
            match update {
                Update::Set => c.copy_from_slice(&whole[..width]),
                Update::Add => c.iter_mut().zip(whole).for_each(|(c, &whole)| *c += whole),
            }
        }
    }

    /// Multiplies numbers by as many rows of B, `b_step` apart: `c` gets the sums of each vector of `places`.
    ///
    /// # Panics
    ///
    /// Where a slice is too short, or vectors are others; a caller's defect.
    pub fn run_row(&self, a: &[T], b: &[T], b_step: usize, places: Places, c: &mut [T]) {
        let (columns, vector) = (places.columns, places.vector);
        assert!(vector == self.columns / 2 && vector <= columns, "vectors of another size");
        assert!(c.len() >= places.count() * vector, "C is too short");
        assert!(b.len() >= reach([(a.len(), b_step), (columns, 1)]), "B is too short");
        // SAFETY: `Tile::for_isa` chose the kernel for instructions that the machine has; it reads each number of `a` and
        // as many rows of `b`, and writes a vector for each place to `c`, as just checked.
        unsafe { (self.row)([a.len(), b_step, columns, places.second], a.as_ptr(), b.as_ptr(), c.as_mut_ptr()) };
    }
}

/// A step of the sums: numbers of A, so far apart, times vectors of B.
///
/// # Safety
///
/// The machine has the instructions of `V`. `ROWS` numbers can be read at `a`, and as many vectors as a row has at `b`.
#[inline(always)]
unsafe fn step<V: Vector, const ROWS: usize, const VECTORS: usize>(
    a: *const V::Element,
    distance: usize,
    b: *const V::Element,
    sums: &mut [[V; VECTORS]; ROWS],
) {
    // SAFETY: the caller vouches for the instructions and for the addresses.
    unsafe {
        // No closure: one over vectors is not always compiled for the caller's instructions.
        let mut columns = [V::splat(<V::Element as num_traits::Zero>::zero()); VECTORS];
        for (vector, column) in columns.iter_mut().enumerate() {
            *column = V::load(b.add(vector * V::LANES));
        }
        for (row, sums) in sums.iter_mut().enumerate() {
            let factor = V::splat(*a.add(row * distance));
            for (sum, &column) in sums.iter_mut().zip(&columns) {
                *sum = factor.mul_add(column, *sum);
            }
        }
    }
}

/// The microkernel for a tile of `ROWS` rows and `VECTORS` vectors of columns, with A's rows apart or together.
///
/// # Safety
///
/// The machine has the instructions of `V`. `a` can be read wherever [`Steps`] of these numbers say for `ROWS` rows, and
/// `b` for `VECTORS * LANES` columns; `c` can be written (and read, for [`Update::Add`]) in `ROWS` rows of `VECTORS *
/// LANES`, `stride` apart.
#[inline(always)]
unsafe fn multiply<V: Vector, const ROWS: usize, const VECTORS: usize, const APART: bool>(
    [segments, depth, segment, distance, b_segment, b_step]: [usize; 6],
    a: *const V::Element,
    b: *const V::Element,
    c: *mut V::Element,
    stride: usize,
    update: Update,
) {
    let (row_distance, step_distance) = if APART { (distance, 1) } else { (1, distance) };
    // SAFETY: the caller vouches for the instructions and for all addresses: of A, of B, and C's tile only. Offsets of A
    // and B are those of a step that there is.
    unsafe {
        let mut sums = [[V::splat(<V::Element as num_traits::Zero>::zero()); VECTORS]; ROWS];
        for s in 0..segments {
            let (a, b) = (a.add(s * segment), b.add(s * b_segment));
            // C is asked for a row at a time: all at once would keep the factors waiting.
            let ahead = if s == 0 { depth.min(ROWS) } else { 0 };
            for k in 0..ahead {
                for vector in 0..VECTORS {
                    prefetch(c.add(k * stride + vector * V::LANES));
                }
                step(a.add(k * step_distance), row_distance, b.add(k * b_step), &mut sums);
            }
            // Rows that are apart are too many short stretches of memory for the processor to see what is next. So it is
            // told the lines of the next tile, if rows follow one another: of a convolution, in the last row of a filter,
            // as those above it have been read before. Once for a line: with a count of its own in the loop over steps,
            // which has no register left for it, half of all runs were a fifth slower.
            let tells = APART && row_distance < 2 * depth && s + 1 == segments;
            let at_once = if tells { line::<V::Element>() } else { depth.max(1) };
            for first in (ahead..depth).step_by(at_once) {
                if tells {
                    for row in ROWS..2 * ROWS {
                        prefetch(a.wrapping_add(row * row_distance + first));
                    }
                }
                for k in first..depth.min(first + at_once) {
                    step(a.add(k * step_distance), row_distance, b.add(k * b_step), &mut sums);
                }
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            for (vector, &sum) in sums.iter().enumerate() {
                let c = c.add(row * stride + vector * V::LANES);
                let sum = if update == Update::Add { sum.add(V::load(c)) } else { sum };
                sum.store(c);
            }
        }
    }
}

/// The kernels of each height, with rows together and apart.
macro_rules! heights {
    ($module:ident: $($height:literal)*) => {
        &[$([
            [$module::multiply::<$height, 1, false>, $module::multiply::<$height, 2, false>],
            [$module::multiply::<$height, 1, true>, $module::multiply::<$height, 2, true>],
        ]),*]
    };
}

/// The kernels of a number for a set of instructions, in a module of their own.
macro_rules! kernels {
    ($($(#[$features:meta])* $module:ident: $vector:ty, $number:ty;)*) => {$(
        mod $module {
            use super::*;

            /// # Safety
            ///
            /// As for [`multiply`](super::multiply), on a machine with the features that are named here.
            $(#[$features])*
            pub(super) unsafe fn multiply<const ROWS: usize, const VECTORS: usize, const APART: bool>(
                steps: [usize; 6],
                a: *const $number,
                b: *const $number,
                c: *mut $number,
                stride: usize,
                update: Update,
            ) {
                // SAFETY: the caller vouches for all of it.
                unsafe { super::multiply::<$vector, ROWS, VECTORS, APART>(steps, a, b, c, stride, update) }
            }

            /// # Safety
            ///
            /// As for [`multiply_row`](row::multiply_row), on such a machine.
            $(#[$features])*
            pub(super) unsafe fn row(
                sizes: [usize; 4],
                a: *const $number,
                b: *const $number,
                c: *mut $number,
            ) {
                // SAFETY: the caller vouches for all of it.
                unsafe { row::multiply_row::<$vector>(sizes, a, b, c) }
            }
        }
    )*};
}

kernels! {
    portable_f32: Four<f32>, f32;
    portable_f64: Four<f64>, f64;
}

#[cfg(target_arch = "x86_64")]
kernels! {
    #[target_feature(enable = "avx512f")] avx512_f32: std::arch::x86_64::__m512, f32;
    #[target_feature(enable = "avx512f")] avx512_f64: std::arch::x86_64::__m512d, f64;
    #[target_feature(enable = "avx2,fma")] avx2_f32: std::arch::x86_64::__m256, f32;
    #[target_feature(enable = "avx2,fma")] avx2_f64: std::arch::x86_64::__m256d, f64;
}

impl Tile<f32> {
    /// The tile for a set of instructions.
    pub fn for_isa(isa: Isa) -> Self {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => Self::new::<std::arch::x86_64::__m512>(
                heights!(avx512_f32: 1 2 3 4 5 6 7 8 9 10 11 12 13 14),
                avx512_f32::row,
            ),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => Self::new::<std::arch::x86_64::__m256>(heights!(avx2_f32: 1 2 3 4 5 6), avx2_f32::row),
            Isa::Portable => Self::new::<Four<f32>>(heights!(portable_f32: 1 2 3 4), portable_f32::row),
        }
    }
}

impl Tile<f64> {
    /// The tile for a set of instructions.
    pub fn for_isa(isa: Isa) -> Self {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => Self::new::<std::arch::x86_64::__m512d>(
                heights!(avx512_f64: 1 2 3 4 5 6 7 8 9 10 11 12 13 14),
                avx512_f64::row,
            ),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => Self::new::<std::arch::x86_64::__m256d>(heights!(avx2_f64: 1 2 3 4 5 6), avx2_f64::row),
            Isa::Portable => Self::new::<Four<f64>>(heights!(portable_f64: 1 2 3 4), portable_f64::row),
        }
    }
}
