//! Convolutions with fewer multiplications: tiles of the image and filters are mapped to where a convolution is but a
//! product, number by number (Winograd, 1980; Lavin and Gray, 2016, "Fast Algorithms for Convolutional Neural Networks").
//!
//! F(M × M, R × R) finds M × M numbers of a result from a tile of N × N pixels, N = M + R − 1, with N² multiplications
//! where the definition has M²R²: for N = 6, 36 instead of 144 with 3 × 3 filters, and instead of 100 with 5 × 5. Over many
//! channels these are N² matrix products, tiles × channels by channels × filters, one for each place in a tile.
//!
//! Mapping adds rounding: a test holds the largest error to four times that of the definition's sums in the same numbers.
//! A number that is not finite reaches all of a tile's results, not only those whose filters look at it.

mod filter;
mod filter_gradient;
mod image;
mod maps;
mod transform;

use super::Convolution;
use crate::kernels::gemm::{Epilogue, Gemm, Packs};
use crate::kernels::isa::Isa;
use crate::op::Update;
use image::Tiles;

/// The fewest pixels of results for which mapping the filter pays.
const FEWEST: usize = 128;

/// F(M × M, R × R), with tiles of N × N pixels.
struct Tiled<const M: usize, const R: usize>;

/// A way to convolve with fewer multiplications, of filters of one size.
pub trait Algorithm<T: Gemm> {
    /// As [`super::convolve`].
    fn convolve(
        &self,
        sizes: &Convolution,
        x: &[T],
        filter: (&[T], Option<&Packs<T>>),
        y: &mut [T],
        update: Update,
        epilogue: Option<Epilogue<'_, T>>,
    );

    /// As [`super::image_gradient`]; `sizes` are those of [`super::direct::backward`].
    fn image_gradient(
        &self,
        sizes: &Convolution,
        dy: &[T],
        filter: &[T],
        dx: &mut [T],
        update: Update,
        epilogue: Option<Epilogue<'_, T>>,
    );

    /// As [`super::filter_gradient`].
    fn filter_gradient(&self, sizes: &Convolution, x: &[T], dy: &[T], dfilter: &mut [T], update: Update);
}

/// The way for a convolution, if there is one that is better than the definition.
pub fn algorithm<T: Gemm>(sizes: &Convolution) -> Option<&'static dyn Algorithm<T>> {
    let (algorithm, multiplications): (&dyn Algorithm<T>, usize) = match sizes.window {
        [3, 3] => (&Tiled::<4, 3>, Tiles::<4>::new(sizes).multiplications()),
        [5, 5] => (&Tiled::<2, 5>, Tiles::<2>::new(sizes).multiplications()),
        _ => return None,
    };
    let vector = transform::lanes::<T>(Isa::best());
    let is_plain = sizes.groups == 1 && sizes.dilations == [1, 1] && sizes.strides == [1, 1];
    let is_whole = [sizes.channels, sizes.filters].iter().all(|count| *count > 0 && count.is_multiple_of(vector));
    let pixels = sizes.images * sizes.pixels();
    let is_better = multiplications < pixels * sizes.window[0] * sizes.window[1];
    (is_plain && is_whole && pixels >= FEWEST && is_better).then_some(algorithm)
}

impl<T: Gemm, const M: usize, const R: usize> Algorithm<T> for Tiled<M, R> {
    fn convolve(
        &self,
        sizes: &Convolution,
        x: &[T],
        filter: (&[T], Option<&Packs<T>>),
        y: &mut [T],
        update: Update,
        epilogue: Option<Epilogue<'_, T>>,
    ) {
        filter::with_mapped::<T, R>(sizes, filter, |filter| {
            Tiles::<M>::new(sizes).convolve(x, filter, y, update, epilogue);
        });
    }

    fn image_gradient(
        &self,
        sizes: &Convolution,
        dy: &[T],
        filter: &[T],
        dx: &mut [T],
        update: Update,
        epilogue: Option<Epilogue<'_, T>>,
    ) {
        filter::with_turned::<T, R>(sizes, filter, |filter| {
            Tiles::<M>::new(sizes).convolve(dy, filter, dx, update, epilogue);
        });
    }

    fn filter_gradient(&self, sizes: &Convolution, x: &[T], dy: &[T], dfilter: &mut [T], update: Update) {
        filter_gradient::add::<T, M, R>(&Tiles::new(sizes), x, dy, dfilter, update);
    }
}
