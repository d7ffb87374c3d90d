//! How a run of any size is thinned out to a budget of requests.
//!
//! Two means, used together. *Tail keys* are sampled: of every `one_in` neighbouring ranks one key is
//! simulated, at its real rate, and stands for all of them in memory and traffic. *Hot keys*, the first ranks,
//! are all simulated; those that are asked for many times in the life of a value are asked less often, each
//! request then standing for several. That changes next to nothing as long as a key is still asked
//! [`VISITS`] times in the time after which it would vanish unasked: the requests left out would all have hit.
//!
//! Two kinds of classes have no hot keys unless all of theirs are. Of a *scan* all keys are alike, and with one key of
//! every `one_in` its rounds take as long as all keys would take. Where *the newest key is the hottest* and new ones come, a key's rank grows with
//! its age: the key simulated of `one_in` born in a row ages with them, is asked at their mean rate, and stands for
//! them at every age. Hits and memory come out right; the load of single shards is more uneven than it would be, as
//! the newest keys' requests all go to the shard of the one. Where all keys are hot, they are asked less often alike.
//!
//! A class whose keys turn over within the run has fewer hot keys, as each of those born among them is simulated. A key
//! that comes into the hot ranks from elsewhere (drift) is simulated as a new one: it may have been in the cache, which
//! costs a miss too many for each such move; nothing else is approximate in churn and drift of a sampled run.

use super::popularity::{Masses, hot_keys};
use crate::scenario::{KeyClass, Popularity, Ttl};

/// How much of a budget goes into hot keys.
#[derive(Clone, Copy, Debug)]
struct Measure {
    /// Hot keys are so many times `one_in`.
    hot_per_block: f64,
    /// Requests per simulated key at least, so that setting up the keys does not outweigh the run.
    per_key: f64,
}

/// A block of the tail is at most a quarter as wide as its rank, and its keys differ in popularity by less than a fifth
/// from their mean.
const AMPLE: Measure = Measure {
    hot_per_block: 4.0,
    per_key: 8.0,
};

/// For what exceeds its budget by far otherwise. The first blocks of the tail are as wide as their ranks, up to half as popular again as their mean; keys that hot stay in the cache all the same.
const SCANT: Measure = Measure {
    hot_per_block: 1.0,
    per_key: 2.0,
};

/// For what even then exceeds its budget by far: hundreds of millions of keys in some 100,000 requests. The first blocks are
/// four times as wide as their ranks (by Zipf's law with exponent 1 their keys differ by a factor of five), which is allowed
/// only as long as even the coldest key is asked for [`FIRMLY`] times before it would vanish.
const SPARSE: Measure = Measure {
    hot_per_block: 0.25,
    per_key: 2.0,
};

/// Requests, in the time after which it would vanish, of a key that next to never misses: by Poisson once in 20,000.
const FIRMLY: f64 = 10.0;

/// Rather so many times the budget than hot keys asked less often than they should be.
const EXCESS: f64 = 1.25;

/// Rather so many times the budget than the next scantier measure: [`SCANT`] states more than twice the error of [`AMPLE`].
const MOST_EXCESS: f64 = 3.0;

/// Requests that a thinned hot key still gets, if the budget allows, in the time after which it would vanish.
const VISITS: f64 = 50.0;

/// Fewest such requests when the budget is too small for [`VISITS`].
const FEWEST_VISITS: f64 = 0.05;

/// One request never stands for more than this many times the mean: chance would show in the load.
const HEAVIEST: f64 = 4.0;

/// Most keys simulated one by one; at about 60 bytes each they fit a browser's memory.
const MAX_KEYS: u64 = 8_000_000;

/// Places of a class without hot keys at least: fewer would not tell its ranks apart.
const FEWEST_PLACES: u64 = 256;

/// Times that a flow of more ranks than there are keys is laid over them exactly; what is left is spread evenly.
const FOLDS: u64 = 64;

/// How one run is thinned out.
#[derive(Clone, Debug)]
pub(crate) struct Thinning {
    /// Ranks behind the hot ones that one simulated key stands for.
    pub(crate) one_in: u32,
    hot_per_block: f64,
    /// Per class: the rate above which a hot key is asked less often, requests/s.
    ceilings: Vec<f64>,
    /// Most requests that one stands for.
    heaviest: f64,
    /// Length of the run.
    days: f64,
}

/// Which ranks of a class are simulated by which places: one each by the first, a block of them by each further one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Layout {
    keys: u64,
    /// Ranks that have a place of their own.
    pub(crate) hot: u64,
    one_in: u64,
    /// Rank that no block may reach across, as popularity falls there; `hot` if there is none.
    cut: u64,
}

impl Layout {
    /// Number of places.
    pub(crate) fn places(&self) -> u64 {
        self.before_cut() + (self.keys - self.cut).div_ceil(self.one_in)
    }

    fn before_cut(&self) -> u64 {
        self.hot + (self.cut - self.hot).div_ceil(self.one_in)
    }

    /// First and last rank of a place, which counts from 0.
    pub(crate) fn ranks(&self, place: u64) -> (u64, u64) {
        let before_cut = self.before_cut();
        if place < self.hot {
            (place + 1, place + 1)
        } else if place < before_cut {
            let first = self.hot + (place - self.hot) * self.one_in + 1;
            (first, (first + self.one_in - 1).min(self.cut))
        } else {
            let first = self.cut + (place - before_cut) * self.one_in + 1;
            (first, (first + self.one_in - 1).min(self.keys))
        }
    }

    /// The place of a rank, which counts from 1.
    pub(crate) fn place(&self, rank: u64) -> u64 {
        if rank <= self.hot {
            rank - 1
        } else if rank <= self.cut {
            self.hot + (rank - self.hot - 1) / self.one_in
        } else {
            self.before_cut() + (rank - self.cut - 1) / self.one_in
        }
    }
}

/// Accesses that fall on keys by one law.
#[derive(Clone, Copy)]
struct Flow<'a> {
    masses: &'a Masses,
    /// Ranks of the law.
    ranks: u64,
    /// Expected in the run, and those of them that read.
    expected: f64,
    reads: f64,
}

/// All that asks for the keys of a class: its own requests and those that follow others'.
pub(crate) struct Demand<'a> {
    flows: Vec<Flow<'a>>,
    keys: u64,
    seconds: f64,
}

impl<'a> Demand<'a> {
    /// That of each class. A class that follows one that follows another is taken to follow by the ranks of the first.
    pub(crate) fn all(classes: &[KeyClass], masses: &'a [Masses], seconds: f64) -> Vec<Self> {
        (0..classes.len())
            .map(|at| Self {
                flows: flows(classes, masses, seconds, at, classes.len()),
                keys: classes.get(at).map_or(1, |class| class.keys),
                seconds,
            })
            .collect()
    }

    /// Expected accesses in the run.
    pub(crate) fn expected(&self) -> f64 {
        self.flows.iter().map(|flow| flow.expected).sum()
    }

    /// Mean accesses per second to the keys of the ranks `first..=last` together.
    pub(crate) fn between(&self, first: u64, last: u64) -> f64 {
        let of_flow = |flow: &Flow<'_>| {
            let mean = flow.expected / self.seconds;
            if flow.ranks <= self.keys {
                let last = last.min(flow.ranks);
                return if first > last {
                    0.0
                } else {
                    flow.masses.between(first, last) * mean
                };
            }
            let folds = flow.ranks.div_ceil(self.keys).min(FOLDS);
            let exact: f64 = (0..folds)
                .map(|fold| {
                    (
                        first + fold * self.keys,
                        (last + fold * self.keys).min(flow.ranks),
                    )
                })
                .filter(|(first, last)| first <= last)
                .map(|(first, last)| flow.masses.between(first, last))
                .sum();
            let rest = 1.0 - flow.masses.up_to(folds * self.keys);
            (exact + rest * (last - first + 1) as f64 / self.keys as f64) * mean
        };
        self.flows.iter().map(of_flow).sum()
    }

    /// Mean accesses per second to the key of a rank.
    pub(crate) fn of(&self, rank: u64) -> f64 {
        self.share_and_rate(rank).1
    }

    /// The key of a rank's share of the class's own accesses, and the mean accesses per second to it of all flows.
    pub(crate) fn share_and_rate(&self, rank: u64) -> (f64, f64) {
        match self.flows.as_slice() {
            [] => (0.0, 0.0),
            [own] => {
                let share = own.masses.of(rank);
                (share, share * (own.expected / self.seconds))
            }
            [own, ..] => (own.masses.of(rank), self.between(rank, rank)),
        }
    }
}

/// A circle of followers, which validation refuses, ends after so many steps.
fn flows<'a>(
    classes: &[KeyClass],
    masses: &'a [Masses],
    seconds: f64,
    at: usize,
    steps: usize,
) -> Vec<Flow<'a>> {
    let (Some(class), Some(own)) = (classes.get(at), masses.get(at)) else {
        return Vec::new();
    };
    let requests = class.rate.expected(seconds);
    let mut found = vec![Flow {
        masses: own,
        ranks: class.keys,
        expected: requests * class.keys_per_request(),
        reads: requests * class.reads().0 * f64::from(class.multi_get),
    }];
    if let (Some(follow), Some(leader)) = (&class.follows, class.leader(classes))
        && steps > 0
    {
        let followed = flows(classes, masses, seconds, leader, steps - 1);
        found.extend(followed.into_iter().map(|flow| {
            let reads = flow.reads * follow.probability.0;
            Flow {
                expected: reads,
                reads,
                ..flow
            }
        }));
    }
    found
}

impl Thinning {
    /// Every key and every request.
    pub(crate) fn none(classes: usize) -> Self {
        Self {
            one_in: 1,
            hot_per_block: AMPLE.hot_per_block,
            ceilings: vec![f64::INFINITY; classes],
            heaviest: 1.0,
            days: 0.0,
        }
    }

    /// Whether every key and every request is simulated.
    pub(crate) fn is_none(&self) -> bool {
        self.one_in == 1 && self.ceilings.iter().all(|ceiling| ceiling.is_infinite())
    }

    /// The rate above which a hot key of a class is asked less often, requests/s.
    pub(crate) fn ceiling(&self, class: u8) -> f64 {
        self.ceilings
            .get(usize::from(class))
            .copied()
            .unwrap_or(f64::INFINITY)
    }

    /// The least thinning that brings the expected requests to about the budget.
    ///
    /// `capacity_keys` is how many keys of the mix fit into the cluster's memory.
    #[inline(never)]
    pub(crate) fn choose(classes: &[KeyClass], seconds: f64, capacity_keys: f64, budget: u64) -> Self {
        let budget = budget as f64;
        let masses: Vec<Masses> = classes
            .iter()
            .map(|class| Masses::new(&class.popularity, class.keys))
            .collect();
        let demands = Demand::all(classes, &masses, seconds);
        let expected: f64 = demands.iter().map(Demand::expected).sum();
        let keys: f64 = classes
            .iter()
            .map(|class| class.keys as f64 + class.born(seconds))
            .sum();
        if expected <= budget && keys <= MAX_KEYS as f64 {
            return Self::none(classes.len());
        }
        let lives = lives(classes, &demands, seconds, capacity_keys);
        let fit = |measure| Self::fit(classes, &demands, &lives, seconds, budget, measure);
        let (mut least, mut chosen) = fit(AMPLE);
        if least > MOST_EXCESS * budget {
            let (cost, scant) = fit(SCANT);
            if cost < least {
                (least, chosen) = (cost, scant);
            }
        }
        if least > MOST_EXCESS * budget {
            let (cost, sparse) = fit(SPARSE);
            if cost < least && sparse.keeps_first_blocks(classes, &demands, &lives) {
                chosen = sparse;
            }
        }
        chosen
    }

    /// Whether the coldest key of the first block of every class stays in the cache [`FIRMLY`]. Classes whose keys are all
    /// alike are asked too: one of them that is asked for seldom costs requests, and nothing else.
    fn keeps_first_blocks(&self, classes: &[KeyClass], demands: &[Demand<'_>], lives: &[f64]) -> bool {
        let keeps = |((class, demand), life): ((&KeyClass, &Demand<'_>), &f64)| {
            let layout = self.layout(class);
            let (_, coldest) = layout.ranks(layout.hot);
            layout.hot == class.keys || demand.of(coldest) * life >= FIRMLY
        };
        classes.iter().zip(demands).zip(lives).all(keeps)
    }

    /// The least thinning of this measure that costs about the budget, or else the one that costs the least, with its cost.
    fn fit(
        classes: &[KeyClass],
        demands: &[Demand<'_>],
        lives: &[f64],
        seconds: f64,
        budget: f64,
        measure: Measure,
    ) -> (f64, Self) {
        let expected: f64 = demands.iter().map(Demand::expected).sum();
        let candidates: Vec<Self> = (1..=30)
            .map(|shift| Self {
                one_in: 1 << shift,
                hot_per_block: measure.hot_per_block,
                ceilings: Vec::new(),
                heaviest: HEAVIEST * (expected / budget).max(1.0),
                days: seconds / 86_400.0,
            })
            .collect();
        let keys_of = |thinning: &Self| thinning.keys(classes);
        let fewest_keys = candidates.iter().map(keys_of).min().unwrap_or(MAX_KEYS);
        let most_keys = MAX_KEYS.min((budget / measure.per_key) as u64).max(fewest_keys);
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
                let cost = thinning.cost(classes, demands, seconds);
                if cost <= budget {
                    return (cost, thinning);
                }
                if cost < cheapest.0 {
                    cheapest = (cost, thinning);
                }
            }
            if cheapest.0 <= EXCESS * budget || visits < FEWEST_VISITS {
                return cheapest;
            }
            visits /= 1.5;
        }
    }

    /// How many requests one request of a hot key of the class of this number stands for whose rate this is.
    ///
    /// Where ranks grow with age, keys keep what their requests stand for as they age: the same for all, by the rate of
    /// the coldest.
    pub(crate) fn every(&self, number: usize, class: &KeyClass, demand: &Demand<'_>, rate: f64) -> f64 {
        let rate = if ranks_by_age(class) {
            demand.of(class.keys)
        } else {
            rate
        };
        let ceiling = self.ceilings.get(number).copied().unwrap_or(f64::INFINITY);
        (rate / ceiling).clamp(1.0, self.heaviest)
    }

    /// Which keys of a class are simulated.
    pub(crate) fn layout(&self, class: &KeyClass) -> Layout {
        let one_in = u64::from(self.one_in);
        let turnover = (class.churn_per_day + class.drift_per_day) * self.days;
        let most = self.hot_per_block * one_in as f64 / (1.0 + turnover);
        let hot = class.keys.min(most as u64);
        let hot = match class.popularity {
            _ if one_in == 1 => class.keys,
            Popularity::Scan if hot < class.keys => 0,
            _ if ranks_by_age(class) && hot < class.keys => 0,
            _ => hot,
        };
        let cut = hot_keys(&class.popularity, class.keys).map_or(hot, |cut| cut.max(hot));
        let one_in = if hot == 0 {
            one_in.min((class.keys / FEWEST_PLACES).max(1))
        } else {
            one_in
        };
        Layout {
            keys: class.keys,
            hot,
            one_in,
            cut,
        }
    }

    /// Keys to simulate, with those born.
    #[inline(never)]
    fn keys(&self, classes: &[KeyClass]) -> u64 {
        classes
            .iter()
            .map(|class| {
                let layout = self.layout(class);
                let places = layout.places() as f64;
                let moved = layout.hot as f64 * class.drift_per_day;
                layout.places() + ((places * class.churn_per_day + moved) * self.days) as u64
            })
            .sum()
    }

    /// Expected requests to simulate.
    #[inline(never)]
    fn cost(&self, classes: &[KeyClass], demands: &[Demand<'_>], seconds: f64) -> f64 {
        let of_class = |(number, (class, demand)): (usize, (&KeyClass, &Demand<'_>))| {
            let Layout { hot, one_in, .. } = self.layout(class);
            let (mut of_hot, mut hot_rate) = (0.0, 0.0);
            for (first, last) in blocks(1, hot) {
                let rate = demand.between(first, last);
                hot_rate += rate;
                let of_key = rate / (last - first + 1) as f64;
                of_hot += rate * seconds / self.every(number, class, demand, of_key);
            }
            // A class of fewer keys has narrower blocks.
            let width = one_in.min(class.keys) as f64;
            of_hot + (demand.expected() - hot_rate * seconds).max(0.0) / width
        };
        classes.iter().zip(demands).enumerate().map(of_class).sum()
    }
}

/// Whether the rank of a key grows with its age.
fn ranks_by_age(class: &KeyClass) -> bool {
    matches!(class.popularity, Popularity::Latest { .. }) && class.churn_per_day > 0.0
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
#[inline(never)]
fn lives(classes: &[KeyClass], demands: &[Demand<'_>], seconds: f64, capacity_keys: f64) -> Vec<f64> {
    let eviction = characteristic_time(demands, seconds, capacity_keys);
    let of_class = |class: &KeyClass| match class.ttl {
        Ttl::None => eviction,
        Ttl::Fixed { seconds, jitter } => eviction.min(seconds.0 as f64 * (1.0 - jitter.0)),
        Ttl::Sliding { seconds } => eviction.min(seconds.0 as f64),
    };
    classes.iter().map(of_class).collect()
}

/// Time in which as many distinct keys are asked for as the cache holds, at the mean rates; at most `seconds`.
///
/// Che, Tung and Wang, "Hierarchical Web caching systems", IEEE JSAC 2002.
#[inline(never)]
fn characteristic_time(demands: &[Demand<'_>], seconds: f64, capacity_keys: f64) -> f64 {
    // Keys and rate per key of groups of ranks alike enough.
    let groups: Vec<(f64, f64)> = demands
        .iter()
        .flat_map(|demand| {
            blocks(1, demand.keys).map(move |(first, last)| {
                let keys = (last - first + 1) as f64;
                (keys, demand.between(first, last) / keys)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Follow, Rate};
    use crate::units::{PerSecond, Share};

    #[test]
    fn every_rank_has_the_place_that_holds_it() {
        for (keys, hot, one_in, cut) in [
            (100, 100, 1, 100),
            (1_000, 32, 8, 32),
            (1_001, 32, 8, 77),
            (50, 0, 64, 0),
            (1_000, 28, 8, 1_000),
        ] {
            let layout = Layout {
                keys,
                hot,
                one_in,
                cut,
            };
            let mut next = 1;
            for place in 0..layout.places() {
                let (first, last) = layout.ranks(place);
                assert_eq!(first, next);
                assert!(
                    (first..=last).all(|rank| layout.place(rank) == place),
                    "{layout:?}"
                );
                assert!(first > cut || last <= cut, "{layout:?}: a block crosses the cut");
                next = last + 1;
            }
            assert_eq!(next, keys + 1, "{layout:?}");
        }
    }

    #[test]
    fn followers_add_to_the_demand_by_rank() {
        let leader = KeyClass {
            name: "a".into(),
            keys: 1_000,
            rate: Rate::Constant {
                per_s: PerSecond(100.0),
            },
            writes: Share(0.2),
            multi_get: 3,
            ..KeyClass::default()
        };
        let follower = KeyClass {
            name: "b".into(),
            keys: 10,
            popularity: Popularity::Uniform,
            rate: Rate::Constant {
                per_s: PerSecond(10.0),
            },
            follows: Some(Follow {
                class: "a".into(),
                probability: Share(0.5),
                delay_ms: 1,
            }),
            ..KeyClass::default()
        };
        let classes = [leader, follower];
        let masses: Vec<Masses> = classes
            .iter()
            .map(|class| Masses::new(&class.popularity, class.keys))
            .collect();
        let demands = Demand::all(&classes, &masses, 60.0);
        // 20 writes and 80 reads of 3 keys, half of which are followed.
        assert!((demands[0].expected() - 260.0 * 60.0).abs() < 1e-6);
        assert!((demands[1].expected() - 130.0 * 60.0).abs() < 1e-6);
        assert!((demands[1].between(1, 10) - 130.0).abs() < 1e-6);
        let folded: f64 = (0..100).map(|fold| masses[0].of(fold * 10 + 4)).sum();
        // Of the hundred rounds the last few are spread evenly.
        assert!((demands[1].of(4) / (1.0 + 120.0 * folded) - 1.0).abs() < 0.01);
    }

    #[test]
    fn a_sampled_run_stays_within_budget_whatever_moves() {
        for popularity in [
            Popularity::Zipf { exponent: 0.9 },
            Popularity::Latest { exponent: 0.9 },
            Popularity::Scan,
            Popularity::HotSet {
                keys: Share(0.1),
                traffic: Share(0.9),
            },
        ] {
            for (keys, churn_per_day, drift_per_day) in [
                (50_000_000, 0.0, 0.0),
                (50_000_000, 0.3, 0.0),
                (50_000_000, 100.0, 100.0),
                (10_000, 1.0, 1.0),
                (300, 10.0, 10.0),
                (1, 20.0, 0.0),
            ] {
                let class = KeyClass {
                    keys,
                    popularity: popularity.clone(),
                    churn_per_day,
                    drift_per_day,
                    ..KeyClass::default()
                };
                let classes = [class];
                let thinning = Thinning::choose(&classes, 86_400.0, 1e6, 1_000_000);
                let keys = thinning.keys(&classes);
                assert!(keys <= MAX_KEYS, "{classes:?}: {keys} keys");
                let masses = [Masses::new(&classes[0].popularity, classes[0].keys)];
                let demands = Demand::all(&classes, &masses, 86_400.0);
                let cost = thinning.cost(&classes, &demands, 86_400.0);
                assert!(cost <= 1.25e6, "{classes:?}: {cost} requests");
            }
        }
    }

    #[test]
    fn hundreds_of_millions_of_keys_fit_a_small_budget() {
        let class = KeyClass {
            keys: 500_000_000,
            popularity: Popularity::Zipf { exponent: 0.9 },
            rate: crate::scenario::Rate::Constant {
                per_s: crate::units::PerSecond(200_000.0),
            },
            ..KeyClass::default()
        };
        let classes = [class];
        let masses = [Masses::new(&classes[0].popularity, classes[0].keys)];
        let demands = Demand::all(&classes, &masses, 86_400.0);
        for budget in [100_000, 150_000, 300_000] {
            let thinning = Thinning::choose(&classes, 86_400.0, 2.5e8, budget);
            let keys = thinning.keys(&classes);
            assert!(keys <= budget / 2, "{budget}: {keys} keys");
            let cost = thinning.cost(&classes, &demands, 86_400.0);
            assert!(cost <= 1.5 * budget as f64, "{budget}: {cost} requests");
        }
        // A cache of 50,000 keys would lose some of the first block: rather more requests than that.
        let small = Thinning::choose(&classes, 86_400.0, 5e4, 100_000);
        assert!(small.hot_per_block > SPARSE.hot_per_block, "{small:?}");
    }
}
