//! Walker's alias method in Vose's form: draws from any discrete distribution with one random number.
//!
//! Vose, "A linear algorithm for generating random numbers with a given distribution", IEEE TSE 1991.

use crate::random::Stream;

#[derive(Clone, Copy)]
struct Cell {
    /// Part of the cell that is its own, as a fraction of 2^32.
    own: u32,
    /// Whom the rest belongs to.
    other: u32,
}

/// A discrete distribution over `0..len`.
pub(crate) struct Alias {
    cells: Vec<Cell>,
}

impl Alias {
    /// The distribution proportional to `weights`, which are finite, not negative, not all zero, and fewer
    /// than 2^32.
    #[inline(never)]
    pub(crate) fn new(weights: &[f64]) -> Self {
        let total: f64 = weights.iter().sum();
        let scale = weights.len() as f64 / total;
        let mut rest: Vec<f64> = weights.iter().map(|w| w * scale).collect();
        let mut cells: Vec<Cell> = (0..weights.len() as u32)
            .map(|i| Cell {
                own: u32::MAX,
                other: i,
            })
            .collect();
        let (mut small, mut large): (Vec<u32>, Vec<u32>) =
            (0..weights.len() as u32).partition(|i| rest[*i as usize] < 1.0);
        while let (Some(s), Some(l)) = (small.pop(), large.last().copied()) {
            let (s, l) = (s as usize, l as usize);
            cells[s] = Cell {
                own: (rest[s] * 4_294_967_296.0) as u32,
                other: l as u32,
            };
            rest[l] -= 1.0 - rest[s];
            if rest[l] < 1.0 {
                large.pop();
                small.push(l as u32);
            }
        }
        Self { cells }
    }

    /// Draws one index.
    pub(crate) fn draw(&self, random: &mut Stream) -> u32 {
        // The upper half of 64 bits chooses the cell, the lower half whose part of it.
        let bits = random.bits();
        let at = ((bits >> 32) * self.cells.len() as u64) >> 32;
        let Some(cell) = self.cells.get(at as usize) else {
            return 0;
        };
        // A jump that waited for the cell would keep the next draws from being made meanwhile.
        core::hint::select_unpredictable((bits as u32) < cell.own, at as u32, cell.other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_in_proportion() {
        let weights = [5.0, 0.0, 1.0, 3.0, 1.0];
        let alias = Alias::new(&weights);
        let mut random = Stream::new(7, 0);
        let mut counts = [0u32; 5];
        for _ in 0..100_000 {
            counts[alias.draw(&mut random) as usize] += 1;
        }
        for (count, weight) in counts.iter().zip(weights) {
            // Five standard deviations of a binomial.
            let p = weight / 10.0;
            let bound = 5.0 * (100_000.0 * p * (1.0 - p)).sqrt();
            assert!((f64::from(*count) - 100_000.0 * p).abs() <= bound, "{counts:?}");
        }
    }

    #[test]
    fn one_outcome() {
        let alias = Alias::new(&[0.3]);
        assert_eq!(alias.draw(&mut Stream::new(1, 1)), 0);
    }
}
