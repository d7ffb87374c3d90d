//! Requests drawn at random from key classes.

use super::alias::Alias;
use super::arrivals::Arrivals;
use super::keys::{KeyTable, NewKey, Weight, slot_of, value_bytes};
use super::popularity::Masses;
use super::sampling::Thinning;
use super::{Operation, Request};
use crate::cluster::Topology;
use crate::random::Stream;
use crate::scenario::{KeyClass, Ttl};
use crate::units::Micros;

struct Class {
    /// Index of its first key in the table.
    first: u32,
    alias: Alias,
    writes: f64,
}

/// A stream of requests and the keys they ask for.
pub(crate) struct Synthetic {
    arrivals: Arrivals,
    classes: Vec<Class>,
    keys: Stream,
    operations: Stream,
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
        let mut built = Vec::with_capacity(classes.len());
        let mut rates = Vec::with_capacity(classes.len());
        for (number, class) in classes.iter().enumerate() {
            let first = table.len() as u32;
            let masses = sample(class, number as u8, seconds, thinning, topology, seed, &mut table);
            rates.push((class.rate, masses.iter().sum()));
            built.push(Class {
                first,
                alias: Alias::new(&masses),
                writes: class.writes.0,
            });
        }
        let stream = Self {
            arrivals: Arrivals::new(rates, seconds, Stream::new(seed, 1)),
            classes: built,
            keys: Stream::new(seed, 2),
            operations: Stream::new(seed, 3),
        };
        (stream, table)
    }

    /// Multiplies the rates of a class, or of all, by a factor from the last limit of [`fill`](Self::fill) on: in
    /// place of the factor before, not on top of it. To be called when `fill` has no further request before that limit.
    #[allow(
        dead_code,
        reason = "for the events of a timeline, which a scenario does not have yet"
    )]
    pub(crate) fn set_rate_factor(&mut self, class: Option<usize>, factor: f64) {
        self.arrivals.set_factor(class, factor);
    }

    /// Adds `count` further requests to `batch`, all of them before `until`; fewer when there are no more before it or
    /// the time is over. A multi-get is never divided: its last keys may exceed `count`.
    ///
    /// How the sequence is divided into calls, by count or by limit, changes nothing in it.
    ///
    /// The keys are drawn in a second pass over the batch: each draw reads a random place of a large table, and
    /// draws that do not wait for each other let the processor fetch several places at once.
    pub(crate) fn fill(&mut self, batch: &mut Vec<Request>, count: usize, until: Micros) {
        let first = batch.len();
        while batch.len() < first + count {
            let Some((at, class)) = self.arrivals.next(until) else {
                break;
            };
            let writes = self.classes.get(class).map_or(0.0, |class| class.writes);
            let operation = if writes > 0.0 && self.operations.unit() < writes {
                Operation::Write
            } else {
                Operation::Read
            };
            batch.push(Request {
                at,
                // The class for now.
                key: class as u32,
                operation,
                key_bytes: None,
                value_bytes: None,
                ttl: None,
                cost: 1.0,
                continues: false,
            });
        }
        for request in batch.iter_mut().skip(first) {
            if let Some(class) = self.classes.get(request.key as usize) {
                request.key = class.first + class.alias.draw(&mut self.keys);
            }
        }
    }
}

/// Adds the keys of a class that are simulated to the table; returns the share of the class's requests that is
/// simulated for each.
fn sample(
    class: &KeyClass,
    number: u8,
    seconds: f64,
    thinning: &Thinning,
    topology: &Topology,
    seed: u64,
    table: &mut KeyTable,
) -> Vec<f64> {
    let masses = Masses::new(class.popularity, class.keys);
    let mean_rate = class.rate.expected(seconds) / seconds;
    let prefix = class.name.as_bytes();
    let first = table.len() as u32;
    let hot = thinning.hot_keys(class);
    let mut shares = Vec::new();
    let mut weights = Vec::new();
    for rank in 1..=hot {
        let mass = masses.of(rank);
        let every = thinning.every(usize::from(number), mass * mean_rate);
        let thinned = every > 1.0;
        if thinned {
            weights.push(Weight {
                requests: every,
                misses: misses_of(class, mass * mean_rate, every),
            });
        }
        shares.push(mass / every);
        let key = NewKey {
            value_bytes: value_bytes(class, rank),
            keys: 1,
            class: number,
            thinned,
            rate: mass * mean_rate,
        };
        table.push(slot_of(prefix, rank), topology, key);
    }
    table.set_thinned(first, weights);
    let mut random = Stream::new(seed, 0x5341_4D50 ^ u64::from(number));
    let mut next = hot + 1;
    while next <= class.keys {
        let last = (next + u64::from(thinning.one_in) - 1).min(class.keys);
        let width = (last - next + 1) as u32;
        let rank = next + u64::from(random.below(width));
        // The key drawn takes the mean popularity of its block, so that traffic is neither lost nor gained.
        let mass = masses.between(next, last) / f64::from(width);
        shares.push(mass);
        let key = NewKey {
            value_bytes: value_bytes(class, rank),
            keys: width,
            class: number,
            thinned: false,
            rate: mass * mean_rate,
        };
        table.push(slot_of(prefix, rank), topology, key);
        next = last + 1;
    }
    shares
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
