//! Random numbers that are the same on every target: xoshiro256++ seeded explicitly, `libm` for logarithms.

use rand::{Rng as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::sync::LazyLock;

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
pub struct Stream {
    generator: Xoshiro256PlusPlus,
    /// That of all streams, at hand.
    ziggurat: &'static Ziggurat,
}

impl Stream {
    /// The stream named `name` of a run with this `seed`.
    pub fn new(seed: u64, name: u64) -> Self {
        Self {
            generator: Xoshiro256PlusPlus::seed_from_u64(mix64(seed ^ mix64(name))),
            ziggurat: &ZIGGURAT,
        }
    }

    /// 64 uniform bits.
    pub fn bits(&mut self) -> u64 {
        self.generator.next_u64()
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

    /// Exponential with mean 1, by the [`Ziggurat`]: a logarithm for each of a request's draws would take a tenth of the run.
    pub fn exponential(&mut self) -> f64 {
        loop {
            // The number of the layer and the place in it share no bits.
            let bits = self.bits();
            let layer = (bits & 0xff) as usize;
            let (width, inner) = (self.ziggurat.widths[layer], self.ziggurat.widths[layer + 1]);
            let x = unit_f64(bits) * width;
            if x < inner {
                return x;
            }
            if let Some(x) = self.beyond(layer, x) {
                return x;
            }
        }
    }

    /// The draw of which this point of a layer is not below the layer above; `None` if it is not below the density either.
    /// One in a hundred is.
    #[cold]
    fn beyond(&mut self, layer: usize, x: f64) -> Option<f64> {
        if layer == 0 {
            // The tail is exponential itself; 1 - u lies in (0, 1], so that the logarithm is finite.
            return Some(Ziggurat::TAIL - libm::log(1.0 - self.unit()));
        }
        let (low, high) = (self.ziggurat.heights[layer], self.ziggurat.heights[layer + 1]);
        (low + (high - low) * self.unit() < libm::exp(-x)).then_some(x)
    }
}

/// The exponential density cut into 256 layers of equal area, the lowest of which has the tail.
///
/// Marsaglia and Tsang, "The ziggurat method for generating random variables" (2000), whose two constants these are.
#[derive(Debug)]
struct Ziggurat {
    /// Right ends of the layers from the lowest to the highest; that of the lowest as if its tail were a rectangle too.
    widths: [f64; 257],
    /// Density at each of them.
    heights: [f64; 257],
}

impl Ziggurat {
    /// Where the tail begins.
    const TAIL: f64 = 7.697_117_470_131_05;
    /// Area of a layer.
    const AREA: f64 = 0.003_949_659_822_581_557;

    fn new() -> Self {
        let mut widths = [0.0; 257];
        widths[0] = Self::AREA * libm::exp(Self::TAIL);
        widths[1] = Self::TAIL;
        for layer in 2..256 {
            let below = widths[layer - 1];
            widths[layer] = -libm::log(Self::AREA / below + libm::exp(-below));
        }
        Self {
            widths,
            heights: widths.map(|width| libm::exp(-width)),
        }
    }
}

static ZIGGURAT: LazyLock<Ziggurat> = LazyLock::new(Ziggurat::new);

/// A low-discrepancy sequence on the unit square, of a random start: any stretch of it covers the square, and each of its
/// sides, far more evenly than independent draws would.
///
/// The additive recurrence of the plastic number, 1.32471795...: Roberts, "The unreasonable effectiveness of quasirandom
/// sequences", 2018.
pub struct Spread([f64; 2]);

impl Spread {
    /// Its start is drawn from this stream.
    pub fn new(random: &mut Stream) -> Self {
        Self([random.unit(), random.unit()])
    }

    /// The next point.
    pub fn step(&mut self) -> [f64; 2] {
        const STEPS: [f64; 2] = [0.754_877_666_246_692_8, 0.569_840_290_998_053_2];
        for (at, step) in self.0.iter_mut().zip(STEPS) {
            *at += step;
            if *at >= 1.0 {
                *at -= 1.0;
            }
        }
        self.0
    }
}

/// The standard normal deviate below which a draw falls with this probability, to seven digits.
///
/// Wichura, "Algorithm AS 241: The percentage points of the normal distribution" (1988), PPND7.
pub fn normal_quantile(probability: f64) -> f64 {
    let ratio = |over: [f64; 4], under: [f64; 4], x: f64| {
        let [value, divisor] = [over, under].map(|c| ((c[3] * x + c[2]) * x + c[1]) * x + c[0]);
        value / divisor
    };
    let q = probability - 0.5;
    if q.abs() <= 0.425 {
        const OVER: [f64; 4] = [3.387_132_717_9, 50.434_271_938, 159.291_132_02, 59.109_374_72];
        const UNDER: [f64; 4] = [1.0, 17.895_169_469, 78.757_757_664, 67.187_563_6];
        return q * ratio(OVER, UNDER, 0.180_625 - q * q);
    }
    let r = libm::sqrt(-libm::log(probability.min(1.0 - probability)));
    let tail = if r <= 5.0 {
        const OVER: [f64; 4] = [1.423_437_277_7, 2.756_815_39, 1.306_728_481_6, 0.170_238_211_03];
        const UNDER: [f64; 4] = [1.0, 0.737_001_642_5, 0.120_211_329_75, 0.0];
        ratio(OVER, UNDER, r - 1.6)
    } else {
        const OVER: [f64; 4] = [6.657_905_115, 3.081_226_386, 0.428_682_943_37, 0.017_337_203_997];
        const UNDER: [f64; 4] = [1.0, 0.241_978_942_25, 0.012_258_202_635, 0.0];
        ratio(OVER, UNDER, r - 5.0)
    };
    tail.copysign(q)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_normal_falls_below_its_quantile_as_often_as_asked() {
        for exponent in 1..=300 {
            let tail = 0.5 * 0.9f64.powi(exponent);
            for probability in [tail, 1.0 - tail] {
                let below = libm::erfc(-normal_quantile(probability) / core::f64::consts::SQRT_2) / 2.0;
                assert!((below / probability - 1.0).abs() < 1e-5, "{probability}: {below}");
            }
        }
        assert!(normal_quantile(0.5).abs() < 1e-15);
    }

    #[test]
    fn exponential_draws_have_the_law_and_its_moments() {
        let mut stream = Stream::new(3, 3);
        let mut draws: Vec<f64> = (0..1_000_000).map(|_| stream.exponential()).collect();
        let mean = |power: i32| draws.iter().map(|x| x.powi(power)).sum::<f64>() / draws.len() as f64;
        // Standard deviations of the three means: 0.001, 0.0045 and 0.026.
        assert!(
            (mean(1) - 1.0).abs() < 0.004 && (mean(2) - 2.0).abs() < 0.018 && (mean(3) - 6.0).abs() < 0.11
        );
        // Kolmogorov and Smirnov's distance, which exceeds 1.95 / sqrt(n) once in a thousand times.
        draws.sort_by(f64::total_cmp);
        let distance = draws.iter().enumerate().map(|(number, x)| {
            let part = (number as f64 + 0.5) / draws.len() as f64;
            (part - (1.0 - (-x).exp())).abs()
        });
        assert!(distance.fold(0.0, f64::max) < 1.95e-3);
        // Beyond the layers there is the tail: e^-7.7 of the draws, 454 +- 21.
        let tail = draws.iter().filter(|x| **x > Ziggurat::TAIL).count();
        assert!((370..540).contains(&tail), "{tail}");
        assert!((ZIGGURAT.widths[255] * (1.0 - ZIGGURAT.heights[255]) - Ziggurat::AREA).abs() < 1e-9);
    }

    #[test]
    fn points_are_spread_evenly_over_both_sides() {
        let mut spread = Spread::new(&mut Stream::new(1, 1));
        let points: Vec<[f64; 2]> = (0..1_000).map(|_| spread.step()).collect();
        for side in 0..2 {
            for part in 0..10 {
                let within = |point: &&[f64; 2]| (point[side] * 10.0) as u32 == part;
                let count = points.iter().filter(within).count();
                // Independent draws deviate by 9.5.
                assert!((97..=103).contains(&count), "{count} of 100");
            }
        }
    }

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
