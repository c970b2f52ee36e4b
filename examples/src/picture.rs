//! Pictures of many small images.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::{Context, Result};
use ndarray::{Array2, ArrayView4, Axis};

/// Pixels between two images, and around all.
const GAP: usize = 2;

/// Writes images, `[images, height, width, 1]` from 0 for paper to 1 for ink, as rows of a PNG file.
///
/// # Errors
///
/// The file cannot be written.
pub fn write_grid(path: &Path, images: ArrayView4<'_, f32>, columns: usize, zoom: usize) -> Result<()> {
    let pixels = grid(images, columns.max(1), zoom.max(1));
    let place = || path.display().to_string();
    let file = File::create(path).with_context(place)?;
    let (height, width) = pixels.dim();
    let mut encoder = png::Encoder::new(BufWriter::new(file), u32::try_from(width)?, u32::try_from(height)?);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().with_context(place)?;
    writer.write_image_data(&pixels.into_raw_vec_and_offset().0).with_context(place)
}

fn grid(images: ArrayView4<'_, f32>, columns: usize, zoom: usize) -> Array2<u8> {
    let (count, height, width, _) = images.dim();
    let rows = count.div_ceil(columns);
    let (tall, wide) = (height * zoom + GAP, width * zoom + GAP);
    let mut pixels = Array2::from_elem((rows * tall + GAP, columns * wide + GAP), 128);
    for (number, image) in images.outer_iter().enumerate() {
        let (top, left) = (number / columns * tall + GAP, number % columns * wide + GAP);
        let image = image.index_axis(Axis(2), 0);
        for ((row, column), &ink) in image.indexed_iter() {
            let shade = (255.0 * (1.0 - ink.clamp(0.0, 1.0))).round() as u8;
            for (y, x) in (0..zoom).flat_map(|y| (0..zoom).map(move |x| (y, x))) {
                pixels[[top + row * zoom + y, left + column * zoom + x]] = shade;
            }
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use ndarray::Array;

    use super::*;

    #[test]
    fn images_stand_in_rows_with_gaps() {
        let images = Array::from_shape_fn((3, 2, 2, 1), |(n, row, ..)| if n == 2 && row == 1 { 1.0 } else { 0.0 });
        let pixels = grid(images.view(), 2, 1);
        assert_eq!(pixels.dim(), (2 * 4 + 2, 2 * 4 + 2));
        assert_eq!((pixels[[2, 2]], pixels[[6, 2]], pixels[[7, 2]], pixels[[0, 0]]), (255, 255, 0, 128));
    }
}
