//! LRU, least recently used.
//!
//! All resident keys stand in one queue. A key that is stored or used goes to the front; the key at the back,
//! unused for the longest time, is the next to go.
//!
//! Source: folklore; Mattson et al., "Evaluation techniques for storage hierarchies", IBM Systems Journal 9(2),
//! 1970, show that it is a stack algorithm: a larger cache of equal-sized objects holds all that a smaller one does.
//! This is the exact policy. Redis and Valkey approximate it from samples and a clock of limited resolution;
//! Memcached runs it per slab class in segments.
//!
//! Reference: libCacheSim 0.3.5 `LRU`; equal counts.

use super::index::Index;
use super::queue::Queues;
use super::{Access, KeyId, Policy, Setup};

/// Exact LRU.
#[derive(Clone, Debug)]
pub struct Lru {
    index: Index,
    queue: Queues<(), 1>,
    len: usize,
}

impl Policy for Lru {
    fn new(setup: Setup) -> Self {
        Self {
            index: Index::new(setup.keys),
            queue: Queues::new(setup.capacity),
            len: 0,
        }
    }

    #[inline(always)]
    fn touch(&mut self, access: Access) -> bool {
        let Some(place) = self.index.get(access.key) else {
            return false;
        };
        self.queue.move_front(0, place);
        true
    }

    #[inline(always)]
    fn insert(&mut self, access: Access) {
        let place = self.queue.push_front(0, access.key, ());
        self.index.set(access.key, place);
        self.len += 1;
    }

    #[inline(always)]
    fn evict(&mut self, _incoming: Access) -> Option<KeyId> {
        let place = self.queue.back(0)?;
        let key = self.queue.key(place);
        self.index.take(key);
        self.queue.remove(place);
        self.len -= 1;
        Some(key)
    }

    fn remove(&mut self, key: KeyId) -> bool {
        let Some(place) = self.index.take(key) else {
            return false;
        };
        self.queue.remove(place);
        self.len -= 1;
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
        self.len
    }
}
