//! Random numbers that repeat: a stream is named by a seed, a name and a number.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

/// A stream of random numbers.
///
/// The generator is xoshiro256++ (Blackman and Vigna, 2018), seeded through SplitMix64 from a hash of the stream's
/// name; both are fixed for good, so that a seed gives the same model on every machine and in every version.
#[derive(Clone, Debug)]
pub struct Random {
    generator: Xoshiro256PlusPlus,
    /// The second of a pair of normal numbers.
    spare: Option<f64>,
}

impl Random {
    /// The stream of this name and number.
    pub fn new(seed: u64, name: &str, number: u64) -> Self {
        let hash = fnv1a(fnv1a(fnv1a(FNV_OFFSET, &seed.to_le_bytes()), name.as_bytes()), &number.to_le_bytes());
        Self { generator: Xoshiro256PlusPlus::seed_from_u64(hash), spare: None }
    }

    /// A number from the half-open interval from 0 to 1, of 53 random bits.
    pub fn uniform(&mut self) -> f64 {
        (self.generator.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A number from the half-open interval from 0 to 1, of 24 random bits: half the work of [`Random::uniform`].
    pub fn uniform_pair(&mut self) -> [f32; 2] {
        let bits = self.generator.next_u64();
        let unit = |bits: u64| bits as f32 * (1.0 / (1_u32 << 24) as f32);
        [unit(bits >> 40), unit((bits >> 8) & 0xff_ffff)]
    }

    /// A number of the standard normal distribution, by Marsaglia's polar method.
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (u, v) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = u * u + v * v;
            if square > 0.0 && square < 1.0 {
                let scale = (-2.0 * square.ln() / square).sqrt();
                self.spare = Some(v * scale);
                return u * scale;
            }
        }
    }

    /// A number of the standard normal distribution, drawn again until it is within two standard deviations.
    pub fn truncated_normal(&mut self) -> f64 {
        loop {
            let number = self.normal();
            if number.abs() <= 2.0 {
                return number;
            }
        }
    }

    /// A whole number below `bound`; 0 where that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        // Lemire's multiply-shift; its bias, below bound / 2^64, could not be measured.
        ((u128::from(self.generator.next_u64()) * bound as u128) >> 64) as usize
    }

    /// Puts a list into a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

/// The 64-bit FNV-1a hash.
fn fnv1a(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_fixed_for_good() {
        let mut random = Random::new(42, "layer1/weights", 0);
        let first: Vec<u64> = (0..3).map(|_| (random.uniform() * 1e6) as u64).collect();
        assert_eq!(first, FIRST);
    }

    const FIRST: [u64; 3] = [733_274, 635_489, 858_962];

    #[test]
    fn streams_differ_by_seed_name_and_number() {
        let first = |seed, name, number| Random::new(seed, name, number).uniform();
        let base = first(1, "a", 0);
        assert_ne!(base, first(2, "a", 0));
        assert_ne!(base, first(1, "b", 0));
        assert_ne!(base, first(1, "a", 1));
    }

    #[test]
    fn distributions_have_their_moments() {
        let mut random = Random::new(7, "moments", 0);
        let count = 100_000;
        let moments = |numbers: Vec<f64>| {
            let mean = numbers.iter().sum::<f64>() / count as f64;
            (mean, numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count as f64)
        };
        let (mean, variance) = moments((0..count).map(|_| random.uniform()).collect());
        assert!((mean - 0.5).abs() < 0.005 && (variance - 1.0 / 12.0).abs() < 0.002);
        let (mean, variance) = moments((0..count).map(|_| random.normal()).collect());
        assert!(mean.abs() < 0.015 && (variance - 1.0).abs() < 0.02);
        // The variance of a normal distribution cut at two standard deviations is 0.7737.
        let (mean, variance) = moments((0..count).map(|_| random.truncated_normal()).collect());
        assert!(mean.abs() < 0.015 && (variance - 0.7737).abs() < 0.02);
    }

    #[test]
    fn a_shuffled_list_has_its_elements() {
        let mut list: Vec<_> = (0..100).collect();
        Random::new(3, "order", 0).shuffle(&mut list);
        assert_ne!(list, (0..100).collect::<Vec<_>>());
        list.sort_unstable();
        assert_eq!(list, (0..100).collect::<Vec<_>>());
        assert_eq!(Random::new(3, "order", 0).below(0), 0);
    }
}
