//! A block of a product: all rows of A by a part of B that the caches hold.

use std::ops::Range;

use super::{Columns, Epilogue, Gemm, Lying, MC, Pack, Rows, Steps, TASKS, Tile};
use crate::kernels::parallel::{self, Units, for_each_stretch_with};
use crate::op::Update;

/// A part of B in panels.
#[derive(Clone, Copy)]
pub struct Panels<'a, T> {
    /// Where B lies, from the part's first number on, and how far apart its rows are; its columns are neighbours.
    pub lying: Option<(&'a [T], usize)>,
    /// How many panels are read there.
    pub in_place: usize,
    /// The others, packed.
    pub packed: &'a [T],
}

impl<'a, T> Panels<'a, T> {
    /// A panel of so many rows and columns, and how far apart its rows are.
    fn panel(&self, number: usize, [depth, columns]: [usize; 2]) -> (&'a [T], usize) {
        match (self.lying, number.checked_sub(self.in_place)) {
            (Some((data, step)), None) => (&data[number * columns..], step),
            (_, number) => (&self.packed[number.unwrap_or(0) * columns * depth..][..columns * depth], columns),
        }
    }
}

/// Rows of A for some steps of the sum: where they lie, or packed in panels of a height.
#[derive(Clone, Copy)]
enum Left<'a, T> {
    Lying(Lying<'a, T>),
    Packed(&'a [T]),
}

/// A part of B, and where in C its products go.
pub struct Block<'a, T: 'static> {
    /// The microkernel.
    pub tile: &'a Tile<T>,
    /// The steps of the sum: columns of A.
    pub steps: Range<usize>,
    /// The columns of C.
    pub place: Columns,
    /// How many they are.
    pub width: usize,
    /// The part of B.
    pub b: Panels<'a, T>,
    /// What becomes of C.
    pub update: Update,
}

impl<T: Gemm> Block<'_, T> {
    fn panels(&self) -> usize {
        self.width.div_ceil(self.tile.columns)
    }

    /// Multiplies all rows of A with the block, splitting rows between threads where that is worth it. Rows of C that are
    /// done go through the epilogue.
    pub fn multiply(&self, rows: usize, a: &impl Pack<T>, c: &mut [T], epilogue: Option<Epilogue<'_, T>>) {
        let (tile, operations) = (self.tile, rows * self.steps.len() * self.width);
        let members = parallel::members(operations, self.panels().max(rows.div_ceil(tile.rows)));
        // As many tiles for each thread; and some tasks, so that none waits long for another that was slower.
        let height = rows.div_ceil(rows.div_ceil(tile.rows).next_multiple_of(members));
        let tiles = rows.div_ceil(height);
        let several = if members > 1 { TASKS * members } else { 1 };
        let tasks = rows.div_ceil(MC).max(several).next_multiple_of(members).min(tiles);
        let memory = self.memory(a, tiles.div_ceil(tasks) * height, height);
        let units = Units { length: height * self.place.of, group: c.len(), of_group: tiles };
        for_each_stretch_with(c, (units, tasks), operations, memory, |tiles, c, memory| {
            let first = tiles.start * height;
            self.multiply_rows(first..first + c.len() / self.place.of, height, a, c, memory);
            epilogue.into_iter().for_each(|epilogue| epilogue(units.start(tiles.start), c));
        });
    }

    /// The memory for so many rows of A in panels of this height.
    pub fn memory(&self, a: &impl Pack<T>, rows: usize, height: usize) -> usize {
        match a.lying() {
            Some(a) if a.reads_well(self.panels()) => 0,
            Some(a) => a.copied(rows, self.steps.len()),
            None => rows.next_multiple_of(height) * self.steps.len(),
        }
    }

    /// Rows of A where they lie, or in memory.
    fn left<'a>(&self, rows: Range<usize>, height: usize, a: &'a impl Pack<T>, memory: &'a mut [T]) -> Left<'a, T> {
        if let Some(a) = a.lying() {
            let a = Lying { data: a.from(rows.start, self.steps.start), ..a };
            let reads_well = a.reads_well(self.panels());
            return Left::Lying(if reads_well { a } else { a.copy(rows.len(), self.steps.len(), memory) });
        }
        let packed = &mut memory[..rows.len().next_multiple_of(height) * self.steps.len()];
        a.pack_rows(rows, self.steps.clone(), height, packed);
        Left::Packed(packed)
    }

    /// Multiplies some rows of A with the block, on this thread, into `c`, which has these rows only.
    pub fn multiply_rows(&self, rows: Range<usize>, height: usize, a: &impl Pack<T>, c: &mut [T], memory: &mut [T]) {
        let left = (rows.len(), height, self.left(rows, height, a, memory));
        for panel in 0..self.panels() {
            let first = self.place.first + panel * self.tile.columns;
            self.multiply_panel(panel, left, c, [first, self.place.of], self.update);
        }
    }

    /// One tile of C after the other, down the rows, beginning at a column of `of`.
    fn multiply_panel(
        &self,
        panel: usize,
        (rows, height, left): (usize, usize, Left<'_, T>),
        c: &mut [T],
        [first, of]: [usize; 2],
        update: Update,
    ) {
        let depth = self.steps.len();
        let (b, b_step) = self.b.panel(panel, [depth, self.tile.columns]);
        let width = self.tile.columns.min(self.width - panel * self.tile.columns);
        for row in (0..rows).step_by(height) {
            let (a, kind) = match left {
                Left::Lying(a) => (a.from(row, 0), a.rows()),
                Left::Packed(a) => (&a[row * depth..], Rows::Together(height)),
            };
            let steps = Steps::single(depth, kind, b_step);
            let size = [height.min(rows - row), width, of];
            self.tile.run(&steps, a, b, &mut c[row * of + first..], size, update);
        }
    }
}
