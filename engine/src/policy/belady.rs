//! Belady's optimum, also called MIN or OPT.
//!
//! The key whose next use lies farthest in the future goes; one that is never used again before all others. No policy
//! misses less in a cache that counts objects and stores every object asked for. By bytes it is only a good guess: to
//! find the optimum for objects of different sizes is NP-hard.
//!
//! It needs to know the future, so only a recorded trace can be replayed through it.
//!
//! Source: Belady, "A study of replacement algorithms for a virtual-storage computer", IBM Systems Journal 5(2), 1966;
//! Mattson et al., IBM Systems Journal 9(2), 1970, prove it optimal.
//!
//! Reference: libCacheSim 0.3.5 `Belady`; equal counts. Like there an object is stored even if it is never used again.

use super::heap::{Heap, Rank};
use super::{Access, KeyId, Policy, Setup};

/// Number of the next use.
#[derive(Clone, Copy, Debug)]
struct NextUse(u64);

impl Rank for NextUse {
    #[inline(always)]
    fn outranks(self, other: Self) -> bool {
        self.0 > other.0
    }
}

/// Farthest next use first.
#[derive(Clone, Debug)]
pub struct Belady {
    heap: Heap<NextUse, (), 2>,
}

impl Policy for Belady {
    fn new(setup: Setup) -> Self {
        Self {
            heap: Heap::new(setup),
        }
    }

    fn needs_future() -> bool {
        true
    }

    #[inline(always)]
    fn touch(&mut self, access: Access) -> bool {
        let Some(place) = self.heap.get(access.key) else {
            return false;
        };
        self.heap.replace(place, NextUse(access.next));
        true
    }

    #[inline(always)]
    fn insert(&mut self, access: Access) {
        self.heap.push(access.key, NextUse(access.next), ());
    }

    #[inline(always)]
    fn evict(&mut self, _incoming: Access) -> Option<KeyId> {
        self.heap.pop()
    }

    fn remove(&mut self, key: KeyId) -> bool {
        self.heap.remove(key)
    }

    #[inline(always)]
    fn contains(&self, key: KeyId) -> bool {
        self.heap.contains(key)
    }

    #[inline(always)]
    fn look_ahead(&self, key: KeyId) -> u32 {
        self.heap.look_ahead(key)
    }

    #[inline(always)]
    fn len(&self) -> usize {
        self.heap.len()
    }
}
