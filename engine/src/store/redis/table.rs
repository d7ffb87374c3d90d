//! The order in which keys lie in a server's hash table, as far as sampling and the expiry sweep depend on it.
//!
//! Keys hash into buckets at random. A server samples neighbours: consecutive buckets from a random place
//! (`dictGetSomeKeys` in `dict.c`, `hashtableSampleEntries` in `hashtable.c`), so that keys of crowded buckets are
//! drawn less often than others. In cluster mode each hash slot has its own buckets.
//!
//! Chosen differences: a resize takes effect at once rather than bucket by bucket; slots have the same number of
//! buckets each, that of their mean number of keys.

use super::buckets::Buckets;
use super::chains::Chains;
use super::counts::Counts;
use crate::random::{Stream, mix64};
use crate::store::Version;
use std::sync::Arc;

/// Keys among which a random eviction chooses where keys share buckets (`WEAK_RANDOM_SAMPLE_SIZE`).
const DRAW: usize = 7;
/// The same in Valkey 9.1 (`FAIR_RANDOM_SAMPLE_SIZE`), whose random evictions were measured to be fair.
const FAIR_DRAW: usize = 70;

/// Where keys are sampled from.
#[derive(Clone, Copy, Default)]
pub(super) struct Start {
    slot: u32,
    /// Random bits for a bucket of the slot, whatever the size of the table.
    bits: u32,
}

/// How tables of a version are walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Walk {
    /// Chains of single entries.
    Chains,
    /// Buckets of seven keys and their children.
    Buckets {
        /// Keys that a random draw chooses among.
        draw: usize,
    },
}

/// Which hash slot a key belongs to, as far as the node's tables depend on it.
#[derive(Clone)]
pub(super) enum SlotMap {
    /// One table for all keys.
    Single,
    /// Keys spread over so many slots at random.
    Hashed(u32, u64),
    /// Slots by key, below a number.
    Given(u32, Arc<[u16]>),
}

impl SlotMap {
    /// Number of slots.
    fn count(&self) -> u32 {
        match self {
            Self::Single => 1,
            Self::Hashed(slots, _) | Self::Given(slots, _) => (*slots).max(1),
        }
    }

    /// The slot of a key.
    pub(super) fn of(&self, key: u32) -> u32 {
        match self {
            Self::Single => 0,
            Self::Hashed(slots, seed) => {
                let hash = mix64(seed ^ u64::from(key)) >> 32;
                ((hash * u64::from(*slots)) >> 32) as u32
            }
            Self::Given(_, slots) => slots.get(key as usize).copied().map_or(0, u32::from),
        }
    }
}

/// The buckets of a version's tables.
#[derive(Clone)]
enum Layout {
    Chains(Chains),
    Buckets(Buckets),
}

/// Where keys belong in the tables of a node, which have their hash function and their slots in common.
pub(super) struct Hashing {
    slots: SlotMap,
    seed: u64,
}

impl Hashing {
    pub(super) fn new(slots: SlotMap, seed: u64) -> Self {
        Self { slots, seed }
    }

    /// The place of a key in every table.
    pub(super) fn place(&self, key: u32) -> Place {
        Place {
            slot: self.slots.of(key),
            hash: mix64(self.seed ^ u64::from(key)) as u32,
        }
    }
}

/// Where a key belongs, whatever the size of a table.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Its hash slot.
    pub(super) slot: u32,
    hash: u32,
}

impl Place {
    /// The bucket in a table of so many per slot, as a power of two.
    fn bucket(self, exponent: u32) -> usize {
        let within = self.hash & ((1 << exponent) - 1);
        ((self.slot as usize) << exponent) | within as usize
    }
}

/// Where the keys of a table lie.
#[derive(Clone)]
pub(super) struct Table {
    walk: Walk,
    layout: Layout,
    /// Buckets per slot, as a power of two; the buckets of a slot are neighbours.
    exponent: u32,
    len: u32,
    /// Keys at which it is full.
    full: u64,
    /// Buckets of the server's table when this one was last sized after it.
    followed: u64,
    /// Keys per slot in cluster mode.
    counts: Option<Counts>,
}

impl Table {
    /// An empty table for keys below `keys`.
    pub(super) fn new(walk: Walk, keys: u32, hashing: &Hashing) -> Self {
        let exponent = walk.smallest();
        let slots = hashing.slots.count();
        let buckets = (slots as usize) << exponent;
        Self {
            walk,
            layout: match walk {
                Walk::Chains => Layout::Chains(Chains::new(buckets, keys)),
                Walk::Buckets { .. } => Layout::Buckets(Buckets::new(buckets)),
            },
            exponent,
            len: 0,
            full: buckets as u64 * walk.per_bucket(),
            followed: 0,
            counts: (slots > 1).then(|| Counts::new(slots)),
        }
    }

    /// Keys in the table.
    pub(super) fn len(&self) -> u32 {
        self.len
    }

    /// Buckets of all slots.
    pub(super) fn buckets(&self) -> u32 {
        match &self.layout {
            Layout::Chains(chains) => chains.buckets() as u32,
            Layout::Buckets(buckets) => buckets.buckets() as u32,
        }
    }

    /// Child buckets and top-level buckets; none where there are no such buckets or the slots have theirs.
    pub(super) fn children(&self) -> Option<(u64, u64)> {
        match &self.layout {
            Layout::Buckets(buckets) if self.counts.is_none() => {
                Some((buckets.children(), buckets.buckets() as u64))
            }
            _ => None,
        }
    }

    /// Whether anything lies where a key belongs; brings that place into the processor's cache.
    pub(super) fn glance(&self, place: Place) -> bool {
        let bucket = place.bucket(self.exponent);
        let counts = self.counts.as_ref();
        let counted = counts.is_some_and(|counts| counts.of(place.slot) > 0);
        counted | self.is_filled(bucket)
    }

    fn is_filled(&self, bucket: usize) -> bool {
        match &self.layout {
            Layout::Chains(chains) => !chains.is_empty(bucket),
            Layout::Buckets(buckets) => !buckets.is_empty(bucket),
        }
    }

    /// Adds a key that is not there.
    pub(super) fn insert(&mut self, key: u32, place: Place) {
        let bucket = place.bucket(self.exponent);
        match &mut self.layout {
            Layout::Chains(chains) => chains.insert(key, bucket),
            Layout::Buckets(buckets) => buckets.insert(key, bucket),
        }
        self.len += 1;
        if let Some(counts) = &mut self.counts {
            counts.change(place.slot, 1);
        }
    }

    /// Removes a key if it is there.
    pub(super) fn remove(&mut self, key: u32, place: Place) {
        let bucket = place.bucket(self.exponent);
        let was_there = match &mut self.layout {
            Layout::Chains(chains) => chains.remove(key, bucket),
            Layout::Buckets(buckets) => buckets.remove(key, bucket),
        };
        if was_there {
            self.len -= 1;
            if let Some(counts) = &mut self.counts {
                counts.change(place.slot, -1);
            }
        }
    }

    /// Follows the size of the server's table, which has so many buckets and keys, scaled to the keys here. Slots size
    /// theirs by their mean number of keys.
    pub(super) fn follow(&mut self, buckets: u64, keys: u64, hashing: &Hashing) {
        let fits = match &self.counts {
            None => buckets == self.followed,
            Some(_) => {
                let len = u64::from(self.len);
                len <= self.full && len * 8 > self.full
            }
        };
        if !fits {
            self.fit(buckets, keys, hashing);
        }
    }

    /// Takes the size that it should have.
    #[inline(never)]
    fn fit(&mut self, buckets: u64, keys: u64, hashing: &Hashing) {
        let exponent = match &self.counts {
            None => {
                self.followed = buckets;
                // Every key here stands for about so many of the server's.
                let weight = (keys / u64::from(self.len.max(1))).max(1);
                (buckets / weight).max(1).next_power_of_two().ilog2()
            }
            Some(counts) => {
                let mean = u64::from(self.len) / u64::from(counts.slots());
                (mean / self.walk.per_bucket() + 1).next_power_of_two().ilog2()
            }
        }
        .clamp(self.walk.smallest(), 30);
        if exponent == self.exponent {
            return;
        }
        self.exponent = exponent;
        if let Some(counts) = &mut self.counts {
            counts.forget();
        }
        let buckets = (hashing.slots.count() as usize) << exponent;
        self.full = buckets as u64 * self.walk.per_bucket();
        let bucket_of = |key| hashing.place(key).bucket(exponent);
        match &mut self.layout {
            Layout::Chains(old) => old.resize(buckets, bucket_of),
            Layout::Buckets(old) => old.resize(buckets, bucket_of),
        }
    }

    /// Appends the keys of a bucket, in the order in which the server comes upon them.
    fn list(&self, bucket: usize, keys: &mut Vec<u32>) {
        match &self.layout {
            Layout::Chains(chains) => keys.extend(chains.keys(bucket)),
            Layout::Buckets(buckets) => buckets.list(bucket, keys),
        }
    }

    /// A random bucket of a slot that is drawn with a chance in proportion to its keys.
    pub(super) fn draw(&self, random: &mut Stream) -> Start {
        Start {
            slot: match &self.counts {
                None => 0,
                Some(counts) => counts.draw(self.len, random),
            },
            bits: random.bits() as u32,
        }
    }

    /// Keys in a slot.
    fn keys_of(&self, slot: u32) -> u32 {
        self.counts.as_ref().map_or(self.len, |counts| counts.of(slot))
    }

    /// Samples up to `wanted` keys, or some more of several slots: as the server does in cluster mode, it turns to further
    /// slots while keys are missing, unless there are few keys in all.
    pub(super) fn sample(&self, start: Start, wanted: usize, random: &mut Stream, sampled: &mut Vec<u32>) {
        sampled.clear();
        self.sample_slot(start, wanted, random, sampled);
        for _ in 1..self.counts.as_ref().map_or(1, Counts::slots) {
            if sampled.len() >= wanted || (self.len as usize) < wanted * 10 {
                break;
            }
            self.sample_slot(self.draw(random), wanted, random, sampled);
        }
    }

    /// Samples up to `wanted` keys of a slot, behind those of others: each of those come upon with the same chance
    /// (reservoir sampling).
    fn sample_slot(&self, start: Start, wanted: usize, random: &mut Stream, sampled: &mut Vec<u32>) {
        let others = sampled.len();
        let wanted = wanted.min(self.keys_of(start.slot) as usize);
        self.walk(start, wanted, random, sampled);
        let seen = sampled.get_mut(others..).unwrap_or(&mut []);
        for last in wanted..seen.len() {
            // Past the wanted ones it does no harm, so that no jump depends on where it goes.
            seen.swap(random.below(last as u32 + 1) as usize, last);
        }
        sampled.truncate(others + wanted);
    }

    /// Appends keys of a slot, at least so many unless the server may miss some.
    fn walk(&self, start: Start, wanted: usize, random: &mut Stream, seen: &mut Vec<u32>) {
        match &self.layout {
            Layout::Chains(chains) => self.walk_chains(chains, start, wanted, random, seen),
            Layout::Buckets(buckets) => self.walk_buckets(buckets, start, wanted, seen),
        }
    }

    /// Brings the first buckets that will be sampled from here into the processor's cache; whether there is none of them
    /// empty.
    pub(super) fn glance_at_start(&self, start: Start) -> bool {
        let mask = (1u32 << self.exponent) - 1;
        let first = (start.slot as usize) << self.exponent;
        let at = start.bits & mask;
        [at, (at + 1) & mask]
            .into_iter()
            .fold(true, |filled, at| filled & self.is_filled(first + at as usize))
    }

    /// Appends the keys that would be sampled, and those among which they would be chosen.
    pub(super) fn foresee(&self, start: Start, wanted: usize, random: &Stream, seen: &mut Vec<u32>) {
        let wanted = wanted.min(self.keys_of(start.slot) as usize);
        self.walk(start, wanted, &mut random.clone(), seen);
    }

    /// `dictGetSomeKeys`: buckets in a row, whole chains, at most ten steps per key wanted. A long run of empty
    /// buckets ends in a jump.
    fn walk_chains(
        &self,
        chains: &Chains,
        start: Start,
        wanted: usize,
        random: &mut Stream,
        seen: &mut Vec<u32>,
    ) {
        let mask = (1u32 << self.exponent) - 1;
        let first = (start.slot as usize) << self.exponent;
        let enough = seen.len() + wanted;
        let jump = wanted.max(4) + 1;
        let mut at = start.bits & mask;
        let mut empty = 0;
        for _ in 0..wanted * 10 {
            let bucket = first + at as usize;
            if chains.is_empty(bucket) {
                empty += 1;
                if empty >= jump {
                    at = random.below(mask + 1);
                    empty = 0;
                }
            } else {
                empty = 0;
                seen.extend(chains.keys(bucket));
                if seen.len() >= enough {
                    return;
                }
            }
            at = (at + 1) & mask;
        }
    }

    /// `hashtableSampleEntries`: buckets in a row with their children, from a random one. The server goes through
    /// them in the order of its scan cursor; with random hashes any order is the same.
    fn walk_buckets(&self, buckets: &Buckets, start: Start, wanted: usize, seen: &mut Vec<u32>) {
        let mask = (1u32 << self.exponent) - 1;
        let first = (start.slot as usize) << self.exponent;
        let enough = seen.len() + wanted;
        let mut at = start.bits & mask;
        while seen.len() < enough {
            buckets.list(first + at as usize, seen);
            at = (at + 1) & mask;
        }
    }

    /// One key at random, as far as the server manages: a chain entry of a random bucket that is not empty, or one of
    /// seven keys sampled.
    pub(super) fn random(&self, random: &mut Stream, sampled: &mut Vec<u32>) -> Option<u32> {
        if self.len == 0 {
            return None;
        }
        let start = self.draw(random);
        match &self.layout {
            Layout::Buckets(_) => {
                let draw = match self.walk {
                    Walk::Buckets { draw } => draw,
                    Walk::Chains => 1,
                };
                sampled.clear();
                self.sample_slot(start, draw, random, sampled);
                sampled.get(random.below(sampled.len() as u32) as usize).copied()
            }
            Layout::Chains(chains) => {
                let first = (start.slot as usize) << self.exponent;
                let mut bits = start.bits;
                loop {
                    let at = bits & ((1 << self.exponent) - 1);
                    let bucket = first + at as usize;
                    let length = chains.keys(bucket).count() as u32;
                    if length > 0 {
                        break chains.keys(bucket).nth(random.below(length) as usize);
                    }
                    bits = random.bits() as u32;
                }
            }
        }
    }

    /// Looks at the keys of the bucket at a cursor and moves the cursor on; the keys are appended to `found`. False
    /// when the cursor is past the last bucket and begins anew.
    ///
    /// Chained tables of Redis 7 are swept in the order of their buckets, others in reverse-binary order, in which a
    /// resize does not make the sweep skip or repeat a part of the table.
    pub(super) fn sweep(&self, cursor: &mut u32, in_order: bool, found: &mut Vec<u32>) -> bool {
        let buckets = self.buckets();
        if let Some(counts) = &self.counts {
            // Slots one after the other; the server does not visit empty ones.
            let slot = counts.at_or_after((*cursor % buckets) >> self.exponent);
            let Some(slot) = slot else {
                *cursor = 0;
                return false;
            };
            *cursor = (*cursor % buckets).max(slot << self.exponent);
            self.list(*cursor as usize, found);
            *cursor = (*cursor + 1) % buckets;
            return *cursor != 0;
        }
        let mask = buckets - 1;
        self.list((*cursor & mask) as usize, found);
        if in_order {
            *cursor = cursor.wrapping_add(1);
            return true;
        }
        *cursor = (*cursor | !mask).reverse_bits().wrapping_add(1).reverse_bits();
        *cursor != 0
    }
}

impl Walk {
    /// That of a version.
    pub(super) fn of(version: Version) -> Self {
        match version {
            Version::Valkey91 => Self::Buckets { draw: FAIR_DRAW },
            _ if version.has_buckets() => Self::Buckets { draw: DRAW },
            _ => Self::Chains,
        }
    }

    /// Buckets of the smallest table, as a power of two.
    fn smallest(self) -> u32 {
        match self {
            Self::Chains => 2,
            Self::Buckets { .. } => 0,
        }
    }

    /// Keys per bucket of a full table.
    fn per_bucket(self) -> u64 {
        match self {
            Self::Chains => 1,
            Self::Buckets { .. } => 7,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(walk: Walk, keys: u32, slots: SlotMap) -> (Table, Hashing) {
        let hashing = Hashing::new(slots, 11);
        let mut table = Table::new(walk, keys, &hashing);
        for key in 0..keys {
            table.insert(key, hashing.place(key));
            let buckets = u64::from(table.len()).div_ceil(walk.per_bucket());
            table.follow(buckets, u64::from(table.len()), &hashing);
        }
        (table, hashing)
    }

    fn maps() -> [SlotMap; 3] {
        let given = (0..1_000u16).map(|key| key % 13).collect();
        [SlotMap::Single, SlotMap::Hashed(50, 3), SlotMap::Given(20, given)]
    }

    #[test]
    fn a_sweep_visits_every_key_once() {
        for walk in [Walk::Chains, Walk::Buckets { draw: 7 }] {
            for slots in maps() {
                let (mut table, hashing) = filled(walk, 1_000, slots);
                for key in 0..500 {
                    table.remove(key * 2, hashing.place(key * 2));
                }
                assert_eq!(table.len(), 500);
                let (mut cursor, mut found) = (0, Vec::new());
                while table.sweep(&mut cursor, false, &mut found) {}
                found.sort_unstable();
                assert!(found.iter().copied().eq((0..500).map(|key| key * 2 + 1)));
            }
        }
    }

    #[test]
    fn samples_are_resident_distinct_and_as_many_as_wanted() {
        let mut random = Stream::new(5, 0);
        for walk in [Walk::Chains, Walk::Buckets { draw: 7 }] {
            for slots in maps() {
                let (table, _) = filled(walk, 1_000, slots);
                let mut drawn = vec![0u32; 1_000];
                for _ in 0..20_000 {
                    let mut keys = Vec::new();
                    table.sample(table.draw(&mut random), 5, &mut random, &mut keys);
                    assert!(keys.len() >= 5 && keys.iter().all(|key: &u32| *key < 1_000));
                    for key in keys {
                        drawn[key as usize] += 1;
                    }
                }
                assert!(
                    drawn.iter().all(|times| *times > 0),
                    "every key is drawn now and then"
                );
            }
        }
    }

    #[test]
    fn slots_are_drawn_in_proportion_to_their_keys() {
        let given: Arc<[u16]> = (0..100u16).map(|key| if key < 75 { 3 } else { 17 }).collect();
        let (table, _) = filled(Walk::Chains, 100, SlotMap::Given(20, given));
        let mut random = Stream::new(6, 0);
        let of_larger = (0..10_000)
            .filter(|_| {
                let key = table.random(&mut random, &mut Vec::new());
                key.is_some_and(|key| key < 75)
            })
            .count();
        assert!((7_300..7_700).contains(&of_larger), "{of_larger}");
    }
}
