//! Convolutions of images with channels last (NHWC), by filters with theirs last (HWIO).
//!
//! By 3 × 3 and 5 × 5 filters over many channels they are computed in tiles, with fewer multiplications (`winograd`).
//! Each other one is a matrix product: pixels × patch by patch × filters. As a rule its factors are read straight from the
//! images (`direct`). With dilation or groups, for narrow results, and for the image's gradient of a filter that moves by
//! more than one, there are patches, which are never written out as a whole: the forward pass and the filters' gradient
//! gather them from the image while they pack a block (`patches`); the image's gradient multiplies a few rows of pixels at a
//! time into scratch memory, and adds that to the image. Filters over one channel each are an exception (`depthwise`).

mod band;
mod depthwise;
mod direct;
mod patches;
mod winograd;

use crate::op::Update;

use super::elementwise::ELEMENT;
use super::gemm::{Columns, Epilogue, Gemm, Matrix, Packed, Packs, Product, Transposed};
use super::isa::Isa;
use super::parallel::{for_each_chunk, for_each_chunk_with};
use patches::Patches;

/// How many pixels a thread takes at a time.
const PIXELS: usize = 192;

/// How many numbers of patches the image's gradient has in scratch memory: 256 KiB of `f32`, a part of the second cache.
const SCRATCH: usize = 1 << 16;

/// The sizes of a convolution; `[rows, columns]` where there are two.
#[derive(Clone, Copy, Debug)]
pub struct Convolution {
    /// How many images there are.
    pub images: usize,
    /// The size of an image.
    pub image: [usize; 2],
    /// The channels of an image.
    pub channels: usize,
    /// The size of the result.
    pub output: [usize; 2],
    /// The channels of the result.
    pub filters: usize,
    /// The size of a filter.
    pub window: [usize; 2],
    /// How far the filter moves.
    pub strides: [usize; 2],
    /// How far apart the pixels are that it looks at.
    pub dilations: [usize; 2],
    /// How many rows and columns of zeros stand before the image.
    pub before: [usize; 2],
    /// Into how many groups channels and filters are divided, each group of filters looking at one of channels.
    pub groups: usize,
}

impl Convolution {
    /// The channels that a filter looks at.
    fn group_channels(&self) -> usize {
        self.channels / self.groups
    }

    /// The filters of a group.
    fn group_filters(&self) -> usize {
        self.filters / self.groups
    }

    /// Whether each filter looks at one channel of several.
    fn is_depthwise(&self) -> bool {
        self.channels > 1 && self.groups == self.channels
    }

    /// The numbers that a filter looks at.
    fn patch(&self) -> usize {
        self.window[0] * self.window[1] * self.group_channels()
    }

    /// The pixels of one result.
    fn pixels(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// The columns of a matrix `… × filters` that belong to a group.
    fn filters_of(&self, group: usize) -> Columns {
        Columns { first: group * self.group_filters(), of: self.filters }
    }

    /// The products that are added up.
    fn operations(&self) -> usize {
        self.images * self.pixels() * self.patch() * self.filters
    }

    /// The rows of a matrix `rows × filters`, in a group's columns.
    fn part<'a, T: Gemm>(&self, data: &'a [T], rows: usize, group: usize) -> Matrix<'a, T> {
        let Columns { first, of } = self.filters_of(group);
        Matrix::new(data, rows, of).columns(first..first + self.group_filters())
    }
}

/// `y = x ∗ filter`, or that added to it, and then with each pixel of `y` what is still to be done. Packed copies of the
/// filter are kept if there is a place for them, where the convolution reads a whole one.
pub fn convolve<T: Gemm>(
    sizes: &Convolution,
    x: &[T],
    (filter, packs): (&[T], Option<&Packs<T>>),
    y: &mut [T],
    update: Update,
    epilogue: Option<Epilogue<'_, T>>,
) {
    if y.is_empty() {
        return;
    }
    if sizes.is_depthwise() {
        depthwise::convolve(sizes, x, filter, y, update);
        let (chunk, operations) = (PIXELS * sizes.filters, ELEMENT * y.len());
        return epilogue.into_iter().for_each(|epilogue| {
            for_each_chunk(y, chunk, operations, |number, y| epilogue(number * chunk, y));
        });
    }
    if let Some(algorithm) = winograd::algorithm(sizes) {
        return algorithm.convolve(sizes, x, (filter, packs), y, update, epilogue);
    }
    if direct::suits(sizes) {
        return direct::convolve(&T::tile(Isa::best()), sizes, x, (filter, packs), y, update, epilogue);
    }
    for group in 0..sizes.groups {
        let patches = Patches::new(sizes, group, x);
        let place = sizes.filters_of(group);
        let filter = sizes.part(filter, sizes.patch(), group);
        let epilogue = epilogue.filter(|_| group + 1 == sizes.groups);
        Packed::with([sizes.patch(), sizes.group_filters()], &filter, |filter| {
            let (chunk, operations) = (PIXELS * sizes.filters, sizes.operations() / sizes.groups);
            for_each_chunk_with(y, chunk, operations, filter.memory(PIXELS), |number, y, memory| {
                let first = number * PIXELS;
                let rows = first..first + y.len() / sizes.filters;
                filter.multiply(rows, &patches, (y, place), update, memory);
                epilogue.into_iter().for_each(|epilogue| epilogue(number * chunk, y));
            });
        });
    }
}

/// `dfilter = xᵀ ∗ dy`, or that added to it. Each of its numbers is a sum over all pixels, in the same order whatever
/// the number of threads.
pub fn filter_gradient<T: Gemm>(sizes: &Convolution, x: &[T], dy: &[T], dfilter: &mut [T], update: Update) {
    if dfilter.is_empty() {
        return;
    }
    if dy.is_empty() {
        if update == Update::Set {
            dfilter.fill(T::zero());
        }
        return;
    }
    if sizes.is_depthwise() {
        return depthwise::filter_gradient(sizes, x, dy, dfilter, update);
    }
    if let Some(algorithm) = winograd::algorithm(sizes) {
        return algorithm.filter_gradient(sizes, x, dy, dfilter, update);
    }
    if direct::suits(sizes) {
        return direct::filter_gradient(&T::tile(Isa::best()), sizes, x, dy, dfilter, update);
    }
    let pixels = sizes.images * sizes.pixels();
    for group in 0..sizes.groups {
        let patches = Transposed(Patches::new(sizes, group, x));
        let dy = sizes.part(dy, pixels, group);
        let product = [sizes.patch(), pixels, sizes.group_filters()];
        let tile = T::tile(Isa::best());
        let product = Product { place: sizes.filters_of(group), ..Product::new(&tile, product, update) };
        product.multiply(&patches, &dy, dfilter);
    }
}

/// `dx`, what comes back to the images from `dy`, or that added to it, and then with each pixel of `dx` what is still to
/// be done.
pub fn image_gradient<T: Gemm>(
    sizes: &Convolution,
    dy: &[T],
    filter: &[T],
    dx: &mut [T],
    update: Update,
    epilogue: Option<Epilogue<'_, T>>,
) {
    if dx.is_empty() || dy.is_empty() {
        if update == Update::Set {
            dx.fill(T::zero());
        }
        return epilogue.into_iter().for_each(|epilogue| epilogue(0, dx));
    }
    if sizes.is_depthwise() {
        return depthwise::image_gradient(sizes, dy, filter, dx, update, epilogue);
    }
    let tile = T::tile(Isa::best());
    if let Some(sizes) = direct::backward(&tile, sizes) {
        if let Some(algorithm) = winograd::algorithm(&sizes) {
            return algorithm.image_gradient(&sizes, dy, filter, dx, update, epilogue);
        }
        return direct::image_gradient(&tile, &sizes, dy, filter, dx, update, epilogue);
    }
    let (pixels, patch) = (sizes.pixels(), sizes.patch());
    let rows = (SCRATCH / patch.max(1)).clamp(1, pixels);
    for group in 0..sizes.groups {
        let filter = Transposed(sizes.part(filter, patch, group));
        let epilogue = epilogue.filter(|_| group + 1 == sizes.groups);
        let dy = sizes.part(dy, sizes.images * pixels, group);
        Packed::with([sizes.group_filters(), patch], &filter, |filter| {
            let image = sizes.image[0] * sizes.image[1] * sizes.channels;
            let (operations, memory) = (sizes.operations() / sizes.groups, rows * patch + filter.memory(rows));
            for_each_chunk_with(dx, image, operations, memory, |number, dx, memory| {
                if update == Update::Set && group == 0 {
                    dx.fill(T::zero());
                }
                let (of_patches, memory) = memory.split_at_mut(rows * patch);
                for first in (0..pixels).step_by(rows) {
                    let part = first..pixels.min(first + rows);
                    let of_batch = number * pixels + part.start..number * pixels + part.end;
                    let place = Columns { first: 0, of: patch };
                    filter.multiply(of_batch, &dy, (of_patches, place), Update::Set, memory);
                    patches::add(sizes, group, part, of_patches, dx);
                }
                epilogue.into_iter().for_each(|epilogue| epilogue(number * image, dx));
            });
        });
    }
}

#[cfg(test)]
mod tests;
