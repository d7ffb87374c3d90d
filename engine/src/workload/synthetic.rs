//! Requests drawn at random from key classes.

#[cfg(test)]
mod tests;

use super::arrivals::Arrivals;
use super::composition::Composition;
use super::keys::{Homes, KeyTable, NewKey, Weight, size_at, value_bytes};
use super::motion::Motion;
use super::popularity::Masses;
use super::sampling::{Demand, Layout, Thinning};
use super::{Operation, Request, Told};
use crate::cluster::Topology;
use crate::random::{Spread, Stream};
use crate::scenario::{KeyClass, Popularity, Ttl};
use crate::units::Micros;
use core::cmp::Reverse;
use std::collections::BinaryHeap;

struct Class {
    /// Index of its first key in the table.
    first: u32,
    /// Keys that there are at any one time.
    places: u32,
    law: Law,
    motion: Option<Motion>,
    /// The same as of now, which the stream is ahead of; where it is asked for.
    present: Option<Motion>,
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
    Popularity(Composition),
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
    /// The stream of these classes, and the table of its keys, which is empty before.
    pub(crate) fn new(
        classes: &[KeyClass],
        seconds: f64,
        thinning: &Thinning,
        topology: &Topology,
        seed: u64,
        mut table: KeyTable,
    ) -> (Self, KeyTable) {
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
                places: shares.len() as u32,
                present: None,
                motion: Motion::new(class, &sampler.layout, fixed, first, seed, number as u8),
                law: match class.popularity {
                    Popularity::Scan => Law::Scan {
                        next: 0,
                        places: shares.len() as u32,
                    },
                    _ => Law::Popularity(Composition::new(&shares)),
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
    #[inline(never)]
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
        // The keys are drawn in a second pass over the batch: some draws read a random place of a large table, and those
        // that do not wait for each other let the processor fetch several places at once. The stream is copied to stay in
        // registers meanwhile.
        let mut random = self.keys.clone();
        for request in batch.iter_mut().skip(first) {
            if let Some(class) = self.classes.get_mut(request.key as usize) {
                let place = class.draw(&mut random);
                request.key = class.key(request.at, place);
            }
        }
        self.keys = random;
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

    /// The first key of a class.
    pub(crate) fn first(&self, class: usize) -> u32 {
        self.classes.get(class).map_or(0, |class| class.first)
    }

    /// Number of classes.
    pub(crate) fn classes(&self) -> usize {
        self.classes.len()
    }

    /// Keys of a class that there are at any one time, of those that are simulated.
    pub(crate) fn places(&self, class: usize) -> u32 {
        self.classes.get(class).map_or(0, |class| class.places)
    }

    /// Prepares for questions about the present, at the start of the run.
    pub(crate) fn know_the_present(&mut self) {
        for class in &mut self.classes {
            class.present.clone_from(&class.motion);
        }
    }

    /// The key that is in a place of a class at this time, which never goes back; places count from the most popular on.
    /// `None` behind the last.
    pub(crate) fn key_at(&mut self, class: usize, place: u32, now: Micros) -> Option<u32> {
        let class = self.classes.get_mut(class)?;
        (place < class.places).then(|| match &mut class.present {
            Some(motion) => motion.key(now, place),
            None => class.first + place,
        })
    }

    /// Classes whose reads follow those of this one.
    pub(crate) fn followers(&self, class: usize) -> impl Iterator<Item = usize> {
        let class = self.classes.get(class);
        class
            .into_iter()
            .flat_map(|class| class.followers.iter().map(|follower| follower.class))
    }

    /// The key of a following class that is read after a key of its leader: that of the same rank, one of them where
    /// the leader's key stands for several. `first` is the first key that had the place of the leader's, which is where
    /// it is taken to be still, unless its age tells its place.
    pub(crate) fn following(
        &mut self,
        leader: usize,
        (key, first): (u32, u32),
        follower: usize,
        now: Micros,
        random: &mut Stream,
    ) -> Option<u32> {
        let class = self.classes.get_mut(leader)?;
        let by_age = class.present.as_mut().and_then(|motion| {
            motion.key(now, 0);
            motion.place_by_age(key)
        });
        let place = by_age.unwrap_or(first.checked_sub(class.first)?);
        let ranks = &self.following.as_ref()?.ranks;
        let (of_leader, of_follower) = (ranks.get(leader)?.as_ref()?, ranks.get(follower)?.as_ref()?);
        let (from, to) = of_leader.layout.ranks(u64::from(place));
        let rank = match (to - from) as u32 {
            0 => from,
            more => from + u64::from(random.below(more + 1)),
        };
        let place = of_follower.place_of(rank);
        self.key_at(follower, place, now)
    }

    /// Any key of a class that follows another, all of them alike.
    pub(crate) fn any(&mut self, follower: usize, now: Micros, random: &mut Stream) -> Option<u32> {
        let ranks = self.following.as_ref()?.ranks.get(follower)?.as_ref()?;
        let rank = 1 + u64::from(random.below(ranks.keys.min(u64::from(u32::MAX)) as u32));
        let place = ranks.place_of(rank);
        self.key_at(follower, place, now)
    }

    /// Adds a request with the number of its class in place of its key.
    #[inline(always)]
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
        let request = Request {
            at,
            key: class as u32,
            operation,
            told: Told::NOTHING,
            cost: if reads {
                rules.cost(&mut self.operations)
            } else {
                1.0
            },
            continues: false,
        };
        batch.push(request);
        if reads && rules.keys_per_read > 1 {
            let further = Request {
                continues: true,
                ..request
            };
            ask_further(batch, further, rules.keys_per_read as usize - 1);
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
                    told: Told::NOTHING,
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
    #[inline(always)]
    fn draw(&mut self, random: &mut Stream) -> u32 {
        match &mut self.law {
            Law::Popularity(popularity) => popularity.draw(random),
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

/// Adds the further keys of a multi-get.
#[inline(never)]
fn ask_further(batch: &mut Vec<Request>, request: Request, keys: usize) {
    batch.extend(core::iter::repeat_n(request, keys));
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

impl Ranks {
    /// The place of a rank of the class that is followed, modulo the number of keys.
    fn place_of(&self, rank: u64) -> u32 {
        self.layout.place((rank - 1) % self.keys + 1) as u32
    }
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
                let place = ranks.place_of(rank);
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
    #[inline(never)]
    fn sample(&self, seed: u64, table: &mut KeyTable) -> (Vec<f64>, u32) {
        let Self { class, layout, .. } = *self;
        let first = table.len() as u32;
        table.reserve(layout.places() as usize);
        let mut shares = Vec::new();
        let mut weights = Vec::new();
        let mut homes = Homes::new(class, self.topology);
        for rank in 1..=layout.hot {
            let (share, rate) = self.demand.share_and_rate(rank);
            let every = self.thinning.every(self.number.into(), class, self.demand, rate);
            // Rates fall with the rank, so that those thinned out are the first.
            let thinned = every > 1.0 && weights.len() as u64 + 1 == rank;
            let every = if thinned { every } else { 1.0 };
            if thinned {
                weights.push(Weight {
                    requests: every,
                    misses: misses_of(class, rate, every),
                });
            }
            shares.push(share / every);
            let key = self.key(rank, value_bytes(class, rank), 1, thinned, rate);
            table.push(homes.of(rank), key);
        }
        let fixed = weights.len() as u32;
        table.set_thinned(first, weights);
        // Of a block, any key might be the one that is simulated. Drawn independently, their sizes and shards would be as
        // uneven as those of so few keys are; those of all keys are not.
        let mut spread = Spread::new(&mut Stream::new(seed, 0x5341_4D50 ^ u64::from(self.number)));
        for place in layout.hot..layout.places() {
            let (first, last) = layout.ranks(place);
            let width = (last - first + 1) as u32;
            // The key takes the mean popularity of its block, so that traffic is neither lost nor gained.
            shares.push(self.masses.between(first, last) / f64::from(width));
            let rate = self.demand.between(first, last) / f64::from(width);
            let [of_size, of_hashes] = spread.step();
            let key = self.key(first, size_at(class, of_size), width, false, rate);
            table.push(homes.at(of_hashes), key);
        }
        (shares, fixed)
    }

    fn key(&self, number: u64, value_bytes: u32, keys: u32, thinned: bool, rate: f64) -> NewKey {
        NewKey {
            value_bytes,
            keys,
            class: self.number,
            thinned,
            rate,
            number,
        }
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
    let mut homes = Homes::new(class, topology);
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
            number: name,
        };
        table.push_born(homes.of(name), key, place);
    }
}

/// How many misses one miss of a key stands for whose requests are thinned out to one in `every`.
///
/// A key with TTL T asked at rate r misses once in T + 1/r; simulated at r / every, once in T + every/r. If reads renew
/// the TTL, a request misses that comes later than T after the one before: of r requests a second r exp(-r T).
fn misses_of(class: &KeyClass, rate: f64, every: f64) -> f64 {
    match class.ttl {
        Ttl::None => 1.0,
        Ttl::Fixed { seconds, .. } => {
            let life = seconds.0 as f64;
            (life + every / rate) / (life + 1.0 / rate)
        }
        Ttl::Sliding { seconds } => {
            let renewed = rate * seconds.0 as f64;
            every * libm::exp(renewed / every - renewed)
        }
    }
}
