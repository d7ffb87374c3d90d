//! Random eviction.
//!
//! Every resident key is equally likely to be the next to go; uses leave no trace. The floor that a policy has to
//! beat, and what Redis and Valkey do under `allkeys-random`.
//!
//! Source: folklore; Belady, "A study of replacement algorithms for a virtual-storage computer", IBM Systems
//! Journal 5(2), 1966. Exactly uniform, where the servers draw a bucket of the hash table first and so prefer
//! keys in short chains. The miss ratios recorded from libCacheSim 0.3.5 are up to 1.1 points higher than these in
//! caches of about a hundred objects.
//!
//! The keys lie in one array without holes: the last one fills the gap of a key that leaves.

use super::index::Index;
use super::{Access, KeyId, Policy, Setup};
use crate::random::Stream;

/// Name of the random stream that draws the victims.
const VICTIMS: u64 = 0x7261_6e64_6f6d;

/// Exactly uniform random eviction.
#[derive(Clone, Debug)]
pub struct Random {
    index: Index,
    keys: Vec<KeyId>,
    stream: Stream,
}

impl Random {
    /// Moves the last key to `place`, whose key has left the index.
    #[inline(always)]
    fn close_gap(&mut self, place: u32) {
        self.keys.swap_remove(place as usize);
        if let Some(&moved) = self.keys.get(place as usize) {
            self.index.set(moved, place);
        }
    }
}

impl Policy for Random {
    fn new(setup: Setup) -> Self {
        Self {
            index: Index::new(setup.keys),
            keys: Vec::new(),
            stream: Stream::new(setup.seed, VICTIMS),
        }
    }

    #[inline(always)]
    fn touch(&mut self, access: Access) -> bool {
        self.contains(access.key)
    }

    #[inline(always)]
    fn insert(&mut self, access: Access) {
        self.index.set(access.key, self.keys.len() as u32);
        self.keys.push(access.key);
    }

    #[inline(always)]
    fn evict(&mut self, _incoming: Access) -> Option<KeyId> {
        let place = self.stream.below(self.keys.len() as u32);
        let key = *self.keys.get(place as usize)?;
        self.index.take(key);
        self.close_gap(place);
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
