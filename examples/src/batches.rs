//! Batches: a few images at a time, in an order of their own in each epoch, each moved a little.

use ndarray::{Array1, Array4, ArrayView1, ArrayView4, Axis, s};
use varscope::Random;

use crate::dataset::Split;

/// The batches of one epoch after another, in memory that is used again.
pub struct Batches<'a> {
    split: &'a Split,
    order: Vec<usize>,
    images: Array4<f32>,
    labels: Array1<u32>,
    seed: u64,
    shift: usize,
}

impl<'a> Batches<'a> {
    /// Batches of this size; the last of an epoch, which may be smaller, is left out, and what is in it differs from
    /// epoch to epoch.
    pub fn new(split: &'a Split, size: usize, seed: u64) -> Self {
        let size = size.min(split.len());
        let (_, height, width, channels) = split.images.dim();
        Self {
            split,
            order: (0..split.len()).collect(),
            images: Array4::zeros((size, height, width, channels)),
            labels: Array1::zeros(size),
            seed,
            shift: 0,
        }
    }

    /// Moves each image by up to so many pixels, in each direction, at random.
    #[must_use]
    pub fn shifted(mut self, pixels: usize) -> Self {
        self.shift = pixels;
        self
    }

    /// The number of batches in an epoch.
    pub fn len(&self) -> usize {
        self.split.len() / self.labels.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Goes through one epoch.
    ///
    /// # Errors
    ///
    /// The first that `work` returns.
    pub fn epoch<E>(
        &mut self,
        number: u64,
        mut work: impl FnMut(ArrayView4<'_, f32>, ArrayView1<'_, u32>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut random = Random::new(self.seed, "batches", number);
        random.shuffle(&mut self.order);
        let size = self.labels.len();
        for batch in 0..self.len() {
            self.images.fill(0.0);
            for (at, &from) in self.order[batch * size..][..size].iter().enumerate() {
                let steps = 2 * self.shift + 1;
                let shift = [random.below(steps), random.below(steps)].map(|step| step as isize - self.shift as isize);
                let image = self.split.images.index_axis(Axis(0), from);
                let mut moved = self.images.index_axis_mut(Axis(0), at);
                let [[rows, rows_of], [columns, columns_of]] =
                    [moved_range(shift[0], image.len_of(Axis(0))), moved_range(shift[1], image.len_of(Axis(1)))];
                moved.slice_mut(s![rows, columns, ..]).assign(&image.slice(s![rows_of, columns_of, ..]));
                self.labels[at] = self.split.labels[from];
            }
            work(self.images.view(), self.labels.view())?;
        }
        Ok(())
    }
}

/// Where the pixels of an axis come to lie, and where they come from.
fn moved_range(shift: isize, size: usize) -> [std::ops::Range<usize>; 2] {
    let by = shift.unsigned_abs().min(size);
    let (ahead, behind) = (by..size, 0..size - by);
    if shift > 0 { [ahead, behind] } else { [behind, ahead] }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, array};

    use super::*;

    fn split(count: usize) -> Split {
        Split {
            images: Array::from_shape_fn((count, 3, 3, 1), |(n, ..)| (n + 1) as f32),
            labels: Array::from_iter(0..count as u32),
        }
    }

    #[test]
    fn each_image_is_in_one_batch_at_most() {
        let split = split(10);
        let mut batches = Batches::new(&split, 3, 1);
        let mut seen = Vec::new();
        batches
            .epoch(0, |images, labels| {
                assert!(images.outer_iter().zip(&labels).all(|(image, &label)| image[[1, 1, 0]] == (label + 1) as f32));
                seen.extend(labels.to_vec());
                Ok::<_, ()>(())
            })
            .unwrap();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 9);
    }

    #[test]
    fn a_shift_leaves_paper_behind() {
        assert_eq!(moved_range(1, 3), [1..3, 0..2]);
        assert_eq!(moved_range(-1, 3), [0..2, 1..3]);
        assert_eq!(moved_range(5, 3), [3..3, 0..0]);
        let split = split(1);
        let mut batches = Batches::new(&split, 1, 0).shifted(1);
        let mut sums = Vec::new();
        for epoch in 0..50 {
            batches
                .epoch(epoch, |images, _| {
                    sums.push(images.sum());
                    Ok::<_, ()>(())
                })
                .unwrap();
        }
        assert!(array![4.0, 6.0, 9.0].iter().all(|sum| sums.contains(sum)), "{sums:?}");
    }
}
