//! Initializers that make a matrix as a whole.

use super::{Initializer, only_floats};
use crate::element::DType;
use crate::random::Random;

/// See [`orthogonal`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Orthogonal {
    gain: f64,
}

/// A random matrix whose columns (or rows, if there are fewer of them) are orthonormal, times `gain`; of more than two
/// axes, all but the last are rows (Saxe, McClelland and Ganguli, 2014).
pub fn orthogonal() -> Orthogonal {
    Orthogonal { gain: 1.0 }
}

impl Orthogonal {
    /// What the matrix is multiplied by; 1 by default.
    #[must_use]
    pub fn gain(mut self, gain: impl Into<f64>) -> Self {
        self.gain = gain.into();
        self
    }
}

impl Initializer for Orthogonal {
    fn draw(
        &self,
        dtype: DType,
        shape: &[usize],
        random: &mut Random,
        element: &mut dyn FnMut(f64),
    ) -> Result<(), String> {
        only_floats(dtype)?;
        let [rows @ .., columns] = shape else { return Err("a scalar has no rows and columns".into()) };
        if rows.is_empty() {
            return Err(format!("its shape {shape:?} has one axis; rows and columns are needed"));
        }
        let (rows, columns) = (rows.iter().product::<usize>(), *columns);
        let vectors = orthonormal(rows.min(columns), rows.max(columns), random);
        let is_wide = rows < columns;
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
            element(self.gain * if is_wide { vectors[row][column] } else { vectors[column][row] });
        }
        Ok(())
    }
}

/// `count` orthonormal vectors of a dimension at least as large.
///
/// Gram and Schmidt's method on normal vectors, each projected twice, which is enough for machine precision (Giraud,
/// Langou, Rozložník and van den Eshof, 2005). It keeps the diagonal of R positive, so that the result is uniform.
fn orthonormal(count: usize, dimension: usize, random: &mut Random) -> Vec<Vec<f64>> {
    let mut vectors: Vec<Vec<f64>> = Vec::with_capacity(count);
    while vectors.len() < count {
        let mut vector: Vec<f64> = (0..dimension).map(|_| random.normal()).collect();
        for _ in 0..2 {
            for other in &vectors {
                let along = dot(&vector, other);
                vector.iter_mut().zip(other).for_each(|(x, y)| *x -= along * y);
            }
        }
        let length = dot(&vector, &vector).sqrt();
        // A vector that lies among the others but for rounding is drawn again.
        if length > 1e-6 {
            vector.iter_mut().for_each(|x| *x /= length);
            vectors.push(vector);
        }
    }
    vectors
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// See [`identity`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Identity {
    gain: f64,
}

/// A matrix with `gain` on its diagonal and 0 elsewhere.
pub fn identity() -> Identity {
    Identity { gain: 1.0 }
}

impl Identity {
    /// What stands on the diagonal; 1 by default.
    #[must_use]
    pub fn gain(mut self, gain: impl Into<f64>) -> Self {
        self.gain = gain.into();
        self
    }
}

impl Initializer for Identity {
    fn draw(&self, _: DType, shape: &[usize], _: &mut Random, element: &mut dyn FnMut(f64)) -> Result<(), String> {
        let &[rows, columns] = shape else { return Err(format!("its shape {shape:?} is not that of a matrix")) };
        for row in 0..rows {
            (0..columns).for_each(|column| element(if row == column { self.gain } else { 0.0 }));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::drawn;
    use super::*;

    #[test]
    fn the_gram_matrix_is_the_identity() {
        for (shape, gain) in [(vec![4, 4], 1.0), (vec![6, 3], 1.0), (vec![3, 6], 2.0), (vec![3, 3, 1, 12], 1.0)] {
            let matrix = drawn(&orthogonal().gain(gain), DType::F64, &shape).unwrap();
            let columns = *shape.last().unwrap();
            let rows = matrix.len() / columns;
            let vector = |n: usize| -> Vec<f64> {
                if rows < columns {
                    matrix[n * columns..][..columns].to_vec()
                } else {
                    (0..rows).map(|row| matrix[row * columns + n]).collect()
                }
            };
            for i in 0..rows.min(columns) {
                for j in 0..rows.min(columns) {
                    let wanted = if i == j { gain * gain } else { 0.0 };
                    assert!((dot(&vector(i), &vector(j)) - wanted).abs() < 1e-13);
                }
            }
        }
    }

    #[test]
    fn the_identity_may_be_oblong() {
        assert_eq!(drawn(&identity().gain(2), DType::F32, &[2, 3]).unwrap(), [2.0, 0.0, 0.0, 0.0, 2.0, 0.0]);
        assert!(drawn(&identity(), DType::F32, &[2]).is_err());
        assert!(drawn(&orthogonal(), DType::F32, &[2]).is_err());
    }
}
