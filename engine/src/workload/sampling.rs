//! How a run of any size is thinned out to a budget of requests.
//!
//! Two means, used together. *Tail keys* are sampled: of every `one_in` neighbouring ranks one key is
//! simulated, at its real rate, and stands for all of them in memory and traffic. *Hot keys*, the first ranks,
//! are all simulated; those that are asked for many times in the life of a value are asked less often, each
//! request then standing for several. That changes next to nothing as long as a key is still asked
//! [`VISITS`] times in the shortest time in which it could vanish: the requests left out would all have hit.

use super::popularity::Masses;
use crate::scenario::{KeyClass, Ttl};

/// Hot keys are so many times `one_in`: a block of the tail is then at most a quarter as wide as its rank, and
/// its keys differ in popularity by less than a fifth from their mean.
const HOT_PER_BLOCK: u64 = 4;

/// Requests that a thinned hot key still gets in the shortest time in which it could vanish.
const VISITS: f64 = 50.0;

/// Most keys simulated one by one; at about 60 bytes each they fit a browser's memory.
pub(crate) const MAX_KEYS: u64 = 8_000_000;

/// How one run is thinned out.
#[derive(Clone, Debug)]
pub(crate) struct Thinning {
    /// Ranks behind the hot ones that one simulated key stands for.
    pub(crate) one_in: u32,
    /// Per class: the rate above which a hot key is asked less often, requests/s.
    pub(crate) ceilings: Vec<f64>,
}

impl Thinning {
    /// Every key and every request.
    pub(crate) fn none(classes: usize) -> Self {
        Self {
            one_in: 1,
            ceilings: vec![f64::INFINITY; classes],
        }
    }

    /// The least thinning that brings the expected requests to about the budget.
    ///
    /// `capacity_keys` is how many keys of the mix fit into the cluster's memory.
    pub(crate) fn choose(classes: &[KeyClass], seconds: f64, capacity_keys: f64, budget: u64) -> Self {
        let expected: f64 = classes.iter().map(|class| class.rate.expected(seconds)).sum();
        let keys: u64 = classes.iter().map(|class| class.keys).sum();
        if expected <= budget as f64 && keys <= MAX_KEYS {
            return Self::none(classes.len());
        }
        let masses: Vec<Masses> = classes
            .iter()
            .map(|class| Masses::new(class.popularity, class.keys))
            .collect();
        let mut visits = VISITS;
        loop {
            let ceilings: Vec<f64> = classes
                .iter()
                .map(|class| visits / shortest_life(class, classes, seconds, capacity_keys))
                .collect();
            let cheapest = (1..=30)
                .map(|shift| Self {
                    one_in: 1 << shift,
                    ceilings: ceilings.clone(),
                })
                .filter(|thinning| thinning.keys(classes) <= MAX_KEYS)
                .map(|thinning| (thinning.cost(classes, &masses, seconds), thinning))
                .try_fold(None::<(f64, Self)>, |best, (cost, thinning)| {
                    if cost <= budget as f64 {
                        return Err(thinning);
                    }
                    Ok(match best {
                        Some(best) if best.0 <= cost => Some(best),
                        _ => Some((cost, thinning)),
                    })
                });
            match cheapest {
                Err(fits) => return fits,
                // No choice of `one_in` meets the budget: ask the hot keys less often still.
                Ok(Some((cost, thinning))) if visits < 1.0 || cost <= 1.25 * budget as f64 => {
                    return thinning;
                }
                Ok(_) => visits /= 1.5,
            }
            if visits < 0.5 {
                return Self {
                    one_in: 1 << 30,
                    ceilings,
                };
            }
        }
    }

    /// Number of keys of a class that are all simulated.
    pub(crate) fn hot_keys(&self, class: &KeyClass) -> u64 {
        if self.one_in == 1 {
            class.keys
        } else {
            class.keys.min(HOT_PER_BLOCK * u64::from(self.one_in))
        }
    }

    fn keys(&self, classes: &[KeyClass]) -> u64 {
        classes
            .iter()
            .map(|class| {
                let hot = self.hot_keys(class);
                hot + (class.keys - hot).div_ceil(u64::from(self.one_in))
            })
            .sum()
    }

    /// Expected requests to simulate.
    fn cost(&self, classes: &[KeyClass], masses: &[Masses], seconds: f64) -> f64 {
        classes
            .iter()
            .zip(masses)
            .zip(&self.ceilings)
            .map(|((class, masses), ceiling)| {
                let expected = class.rate.expected(seconds);
                let mean = expected / seconds;
                let hot = self.hot_keys(class);
                // Ranks whose rate is above the ceiling, found by bisection: rates fall with rank.
                let (mut low, mut high) = (0, hot);
                while low < high {
                    let middle = (low + high).div_ceil(2);
                    if masses.of(middle) * mean > *ceiling {
                        low = middle
                    } else {
                        high = middle - 1
                    }
                }
                let thinned = low as f64 * ceiling * seconds;
                let whole = (masses.up_to(hot) - masses.up_to(low)) * expected;
                let tail = (1.0 - masses.up_to(hot)) * expected / f64::from(self.one_in);
                thinned + whole + tail
            })
            .sum()
    }
}

/// Least seconds in which a key of the class could vanish: its TTL, or the time in which requests that all
/// miss would refill the memory.
fn shortest_life(class: &KeyClass, classes: &[KeyClass], seconds: f64, capacity_keys: f64) -> f64 {
    let peak: f64 = classes.iter().map(|class| class.rate.peak()).sum();
    let keys: f64 = classes.iter().map(|class| class.keys as f64).sum();
    let ttl = match class.ttl {
        Ttl::None => f64::INFINITY,
        Ttl::Fixed { seconds, jitter } => seconds.0 as f64 * (1.0 - jitter.0),
    };
    let refill = if capacity_keys >= keys {
        f64::INFINITY
    } else {
        capacity_keys / peak
    };
    ttl.min(refill).min(seconds)
}
