//! The keys of a run: where each lives, how large its value is, how many keys it stands for.

use super::values::Value;
use crate::cluster::Topology;
use crate::random::{mix64, normal_quantile, unit_f64};
use crate::scenario::{KeyClass, ValueSize};

/// One simulated key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    /// Number of the key within its shard's store.
    pub(crate) local: u32,
    pub(crate) value_bytes: u32,
    /// Keys that it stands for, itself included.
    pub(crate) keys: u32,
    pub(crate) shard: u16,
    pub(crate) class: u8,
    /// Whether its requests are thinned out: see [`KeyTable::weight`].
    pub(crate) thinned: bool,
}

/// A key and what is known of its value: side by side in one line of the processor's cache, as a request needs both.
#[repr(align(32))]
struct Entry {
    key: Key,
    value: Value,
}

/// What one simulated request stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weight {
    /// Requests.
    pub(crate) requests: f64,
    /// Misses, if it misses; the other requests hit.
    pub(crate) misses: f64,
}

/// All simulated keys, numbered densely, and what is known of their values.
#[derive(Default)]
pub(crate) struct KeyTable {
    keys: Vec<Entry>,
    /// Length of a tick of the times that are known of values, as a power of two, microseconds.
    pub(super) tick: u32,
    /// Weights of the thinned keys, which come first in their class: the class's first key and its weights.
    thinned: Vec<(u32, Vec<Weight>)>,
    /// Keys that exist from the start, which come before those born later.
    initial: usize,
    /// For each key born later, the first key that had its place, whose weight it shares.
    places: Vec<u32>,
    shards: Vec<ShardKeys>,
    /// The busiest keys, the first the most.
    busiest: Vec<Busy>,
    /// Where keys may move: the place of each.
    homes: Option<Vec<u32>>,
    /// Numbers within its store that a shard has free, for each shard.
    free: Vec<Vec<u32>>,
}

/// Where a key lives, and what decides it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Home {
    pub(crate) shard: u16,
    /// See [`Topology::place_of_name`].
    place: u32,
}

/// A key that is asked for more often than most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Busy {
    /// Rank in its class, from 1; of a trace, number of first appearance, from 0.
    pub(crate) number: u64,
    pub(crate) class: u8,
    pub(crate) shard: u16,
    /// Mean requests per second.
    pub(crate) rate: f64,
}

/// Busiest keys that are kept.
const BUSIEST: usize = 10;

/// The keys of one shard together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ShardKeys {
    /// Simulated keys.
    pub(crate) simulated: u32,
    /// Mean requests per second of all keys, simulated or not.
    pub(crate) rate: f64,
    /// Mean requests per second of the busiest key.
    pub(crate) hottest: f64,
}

impl KeyTable {
    /// A table without keys. Those that are to come [may move](Self::relocate) only if that is said now.
    pub(crate) fn new(shards: usize, mobile: bool) -> Self {
        Self {
            shards: vec![ShardKeys::default(); shards],
            homes: mobile.then(Vec::new),
            ..Self::default()
        }
    }

    /// Makes room for so many further keys.
    pub(crate) fn reserve(&mut self, keys: usize) {
        self.keys.reserve(keys);
    }

    /// Adds a key.
    pub(crate) fn push(&mut self, home: Home, key: NewKey) {
        self.initial += 1;
        self.add(home, key);
    }

    /// Adds a key that is born later, in a place that this key was the first to have. All keys that exist from the
    /// start are there already.
    pub(crate) fn push_born(&mut self, home: Home, key: NewKey, place: u32) {
        self.places.push(place);
        self.add(home, key);
    }

    /// Puts the keys of all shards together in one and returns the shard that each was on.
    pub(crate) fn gather(&mut self) -> Vec<u16> {
        let mut all = ShardKeys::default();
        for shard in &self.shards {
            all.simulated += shard.simulated;
            all.rate += shard.rate;
            all.hottest = all.hottest.max(shard.hottest);
        }
        self.shards = vec![all];
        let keys = self.keys.iter_mut().zip(0..);
        keys.map(|(entry, number)| {
            let key = &mut entry.key;
            key.local = number;
            core::mem::take(&mut key.shard)
        })
        .collect()
    }

    fn add(&mut self, home: Home, key: NewKey) {
        let Home { shard, place } = home;
        if let Some(homes) = &mut self.homes {
            homes.push(place);
        }
        let NewKey {
            value_bytes,
            keys,
            class,
            thinned,
            rate,
            number,
        } = key;
        let of_shard = &mut self.shards[usize::from(shard)];
        let local = of_shard.simulated;
        of_shard.simulated += 1;
        of_shard.rate += rate * f64::from(keys);
        of_shard.hottest = of_shard.hottest.max(rate);
        // A key that stands for others is none of those that are asked for most.
        if keys == 1 && rate > self.busiest.get(BUSIEST - 1).map_or(0.0, |last| last.rate) {
            let at = self.busiest.partition_point(|other| other.rate >= rate);
            self.busiest.insert(
                at,
                Busy {
                    number,
                    class,
                    shard,
                    rate,
                },
            );
            self.busiest.truncate(BUSIEST);
        }
        self.keys.push(Entry {
            key: Key {
                local,
                value_bytes,
                keys,
                shard,
                class,
                thinned,
            },
            value: Value::NONE,
        });
    }

    /// States the weights of the keys of a class from its first key on.
    pub(crate) fn set_thinned(&mut self, first: u32, weights: Vec<Weight>) {
        self.thinned.push((first, weights));
    }

    pub(crate) fn get(&self, key: u32) -> Key {
        self.keys[key as usize].key
    }

    /// What is known of a key's value.
    pub(super) fn value(&self, key: u32) -> Option<&Value> {
        self.keys.get(key as usize).map(|entry| &entry.value)
    }

    /// The same, to change it.
    pub(super) fn value_mut(&mut self, key: u32) -> Option<&mut Value> {
        self.keys.get_mut(key as usize).map(|entry| &mut entry.value)
    }

    /// What a request for this key stands for.
    pub(crate) fn weight(&self, index: u32, key: Key) -> Weight {
        if key.thinned
            && let index = self.first_of_place(index)
            && let Some((first, weights)) = self.thinned.iter().rev().find(|(first, _)| *first <= index)
            && let Some(weight) = weights.get((index - first) as usize)
        {
            return *weight;
        }
        Weight {
            requests: f64::from(key.keys),
            misses: f64::from(key.keys),
        }
    }

    /// The first key of the place of this one: itself, unless it was born later.
    pub(crate) fn first_of_place(&self, index: u32) -> u32 {
        let born = (index as usize).checked_sub(self.initial);
        born.and_then(|born| self.places.get(born))
            .copied()
            .unwrap_or(index)
    }

    /// The place of a key that may move.
    pub(crate) fn place(&self, key: u32) -> Option<u32> {
        self.homes.as_ref()?.get(key as usize).copied()
    }

    /// Moves a key to another shard, where it gets a number that is free.
    pub(crate) fn relocate(&mut self, key: u32, to: u16) {
        let to_shard = usize::from(to);
        if self.shards.len() <= to_shard {
            self.shards.resize(to_shard + 1, ShardKeys::default());
        }
        if self.free.len() < self.shards.len() {
            self.free.resize(self.shards.len(), Vec::new());
        }
        let Some(Entry { key: of_key, .. }) = self.keys.get_mut(key as usize) else {
            return;
        };
        let (from, old) = (usize::from(of_key.shard), of_key.local);
        let Some(of_shard) = self.shards.get_mut(to_shard) else {
            return;
        };
        let free = self.free.get_mut(to_shard).and_then(Vec::pop);
        of_key.shard = to;
        of_key.local = free.unwrap_or_else(|| {
            of_shard.simulated += 1;
            of_shard.simulated - 1
        });
        if let Some(free) = self.free.get_mut(from) {
            free.push(old);
        }
    }

    /// Mean size of a value over all keys.
    pub(crate) fn mean_value_bytes(&self) -> f64 {
        let sums = self.keys.iter().fold((0.0, 0.0), |(keys, bytes), entry| {
            let own = f64::from(entry.key.keys);
            (keys + own, bytes + own * f64::from(entry.key.value_bytes))
        });
        if sums.0 > 0.0 { sums.1 / sums.0 } else { 0.0 }
    }

    /// Number of keys, with those born later.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The keys that exist from the start, and so as many as do at any one time.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter().map(|entry| &entry.key).take(self.initial)
    }

    /// The keys that are asked for most, by the laws of their classes or in the trace.
    pub(crate) fn busiest(&self) -> &[Busy] {
        &self.busiest
    }

    pub(crate) fn shards(&self) -> &[ShardKeys] {
        &self.shards
    }
}

/// What the caller of [`KeyTable::push`] knows of a key.
#[derive(Clone, Copy)]
pub(crate) struct NewKey {
    pub(crate) value_bytes: u32,
    pub(crate) keys: u32,
    pub(crate) class: u8,
    pub(crate) thinned: bool,
    /// Mean requests per second of one of the keys.
    pub(crate) rate: f64,
    /// As [`Busy::number`].
    pub(crate) number: u64,
}

/// Where the keys live whose names are a text and their number.
pub(crate) struct Homes<'a> {
    topology: &'a Topology,
    /// The text, and behind it what the last name added.
    name: Vec<u8>,
    /// Length of the text.
    text: usize,
    /// Into how many hash tags the keys are divided, where these decide.
    tags: Option<u32>,
}

impl<'a> Homes<'a> {
    /// Those of the keys of a class: of `name:number`, or of the hash tag `{name:tag}` that the number is spread to.
    /// Clients of Memcached know no tags.
    pub(crate) fn new(class: &KeyClass, topology: &'a Topology) -> Self {
        let tags = class.hash_tags.filter(|_| topology.has_slots());
        let brace = if tags.is_some() { "{" } else { "" };
        Self {
            tags,
            ..Self::named(&format!("{brace}{}:", class.name), topology)
        }
    }

    /// Those of the keys of this text and a number.
    pub(crate) fn named(text: &str, topology: &'a Topology) -> Self {
        Self {
            topology,
            name: text.into(),
            text: text.len(),
            tags: None,
        }
    }

    /// The home of the key of this number.
    pub(crate) fn of(&mut self, number: u64) -> Home {
        match self.tags {
            Some(tags) => self.of_tag(unit_f64(mix64(number ^ 0x5441_4753)), tags),
            None => self.of_name(number, b""),
        }
    }

    /// The home of a key whose hash lies at this part, 0 to 1, of all that the hashes of the keys can be.
    pub(crate) fn at(&mut self, part: f64) -> Home {
        match self.tags {
            Some(tags) => self.of_tag(part, tags),
            None => self.at_place(self.topology.place_at(part)),
        }
    }

    /// The home of one of so many tags: the first at 0, the last just below 1.
    fn of_tag(&mut self, part: f64, tags: u32) -> Home {
        self.of_name((part * f64::from(tags)) as u64, b"}")
    }

    fn of_name(&mut self, number: u64, end: &[u8]) -> Home {
        let mut digits = itoa::Buffer::new();
        self.name.truncate(self.text);
        self.name.extend_from_slice(digits.format(number).as_bytes());
        self.name.extend_from_slice(end);
        self.at_place(self.topology.place_of_name(&self.name))
    }

    fn at_place(&self, place: u32) -> Home {
        Home {
            shard: self.topology.shard_of_place(place),
            place,
        }
    }
}

/// Size of the value of the key of this number: the same in every run of the class, whatever the seed of the run.
pub(crate) fn value_bytes(class: &KeyClass, number: u64) -> u32 {
    size_at(class, unit_f64(mix64(number ^ 0x5349_5A45)))
}

/// The size that this part of the values of a class, 0 to 1, does not exceed.
pub(crate) fn size_at(class: &KeyClass, part: f64) -> u32 {
    const LARGEST: f64 = (64u64 << 20) as f64;
    match &class.value_size {
        ValueSize::Fixed { bytes } => bytes.0 as u32,
        ValueSize::Lognormal { median_bytes, sigma } => {
            let times = libm::exp(sigma * normal_quantile(part));
            (median_bytes.0 as f64 * times).clamp(1.0, LARGEST) as u32
        }
        ValueSize::Choice { sizes } => {
            let all: f64 = sizes.iter().map(|size| size.share.0).sum();
            let mut mark = part * all;
            let found = sizes.iter().find(|size| {
                mark -= size.share.0;
                mark < 0.0
            });
            found.or(sizes.last()).map_or(0, |size| size.bytes.0 as u32)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::SizeShare;
    use crate::units::{Bytes, Share};
    use std::collections::BTreeMap;

    #[test]
    fn sizes_of_a_list_come_in_proportion_to_their_shares() {
        let sizes = [(100, 0.6), (5_000, 0.3), (1 << 20, 0.0), (70_000, 0.3)];
        let class = KeyClass {
            value_size: ValueSize::Choice {
                sizes: sizes
                    .map(|(bytes, share)| SizeShare {
                        bytes: Bytes(bytes),
                        share: Share(share),
                    })
                    .to_vec(),
            },
            ..KeyClass::default()
        };
        let mut counts = BTreeMap::new();
        let keys = 60_000u32;
        for rank in 1..=keys {
            *counts.entry(value_bytes(&class, u64::from(rank))).or_insert(0u32) += 1;
        }
        assert_eq!(counts.keys().copied().collect::<Vec<_>>(), [100, 5_000, 70_000]);
        for (count, part) in counts.values().zip([0.5, 0.25, 0.25]) {
            let expected = f64::from(keys) * part;
            let deviation = (expected * (1.0 - part)).sqrt();
            assert!(
                (f64::from(*count) - expected).abs() < 5.0 * deviation,
                "{counts:?}"
            );
        }
        let mean: f64 = counts
            .iter()
            .map(|(bytes, count)| f64::from(*bytes) * f64::from(*count))
            .sum();
        assert!((mean / f64::from(keys) / class.value_size.mean() - 1.0).abs() < 0.02);
    }

    #[test]
    fn keys_of_a_hash_tag_share_its_shard() {
        // A shard for each slot.
        let topology = Topology::even(16_384);
        let owner = |name: &str| topology.shard_of_name(name.as_bytes());
        let mut class = KeyClass::default();
        assert_eq!(Homes::new(&class, &topology).of(17).shard, owner("objects:17"));
        class.hash_tags = Some(5);
        let tags: Vec<u16> = (0..5)
            .map(|tag| owner(&format!("{{objects:{tag}}}:any")))
            .collect();
        let mut counts = [0u32; 5];
        let mut homes = Homes::new(&class, &topology);
        for number in 1..=5_000 {
            let shard = homes.of(number).shard;
            let tag = tags.iter().position(|of_tag| *of_tag == shard);
            counts[tag.expect("a shard of one of the tags")] += 1;
        }
        assert!(
            counts.iter().all(|count| (850..1_150).contains(count)),
            "{counts:?}"
        );
        let ring = Topology::ketama(3);
        assert_eq!(
            Homes::new(&class, &ring).of(17).shard,
            ring.shard_of_name(b"objects:17"),
            "clients of Memcached know no tags"
        );
    }
}
