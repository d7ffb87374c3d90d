//! Random numbers that are the same on every target: xoshiro256++ seeded explicitly, `libm` for logarithms.

use rand::{Rng as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

/// SplitMix64's output function: spreads consecutive integers over all 64 bits.
///
/// Vigna, <https://prng.di.unimi.it/splitmix64.c>; also `mix64` of the recorded server runs.
pub fn mix64(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The upper 53 bits of `x` as a number in [0, 1).
pub fn unit_f64(x: u64) -> f64 {
    (x >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// One independent stream of random numbers.
///
/// Every part of the simulation owns a stream of its own, so that a change in one part (another policy,
/// say) leaves the draws of the others, such as the sequence of requests, as they were.
#[derive(Clone, Debug)]
pub struct Stream(Xoshiro256PlusPlus);

impl Stream {
    /// The stream named `name` of a run with this `seed`.
    pub fn new(seed: u64, name: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(mix64(seed ^ mix64(name))))
    }

    /// 64 uniform bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        unit_f64(self.bits())
    }

    /// Uniform in `0..n`; 0 when `n` is 0. Lemire's multiply-shift: its bias, under n / 2^64, is not observable.
    pub fn below(&mut self, n: u32) -> u32 {
        // In two halves, because WebAssembly calls a function for products of more than 64 bits.
        let (bits, n) = (self.bits(), u64::from(n));
        let low = (bits & u64::from(u32::MAX)) * n;
        (((bits >> 32) * n + (low >> 32)) >> 32) as u32
    }

    /// Exponential with mean 1.
    pub fn exponential(&mut self) -> f64 {
        // 1 - u lies in (0, 1], so that the logarithm is finite.
        -libm::log(1.0 - self.unit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bounded_draw_is_the_upper_part_of_the_product() {
        let (mut draws, mut bits) = (Stream::new(1, 2), Stream::new(1, 2));
        for n in (0..64)
            .map(|power| (0x1_2345_6789_u64 << power) as u32)
            .chain([0, 1, u32::MAX])
        {
            let expected = (u128::from(bits.bits()) * u128::from(n)) >> 64;
            assert_eq!(u128::from(draws.below(n)), expected);
        }
    }
}
