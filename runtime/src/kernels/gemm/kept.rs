//! Packed copies of a right factor that are kept from one product to the next.
//!
//! They belong to the numbers that they are copies of: whoever changes these says so ([`Packs::stale`]), and the next
//! product packs them again, in the same memory.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Gemm, KC, Lying, Matrix, NC, Pack};
use crate::element::Float;
use crate::kernels::isa::Isa;

/// How a factor is packed: its blocks one after the other, down the steps of the sum, then across the columns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Layout {
    inner: usize,
    columns: usize,
    /// Whether the numbers lie with rows and columns exchanged.
    transposed: bool,
    /// The most steps of the sum in a block.
    depth: usize,
    /// The most columns in a block.
    width: usize,
    /// The columns of a panel.
    panel: usize,
}

impl Layout {
    /// Each block, and how many numbers its panels hold.
    fn blocks(&self) -> impl Iterator<Item = (Range<usize>, Range<usize>, usize)> {
        let Self { inner, columns, depth, width, panel, .. } = *self;
        (0..columns).step_by(width).flat_map(move |first_column| {
            let across = first_column..columns.min(first_column + width);
            let padded = across.len().next_multiple_of(panel);
            (0..inner).step_by(depth).map(move |first| {
                let steps = first..inner.min(first + depth);
                let length = padded * steps.len();
                (steps, across.clone(), length)
            })
        })
    }

    /// How many numbers they hold together.
    fn length(&self) -> usize {
        self.blocks().map(|(_, _, length)| length).sum()
    }

    /// Packs a factor.
    fn pack<T: Float>(&self, b: &impl Pack<T>, mut panels: &mut [T]) {
        for (steps, across, length) in self.blocks() {
            let (block, rest) = panels.split_at_mut(length);
            b.pack_columns(steps, across, self.panel, block);
            panels = rest;
        }
    }
}

/// A factor, packed.
#[derive(Debug)]
pub struct Blocks<T> {
    layout: Layout,
    panels: Vec<T>,
}

impl<T: Float> Blocks<T> {
    /// The panels of a block, if it is one of these.
    fn block(&self, steps: &Range<usize>, across: &Range<usize>, panel: usize) -> Option<&[T]> {
        let mut first = 0;
        for (its_steps, its_columns, length) in self.layout.blocks().filter(|_| panel == self.layout.panel) {
            if (its_steps, its_columns) == (steps.clone(), across.clone()) {
                return self.panels.get(first..first + length);
            }
            first += length;
        }
        None
    }
}

/// The packed copies of some numbers, one for each way in which they are read.
pub struct Packs<T> {
    list: Mutex<Vec<Kept<T>>>,
}

struct Kept<T> {
    blocks: Arc<Blocks<T>>,
    is_fresh: bool,
}

impl<T> Default for Packs<T> {
    fn default() -> Self {
        Self { list: Mutex::default() }
    }
}

impl<T> fmt::Debug for Packs<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Packs")
    }
}

impl<T> Packs<T> {
    /// Notes that the numbers are others now.
    pub fn stale(&mut self) {
        let list = self.list.get_mut().unwrap_or_else(PoisonError::into_inner);
        list.iter_mut().for_each(|kept| kept.is_fresh = false);
    }
}

impl<T: Float> Packs<T> {
    /// The copy of this layout, packed if it is not there or stale.
    fn get(&self, layout: Layout, pack: impl FnOnce(&mut [T])) -> Arc<Blocks<T>> {
        // Whoever panicked while it packed left a copy behind that is not fresh.
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let number = list.iter().position(|kept| kept.blocks.layout == layout).unwrap_or_else(|| {
            let blocks = Arc::new(Blocks { layout, panels: vec![T::zero(); layout.length()] });
            list.push(Kept { blocks, is_fresh: false });
            list.len() - 1
        });
        let kept = &mut list[number];
        if !kept.is_fresh {
            match Arc::get_mut(&mut kept.blocks) {
                Some(blocks) => pack(&mut blocks.panels),
                // A product still reads the old copy.
                None => {
                    let mut panels = vec![T::zero(); layout.length()];
                    pack(&mut panels);
                    kept.blocks = Arc::new(Blocks { layout, panels });
                }
            }
            kept.is_fresh = true;
        }
        Arc::clone(&kept.blocks)
    }
}

/// A right factor in memory, and its packed copy if one is kept.
#[derive(Debug)]
pub struct Right<'a, T> {
    matrix: Matrix<'a, T>,
    blocks: Option<Arc<Blocks<T>>>,
}

impl<'a, T: Gemm> Right<'a, T> {
    /// The matrix of `rows` rows that lies so, or with rows and columns exchanged if `transposed`; its copy is one of
    /// `packs`.
    ///
    /// # Panics
    ///
    /// Where there are fewer elements than that; a caller's defect.
    pub fn new(data: &'a [T], [inner, columns]: [usize; 2], transposed: bool, packs: Option<&Packs<T>>) -> Self {
        let matrix =
            if transposed { Matrix::new(data, columns, inner).transposed() } else { Matrix::new(data, inner, columns) };
        let panel = T::tile(Isa::best()).columns;
        let layout = Layout { inner, columns, transposed, depth: KC, width: NC, panel };
        Self { matrix, blocks: packs.map(|packs| packs.get(layout, |panels| layout.pack(&matrix, panels))) }
    }
}

impl<T: Float> Pack<T> for Right<'_, T> {
    fn pack_rows(&self, rows: Range<usize>, inner: Range<usize>, width: usize, out: &mut [T]) {
        self.matrix.pack_rows(rows, inner, width, out);
    }

    fn pack_columns(&self, inner: Range<usize>, columns: Range<usize>, width: usize, out: &mut [T]) {
        self.matrix.pack_columns(inner, columns, width, out);
    }

    fn lying(&self) -> Option<Lying<'_, T>> {
        self.matrix.lying()
    }

    fn packed(&self, inner: &Range<usize>, columns: &Range<usize>, width: usize) -> Option<&[T]> {
        self.blocks.as_ref()?.block(inner, columns, width)
    }
}

/// Lends the panels of a whole right factor, so many columns each, from a copy that is kept; they hold `depth` steps of the
/// sum one after the other, and are packed, if they must be, by `pack`.
pub fn with_panels<T: Gemm, R>(
    packs: &Packs<T>,
    ([inner, columns], depth, panel): ([usize; 2], usize, usize),
    pack: impl FnOnce(&mut [T]),
    work: impl FnOnce(&[T]) -> R,
) -> R {
    let layout = Layout { inner, columns, transposed: false, depth: depth.max(1), width: panel, panel };
    work(&packs.get(layout, pack).panels)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::kernels::gemm::gemm;
    use crate::op::Update;

    fn numbers(count: usize) -> Vec<f64> {
        (0..count).map(|n| ((n * 7) % 11) as f64 - 5.0).collect()
    }

    /// A factor that counts how many of its blocks are packed.
    struct Counted<'a> {
        matrix: Matrix<'a, f64>,
        count: AtomicUsize,
    }

    impl Pack<f64> for Counted<'_> {
        fn pack_rows(&self, rows: Range<usize>, inner: Range<usize>, width: usize, out: &mut [f64]) {
            self.matrix.pack_rows(rows, inner, width, out);
        }

        fn pack_columns(&self, inner: Range<usize>, columns: Range<usize>, width: usize, out: &mut [f64]) {
            self.count.fetch_add(1, Ordering::Relaxed);
            self.matrix.pack_columns(inner, columns, width, out);
        }
    }

    #[test]
    fn products_are_those_of_a_factor_that_is_packed_each_time() {
        for [rows, inner, columns] in
            [[5, 3, 2], [1, 7, 40], [9, KC + 1, 33], [2, 2 * KC, NC + 3], [3, 0, 4], [2, 5, 0]]
        {
            for transposed in [false, true] {
                let (a, b) = (numbers(rows * inner), numbers(inner * columns));
                let a = Matrix::new(&a, rows, inner);
                let packs = Packs::default();
                let product = |packs: Option<&Packs<f64>>| {
                    let mut c = vec![1.0; rows * columns];
                    let b = Right::new(&b, [inner, columns], transposed, packs);
                    gemm([rows, inner, columns], &a, &b, &mut c, Update::Add);
                    c
                };
                let wanted = product(None);
                assert_eq!(product(Some(&packs)), wanted);
                assert_eq!(product(Some(&packs)), wanted);
                assert_eq!(packs.list.lock().unwrap().len(), 1);
            }
        }
    }

    #[test]
    fn a_copy_is_packed_once_until_it_is_stale() {
        let data = numbers(6 * 5);
        let b = Counted { matrix: Matrix::new(&data, 6, 5), count: AtomicUsize::new(0) };
        let layout = Layout { inner: 6, columns: 5, transposed: false, depth: 4, width: 3, panel: 2 };
        let mut packs = Packs::default();
        let first = packs.get(layout, |panels| layout.pack(&b, panels));
        let address = first.panels.as_ptr();
        assert_eq!(packs.get(layout, |panels| layout.pack(&b, panels)).panels.as_ptr(), address);
        assert_eq!(b.count.load(Ordering::Relaxed), 4);
        // In use, the old copy stays what it was; out of use, its memory is taken again.
        packs.stale();
        assert_ne!(packs.get(layout, |panels| layout.pack(&b, panels)).panels.as_ptr(), address);
        drop(first);
        let address = packs.get(layout, |panels| layout.pack(&b, panels)).panels.as_ptr();
        packs.stale();
        assert_eq!(packs.get(layout, |panels| layout.pack(&b, panels)).panels.as_ptr(), address);
        assert_eq!(b.count.load(Ordering::Relaxed), 12);
    }
}
