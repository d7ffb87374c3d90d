//! Distribution of a latency, with buckets whose width grows with the value.
//!
//! The layout is that of HdrHistogram with about two significant digits. Counts are weights rather than whole
//! numbers, because a sampled request stands for many, and not always for a whole number of them.

/// Buckets per doubling, as a power of two: a value is told from another that differs by 1/64.
const PRECISION: u32 = 6;

/// Values of more bits than this (19 hours in microseconds) share the last bucket.
const LARGEST_BITS: u32 = 36;

const BUCKETS: usize = ((LARGEST_BITS - PRECISION + 1) << PRECISION) as usize;

/// A distribution of whole numbers such as microseconds.
#[derive(Clone, Debug)]
pub struct Histogram {
    weights: Vec<f64>,
    total: f64,
    sum: f64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            weights: vec![0.0; BUCKETS],
            total: 0.0,
            sum: 0.0,
        }
    }
}

impl Histogram {
    /// Counts a value, below 2^63, so many times.
    pub fn record(&mut self, value: u64, weight: f64) {
        if let Some(bucket) = self.weights.get_mut(bucket(value)) {
            *bucket += weight;
        }
        self.total += weight;
        // Processors convert signed numbers in one instruction, others in six.
        self.sum += value as i64 as f64 * weight;
    }

    /// Counts all of another's values.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.weights.iter_mut().zip(&other.weights) {
            *mine += theirs;
        }
        self.total += other.total;
        self.sum += other.sum;
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.weights.fill(0.0);
        self.total = 0.0;
        self.sum = 0.0;
    }

    /// Sum of the weights.
    pub fn total(&self) -> f64 {
        self.total
    }

    /// Sum of the weights of larger values, to 1/64: those that share the value's bucket are none of them.
    pub fn above(&self, value: u64) -> f64 {
        self.weights.iter().skip(bucket(value) + 1).sum()
    }

    /// Arithmetic mean, exact; 0 when empty.
    pub fn mean(&self) -> f64 {
        if self.total > 0.0 {
            self.sum / self.total
        } else {
            0.0
        }
    }

    /// The values below which these shares of the weight lie, to 1/64; `None` when empty. `shares` ascend.
    pub fn quantiles<const N: usize>(&self, shares: [f64; N]) -> Option<[u64; N]> {
        // The sum of the buckets rather than `total`, which was added up in another order.
        let total: f64 = self.weights.iter().sum();
        if total <= 0.0 {
            return None;
        }
        let mut found = [0; N];
        let mut seen = 0.0;
        let mut next = 0;
        for (at, weight) in self.weights.iter().enumerate() {
            if *weight <= 0.0 {
                continue;
            }
            seen += weight;
            while let (Some(share), Some(slot)) = (shares.get(next), found.get_mut(next)) {
                if seen < share * total {
                    break;
                }
                *slot = middle(at);
                next += 1;
            }
        }
        Some(found)
    }
}

fn bucket(value: u64) -> usize {
    let bits = u64::BITS - value.leading_zeros();
    if bits <= PRECISION + 1 {
        return value as usize;
    }
    let shift = bits - PRECISION - 1;
    let at = (u64::from(shift) << PRECISION) + (value >> shift);
    (at as usize).min(BUCKETS - 1)
}

/// The value in the middle of a bucket.
fn middle(at: usize) -> u64 {
    let shift = (at as u64 >> PRECISION).saturating_sub(1);
    let low = (at as u64 - (shift << PRECISION)) << shift;
    low + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lands_near_the_middle_of_its_bucket() {
        let mut last = 0;
        for value in (0..5_000).chain((0..35).flat_map(|bit| [(1u64 << bit) - 1, 1 << bit, (1 << bit) + 1])) {
            let found = middle(bucket(value));
            assert!(
                found.abs_diff(value) as f64 <= value as f64 / 64.0,
                "{value} {found}"
            );
        }
        for at in 1..BUCKETS {
            assert!(middle(at) > last || at < 2, "{at}");
            assert_eq!(bucket(middle(at)), at);
            last = middle(at);
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_of_a_known_distribution() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantiles([0.5]), None);
        for value in 1..=1_000 {
            histogram.record(value, 0.25);
        }
        let [p50, p99] = histogram.quantiles([0.5, 0.99]).expect("not empty");
        assert!(p50.abs_diff(500) <= 8 && p99.abs_diff(990) <= 16, "{p50} {p99}");
        assert!((histogram.mean() - 500.5).abs() < 1e-9);
        assert!((histogram.above(900) - 25.0).abs() <= 4.0 && histogram.above(1_100) <= 0.0);
        let mut twice = histogram.clone();
        twice.add(&histogram);
        assert_eq!(twice.quantiles([0.5, 0.99]), Some([p50, p99]));
        twice.clear();
        assert_eq!(twice.quantiles([0.5]), None);
    }
}
