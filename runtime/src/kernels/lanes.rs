//! A fixed number of numbers side by side, which a compiler keeps in vectors.

use crate::element::Float;

/// How many: partial sums of a sum, vectorizable, and more exact than one number after the other.
pub const LANES: usize = 16;

/// `count` numbers from `at` on; past them, the lanes hold anything.
#[inline(always)]
pub fn load<T: Copy + Default>(data: &[T], at: usize, count: usize) -> [T; LANES] {
    let data = &data[at..];
    match data.first_chunk() {
        Some(lanes) => *lanes,
        None => padded(&data[..count.min(LANES)], T::default()),
    }
}

/// At most as many numbers as there are lanes, and `rest` in the others.
#[inline(always)]
pub fn padded<T: Copy>(numbers: &[T], rest: T) -> [T; LANES] {
    let mut lanes = [rest; LANES];
    lanes.iter_mut().zip(numbers).for_each(|(lane, &number)| *lane = number);
    lanes
}

/// Writes `count` numbers from `at` on, and past them anything, as far as there is room for all lanes: for who goes on
/// there and writes it again.
#[inline(always)]
pub fn store<T: Copy>(data: &mut [T], at: usize, count: usize, lanes: &[T; LANES]) {
    let data = &mut data[at..];
    match data.first_chunk_mut() {
        Some(all) => *all = *lanes,
        None => data.iter_mut().zip(&lanes[..count.min(LANES)]).for_each(|(number, &lane)| *number = lane),
    }
}

/// Calls `f` with all numbers of a row, as many at a time as there are lanes, with `rest` in those past the end.
#[inline(always)]
pub fn for_each<T: Copy>(row: &[T], rest: T, mut f: impl FnMut(&[T; LANES])) {
    let (whole, remainder) = row.as_chunks();
    whole.iter().for_each(&mut f);
    if !remainder.is_empty() {
        f(&padded(remainder, rest));
    }
}

/// As [`for_each`], with numbers that `f` changes.
#[inline(always)]
pub fn update<T: Copy>(row: &mut [T], rest: T, mut f: impl FnMut(&mut [T; LANES])) {
    let (whole, remainder) = row.as_chunks_mut();
    whole.iter_mut().for_each(&mut f);
    if !remainder.is_empty() {
        let mut lanes = padded(remainder, rest);
        f(&mut lanes);
        remainder.iter_mut().zip(lanes).for_each(|(number, lane)| *number = lane);
    }
}

/// All lanes in one number: halves are joined lane by lane, until one is left.
#[inline(always)]
pub fn join<T: Copy>(mut lanes: [T; LANES], f: impl Fn(T, T) -> T) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] = f(lanes[lane], lanes[lane + half]);
        }
        half /= 2;
    }
    lanes[0]
}

/// The sum of all lanes.
#[inline(always)]
pub fn total<T: Float>(lanes: [T; LANES]) -> T {
    join(lanes, |a, b| a + b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::isa::{self, vectorised};

    #[test]
    fn every_number_has_its_lane_on_every_path() {
        isa::on_each(|isa| {
            for length in [0, 1, LANES - 1, LANES, LANES + 1, 3 * LANES + 5] {
                let mut row: Vec<f32> = (0..length).map(|n| n as f32).collect();
                let wanted: f32 = row.iter().sum();
                let (mut sum, mut largest) = (0.0, f32::NEG_INFINITY);
                vectorised(
                    #[inline(always)]
                    || {
                        for_each(&row, 0.0, |lanes| sum += total(*lanes));
                        for_each(&row, f32::NEG_INFINITY, |lanes| largest = largest.max(join(*lanes, f32::max)));
                        update(&mut row, 0.0, |lanes| lanes.iter_mut().for_each(|lane| *lane += 1.0));
                    },
                );
                assert_eq!(
                    (sum, largest),
                    (wanted, row.last().map_or(f32::NEG_INFINITY, |last| last - 1.0)),
                    "{isa:?}"
                );
                assert!(row.iter().enumerate().all(|(n, &number)| number == (n + 1) as f32), "{isa:?} {length}");
            }
        });
    }

    #[test]
    fn past_the_numbers_as_many_are_written_as_there_is_room_for() {
        for length in [3, LANES - 1, LANES, LANES + 2] {
            let mut data = vec![9.0; length + 1];
            store(&mut data, 1, 3, &[1.0; LANES]);
            assert_eq!(data[..4], [9.0, 1.0, 1.0, 1.0]);
            assert_eq!(load(&data, 1, 3)[..3], [1.0; 3]);
        }
    }
}
