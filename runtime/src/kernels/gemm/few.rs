//! Products of few rows: each thread takes some columns of B, packs a part of them, and multiplies it with all rows
//! while it is in the second cache of its core.

#![expect(unsafe_code, reason = "threads write columns of one matrix; the block below has its proof")]

use std::ops::Range;

use super::{Gemm, KC, Lying, NC, Pack, Product, Steps};
use crate::kernels::isa::vectorised;
use crate::kernels::parallel::{Parts, for_each_chunk, for_each_with, members};
use crate::op::Update;

/// Steps of the sum that are added up at once, whatever B is read from, so that the same numbers come out.
const DEPTH: usize = 256;

/// The most panels of B that are packed at once: with as many steps 128 KiB of `f32`.
const PANELS: usize = 4;

/// Some columns of a product of few rows.
struct Strip<'a, T: 'static> {
    product: &'a Product<'a, T>,
    a: Lying<'a, T>,
    columns: Range<usize>,
}

impl<T: Gemm> Product<'_, T> {
    /// Multiplies where there are few rows.
    pub(super) fn multiply_few_rows(&self, a: Lying<'_, T>, b: &impl Pack<T>, c: &mut [T]) {
        let &Self { tile, sizes: [rows, inner, columns], place, update, epilogue } = self;
        let operations = rows * inner * columns;
        let panels = columns.div_ceil(tile.columns);
        let members = members(operations, panels);
        let tasks = panels.div_ceil(PANELS).max(2 * members).next_multiple_of(members).min(panels);
        let at_once = panels.div_ceil(tasks) * tile.columns;
        let tasks = columns.div_ceil(at_once);
        let reads_well = a.reads_well(panels);
        let copied = if reads_well { 0 } else { a.copied(rows, inner) };
        T::with_scratch(copied, |memory| {
            let a = if reads_well { a } else { a.copy(rows, inner, memory) };
            let parts = Parts::new(&mut *c);
            for_each_with(tasks, operations, at_once * (rows + DEPTH), |task, memory| {
                let first = task * at_once;
                let strip = Strip { product: self, a, columns: first..columns.min(first + at_once) };
                let width = strip.columns.len();
                let (sums, memory) = memory.split_at_mut(rows * width);
                strip.multiply(b, sums, memory);
                vectorised(
                    #[inline(always)]
                    || {
                        for (row, sums) in sums.chunks_exact(width).enumerate() {
                            let first = row * place.of + place.first + first;
                            // SAFETY: these columns of `c` belong to this task alone, and one row of them is in use at
                            // a time.
                            let c = unsafe { parts.part(first..first + width) };
                            match update {
                                Update::Set => c.copy_from_slice(sums),
                                Update::Add => c.iter_mut().zip(sums).for_each(|(c, &sum)| *c += sum),
                            }
                        }
                    },
                );
            });
        });
        if let Some(epilogue) = epilogue {
            let chunk = rows.div_ceil(members) * columns;
            for_each_chunk(c, chunk, operations, |number, c| epilogue(number * chunk, c));
        }
    }
}

impl<T: Gemm> Strip<'_, T> {
    /// Sums up all rows, over all steps.
    fn multiply(&self, b: &impl Pack<T>, sums: &mut [T], memory: &mut [T]) {
        let &Product { tile, sizes: [rows, inner, _], .. } = self.product;
        let lying = b.lying().filter(|b| b.reads_as_panels(inner, rows.div_ceil(tile.rows)));
        // The last columns are packed even so: a tile of them would read past the end of a row.
        let lying = lying.filter(|_| self.columns.len().is_multiple_of(tile.columns));
        for first in (0..inner).step_by(DEPTH) {
            let steps = first..inner.min(first + DEPTH);
            if let Some((panels, panel)) = self.kept(b, first) {
                self.add(&steps, (panels, panel, tile.columns), sums);
            } else if let Some(b) = lying {
                self.add(&steps, (b.from(first, self.columns.start), tile.columns, b.row_step), sums);
            } else {
                let panel = tile.columns * steps.len();
                let packed = &mut memory[..self.columns.len().div_ceil(tile.columns) * panel];
                b.pack_columns(steps.clone(), self.columns.clone(), tile.columns, packed);
                self.add(&steps, (packed, panel, tile.columns), sums);
            }
        }
    }

    /// The panels of a packed copy that is kept, if one of its blocks has all columns, from a step on; and how far apart
    /// they are.
    fn kept<'b>(&self, b: &'b impl Pack<T>, step: usize) -> Option<(&'b [T], usize)> {
        let &Product { tile, sizes: [_, inner, columns], .. } = self.product;
        let (first, first_step) = (self.columns.start / NC * NC, step / KC * KC);
        let (block, steps) = (first..(first + NC).min(columns), first_step..(first_step + KC).min(inner));
        let panels = b.packed(&steps, &block, tile.columns).filter(|_| self.columns.end <= block.end)?;
        let panel = tile.columns * steps.len();
        let number = (self.columns.start - first) / tile.columns;
        Some((panels.get(number * panel + (step - first_step) * tile.columns..)?, panel))
    }

    /// Adds up some steps, with panels of B that are so far apart, as are their rows. The first steps set the sums.
    fn add(&self, steps: &Range<usize>, (b, panel, b_step): (&[T], usize, usize), sums: &mut [T]) {
        let &Product { tile, sizes: [rows, ..], .. } = self.product;
        let (height, width) = (rows.div_ceil(rows.div_ceil(tile.rows)), self.columns.len());
        let update = if steps.start == 0 { Update::Set } else { Update::Add };
        let steps_of = Steps::single(steps.len(), self.a.rows(), b_step);
        for (number, first) in (0..width).step_by(tile.columns).enumerate() {
            let size = [tile.columns.min(width - first), width];
            for row in (0..rows).step_by(height) {
                let (a, sums) = (self.a.from(row, steps.start), &mut sums[row * width + first..]);
                let size = [height.min(rows - row), size[0], size[1]];
                tile.run(&steps_of, a, &b[number * panel..], sums, size, update);
            }
        }
    }
}
