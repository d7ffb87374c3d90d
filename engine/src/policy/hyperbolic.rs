//! Hyperbolic caching.
//!
//! A key's priority is its uses since it was stored, divided by the time since then: the rate at which it is wanted.
//! To make room, 64 resident keys are drawn at random, and the one with the lowest priority goes. Priorities fall as
//! time passes, so they are computed when keys are compared and never stored.
//!
//! Source: Blankstein, Sen and Freedman, "Hyperbolic caching: flexible caching for web applications", USENIX ATC 2017,
//! with 64 samples and without costs and sizes. Time is simulated time; in a replay, the number of the request.
//!
//! Reference: libCacheSim 0.3.5 `Hyperbolic`, within 0.5 points. Chosen differences: the samples are eight runs of eight
//! neighbours in an array whose order is random, and all keys where there are no more; there, each is drawn by itself
//! from a hash table, a bucket first.

use super::index::Index;
use super::{Access, KeyId, Policy, Setup};
use crate::random::Stream;
use std::hint::cold_path;

/// Name of the random stream that draws the samples.
const SAMPLES: u64 = 0x6879_7065_7262;

/// Keys that are compared for each that goes, all in a cache of no more.
const SAMPLED: usize = 64;
/// Neighbours that are compared for each place drawn.
const RUN: usize = 8;

/// When a key was stored and how often it was used since, in one word, as many of them are looked at for each key
/// that goes. The lower 20 bits are for the uses, up to a million; the others last for 200 days in microseconds.
#[derive(Clone, Copy, Debug)]
struct Record(u64);

const USE_BITS: u32 = 20;
const MOST_USES: u64 = (1 << USE_BITS) - 1;

impl Record {
    fn stored(now: u64) -> Self {
        Self(now << USE_BITS | 1)
    }

    fn uses(self) -> u64 {
        self.0 & MOST_USES
    }

    fn since(self) -> u64 {
        self.0 >> USE_BITS
    }
}

/// A key that may go, by its place.
#[derive(Clone, Copy)]
struct Candidate {
    place: usize,
    uses: u64,
    age: u64,
}

impl Candidate {
    /// Gives way to any other.
    const NONE: Self = Self {
        place: 0,
        uses: 1,
        age: 0,
    };

    /// The one with the lower rate of use, this one where they are equal.
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        // a / b < c / d where a d < c b. Neither product exceeds 64 bits.
        if other.uses * self.age < self.uses * other.age {
            // A branch, which is mostly predicted: after a few samples there is seldom a lower one. Without it the next
            // comparison would wait for this one.
            cold_path();
            other
        } else {
            self
        }
    }
}

/// The records at one time, as long as a victim is looked for.
struct Sampler<'a> {
    records: &'a [Record],
    /// The latest record that there can be: any other subtracted from it leaves the age in the place of `since`.
    latest: u64,
}

impl Sampler<'_> {
    #[inline(always)]
    fn candidate(&self, place: usize, record: Record) -> Candidate {
        Candidate {
            place,
            uses: record.uses(),
            age: Record(self.latest.wrapping_sub(record.0)).since(),
        }
    }

    /// The lowest of `RUN` neighbours and one found before.
    #[inline(always)]
    fn look_at_run(&self, lowest: Candidate, start: usize) -> Candidate {
        let Some(run) = self.records.get(start..).and_then(<[Record]>::first_chunk::<RUN>) else {
            // The first key is a neighbour of the last, so that each is drawn as often as any other.
            return self.look_at(lowest, (start..self.records.len()).chain(0..).take(RUN));
        };
        let mut lowest = lowest;
        for (number, record) in run.iter().enumerate() {
            lowest = lowest.or(self.candidate(start + number, *record));
        }
        lowest
    }

    /// The lowest of the keys at some places and one found before.
    fn look_at(&self, lowest: Candidate, places: impl Iterator<Item = usize>) -> Candidate {
        places
            .filter_map(|place| Some(self.candidate(place, *self.records.get(place)?)))
            .fold(lowest, Candidate::or)
    }
}

/// Lowest rate of use among samples.
#[derive(Clone, Debug)]
pub struct Hyperbolic {
    index: Index,
    keys: Vec<KeyId>,
    records: Vec<Record>,
    stream: Stream,
    /// The time, which does not go back even where accesses do.
    now: u64,
}

impl Hyperbolic {
    /// Moves the last key to a place whose key has left the index.
    #[inline(always)]
    fn close_gap(&mut self, place: u32) {
        self.records.swap_remove(place as usize);
        self.keys.swap_remove(place as usize);
        if let Some(&moved) = self.keys.get(place as usize) {
            self.index.set(moved, place);
        }
    }
}

impl Policy for Hyperbolic {
    fn new(setup: Setup) -> Self {
        Self {
            index: Index::new(setup.keys),
            keys: Vec::new(),
            records: Vec::new(),
            stream: Stream::new(setup.seed, SAMPLES),
            now: 0,
        }
    }

    #[inline(always)]
    fn touch(&mut self, access: Access) -> bool {
        let Some(place) = self.index.get(access.key) else {
            return false;
        };
        let record = &mut self.records[place as usize];
        record.0 += u64::from(record.uses() < MOST_USES);
        true
    }

    #[inline(always)]
    fn insert(&mut self, access: Access) {
        self.now = self.now.max(access.now.0);
        // Into a random place, so that neighbours have nothing in common.
        let end = self.keys.len() as u32;
        let place = self.stream.below(end + 1);
        self.keys.push(access.key);
        self.records.push(Record::stored(self.now));
        self.keys.swap(place as usize, end as usize);
        self.records.swap(place as usize, end as usize);
        if let Some(&moved) = self.keys.last() {
            self.index.set(moved, end);
        }
        self.index.set(access.key, place);
    }

    #[inline(always)]
    fn evict(&mut self, incoming: Access) -> Option<KeyId> {
        self.now = self.now.max(incoming.now.0);
        let sampler = Sampler {
            records: &self.records,
            latest: Record::stored(self.now).0 | MOST_USES,
        };
        let residents = self.records.len();
        let mut lowest = Candidate::NONE;
        if residents <= SAMPLED {
            lowest = sampler.look_at(lowest, 0..residents);
        } else {
            for _ in 0..SAMPLED / RUN {
                let start = self.stream.below(residents as u32) as usize;
                lowest = sampler.look_at_run(lowest, start);
            }
        }
        let lowest = lowest.place;
        let key = *self.keys.get(lowest)?;
        self.index.take(key);
        self.close_gap(lowest as u32);
        Some(key)
    }

    fn remove(&mut self, key: KeyId) -> bool {
        let Some(place) = self.index.take(key) else {
            return false;
        };
        self.close_gap(place);
        true
    }

    #[inline(always)]
    fn contains(&self, key: KeyId) -> bool {
        self.index.get(key).is_some()
    }

    #[inline(always)]
    fn look_ahead(&self, key: KeyId) -> u32 {
        self.index.peek(key)
    }

    #[inline(always)]
    fn len(&self) -> usize {
        self.keys.len()
    }
}
