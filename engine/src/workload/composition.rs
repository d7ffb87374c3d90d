//! Draws from a discrete distribution whose neighbours mostly have like weights, such as a popularity law by rank: by
//! composition and rejection.
//!
//! Devroye, "Non-uniform random variate generation" (1986), chapter II: a band of neighbours of like weights is drawn
//! first, then any place in it, which is kept with the probability that its weight has of the band's largest. Drawn from
//! an alias table of all places, every draw would wait for another part of the memory; the bands are few, and most places
//! are kept without a look at their own weight.

use super::alias::Alias;
use crate::random::Stream;

/// Smallest weight of a band over its largest: of the draws, half as many as are missing from 1 look a weight up, and half of those are drawn again.
const LIKE: f64 = 0.96;

#[derive(Clone, Copy)]
struct Band {
    first: u32,
    places: u32,
    /// Probability with which any of its places is kept, as a fraction of 2^32.
    sure: u32,
}

/// A discrete distribution over `0..len`.
pub(crate) struct Composition {
    bands: Vec<Band>,
    of_band: Alias,
    /// Probability with which each place is kept, as a fraction of 2^32.
    kept: Vec<u32>,
}

impl Composition {
    /// The distribution proportional to `weights`, which are finite, not negative, not all zero, and fewer than 2^32.
    #[inline(never)]
    pub(crate) fn new(weights: &[f64]) -> Self {
        let fraction = |part: f64| (part * 4_294_967_296.0) as u32;
        let (mut bands, mut sums) = (Vec::new(), Vec::new());
        let mut kept = Vec::with_capacity(weights.len());
        let mut rest = weights;
        while let Some(&first) = rest.first() {
            let (mut least, mut most) = (first, first);
            let alike = rest.iter().take_while(|weight| {
                let (low, high) = (least.min(**weight), most.max(**weight));
                let like = low >= LIKE * high;
                if like {
                    (least, most) = (low, high);
                }
                like
            });
            let (band, others) = rest.split_at(alike.count());
            let of_most = if most > 0.0 { 1.0 / most } else { 0.0 };
            bands.push(Band {
                first: kept.len() as u32,
                places: band.len() as u32,
                sure: fraction(least * of_most),
            });
            sums.push(band.iter().sum());
            kept.extend(band.iter().map(|weight| fraction(weight * of_most)));
            rest = others;
        }
        Self {
            bands,
            of_band: Alias::new(&sums),
            kept,
        }
    }

    /// Draws one index.
    #[inline(always)]
    pub(crate) fn draw(&self, random: &mut Stream) -> u32 {
        let Some(band) = self.bands.get(self.of_band.draw(random) as usize) else {
            return 0;
        };
        loop {
            // The upper half of 64 bits chooses the place, the lower half whether it is kept.
            let bits = random.bits();
            let place = band.first + (((bits >> 32) * u64::from(band.places)) >> 32) as u32;
            let mark = bits as u32;
            if mark < band.sure || self.kept.get(place as usize).is_none_or(|kept| mark < *kept) {
                return place;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether draws follow the weights, by the chi-squared test, with so many bands at most.
    fn follows(weights: &[f64], bands: usize) {
        let law = Composition::new(weights);
        assert!(law.bands.len() <= bands, "{}", law.bands.len());
        let mut random = Stream::new(7, 0);
        let mut counts = vec![0u32; weights.len()];
        let draws = 2_000_000;
        for _ in 0..draws {
            counts[law.draw(&mut random) as usize] += 1;
        }
        let total: f64 = weights.iter().sum();
        let (mut statistic, mut freedom) = (0.0, -1.0);
        for (count, weight) in counts.into_iter().zip(weights) {
            if *weight == 0.0 {
                assert_eq!(count, 0);
                continue;
            }
            let expected = f64::from(draws) * weight / total;
            statistic += (f64::from(count) - expected) * (f64::from(count) - expected) / expected;
            freedom += 1.0;
        }
        // Mean and five standard deviations of the statistic.
        assert!(
            (statistic - freedom).abs() <= 5.0 * (2.0f64 * freedom).sqrt(),
            "{statistic} of {freedom}"
        );
    }

    #[test]
    fn draws_follow_a_falling_law_with_few_bands() {
        let zipf: Vec<f64> = (1..=2_000).map(|rank| f64::from(rank).powf(-0.9)).collect();
        // As many as there are powers of a band's least part between the first weight and the last.
        follows(&zipf, 168);
    }

    #[test]
    fn draws_follow_weights_in_any_order() {
        follows(&[5.0, 0.0, 0.0, 1.0, 3.0, 1.0, 0.9, 1.0, 0.0], 8);
        follows(&[1.0; 300], 1);
        follows(&[0.3], 1);
    }
}
