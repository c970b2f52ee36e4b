//! Sums of numbers that follow one another.

use super::elementwise::{CHUNK, ELEMENT};
use super::isa::vectorised;
use super::lanes::{LANES, padded, total};
use super::parallel::for_each_chunk;
use crate::element::Float;

/// The most parts that a sum has, which threads share. They are always the same.
const PARTS: usize = 32;

/// The sum of a function of some numbers, which is 0 at 0, in one pass over them.
pub fn sum_of<T: Float>(numbers: &[T], f: impl Fn(T) -> T + Sync) -> T {
    let part = numbers.len().div_ceil(PARTS).max(CHUNK);
    let (mut sums, parts) = ([T::zero(); PARTS], numbers.len().div_ceil(part));
    for_each_chunk(&mut sums[..parts], 1, numbers.len() * ELEMENT / 2, |number, sum| {
        let numbers = &numbers[number * part..numbers.len().min((number + 1) * part)];
        vectorised(
            #[inline(always)]
            || sum[0] = row_sum_of([numbers], |[number]| f(number)),
        );
    });
    sums.into_iter().take(parts).sum()
}

/// The sum of a function of the numbers of some rows that stand at the same place in each; it is 0 of zeros. For a loop
/// that is compiled for vectors.
#[inline(always)]
pub fn row_sum_of<T: Float, const N: usize>(rows: [&[T]; N], f: impl Fn([T; N]) -> T) -> T {
    let (mut sums, length) = ([T::zero(); LANES], rows[0].len());
    let whole = length - length % LANES;
    for at in (0..whole).step_by(LANES) {
        let rows = rows.map(|row| &row[at..at + LANES]);
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum += f(rows.map(|row| row[lane]));
        }
    }
    if whole < length {
        let rows = rows.map(|row| padded(&row[whole..length], T::zero()));
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum += f(rows.map(|row| row[lane]));
        }
    }
    total(sums)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::isa;

    const LENGTHS: [usize; 9] = [0, 1, LANES - 1, LANES, LANES + 1, 5 * LANES + 3, CHUNK, CHUNK + 1, PARTS * CHUNK + 7];

    #[test]
    fn sums_are_those_of_all_numbers_on_every_path() {
        isa::on_each(|isa| {
            for length in LENGTHS {
                let x: Vec<f64> = (0..length).map(|n| (n % 7) as f64 - 2.0).collect();
                let wanted: f64 = x.iter().map(|x| x * x).sum();
                assert_eq!(sum_of(&x, |x| x * x), wanted, "{isa:?} {length}");
                let of_products = row_sum_of([&x, &x], |[a, b]| a * b);
                assert_eq!(of_products, wanted, "{isa:?} {length}");
                let x: Vec<f32> = x.into_iter().map(|x| x as f32).collect();
                assert_eq!(f64::from(sum_of(&x, |x| x * x)), wanted, "{isa:?} {length}");
            }
        });
    }

    #[test]
    fn does_not_depend_on_the_number_of_threads() {
        let x: Vec<f32> = (0..PARTS * CHUNK + 7).map(|n| 1.0 / (n + 1) as f32).collect();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| sum_of(&x, |x| x))
        };
        assert_eq!(run(1), run(3));
    }
}
