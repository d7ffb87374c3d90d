//! The keys of a run: where each lives, how large its value is, how many keys it stands for.

use crate::cluster::{Topology, slots};
use crate::random::{mix64, unit_f64};
use crate::scenario::{KeyClass, ValueSize};
use std::io::Write as _;

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

/// What one simulated request stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weight {
    /// Requests.
    pub(crate) requests: f64,
    /// Misses, if it misses; the other requests hit.
    pub(crate) misses: f64,
}

/// All simulated keys, numbered densely.
#[derive(Default)]
pub(crate) struct KeyTable {
    keys: Vec<Key>,
    /// Weights of the thinned keys, which come first in their class: the class's first key and its weights.
    thinned: Vec<(u32, Vec<Weight>)>,
    shards: Vec<ShardKeys>,
}

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
    pub(crate) fn new(shards: usize) -> Self {
        Self {
            shards: vec![ShardKeys::default(); shards],
            ..Self::default()
        }
    }

    /// Adds a key; its name decides its slot and so its shard.
    pub(crate) fn push(&mut self, slot: u16, topology: &Topology, key: NewKey) {
        let shard = topology.shard_of(slot);
        let NewKey {
            value_bytes,
            keys,
            class,
            thinned,
            rate,
        } = key;
        let of_shard = &mut self.shards[usize::from(shard)];
        let local = of_shard.simulated;
        of_shard.simulated += 1;
        of_shard.rate += rate * f64::from(keys);
        of_shard.hottest = of_shard.hottest.max(rate);
        self.keys.push(Key {
            local,
            value_bytes,
            keys,
            shard,
            class,
            thinned,
        });
    }

    /// States the weights of the keys of a class from its first key on.
    pub(crate) fn set_thinned(&mut self, first: u32, weights: Vec<Weight>) {
        self.thinned.push((first, weights));
    }

    pub(crate) fn get(&self, key: u32) -> Key {
        self.keys[key as usize]
    }

    /// What a request for this key stands for.
    pub(crate) fn weight(&self, index: u32, key: Key) -> Weight {
        if key.thinned
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

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter()
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
}

/// Slot of the key `prefix:number`.
pub(crate) fn slot_of(prefix: &[u8], number: u64) -> u16 {
    // Names are at most 60 characters of 4 bytes, numbers 20 digits.
    let mut name = [0u8; 272];
    let mut rest = &mut name[..];
    let room = rest.len();
    // A name that did not fit would only be cut, and still be hashed the same every time.
    let _ = rest.write_all(prefix).and_then(|()| write!(rest, ":{number}"));
    let used = room - rest.len();
    slots::slot(&name[..used])
}

/// Size of the value of the key of this rank: the same in every run of the class, whatever the seed of the run.
pub(crate) fn value_bytes(class: &KeyClass, rank: u64) -> u32 {
    const LARGEST: f64 = (64u64 << 20) as f64;
    match class.value_size {
        ValueSize::Fixed { bytes } => bytes.0 as u32,
        ValueSize::Lognormal { median_bytes, sigma } => {
            // Box and Muller's transform of two hashes of the rank.
            let u = 1.0 - unit_f64(mix64(rank ^ 0x5349_5A45));
            let angle = unit_f64(mix64(rank ^ 0x414E_474C)) * core::f64::consts::TAU;
            let normal = libm::sqrt(-2.0 * libm::log(u)) * libm::cos(angle);
            (median_bytes.0 as f64 * libm::exp(sigma * normal)).clamp(1.0, LARGEST) as u32
        }
    }
}
