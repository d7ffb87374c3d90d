//! How a run of any size is thinned out to a budget of requests.
//!
//! Two means, used together. *Tail keys* are sampled: of every `one_in` neighbouring ranks one key is
//! simulated, at its real rate, and stands for all of them in memory and traffic. *Hot keys*, the first ranks,
//! are all simulated; those that are asked for many times in the life of a value are asked less often, each
//! request then standing for several. That changes next to nothing as long as a key is still asked
//! [`VISITS`] times in the time after which it would vanish unasked: the requests left out would all have hit.

use super::popularity::Masses;
use crate::scenario::{KeyClass, Ttl};

/// Hot keys are so many times `one_in`: a block of the tail is then at most a quarter as wide as its rank, and
/// its keys differ in popularity by less than a fifth from their mean.
const HOT_PER_BLOCK: u64 = 4;

/// Requests that a thinned hot key still gets, if the budget allows, in the time after which it would vanish.
const VISITS: f64 = 50.0;

/// Fewest such requests when the budget is too small for [`VISITS`].
const FEWEST_VISITS: f64 = 0.05;

/// One request never stands for more than this many times the mean: chance would show in the load.
const HEAVIEST: f64 = 4.0;

/// Most keys simulated one by one; at about 60 bytes each they fit a browser's memory.
const MAX_KEYS: u64 = 8_000_000;

/// Requests per simulated key at least, so that setting up the keys does not outweigh the run.
const PER_KEY: f64 = 8.0;

/// How one run is thinned out.
#[derive(Clone, Debug)]
pub(crate) struct Thinning {
    /// Ranks behind the hot ones that one simulated key stands for.
    pub(crate) one_in: u32,
    /// Per class: the rate above which a hot key is asked less often, requests/s.
    ceilings: Vec<f64>,
    /// Most requests that one stands for.
    heaviest: f64,
}

impl Thinning {
    /// Every key and every request.
    pub(crate) fn none(classes: usize) -> Self {
        Self {
            one_in: 1,
            ceilings: vec![f64::INFINITY; classes],
            heaviest: 1.0,
        }
    }

    /// The least thinning that brings the expected requests to about the budget.
    ///
    /// `capacity_keys` is how many keys of the mix fit into the cluster's memory.
    pub(crate) fn choose(classes: &[KeyClass], seconds: f64, capacity_keys: f64, budget: u64) -> Self {
        let budget = budget as f64;
        let expected: f64 = classes.iter().map(|class| class.rate.expected(seconds)).sum();
        let keys: u64 = classes.iter().map(|class| class.keys).sum();
        if expected <= budget && keys <= MAX_KEYS {
            return Self::none(classes.len());
        }
        let masses: Vec<Masses> = classes
            .iter()
            .map(|class| Masses::new(class.popularity, class.keys))
            .collect();
        let candidates: Vec<Self> = (1..=30)
            .map(|shift| Self {
                one_in: 1 << shift,
                ceilings: Vec::new(),
                heaviest: HEAVIEST * (expected / budget).max(1.0),
            })
            .collect();
        let keys_of = |thinning: &Self| thinning.keys(classes);
        let fewest_keys = candidates.iter().map(keys_of).min().unwrap_or(keys);
        let most_keys = MAX_KEYS.min((budget / PER_KEY) as u64).max(fewest_keys);
        let lives = lives(classes, &masses, seconds, capacity_keys);
        let mut visits = VISITS;
        loop {
            let mut cheapest = (f64::INFINITY, Self::none(classes.len()));
            for candidate in candidates
                .iter()
                .filter(|thinning| keys_of(thinning) <= most_keys)
            {
                let ceilings = lives.iter().map(|life| visits / life).collect();
                let thinning = Self {
                    ceilings,
                    ..candidate.clone()
                };
                let cost = thinning.cost(classes, &masses, seconds);
                if cost <= budget {
                    return thinning;
                }
                if cost < cheapest.0 {
                    cheapest = (cost, thinning);
                }
            }
            // Rather a quarter over the budget than hot keys asked less often than they should be.
            if cheapest.0 <= 1.25 * budget || visits < FEWEST_VISITS {
                return cheapest.1;
            }
            visits /= 1.5;
        }
    }

    /// How many requests one request of a hot key stands for whose rate this is.
    pub(crate) fn every(&self, class: usize, rate: f64) -> f64 {
        let ceiling = self.ceilings.get(class).copied().unwrap_or(f64::INFINITY);
        (rate / ceiling).clamp(1.0, self.heaviest)
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
        let of_class = |(number, (class, masses)): (usize, (&KeyClass, &Masses))| {
            let expected = class.rate.expected(seconds);
            let mean = expected / seconds;
            let hot = self.hot_keys(class);
            let of_hot: f64 = blocks(1, hot)
                .map(|(first, last)| {
                    let mass = masses.between(first, last);
                    let rate = mass * mean / (last - first + 1) as f64;
                    mass * expected / self.every(number, rate)
                })
                .sum();
            let tail = (1.0 - masses.up_to(hot)) * expected / f64::from(self.one_in);
            of_hot + tail
        };
        classes.iter().zip(masses).enumerate().map(of_class).sum()
    }
}

/// Ranks `first..=last` in blocks that widen with the rank by an eighth, so that there are few.
fn blocks(first: u64, last: u64) -> impl Iterator<Item = (u64, u64)> {
    let mut next = first;
    core::iter::from_fn(move || {
        let from = next;
        if from > last {
            return None;
        }
        let to = (from + from / 8).min(last);
        next = to + 1;
        Some((from, to))
    })
}

/// Seconds after which a value that nobody asks for vanishes, per class: its TTL, or the characteristic time of
/// the cache as a whole if that is shorter.
fn lives(classes: &[KeyClass], masses: &[Masses], seconds: f64, capacity_keys: f64) -> Vec<f64> {
    let eviction = characteristic_time(classes, masses, seconds, capacity_keys);
    let of_class = |class: &KeyClass| match class.ttl {
        Ttl::None => eviction,
        Ttl::Fixed { seconds, jitter } => eviction.min(seconds.0 as f64 * (1.0 - jitter.0)),
    };
    classes.iter().map(of_class).collect()
}

/// Time in which as many distinct keys are asked for as the cache holds, at the mean rates; at most `seconds`.
///
/// Che, Tung and Wang, "Hierarchical Web caching systems", IEEE JSAC 2002.
fn characteristic_time(classes: &[KeyClass], masses: &[Masses], seconds: f64, capacity_keys: f64) -> f64 {
    // Keys and rate per key of groups of ranks alike enough.
    let groups: Vec<(f64, f64)> = classes
        .iter()
        .zip(masses)
        .flat_map(|(class, masses)| {
            let mean = class.rate.expected(seconds) / seconds;
            blocks(1, class.keys).map(move |(first, last)| {
                let keys = (last - first + 1) as f64;
                (keys, masses.between(first, last) * mean / keys)
            })
        })
        .collect();
    let asked = |time: f64| -> f64 {
        let distinct = |(keys, rate): &(f64, f64)| -keys * libm::expm1(-rate * time);
        groups.iter().map(distinct).sum()
    };
    if asked(seconds) <= capacity_keys {
        return seconds;
    }
    let (mut low, mut high) = (0.0, seconds);
    for _ in 0..40 {
        let middle = (low + high) / 2.0;
        if asked(middle) < capacity_keys {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}
