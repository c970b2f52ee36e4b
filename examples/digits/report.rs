//! The picture at the end: which digit was taken for which, and some that were misread.

use std::path::Path;

use anyhow::{Result, anyhow};
use ndarray::{Array2, ArrayView2, Axis};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use varscope_examples::dataset::Split;

/// Pixels of a field of the matrix, and of a misread digit.
const FIELD: i32 = 36;
const DIGIT: i32 = 72;
/// Misread digits in a row, and how many rows are drawn at most.
const COLUMNS: usize = 6;
const ROWS: usize = 5;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws the confusion matrix and the first misread digits, each with its label and what was read.
///
/// # Errors
///
/// The file cannot be written.
pub fn draw(path: &Path, split: &Split, read: &[u32]) -> Result<()> {
    let size = (FIELD * 11 + 60 + (DIGIT + 8) * COLUMNS as i32, (FIELD * 12).max((DIGIT + 24) * ROWS as i32 + 40));
    let area = SVGBackend::new(path, (size.0 as u32, size.1 as u32)).into_drawing_area();
    area.fill(&WHITE).map_err(|error| anyhow!("{}: {error}", path.display()))?;
    let matrix = area.margin(0, 0, 20, 0);
    confusion_matrix(&matrix, &count(split, read)).map_err(|error| anyhow!("{error}"))?;
    misread_digits(&area, FIELD * 11 + 50, split, read).map_err(|error| anyhow!("{error}"))?;
    area.present().map_err(|error| anyhow!("{}: {error}", path.display()))
}

/// How many images of each digit, row by row, were read as each, column by column.
fn count(split: &Split, read: &[u32]) -> Array2<usize> {
    let mut counts = Array2::zeros((10, 10));
    for (&label, &read) in split.labels.iter().zip(read) {
        counts[[label as usize, read as usize]] += 1;
    }
    counts
}

fn confusion_matrix(area: &Area<'_>, counts: &Array2<usize>) -> Result<(), DrawingError> {
    write(area, "digits (rows) and what was read (columns)", (FIELD * 6, 16), 15, &BLACK)?;
    for digit in 0..10 {
        let at = FIELD * (digit + 1) + FIELD / 2;
        write(area, &digit.to_string(), (at, FIELD + 10), 14, &BLACK)?;
        write(area, &digit.to_string(), (FIELD - 12, at + FIELD / 2 + 6), 14, &BLACK)?;
    }
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    for ((label, read), &count) in counts.indexed_iter() {
        let (left, top) = (FIELD * (read as i32 + 1), FIELD * (label as i32 + 1) + 24);
        let share = count as f64 / most as f64;
        let right = RGBColor(30, 110, 60);
        let color = if label == read { right.mix(share) } else { RED.mix((share * 12.0).min(0.9)) };
        let corners = [(left, top), (left + FIELD - 2, top + FIELD - 2)];
        area.draw(&Rectangle::new(corners, color.filled()))?;
        let ink = if share > 0.5 { &WHITE } else { &BLACK };
        if count > 0 {
            write(area, &count.to_string(), (left + FIELD / 2 - 1, top + FIELD / 2 - 1), 13, ink)?;
        }
    }
    Ok(())
}

fn misread_digits(area: &Area<'_>, left: i32, split: &Split, read: &[u32]) -> Result<(), DrawingError> {
    let wrong: Vec<usize> = (0..split.len()).filter(|&n| split.labels[n] != read[n]).collect();
    let title = format!("{} of {} misread", wrong.len(), split.len());
    write(area, &title, (left + (DIGIT + 8) * COLUMNS as i32 / 2, 16), 15, &BLACK)?;
    for (place, &number) in wrong.iter().take(COLUMNS * ROWS).enumerate() {
        let (x, y) = (left + (place % COLUMNS) as i32 * (DIGIT + 8), 36 + (place / COLUMNS) as i32 * (DIGIT + 24));
        let image = split.images.index_axis(Axis(0), number);
        draw_digit(area, image.index_axis(Axis(2), 0), (x, y))?;
        let caption = format!("{}, read as {}", split.labels[number], read[number]);
        write(area, &caption, (x + DIGIT / 2, y + DIGIT + 9), 12, &BLACK)?;
    }
    Ok(())
}

fn draw_digit(area: &Area<'_>, image: ArrayView2<'_, f32>, (x, y): (i32, i32)) -> Result<(), DrawingError> {
    let (rows, columns) = image.dim();
    let edge = |n: usize, of: usize| (n as i32 * DIGIT) / of as i32;
    for ((row, column), &ink) in image.indexed_iter() {
        let from = (x + edge(column, columns), y + edge(row, rows));
        let to = (x + edge(column + 1, columns), y + edge(row + 1, rows));
        let shade = (255.0 * (1.0 - ink)).round() as u8;
        area.draw(&Rectangle::new([from, to], RGBColor(shade, shade, shade).filled()))?;
    }
    Ok(())
}

type DrawingError = DrawingAreaErrorKind<<SVGBackend<'static> as DrawingBackend>::ErrorType>;

fn write(area: &Area<'_>, text: &str, at: (i32, i32), size: i32, color: &RGBColor) -> Result<(), DrawingError> {
    let style = ("sans-serif", size).into_font().color(color).pos(Pos::new(HPos::Center, VPos::Center));
    area.draw(&Text::new(text.to_string(), at, style))
}
