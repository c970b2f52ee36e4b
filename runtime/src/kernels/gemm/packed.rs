//! A right factor that is packed once, to be multiplied with many left ones.

use std::ops::Range;

use super::block::{Block, Panels};
use super::{Columns, Gemm, KC, MC, PACKING, Pack, Tile, clear, even};
use crate::kernels::isa::Isa;
use crate::kernels::parallel::for_each_chunk;
use crate::op::Update;

/// A packed right factor, all of it.
#[derive(Clone, Copy)]
pub struct Packed<'a, T: 'static> {
    tile: Tile<T>,
    inner: usize,
    columns: usize,
    /// For each `KC` steps of the sum the panels of all columns.
    panels: &'a [T],
}

impl<T: Gemm> Packed<'_, T> {
    /// Packs a factor of `inner` rows, in memory of this thread, and lends it to `work`.
    pub fn with<R>([inner, columns]: [usize; 2], b: &impl Pack<T>, work: impl FnOnce(&Packed<'_, T>) -> R) -> R {
        let tile = T::tile(Isa::best());
        let padded = columns.next_multiple_of(tile.columns);
        T::with_scratch(padded * inner, |panels| {
            for first in (0..inner).step_by(KC) {
                let part = first..inner.min(first + KC);
                let panels = &mut panels[padded * part.start..padded * part.end];
                let operations = PACKING * panels.len();
                for_each_chunk(panels, tile.columns * part.len(), operations, |panel, out| {
                    let first = panel * tile.columns;
                    b.pack_columns(part.clone(), first..columns.min(first + tile.columns), tile.columns, out);
                });
            }
            work(&Packed { tile, inner, columns, panels })
        })
    }

    /// The memory that a product of so many rows needs.
    pub fn memory(&self, rows: usize) -> usize {
        rows.min(MC).next_multiple_of(self.tile.rows) * self.inner.min(KC)
    }

    /// Multiplies rows of a left factor with it, on this thread, into some columns of `c`, which has these rows only.
    ///
    /// # Panics
    ///
    /// Where `c` is shorter than that, or the memory than [`Packed::memory`] says; a caller's defect.
    pub fn multiply(
        &self,
        rows: Range<usize>,
        a: &impl Pack<T>,
        (c, place): (&mut [T], Columns),
        update: Update,
        memory: &mut [T],
    ) {
        if self.inner == 0 {
            clear(&mut c[..rows.len() * place.of], place, self.columns, update);
            return;
        }
        let (padded, width) = (self.columns.next_multiple_of(self.tile.columns), self.columns);
        for first in rows.clone().step_by(MC) {
            let block_rows = first..rows.end.min(first + MC);
            let height = even(block_rows.len(), self.tile.rows);
            let c = &mut c[(first - rows.start) * place.of..];
            let c = &mut c[..block_rows.len() * place.of];
            for first in (0..self.inner).step_by(KC) {
                let steps = first..self.inner.min(first + KC);
                let packed = &self.panels[padded * steps.start..padded * steps.end];
                let b = Panels { lying: None, in_place: 0, packed };
                let update = if first == 0 { update } else { Update::Add };
                let block = Block { tile: &self.tile, steps, place, width, b, update };
                block.multiply_rows(block_rows.clone(), height, a, c, memory);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::gemm::Matrix;
    use crate::kernels::reference;

    fn numbers(count: usize) -> Vec<f64> {
        (0..count).map(|n| ((n * 7) % 11) as f64 - 5.0).collect()
    }

    #[test]
    fn parts_of_rows_go_into_parts_of_columns() {
        for [rows, inner, columns] in [[1, 1, 1], [5, 0, 3], [MC + 3, 3, 2], [13, KC + 1, 33], [2, 2 * KC, 16]] {
            let (a, b) = (numbers(rows * inner), numbers(inner * columns));
            let (a, b) = (Matrix::new(&a, rows, inner), Matrix::new(&b, inner, columns));
            let place = Columns { first: 1, of: columns + 2 };
            for (update, from) in [(Update::Set, 0), (Update::Add, rows / 2)] {
                let mut c = vec![1.0; (rows - from) * place.of];
                let mut product = vec![1.0; (rows - from) * columns];
                let sizes = [rows - from, inner, columns];
                reference::gemm(sizes, |i, k| a.get(from + i, k), |k, j| b.get(k, j), &mut product, update);
                Packed::with([inner, columns], &b, |b| {
                    b.multiply(from..rows, &a, (&mut c, place), update, &mut vec![0.0; b.memory(rows - from)]);
                });
                for (c, product) in c.chunks_exact(place.of).zip(product.chunks_exact(columns)) {
                    assert_eq!(&c[1..=columns], product);
                    assert_eq!([c[0], c[columns + 1]], [1.0, 1.0]);
                }
            }
        }
    }
}
