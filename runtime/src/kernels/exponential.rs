//! `exp`, `tanh` and the logistic function without branches, so that a compiler makes vectors of them.
//!
//! `x = n · ln 2 + r` with a whole `n` and `|r| ≤ ln 2 / 2`; then `exp(x) = 2ⁿ · (1 + r + r² · q(r))`, where `q` is a
//! Chebyshev approximation. `ln 2` is subtracted in two parts, the first of so few digits that `n` times it is exact.
//!
//! In units in the last place, over all numbers, the results are within 1 of the true value for `exp`, and within 3 for
//! `tanh` and the logistic function, also where they are subnormal. The same on every machine, as nothing is contracted.

/// What the functions need of a type of number.
pub trait Exponent: Sized + Copy {
    /// `2ⁿ` in two factors, since `2ⁿ` alone may be too large or too small for the type; `r`; and `r² · q(r)`.
    fn split(self) -> ([Self; 2], [Self; 2]);
}

macro_rules! exponents {
    ($($number:ty, $bits:ty, $signed:ty, $range:expr, $ln2:expr, $coefficients:expr;)*) => {$(
        impl Exponent for $number {
            #[inline(always)]
            fn split(self) -> ([Self; 2], [Self; 2]) {
                const DIGITS: u32 = <$number>::MANTISSA_DIGITS - 1;
                /// Numbers as large as this have no places after the point, so that adding it rounds; the last bits of
                /// the sum are the whole number.
                const ROUNDING: $number = (3_u64 << (DIGITS - 1)) as $number;
                /// Past these, the result is 0 or infinite.
                const RANGE: [$number; 2] = $range;
                const LN_2: [$number; 2] = $ln2;

                let x = if self < RANGE[0] { RANGE[0] } else { self };
                let x = if x > RANGE[1] { RANGE[1] } else { x };
                let rounded = x * std::f64::consts::LOG2_E as $number + ROUNDING;
                let n = rounded - ROUNDING;
                let r = (x - n * LN_2[0]) - n * LN_2[1];
                let mut q = 0.0;
                for coefficient in $coefficients {
                    q = q * r + coefficient;
                }
                let n = rounded.to_bits().wrapping_sub(ROUNDING.to_bits()) as $signed;
                let half = n >> 1;
                let power = |n: $signed| {
                    <$number>::from_bits((n.wrapping_add(<$number>::MAX_EXP as $signed - 1) as $bits) << DIGITS)
                };
                ([power(half), power(n.wrapping_sub(half))], [r, r * r * q])
            }
        }
    )*};
}

exponents! {
    f32, u32, i32, [-104.0, 89.0], [0.693_359_4, -2.121_944_4e-4], [
        0.001_392_617_8,
        0.008_363_174,
        0.041_666_556,
        0.166_665_77,
        0.5,
    ];
    f64, u64, i64, [-746.0, 710.0], [0.693_147_180_369_123_8, 1.908_214_929_270_587_8e-10], [
        2.510_037_761_960_637e-8,
        2.762_007_820_380_639_3e-7,
        2.755_726_847_655_369_6e-6,
        2.480_152_131_748_408_4e-5,
        1.984_126_986_304_296_2e-4,
        0.001_388_888_891_719_986_2,
        0.008_333_333_333_330_064,
        0.041_666_666_666_624_16,
        0.166_666_666_666_666_67,
        0.5,
    ];
}

/// The exponential function.
#[inline(always)]
pub fn exp<T: crate::element::Float>(x: T) -> T {
    let ([one, other], [r, rest]) = x.split();
    let sum = T::one() + r;
    let rounded_off = (T::one() - sum) + r;
    (sum + (rounded_off + rest)) * one * other
}

/// The hyperbolic tangent, `(exp(2x) − 1) / (exp(2x) + 1)`, with the sign of `x` put back at the end.
#[inline(always)]
pub fn tanh<T: crate::element::Float>(x: T) -> T {
    // From here on it is 1.
    let most = T::of(20.0);
    let size = x.abs();
    let size = if size > most { most } else { size };
    let ([one, other], [r, rest]) = (size + size).split();
    let power = one * other;
    // exp(2x) − 1, which keeps its digits where x is small.
    let above_one = power * (r + rest) + (power - T::one());
    (above_one / (above_one + T::of(2.0))).copysign(x)
}

/// The logistic function, `1 / (1 + exp(−x))`.
#[inline(always)]
pub fn logistic<T: crate::element::Float>(x: T) -> T {
    // Of the size of x, so that it is never infinite.
    let small = exp(-x.abs());
    let numerator = if x < T::zero() { small } else { T::one() };
    numerator / (T::one() + small)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::isa::{self, vectorised};

    /// How many numbers of the type lie between two.
    fn apart_32(found: f32, wanted: f64) -> f64 {
        let nearest = wanted as f32;
        if found == nearest || found.is_nan() && wanted.is_nan() {
            return 0.0;
        }
        // The distance of the neighbours, which is that of subnormal numbers where these are the nearest.
        let unit = f64::from(f32::from_bits(nearest.abs().to_bits() + 1)) - f64::from(nearest.abs());
        (f64::from(found) - wanted).abs() / unit
    }

    fn apart_64(found: f64, wanted: f64) -> f64 {
        if found == wanted || found.is_nan() && wanted.is_nan() {
            return 0.0;
        }
        found.to_bits().abs_diff(wanted.to_bits()) as f64
    }

    type Case = (&'static str, f64, fn(f32) -> f32, fn(f64) -> f64, fn(f64) -> f64);

    fn true_logistic(x: f64) -> f64 {
        if x < -40.0 { x.exp() } else { 1.0 / (1.0 + (-x).exp()) }
    }

    const CASES: [Case; 3] = [
        ("exp", 1.0, exp, exp, f64::exp),
        ("tanh", 3.0, tanh, tanh, f64::tanh),
        ("logistic", 3.0, logistic, logistic, true_logistic),
    ];

    #[test]
    fn f32_is_within_its_bounds_over_all_exponents() {
        for (name, bound, found, _, wanted) in CASES {
            let mut worst = (0.0, 0.0);
            for bits in (0..=u32::MAX).step_by(4093) {
                let x = f32::from_bits(bits);
                let apart = apart_32(found(x), wanted(f64::from(x)));
                worst = if apart > worst.0 { (apart, x) } else { worst };
            }
            assert!(worst.0 <= bound, "{name}({}) is {} units off", worst.1, worst.0);
        }
    }

    /// The standard library's functions may be off by one themselves.
    #[test]
    fn f64_is_within_its_bounds_over_all_exponents() {
        for (name, bound, _, found, wanted) in CASES {
            let mut worst = (0.0, 0.0);
            for bits in (0..=u64::MAX).step_by(0x0000_3fff_ffff_fd01) {
                let x = f64::from_bits(bits);
                let apart = apart_64(found(x), wanted(x));
                worst = if apart > worst.0 { (apart, x) } else { worst };
            }
            for n in -80_000..80_000 {
                let x = f64::from(n) * 0.01;
                let apart = apart_64(found(x), wanted(x));
                worst = if apart > worst.0 { (apart, x) } else { worst };
            }
            assert!(worst.0 <= bound + 1.0, "{name}({}) is {} units off", worst.1, worst.0);
        }
    }

    #[test]
    fn special_numbers() {
        let infinite = f32::INFINITY;
        assert_eq!([exp(infinite), exp(-infinite), exp(0.0), exp(-0.0_f32)], [infinite, 0.0, 1.0, 1.0]);
        assert_eq!([tanh(infinite), tanh(-infinite), tanh(0.5_f32)], [1.0, -1.0, 0.5_f32.tanh()]);
        assert!(tanh(-0.0_f64) == 0.0 && tanh(-0.0_f64).is_sign_negative());
        assert_eq!([logistic(infinite), logistic(-infinite), logistic(0.0)], [1.0, 0.0, 0.5]);
        assert!([exp(f64::NAN), tanh(f64::NAN), logistic(f64::NAN)].into_iter().all(f64::is_nan));
    }

    #[test]
    fn vectors_give_the_same_on_every_path() {
        let (x, y): (Vec<f32>, Vec<f64>) =
            (0..1003).map(|n| (n as f32 * 0.37 - 150.0, f64::from(n) * 1.7 - 850.0)).unzip();
        isa::on_each(|isa| {
            for (name, _, of_x, of_y, _) in CASES {
                for length in [0, 1, 7, 8, 9, 15, 16, 17, x.len()] {
                    let (mut found_x, mut found_y) = (x[..length].to_vec(), y[..length].to_vec());
                    vectorised(
                        #[inline(always)]
                        || {
                            // Each by its name, so that it is inlined here.
                            match name {
                                "exp" => (all(&mut found_x, exp), all(&mut found_y, exp)),
                                "tanh" => (all(&mut found_x, tanh), all(&mut found_y, tanh)),
                                _ => (all(&mut found_x, logistic), all(&mut found_y, logistic)),
                            };
                        },
                    );
                    assert!(found_x.iter().zip(&x).all(|(y, &x)| y.to_bits() == of_x(x).to_bits()), "{isa:?} {name}");
                    assert!(found_y.iter().zip(&y).all(|(y, &x)| y.to_bits() == of_y(x).to_bits()), "{isa:?} {name}");
                }
            }
        });
    }

    #[inline(always)]
    fn all<T: Copy>(x: &mut [T], f: impl Fn(T) -> T) {
        x.iter_mut().for_each(|x| *x = f(*x));
    }
}
