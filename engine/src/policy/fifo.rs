//! FIFO, first in, first out.
//!
//! Resident keys stand in one queue in the order in which they were stored. Uses change nothing; the key that was
//! stored the longest time ago is the next to go.
//!
//! Source: folklore; Belady, "A study of replacement algorithms for a virtual-storage computer", IBM Systems
//! Journal 5(2), 1966. It is not a stack algorithm: a larger cache may miss more.
//!
//! Reference: libCacheSim 0.3.5 `FIFO`; equal counts.

use super::index::Index;
use super::queue::Queues;
use super::{Access, KeyId, Policy, Setup};

/// First in, first out.
#[derive(Clone, Debug)]
pub struct Fifo {
    index: Index,
    queue: Queues<(), 1>,
    len: usize,
}

impl Policy for Fifo {
    fn new(setup: Setup) -> Self {
        Self {
            index: Index::new(setup.keys),
            queue: Queues::new(setup.capacity),
            len: 0,
        }
    }

    #[inline(always)]
    fn touch(&mut self, access: Access) -> bool {
        self.contains(access.key)
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
