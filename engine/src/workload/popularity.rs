//! How much of a class's traffic falls on which ranks.

use crate::scenario::Popularity;

/// Ranks whose weights are summed one by one; behind them the integral is exact to better than 1e-7.
const SUMMED: u64 = 1_024;

/// Popularity over the ranks `1..=keys`, normalised so that they sum to 1.
pub(crate) struct Masses {
    exponent: f64,
    keys: u64,
    /// Unnormalised sums of the first 0, 1, 2, .. ranks.
    head: Vec<f64>,
    total: f64,
    hot: Option<HotSet>,
}

/// Two groups of keys, each of which are alike.
#[derive(Clone, Copy)]
struct HotSet {
    keys: u64,
    traffic: f64,
}

impl Masses {
    /// Of keys asked for in turn each has the same share; of those asked for by age the newest has rank 1.
    pub(crate) fn new(popularity: &Popularity, keys: u64) -> Self {
        let exponent = match *popularity {
            Popularity::Zipf { exponent } | Popularity::Latest { exponent } => exponent,
            Popularity::Uniform | Popularity::HotSet { .. } | Popularity::Scan => 0.0,
        };
        let mut head = vec![0.0];
        let mut sum = 0.0;
        for rank in 1..=keys.min(SUMMED) {
            sum += weight(exponent, rank as f64);
            head.push(sum);
        }
        let mut masses = Self {
            exponent,
            keys,
            head,
            total: 1.0,
            hot: None,
        };
        masses.total = masses.sum_to(keys);
        if let Popularity::HotSet { traffic, .. } = *popularity
            && let Some(hot) = hot_keys(popularity, keys)
        {
            masses.hot = Some(HotSet {
                keys: hot,
                traffic: traffic.0,
            });
        }
        masses
    }

    /// Share of the traffic that falls on the key of this rank.
    pub(crate) fn of(&self, rank: u64) -> f64 {
        match self.hot {
            Some(hot) if rank <= hot.keys => hot.traffic / hot.keys as f64,
            Some(hot) => (1.0 - hot.traffic) / (self.keys - hot.keys) as f64,
            None => weight(self.exponent, rank as f64) / self.total,
        }
    }

    /// Share of the traffic that falls on the ranks `1..=rank`.
    pub(crate) fn up_to(&self, rank: u64) -> f64 {
        let rank = rank.min(self.keys);
        match self.hot {
            Some(hot) => {
                let of_hot = rank.min(hot.keys) as f64 / hot.keys as f64;
                let of_cold = rank.saturating_sub(hot.keys) as f64 / (self.keys - hot.keys) as f64;
                hot.traffic * of_hot + (1.0 - hot.traffic) * of_cold
            }
            None => self.sum_to(rank) / self.total,
        }
    }

    /// Share of the traffic that falls on the ranks `first..=last`, all of them behind the summed head or not.
    pub(crate) fn between(&self, first: u64, last: u64) -> f64 {
        match self.hot {
            Some(hot) if first > hot.keys => self.of(first) * (last - first + 1) as f64,
            Some(_) => self.up_to(last) - self.up_to(first - 1),
            None if first > SUMMED => {
                integral(self.exponent, first as f64 - 0.5, last as f64 + 0.5) / self.total
            }
            None => (self.sum_to(last) - self.sum_to(first - 1)) / self.total,
        }
    }

    fn sum_to(&self, rank: u64) -> f64 {
        match self.head.get(rank as usize) {
            Some(sum) => *sum,
            None => {
                let head = self.head.last().copied().unwrap_or_default();
                head + integral(self.exponent, SUMMED as f64 + 0.5, rank as f64 + 0.5)
            }
        }
    }
}

/// Number of keys in the hot set; `None` where there is none or it holds all keys, which are then all alike.
pub(crate) fn hot_keys(popularity: &Popularity, keys: u64) -> Option<u64> {
    match *popularity {
        Popularity::HotSet { keys: share, .. } => {
            let hot = (libm::ceil(share.0 * keys as f64) as u64).max(1);
            (hot < keys).then_some(hot)
        }
        _ => None,
    }
}

fn weight(exponent: f64, rank: f64) -> f64 {
    if exponent == 0.0 {
        1.0
    } else {
        libm::exp(-exponent * libm::log(rank))
    }
}

/// Integral of x to the power of minus `exponent` from `low` to `high`.
fn integral(exponent: f64, low: f64, high: f64) -> f64 {
    let q = 1.0 - exponent;
    let log_ratio = libm::log(high / low);
    // low^q * (e^(q ln(high/low)) - 1) / q, which stays exact as q goes to 0.
    let scale = libm::exp(q * libm::log(low));
    if q.abs() < 1e-12 {
        scale * log_ratio
    } else {
        scale * libm::expm1(q * log_ratio) / q
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Share;

    #[test]
    fn masses_agree_with_plain_sums() {
        for exponent in [0.0, 0.5, 0.9, 1.0, 1.3, 2.0] {
            let keys = 20_000;
            let masses = Masses::new(&Popularity::Zipf { exponent }, keys);
            let weights: Vec<f64> = (1..=keys).map(|r| (r as f64).powf(-exponent)).collect();
            let total: f64 = weights.iter().sum();
            for rank in [1, 7, 1_024, 1_025, 5_000, keys] {
                let exact: f64 = weights[..rank as usize].iter().sum::<f64>() / total;
                assert!((masses.up_to(rank) - exact).abs() < 1e-7, "{exponent} {rank}");
            }
            let exact: f64 = weights[1_999..2_500].iter().sum::<f64>() / total;
            assert!((masses.between(2_000, 2_500) / exact - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn a_hot_set_takes_its_share_of_the_traffic() {
        let hot_set = |share: f64, keys: u64| {
            let law = Popularity::HotSet {
                keys: Share(share),
                traffic: Share(0.9),
            };
            Masses::new(&law, keys)
        };
        let masses = hot_set(0.2, 5_000);
        assert!((masses.up_to(1_000) - 0.9).abs() < 1e-12);
        assert!((masses.of(1_000) / masses.of(1_001) - 36.0).abs() < 1e-9);
        assert!((masses.between(901, 1_400) - (0.09 + 0.01)).abs() < 1e-12);
        assert!((masses.between(2_001, 5_000) - 0.075).abs() < 1e-12);
        assert!((masses.up_to(5_000) - 1.0).abs() < 1e-12);
        // One key at least, and all alike when all are hot.
        assert!((hot_set(0.0, 50).of(1) - 0.9).abs() < 1e-12);
        assert!((hot_set(1.0, 50).of(1) - 0.02).abs() < 1e-12);
    }
}
