//! Requests drawn at random from key classes.

use super::alias::Alias;
use super::arrivals::Arrivals;
use super::keys::{KeyTable, NewKey, Weight, shard_in, value_bytes};
use super::motion::Motion;
use super::popularity::Masses;
use super::sampling::{Demand, Layout, Thinning};
use super::{Operation, Request};
use crate::cluster::Topology;
use crate::random::Stream;
use crate::scenario::{KeyClass, Popularity, Ttl};
use crate::units::Micros;
use core::cmp::Reverse;
use std::collections::BinaryHeap;

struct Class {
    /// Index of its first key in the table.
    first: u32,
    law: Law,
    motion: Option<Motion>,
    writes: f64,
    /// Part of the requests that write or delete.
    changes: f64,
    keys_per_read: u32,
    /// Part of the reads that are heavy, and their cost.
    heavy: (f64, f32),
    followers: Vec<Follower>,
}

/// How places are drawn.
enum Law {
    Alias(Alias),
    /// In turn: the next place, and how many there are.
    Scan {
        next: u32,
        places: u32,
    },
}

/// A class that follows another.
struct Follower {
    class: usize,
    probability: f64,
    mean_us: f64,
}

/// What followers need to know of a class.
struct Ranks {
    layout: Layout,
    keys: u64,
    /// Requests that one stands for, by place.
    weights: Vec<f32>,
}

/// Reads that will follow others.
struct Following {
    /// Empty for classes that neither follow nor are followed.
    ranks: Vec<Option<Ranks>>,
    /// Instant, number in order of appearance, class and place.
    due: BinaryHeap<Reverse<(Micros, u64, u32, u32)>>,
    appeared: u64,
    random: Stream,
    end: Micros,
}

/// A stream of requests and the keys they ask for.
pub(crate) struct Synthetic {
    arrivals: Arrivals,
    classes: Vec<Class>,
    following: Option<Box<Following>>,
    keys: Stream,
    operations: Stream,
    /// The last limit.
    until: Micros,
}

impl Synthetic {
    /// The stream of these classes, and the table of its keys.
    pub(crate) fn new(
        classes: &[KeyClass],
        seconds: f64,
        thinning: &Thinning,
        topology: &Topology,
        seed: u64,
    ) -> (Self, KeyTable) {
        let mut table = KeyTable::new(topology.shards());
        let masses: Vec<Masses> = classes
            .iter()
            .map(|class| Masses::new(&class.popularity, class.keys))
            .collect();
        let demands = Demand::all(classes, &masses, seconds);
        let mut built = Vec::with_capacity(classes.len());
        let mut rates = Vec::with_capacity(classes.len());
        for (number, ((class, masses), demand)) in classes.iter().zip(&masses).zip(&demands).enumerate() {
            let first = table.len() as u32;
            let sampler = Sampler {
                class,
                number: number as u8,
                masses,
                demand,
                layout: thinning.layout(class),
                thinning,
                topology,
            };
            let (shares, fixed) = sampler.sample(seed, &mut table);
            rates.push((class.rate.clone(), shares.iter().sum()));
            let reads = class.reads().0;
            built.push(Class {
                first,
                motion: Motion::new(class, &sampler.layout, fixed, first, seed, number as u8),
                law: match class.popularity {
                    Popularity::Scan => Law::Scan {
                        next: 0,
                        places: shares.len() as u32,
                    },
                    _ => Law::Alias(Alias::new(&shares)),
                },
                writes: class.writes.0,
                changes: if reads > 0.0 {
                    class.writes.0 + class.deletes.0
                } else {
                    1.0
                },
                keys_per_read: class.multi_get,
                heavy: (class.heavy.share.0, class.heavy.cost as f32),
                followers: followers(classes, number),
            });
        }
        let end = Micros((seconds * 1e6) as u64);
        for (number, (class, built)) in classes.iter().zip(&mut built).enumerate() {
            if let Some(motion) = &mut built.motion {
                motion.set_first_born(table.len() as u32);
                bear(
                    class,
                    number as u8,
                    built.first,
                    motion,
                    end,
                    topology,
                    &mut table,
                );
            }
        }
        let stream = Self {
            following: Following::new(classes, &built, thinning, &table, end, seed),
            arrivals: Arrivals::new(rates, seconds, Stream::new(seed, 1)),
            classes: built,
            keys: Stream::new(seed, 2),
            operations: Stream::new(seed, 3),
            until: Micros(0),
        };
        (stream, table)
    }

    /// Multiplies the rates of a class, or of all, by a factor from the last limit of [`fill`](Self::fill) on: in
    /// place of the factor before, not on top of it. To be called when `fill` has no further request before that limit.
    pub(crate) fn set_rate_factor(&mut self, class: Option<usize>, factor: f64) {
        self.arrivals.set_factor(self.until, class, factor);
    }

    /// Adds `count` further requests to `batch`, all of them before `until`; fewer when there are no more before it or
    /// the time is over. A multi-get is never divided: its last keys may exceed `count`.
    ///
    /// How the sequence is divided into calls, by count or by limit, changes nothing in it.
    pub(crate) fn fill(&mut self, batch: &mut Vec<Request>, count: usize, until: Micros) {
        self.until = until;
        let first = batch.len();
        let last = first + count;
        if self.following.is_some() {
            self.fill_followed(batch, last, until);
            return;
        }
        while batch.len() < last {
            let Some((at, class)) = self.arrivals.next(until) else {
                break;
            };
            self.push(batch, at, class);
        }
        // The keys are drawn in a second pass over the batch: each draw reads a random place of a large table, and draws
        // that do not wait for each other let the processor fetch several places at once.
        for request in batch.iter_mut().skip(first) {
            if let Some(class) = self.classes.get_mut(request.key as usize) {
                let place = class.draw(&mut self.keys);
                request.key = class.key(request.at, place);
            }
        }
    }

    /// Adds the request that somebody makes at this time whose requests are as mixed as all: several for a multi-get.
    pub(crate) fn ask(&mut self, batch: &mut Vec<Request>, at: Micros) {
        let first = batch.len();
        let class = self.arrivals.draw_class(at);
        self.push(batch, at, class);
        for request in batch.iter_mut().skip(first) {
            if let Some(class) = self.classes.get_mut(request.key as usize) {
                let place = class.draw(&mut self.keys);
                request.key = class.key(request.at, place);
            }
        }
    }

    /// Adds a request with the number of its class in place of its key.
    #[inline]
    fn push(&mut self, batch: &mut Vec<Request>, at: Micros, class: usize) {
        let Some(rules) = self.classes.get(class) else {
            return;
        };
        let operation = if rules.changes > 0.0 {
            let mark = self.operations.unit();
            if mark < rules.writes {
                Operation::Write
            } else if mark < rules.changes {
                Operation::Delete
            } else {
                Operation::Read
            }
        } else {
            Operation::Read
        };
        let reads = operation == Operation::Read;
        let mut request = Request {
            at,
            key: class as u32,
            operation,
            key_bytes: None,
            value_bytes: None,
            ttl: None,
            cost: if reads {
                rules.cost(&mut self.operations)
            } else {
                1.0
            },
            continues: false,
        };
        batch.push(request);
        if reads && rules.keys_per_read > 1 {
            request.continues = true;
            for _ in 1..rules.keys_per_read {
                batch.push(request);
            }
        }
    }

    /// [`fill`](Self::fill) where reads follow others: each key must be known before the next request is.
    fn fill_followed(&mut self, batch: &mut Vec<Request>, last: usize, until: Micros) {
        while batch.len() < last {
            let first = batch.len();
            let due = self.following.as_ref().and_then(|following| following.next());
            let limit = due.map_or(until, |due| due.min(until));
            let place = if let Some((at, class)) = self.arrivals.next(limit) {
                self.push(batch, at, class);
                None
            } else if limit < until
                && let Some(following) = &mut self.following
                && let Some(Reverse((at, _, class, place))) = following.due.pop()
                && let Some(rules) = self.classes.get(class as usize)
            {
                batch.push(Request {
                    at,
                    key: class,
                    operation: Operation::Read,
                    key_bytes: None,
                    value_bytes: None,
                    ttl: None,
                    cost: rules.cost(&mut self.operations),
                    continues: false,
                });
                Some(place)
            } else {
                break;
            };
            for request in batch.iter_mut().skip(first) {
                let number = request.key as usize;
                let Some(class) = self.classes.get_mut(number) else {
                    continue;
                };
                let place = place.unwrap_or_else(|| class.draw(&mut self.keys));
                request.key = class.key(request.at, place);
                if let Some(following) = &mut self.following
                    && request.operation == Operation::Read
                {
                    following.read(number, &class.followers, request.at, place);
                }
            }
        }
    }
}

impl Class {
    fn draw(&mut self, random: &mut Stream) -> u32 {
        match &mut self.law {
            Law::Alias(alias) => alias.draw(random),
            Law::Scan { next, places } => {
                let place = *next;
                *next = if place + 1 < *places { place + 1 } else { 0 };
                place
            }
        }
    }

    fn key(&mut self, at: Micros, place: u32) -> u32 {
        match &mut self.motion {
            Some(motion) => motion.key(at, place),
            None => self.first + place,
        }
    }

    /// Cost of the next read.
    fn cost(&self, random: &mut Stream) -> f32 {
        let (share, cost) = self.heavy;
        if share > 0.0 && random.unit() < share {
            cost
        } else {
            1.0
        }
    }
}

/// The classes that follow the one of this number.
fn followers(classes: &[KeyClass], number: usize) -> Vec<Follower> {
    let of_class = |(class, follower): (usize, &KeyClass)| {
        let follow = follower.follows.as_ref()?;
        (follower.leader(classes) == Some(number)).then(|| Follower {
            class,
            probability: follow.probability.0,
            mean_us: f64::from(follow.delay_ms) * 1e3,
        })
    };
    classes.iter().enumerate().filter_map(of_class).collect()
}

impl Following {
    /// `None` where no class follows another.
    fn new(
        classes: &[KeyClass],
        built: &[Class],
        thinning: &Thinning,
        table: &KeyTable,
        end: Micros,
        seed: u64,
    ) -> Option<Box<Self>> {
        if built.iter().all(|class| class.followers.is_empty()) {
            return None;
        }
        let ranks = classes.iter().zip(built).map(|(class, built)| {
            if built.followers.is_empty() && class.follows.is_none() {
                return None;
            }
            let layout = thinning.layout(class);
            let weight = |place: u64| {
                let key = built.first + place as u32;
                table.weight(key, table.get(key)).requests as f32
            };
            Some(Ranks {
                layout,
                keys: class.keys,
                weights: (0..layout.places()).map(weight).collect(),
            })
        });
        Some(Box::new(Self {
            ranks: ranks.collect(),
            due: BinaryHeap::new(),
            appeared: 0,
            random: Stream::new(seed, 6),
            end,
        }))
    }

    /// When the next read is due.
    fn next(&self) -> Option<Micros> {
        self.due.peek().map(|Reverse((at, ..))| *at)
    }

    /// A place of a class is read: notes the reads that follow.
    ///
    /// A read stands for several, and so does one that follows: as many follow as make up the requests expected, each
    /// with a rank of its own of those that the place stands for.
    fn read(&mut self, class: usize, followers: &[Follower], at: Micros, place: u32) {
        let Some(Some(leader)) = self.ranks.get(class) else {
            return;
        };
        let weight = leader.weights.get(place as usize).copied().unwrap_or(1.0);
        let (first, last) = leader.layout.ranks(u64::from(place));
        for follower in followers {
            let Some(Some(ranks)) = self.ranks.get(follower.class) else {
                continue;
            };
            let mut left = f64::from(weight) * follower.probability;
            while left > 0.0 {
                let rank = first + u64::from(self.random.below((last - first + 1) as u32));
                let place = ranks.layout.place((rank - 1) % ranks.keys + 1) as u32;
                let weight = f64::from(ranks.weights.get(place as usize).copied().unwrap_or(1.0));
                if left < weight && self.random.unit() * weight >= left {
                    break;
                }
                left -= weight;
                let delay = follower.mean_us * self.random.exponential();
                let due = Micros(at.0.saturating_add(delay as u64));
                if due < self.end {
                    let entry = (due, self.appeared, follower.class as u32, place);
                    self.due.push(Reverse(entry));
                    self.appeared += 1;
                }
            }
        }
    }
}

/// Adds the keys of a class to the table.
struct Sampler<'a> {
    class: &'a KeyClass,
    number: u8,
    masses: &'a Masses,
    demand: &'a Demand<'a>,
    layout: Layout,
    thinning: &'a Thinning,
    topology: &'a Topology,
}

impl Sampler<'_> {
    /// Adds the keys that are simulated from the start. Returns the share of the class's own accesses that is simulated
    /// for each, and how many of them, the first ones, are thinned out.
    fn sample(&self, seed: u64, table: &mut KeyTable) -> (Vec<f64>, u32) {
        let Self { class, layout, .. } = *self;
        let first = table.len() as u32;
        let mut shares = Vec::new();
        let mut weights = Vec::new();
        for rank in 1..=layout.hot {
            let rate = self.demand.of(rank);
            let every = self.thinning.every(usize::from(self.number), rate);
            // Rates fall with the rank, so that those thinned out are the first.
            let thinned = every > 1.0 && weights.len() as u64 + 1 == rank;
            let every = if thinned { every } else { 1.0 };
            if thinned {
                weights.push(Weight {
                    requests: every,
                    misses: misses_of(class, rate, every),
                });
            }
            shares.push(self.masses.of(rank) / every);
            self.push(rank, 1, thinned, rate, table);
        }
        let fixed = weights.len() as u32;
        table.set_thinned(first, weights);
        let mut random = Stream::new(seed, 0x5341_4D50 ^ u64::from(self.number));
        for place in layout.hot..layout.places() {
            let (first, last) = layout.ranks(place);
            let width = (last - first + 1) as u32;
            let rank = first + u64::from(random.below(width));
            // The key drawn takes the mean popularity of its block, so that traffic is neither lost nor gained.
            shares.push(self.masses.between(first, last) / f64::from(width));
            let rate = self.demand.between(first, last) / f64::from(width);
            self.push(rank, width, false, rate, table);
        }
        (shares, fixed)
    }

    fn push(&self, rank: u64, keys: u32, thinned: bool, rate: f64, table: &mut KeyTable) {
        let key = NewKey {
            value_bytes: value_bytes(self.class, rank),
            keys,
            class: self.number,
            thinned,
            rate,
        };
        table.push(shard_in(self.class, rank, self.topology), key);
    }
}

/// Adds the keys of a class that are born during the run to the table, behind all that exist from the start. Each takes
/// over what the first key of its place stands for.
fn bear(
    class: &KeyClass,
    number: u8,
    first: u32,
    motion: &Motion,
    end: Micros,
    topology: &Topology,
    table: &mut KeyTable,
) {
    let mut births = motion.births();
    let mut name = class.keys;
    while let Some(place) = births.next(end) {
        name += 1;
        let place = first + place;
        let before = table.get(place);
        let key = NewKey {
            value_bytes: value_bytes(class, name),
            keys: before.keys,
            class: number,
            thinned: before.thinned,
            // The rate of the place is told with its first key.
            rate: 0.0,
        };
        table.push_born(shard_in(class, name, topology), key, place);
    }
}

/// How many misses one miss of a key stands for whose requests are thinned out to one in `every`.
///
/// A key with TTL T asked at rate r misses once in T + 1/r; simulated at r / every, once in T + every/r.
fn misses_of(class: &KeyClass, rate: f64, every: f64) -> f64 {
    match class.ttl {
        Ttl::None => 1.0,
        Ttl::Fixed { seconds, .. } => {
            let life = seconds.0 as f64;
            (life + every / rate) / (life + 1.0 / rate)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Follow, Heavy, Rate};
    use crate::units::{PerSecond, Seconds, Share};
    use std::collections::{BTreeMap, BTreeSet};

    const DAY: f64 = 86_400.0;

    fn class(keys: u64, per_s: f64, popularity: Popularity) -> KeyClass {
        KeyClass {
            keys,
            popularity,
            rate: Rate::Constant {
                per_s: PerSecond(per_s),
            },
            writes: Share(0.0),
            ..KeyClass::default()
        }
    }

    fn build(classes: &[KeyClass], seconds: f64, thinning: &Thinning) -> (Synthetic, KeyTable) {
        Synthetic::new(classes, seconds, thinning, &Topology::even(4), 11)
    }

    fn all(stream: &mut Synthetic) -> Vec<Request> {
        let mut batch = Vec::new();
        stream.fill(&mut batch, usize::MAX >> 1, Micros(u64::MAX));
        batch
    }

    fn draw(classes: &[KeyClass], seconds: f64) -> (Vec<Request>, KeyTable) {
        let (mut stream, table) = build(classes, seconds, &Thinning::none(classes.len()));
        (all(&mut stream), table)
    }

    /// Whether a count is what chance leaves of a binomial with this mean.
    fn close(count: usize, expected: f64) -> bool {
        (count as f64 - expected).abs() <= 5.0 * expected.max(1.0).sqrt()
    }

    /// Two classes that use all that a class can.
    fn everything() -> Vec<KeyClass> {
        let first = KeyClass {
            name: "first".into(),
            churn_per_day: 40.0,
            drift_per_day: 60.0,
            writes: Share(0.2),
            deletes: Share(0.1),
            multi_get: 4,
            heavy: Heavy {
                share: Share(0.3),
                cost: 7.0,
            },
            rate: Rate::Ramp {
                from_per_s: PerSecond(5.0),
                to_per_s: PerSecond(40.0),
                start_s: Seconds(200),
                duration_s: Seconds(300),
            },
            ..class(2_000, 1.0, Popularity::Zipf { exponent: 0.9 })
        };
        let second = KeyClass {
            name: "second".into(),
            churn_per_day: 30.0,
            follows: Some(Follow {
                class: "first".into(),
                probability: Share(0.4),
                delay_ms: 2_000,
            }),
            ..class(500, 10.0, Popularity::Latest { exponent: 0.7 })
        };
        vec![first, second]
    }

    #[test]
    fn the_sequence_does_not_depend_on_how_it_is_divided() {
        let told = |request: &Request| {
            let Request {
                at,
                key,
                operation,
                cost,
                continues,
                ..
            } = *request;
            (at, key, operation, cost.to_bits(), continues)
        };
        for classes in [everything(), everything()[..1].to_vec()] {
            let whole: Vec<_> = draw(&classes, 900.0).0.iter().map(told).collect();
            assert!(whole.len() > 20_000);
            for (count, step) in [
                (1, 900_000_000),
                (256, 900_000_000),
                (97, 1_234_567),
                (1_000_000, 7_000_001),
            ] {
                let (mut stream, _) = build(&classes, 900.0, &Thinning::none(classes.len()));
                let mut found = Vec::new();
                let mut limit = 0;
                while limit < 900_000_000 {
                    limit += step;
                    loop {
                        let mut batch = Vec::new();
                        stream.fill(&mut batch, count, Micros(limit));
                        assert!(batch.iter().all(|request| request.at < Micros(limit)));
                        found.extend(batch.iter().map(told));
                        if batch.len() < count {
                            break;
                        }
                    }
                }
                assert_eq!(found, whole, "{count} at a time up to steps of {step} us");
            }
        }
    }

    #[test]
    fn requests_come_in_order_and_ask_for_keys_of_the_table() {
        let (requests, table) = draw(&everything(), 900.0);
        assert!(requests.windows(2).all(|pair| pair[0].at <= pair[1].at));
        assert!(
            requests
                .iter()
                .all(|request| (request.key as usize) < table.len())
        );
    }

    #[test]
    fn a_sampled_stream_stands_for_all_requests() {
        for classes in [
            vec![class(40_000, 400.0, Popularity::Scan)],
            vec![class(
                40_000,
                400.0,
                Popularity::HotSet {
                    keys: Share(0.1),
                    traffic: Share(0.8),
                },
            )],
            vec![KeyClass {
                churn_per_day: 20.0,
                ..class(40_000, 400.0, Popularity::Latest { exponent: 0.9 })
            }],
            vec![KeyClass {
                churn_per_day: 5.0,
                drift_per_day: 9.0,
                ..class(40_000, 400.0, Popularity::Zipf { exponent: 0.9 })
            }],
            vec![
                KeyClass {
                    name: "leader".into(),
                    multi_get: 3,
                    ..class(40_000, 100.0, Popularity::Zipf { exponent: 0.9 })
                },
                KeyClass {
                    follows: Some(Follow {
                        class: "leader".into(),
                        probability: Share(0.5),
                        delay_ms: 100,
                    }),
                    ..class(3_000, 50.0, Popularity::Uniform)
                },
            ],
        ] {
            let seconds = 3_600.0;
            let thinning = Thinning::choose(&classes, seconds, 10_000.0, 100_000);
            assert!(thinning.one_in > 1);
            let (mut stream, table) = build(&classes, seconds, &thinning);
            let requests = all(&mut stream);
            assert!(requests.len() < 140_000, "{classes:?}: {}", requests.len());
            let mut found = vec![(0.0, 0.0); classes.len()];
            for request in &requests {
                let key = table.get(request.key);
                let weight = table.weight(request.key, key).requests;
                let (sum, squares) = &mut found[usize::from(key.class)];
                *sum += weight;
                *squares += weight * weight;
            }
            let expected = crate::scenario::accesses_per_s(&classes, seconds);
            for ((sum, squares), per_s) in found.into_iter().zip(expected) {
                // Multi-gets and followers come in groups, which triples the variance.
                let deviation = f64::sqrt(3.0 * squares);
                assert!(
                    (sum - per_s * seconds).abs() < 5.0 * deviation,
                    "{classes:?}: {sum} of {per_s}/s"
                );
                assert!(deviation < 0.03 * sum, "{classes:?}: too few to tell");
            }
            let keys: u64 = table.iter().map(|key| u64::from(key.keys)).sum();
            assert_eq!(keys, classes.iter().map(|class| class.keys).sum::<u64>());
        }
    }

    #[test]
    fn operations_come_in_their_shares() {
        let mixed = KeyClass {
            writes: Share(0.3),
            deletes: Share(0.2),
            multi_get: 5,
            heavy: Heavy {
                share: Share(0.25),
                cost: 40.0,
            },
            ..class(1_000, 100.0, Popularity::Uniform)
        };
        let (requests, _) = draw(&[mixed], 1_000.0);
        let groups: Vec<&[Request]> = requests.chunk_by(|_, next| next.continues).collect();
        let of = |operation: Operation| groups.iter().filter(move |group| group[0].operation == operation);
        assert!(close(groups.len(), 100_000.0));
        assert!(close(of(Operation::Write).count(), 30_000.0));
        assert!(close(of(Operation::Delete).count(), 20_000.0));
        for group in &groups {
            let reads = group[0].operation == Operation::Read;
            assert_eq!(group.len(), if reads { 5 } else { 1 });
            assert!(
                group
                    .iter()
                    .all(|r| r.at == group[0].at && r.operation == group[0].operation)
            );
            assert!(reads || group[0].cost < 1.5);
        }
        let heavy = of(Operation::Read).filter(|group| group[0].cost > 39.0).count();
        assert!(close(heavy, 12_500.0), "{heavy}");
    }

    #[test]
    fn a_hot_set_is_asked_for_its_share() {
        let law = Popularity::HotSet {
            keys: Share(0.1),
            traffic: Share(0.7),
        };
        let (requests, _) = draw(&[class(1_000, 100.0, law)], 1_000.0);
        let mut counts = vec![0usize; 1_000];
        for request in &requests {
            counts[request.key as usize] += 1;
        }
        assert!(close(counts[..100].iter().sum(), 70_000.0));
        assert!(counts[..100].iter().all(|count| close(*count, 700.0)));
        assert!(counts[100..].iter().all(|count| close(*count, 30_000.0 / 900.0)));
    }

    #[test]
    fn a_scan_asks_for_every_key_in_turn() {
        let (requests, _) = draw(&[class(700, 10.0, Popularity::Scan)], 600.0);
        assert!(close(requests.len(), 6_000.0));
        assert!(
            requests
                .iter()
                .enumerate()
                .all(|(at, request)| request.key as usize == at % 700)
        );
    }

    #[test]
    fn the_newest_key_is_the_hottest_where_age_decides() {
        let popularity = Popularity::Latest { exponent: 1.0 };
        let masses = Masses::new(&popularity, 200);
        let newest_first = KeyClass {
            churn_per_day: 10.0,
            ..class(200, 2.0, popularity)
        };
        let (requests, table) = draw(&[newest_first], DAY);
        assert_eq!(table.len(), 200 + 2_000);
        let mut counts = vec![0usize; 201];
        for request in &requests {
            // A key is born every 43.2 s, the first after half of that.
            let born = (request.at.as_secs() / 43.2 + 0.5).floor() as i64;
            // From the newest of the first keys, number 0, back to number 199; then those born, from 200 on.
            let age = match request.key {
                key @ ..200 => born + i64::from(key),
                key => born - 1 - i64::from(key - 200),
            };
            assert!((0..200).contains(&age), "{request:?}");
            counts[age as usize + 1] += 1;
        }
        for rank in [1, 2, 5, 50, 200] {
            let expected = requests.len() as f64 * masses.of(rank);
            assert!(
                close(counts[rank as usize], expected),
                "{rank}: {}",
                counts[rank as usize]
            );
        }
    }

    #[test]
    fn churn_replaces_its_share_of_the_keys_for_good() {
        let churning = KeyClass {
            churn_per_day: 0.5,
            ..class(1_000, 5.0, Popularity::Uniform)
        };
        let (requests, table) = draw(&[churning], 2.0 * DAY);
        assert_eq!(table.len(), 2_000);
        assert_eq!(table.iter().count(), 1_000);
        let mut lives: BTreeMap<u32, (Micros, Micros)> = BTreeMap::new();
        for request in &requests {
            lives.entry(request.key).or_insert((request.at, request.at)).1 = request.at;
        }
        let interval = 2.0 * DAY / 1_000.0;
        let mut alive = 0;
        for (key, (first, last)) in &lives {
            if let Some(number) = key.checked_sub(1_000) {
                assert!(
                    first.as_secs() >= (f64::from(number) + 0.5) * interval,
                    "{key} asked before birth"
                );
            } else if last.as_secs() > 1.9 * DAY {
                alive += 1;
            }
        }
        // Each birth takes a place at random: of the first keys a part of exp(-1) is left after two days.
        let expected = 1_000.0 * (-0.95f64).exp();
        assert!(
            (f64::from(alive) - expected).abs() < 60.0,
            "{alive} of {expected}"
        );
        // Of all keys ever alive few died unasked.
        assert!(lives.len() > 1_980, "{}", lives.len());
    }

    #[test]
    fn drift_moves_its_share_of_the_keys_and_keeps_the_law() {
        let popularity = Popularity::Zipf { exponent: 1.0 };
        let masses = Masses::new(&popularity, 1_000);
        let drifting = KeyClass {
            drift_per_day: 0.6,
            ..class(1_000, 20.0, popularity)
        };
        let (requests, table) = draw(core::slice::from_ref(&drifting), DAY);
        assert_eq!(table.len(), 1_000, "no key is born");
        // In any hour the counts by rank are those of the law, whichever keys have the ranks.
        let hour = requests.iter().filter(|request| request.at.as_secs() < 3_600.0);
        let first = hour.filter(|request| request.key == 0).count();
        assert!(first as f64 > 0.5 * 72_000.0 * masses.of(1));
        let layout = Thinning::none(1).layout(&drifting);
        let mut motion = Motion::new(&drifting, &layout, 0, 0, 11, 0).expect("keys that move");
        let end = Micros(86_400_000_000);
        let keys: Vec<u32> = (0..1_000).map(|place| motion.key(end, place)).collect();
        let distinct: BTreeSet<u32> = keys.iter().copied().collect();
        assert_eq!(distinct.len(), 1_000, "places are exchanged");
        let moved = keys
            .iter()
            .enumerate()
            .filter(|(place, key)| *place as u32 != **key)
            .count();
        let expected = 1_000.0 * (1.0 - (-0.6f64).exp());
        assert!((moved as f64 - expected).abs() < 80.0, "{moved} of {expected}");
    }

    #[test]
    fn a_sampled_class_drifts_among_its_cold_keys_and_renews_its_hot_ones() {
        let drifting = KeyClass {
            drift_per_day: 0.5,
            ..class(1_000_000, 1_000.0, Popularity::Zipf { exponent: 0.9 })
        };
        let thinning = Thinning::choose(core::slice::from_ref(&drifting), DAY, 50_000.0, 200_000);
        let layout = thinning.layout(&drifting);
        let (_, table) = build(&[drifting], DAY, &thinning);
        let born = table.len() as f64 - layout.places() as f64;
        let expected = layout.hot as f64 * 0.5;
        assert!(
            layout.hot > 20 && (born - expected).abs() <= 0.01 * expected + 1.0,
            "{born} of {expected}"
        );
    }

    #[test]
    fn followers_come_as_often_and_as_late_as_they_should() {
        let leader = KeyClass {
            name: "leader".into(),
            writes: Share(0.5),
            ..class(1_000, 100.0, Popularity::Zipf { exponent: 0.8 })
        };
        let follower = KeyClass {
            follows: Some(Follow {
                class: "leader".into(),
                probability: Share(0.3),
                delay_ms: 4_000,
            }),
            ..class(400, 0.001, Popularity::Uniform)
        };
        let seconds = 2_000.0;
        let (requests, _) = draw(&[leader, follower], seconds);
        let mut reads: Vec<Vec<f64>> = vec![Vec::new(); 400];
        let (mut led, mut followed, mut waits) = (0, 0, 0.0);
        for request in &requests {
            let at = request.at.as_secs();
            match request.key.checked_sub(1_000) {
                None if request.operation == Operation::Read => {
                    let rank = request.key as usize % 400;
                    reads[rank].push(at);
                    led += 1;
                }
                None => {}
                Some(rank) => {
                    assert_eq!(request.operation, Operation::Read);
                    assert!(!reads[rank as usize].is_empty(), "none to follow");
                    followed += 1;
                    waits += at;
                }
            }
        }
        // All but those that would come after the end.
        assert!(close(followed, 0.3 * f64::from(led)), "{followed} of {led}");
        // Followers in time have the leaders' mean time and the delay on top, up to what the end cuts.
        let mean_of_leaders = reads.iter().flatten().sum::<f64>() / f64::from(led);
        let delay = waits / followed as f64 - mean_of_leaders;
        let deviation = seconds / 12f64.sqrt() / (followed as f64).sqrt();
        assert!((delay - 4.0).abs() < 5.0 * deviation, "{delay}");
        // Of the rarest ranks each reader can be told: the delay to it is exponential.
        let rare: Vec<f64> = requests
            .iter()
            .filter(|request| request.key >= 1_350)
            .filter_map(|request| {
                let at = request.at.as_secs();
                let of_rank = &reads[(request.key - 1_000) as usize];
                of_rank.iter().rev().find(|led| **led <= at).map(|led| at - led)
            })
            .collect();
        assert!(rare.len() > 300, "{}", rare.len());
        let mean = rare.iter().sum::<f64>() / rare.len() as f64;
        assert!((2.5..4.8).contains(&mean), "{mean}");
    }
}
