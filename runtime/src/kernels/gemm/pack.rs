//! Packing: the parts of a factor in the order in which the microkernel reads them.

use std::ops::Range;

use super::Rows;
use super::transpose::{LANES, transpose};
use crate::element::Float;
use crate::kernels::isa::vectorised;
use crate::kernels::simd::{line, prefetch_all};

/// Distances in bytes of which multiples meet in the same places of a cache.
const ALIASING: usize = 2048;

/// The size of a page in bytes, as a rule.
const PAGE: usize = 4096;

/// The most bytes of a right factor that stay in the second cache however its rows lie.
const SMALL: usize = 1 << 19;

/// How often a factor is read where packing it takes longer than reading it badly.
const FEW: usize = 8;

/// Rows ahead of the one that is packed that are asked for. They are too short for the processor to see which are next;
/// and if they are a page apart, as of many matrices, eight of them fill their places in the first cache.
const AHEAD: usize = 4;

/// Panels that are packed at once.
pub const PANELS: usize = 8;

/// A factor of a product that can lay out a block of itself in panels.
///
/// A panel of `width` rows (of the left factor) or columns (of the right one) holds, for each step of the sum, its
/// `width` numbers side by side; what is past the edge is 0.
pub trait Pack<T>: Sync {
    /// Packs rows of the left factor: `out` holds `rows / width` panels, rounded up, each over the same `inner`.
    fn pack_rows(&self, rows: Range<usize>, inner: Range<usize>, width: usize, out: &mut [T]);

    /// Packs columns of the right factor: `out` holds `columns / width` panels, rounded up.
    fn pack_columns(&self, inner: Range<usize>, columns: Range<usize>, width: usize, out: &mut [T]);

    /// The panels of a block of the right factor, `width` columns each, if a copy of it is kept.
    fn packed(&self, _inner: &Range<usize>, _columns: &Range<usize>, _width: usize) -> Option<&[T]> {
        None
    }

    /// Where it lies in memory, if neighbours of a row or of a column do side by side.
    fn lying(&self) -> Option<Lying<'_, T>> {
        None
    }
}

/// Where the numbers of a factor are: one of the two distances is 1.
#[derive(Clone, Copy, Debug)]
pub struct Lying<'a, T> {
    /// The numbers, from the first on.
    pub data: &'a [T],
    /// How far apart the rows are.
    pub row_step: usize,
    /// How far apart the columns are.
    pub column_step: usize,
}

impl<'a, T> Lying<'a, T> {
    /// The numbers from an element on.
    pub fn from(&self, row: usize, column: usize) -> &'a [T] {
        &self.data[row * self.row_step + column * self.column_step..]
    }

    /// Whether the left factor is read so often where it lies no slower than packed: numbers that are a power of two
    /// apart share few places of the first cache, and columns that are further apart than a page need one for each step.
    pub fn reads_well(&self, times: usize) -> bool {
        let distance = self.row_step.max(self.column_step) * size_of::<T>();
        times <= FEW || !distance.is_multiple_of(ALIASING) && (self.column_step == 1 || distance < PAGE)
    }

    /// Whether so many rows of the right factor are read so often where they lie no slower than packed: those of a large
    /// one share few places of the second cache as well.
    pub fn reads_as_panels(&self, rows: usize, times: usize) -> bool {
        let distance = self.row_step * size_of::<T>();
        self.column_step == 1 && (times <= 1 || distance < ALIASING || times <= FEW && rows * distance <= SMALL)
    }

    /// How far apart the rows or columns are that lie in one piece, in a copy of so many of both that is read well: by
    /// an odd number of lines of the cache.
    fn pitch(&self, rows: usize, columns: usize) -> usize {
        let length = if self.column_step == 1 { columns } else { rows };
        (length.div_ceil(line::<T>()) | 1) * line::<T>()
    }

    /// The memory for such a copy.
    pub fn copied(&self, rows: usize, columns: usize) -> usize {
        self.pitch(rows, columns) * if self.column_step == 1 { rows } else { columns }
    }

    /// Copies so many rows and columns into memory from which they are read well.
    pub fn copy(&self, rows: usize, columns: usize, memory: &'a mut [T]) -> Self
    where
        T: Copy,
    {
        let pitch = self.pitch(rows, columns);
        let memory = &mut memory[..self.copied(rows, columns)];
        let (length, step) = if self.column_step == 1 { (columns, self.row_step) } else { (rows, self.column_step) };
        for (line, out) in memory.chunks_exact_mut(pitch).enumerate() {
            out[..length].copy_from_slice(&self.data[line * step..][..length]);
        }
        let [row_step, column_step] = if self.column_step == 1 { [pitch, 1] } else { [1, pitch] };
        Self { data: memory, row_step, column_step }
    }

    /// How the rows of a tile lie.
    pub fn rows(&self) -> Rows {
        if self.column_step == 1 { Rows::Apart(self.row_step) } else { Rows::Together(self.column_step) }
    }
}

/// A matrix in memory.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, T> {
    data: &'a [T],
    row_stride: usize,
    column_stride: usize,
}

impl<'a, T: Float> Matrix<'a, T> {
    /// The matrix whose rows follow one another.
    ///
    /// # Panics
    ///
    /// Where there are fewer elements than that; a caller's defect.
    pub fn new(data: &'a [T], rows: usize, columns: usize) -> Self {
        Self { data: &data[..rows * columns], row_stride: columns, column_stride: 1 }
    }

    /// The matrix with rows and columns exchanged.
    pub fn transposed(self) -> Self {
        Self { row_stride: self.column_stride, column_stride: self.row_stride, ..self }
    }

    /// The matrix of some of its columns.
    ///
    /// # Panics
    ///
    /// Where it has no such columns; a caller's defect.
    pub fn columns(self, columns: Range<usize>) -> Self {
        Self { data: &self.data[columns.start * self.column_stride..], ..self }
    }

    /// An element.
    #[cfg(test)]
    pub fn get(&self, row: usize, column: usize) -> T {
        self.data[row * self.row_stride + column * self.column_stride]
    }

    /// The columns `inner` of each of `rows` (of the transposed matrix for the right factor), in panels.
    fn pack(&self, rows: Range<usize>, inner: Range<usize>, width: usize, out: &mut [T]) {
        vectorised(
            #[inline(always)]
            || {
                if self.row_stride == 1 {
                    self.pack_side_by_side(rows, inner, width, out);
                    return;
                }
                let firsts = rows.clone().step_by(width);
                for (first, out) in firsts.zip(out.chunks_exact_mut(width * inner.len())) {
                    self.pack_across(first, width.min(rows.end - first), inner.clone(), width, out);
                }
            },
        );
    }

    /// Panels whose numbers of one step are neighbours in memory: of several panels at once, so that as many are read
    /// as lie together.
    #[inline(always)]
    fn pack_side_by_side(&self, rows: Range<usize>, inner: Range<usize>, width: usize, out: &mut [T]) {
        let panel = width * inner.len();
        for (group, out) in out.chunks_mut(PANELS * panel).enumerate() {
            let first = rows.start + group * PANELS * width;
            let together = (rows.end - first).min(PANELS * width);
            for (step, k) in inner.clone().enumerate() {
                let from = &self.data[first + k * self.column_stride..];
                if let Some(from) = from.get(AHEAD * self.column_stride..).and_then(|from| from.get(..together)) {
                    prefetch_all(from);
                }
                for (number, out) in out.chunks_exact_mut(panel).enumerate() {
                    let (from, out) = (&from[number * width..], &mut out[step * width..][..width]);
                    let inside = width.min((rows.end - first).saturating_sub(number * width));
                    copy(&from[..inside], &mut out[..inside]);
                    out[inside..].fill(T::zero());
                }
            }
        }
    }

    /// A panel whose numbers of one row are neighbours in memory, or none are.
    #[inline(always)]
    fn pack_across(&self, first: usize, height: usize, inner: Range<usize>, width: usize, out: &mut [T]) {
        let from = &self.data[first * self.row_stride + inner.start * self.column_stride..];
        if height >= LANES && self.column_stride == 1 {
            // A few rows at a time, whose numbers of one step are written side by side; the last of them perhaps twice.
            for row in (0..height).step_by(LANES).map(|row| row.min(height - LANES)) {
                let rows: [&[T]; LANES] = std::array::from_fn(|n| &from[(row + n) * self.row_stride..][..inner.len()]);
                transpose(rows, width, &mut out[row..]);
            }
        } else {
            for row in 0..height {
                let from = &from[row * self.row_stride..];
                let to = out[row..].iter_mut().step_by(width);
                from.iter().step_by(self.column_stride).zip(to).take(inner.len()).for_each(|(&from, to)| *to = from);
            }
        }
        for row in height..width {
            out[row..].iter_mut().step_by(width).for_each(|to| *to = T::zero());
        }
    }
}

/// Copies a few numbers; a call of `memcpy` takes longer than that.
#[inline(always)]
pub fn copy<T: Copy>(from: &[T], to: &mut [T]) {
    let ((from, rest), (to, rest_of_to)) = (from.as_chunks::<LANES>(), to.as_chunks_mut::<LANES>());
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    rest_of_to.iter_mut().zip(rest).for_each(|(to, &from)| *to = from);
}

impl<T: Float> Pack<T> for Matrix<'_, T> {
    fn pack_rows(&self, rows: Range<usize>, inner: Range<usize>, width: usize, out: &mut [T]) {
        self.pack(rows, inner, width, out);
    }

    fn pack_columns(&self, inner: Range<usize>, columns: Range<usize>, width: usize, out: &mut [T]) {
        self.transposed().pack(columns, inner, width, out);
    }

    fn lying(&self) -> Option<Lying<'_, T>> {
        let Self { data, row_stride: row_step, column_stride: column_step } = *self;
        (row_step == 1 || column_step == 1).then_some(Lying { data, row_step, column_step })
    }
}

/// A factor with rows and columns exchanged.
#[derive(Clone, Copy, Debug)]
pub struct Transposed<A>(pub A);

impl<T, A: Pack<T>> Pack<T> for Transposed<A> {
    fn pack_rows(&self, rows: Range<usize>, inner: Range<usize>, width: usize, out: &mut [T]) {
        self.0.pack_columns(inner, rows, width, out);
    }

    fn lying(&self) -> Option<Lying<'_, T>> {
        let Lying { data, row_step, column_step } = self.0.lying()?;
        Some(Lying { data, row_step: column_step, column_step: row_step })
    }

    fn pack_columns(&self, inner: Range<usize>, columns: Range<usize>, width: usize, out: &mut [T]) {
        self.0.pack_rows(columns, inner, width, out);
    }
}
