//! SIEVE.
//!
//! Resident keys stand in one queue in the order in which they were stored and never move. A use only sets the key's
//! mark. A hand goes through the queue from the back to the front and round again: a marked key that it comes to
//! loses the mark and stays, the first unmarked one goes. The hand rests where it stopped, so that new keys, which
//! enter at the front, are soon looked at and keys that proved themselves are left alone for a round.
//!
//! Source: Zhang et al., "SIEVE is simpler than LRU: an efficient turn-key eviction algorithm for web caches",
//! NSDI 2024.
//!
//! Reference: libCacheSim 0.3.5 `Sieve`; equal counts.

use super::index::MarkedIndex;
use super::queue::Queues;
use super::{Access, KeyId, Policy, Setup};

const USED: u32 = 1;

/// A queue that a hand sifts the unused keys out of.
#[derive(Clone, Debug)]
pub struct Sieve {
    index: MarkedIndex<1>,
    queue: Queues<(), 1>,
    /// Where the hand goes on; `None` for the back of the queue.
    hand: Option<u32>,
    len: usize,
}

impl Policy for Sieve {
    fn new(setup: Setup) -> Self {
        Self {
            index: MarkedIndex::new(setup.keys),
            queue: Queues::new(setup.capacity),
            hand: None,
            len: 0,
        }
    }

    #[inline(always)]
    fn touch(&mut self, access: Access) -> bool {
        let Some((place, _)) = self.index.get(access.key) else {
            return false;
        };
        self.index.set(access.key, place, USED);
        true
    }

    #[inline(always)]
    fn insert(&mut self, access: Access) {
        let place = self.queue.push_front(0, access.key, ());
        self.index.set(access.key, place, 0);
        self.len += 1;
    }

    #[inline(always)]
    fn evict(&mut self, _incoming: Access) -> Option<KeyId> {
        loop {
            let place = self.hand.or_else(|| self.queue.back(0))?;
            let key = self.queue.key(place);
            self.hand = self.queue.newer(place);
            if let Some((_, USED)) = self.index.get(key) {
                self.index.set(key, place, 0);
            } else {
                self.index.take(key);
                self.queue.remove(place);
                self.len -= 1;
                return Some(key);
            }
        }
    }

    fn remove(&mut self, key: KeyId) -> bool {
        let Some((place, _)) = self.index.take(key) else {
            return false;
        };
        if self.hand == Some(place) {
            self.hand = self.queue.newer(place);
        }
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
