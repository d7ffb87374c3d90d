//! GDSF, greedy dual size frequency.
//!
//! Each resident key has a priority: its uses, divided by its size, plus an age. The key with the lowest goes; of
//! several, the one used the longest time ago. The age is the priority of the key that went last, so that keys that
//! were used often, long ago, are overtaken. Small and often used objects are kept: it raises the hit ratio, not the
//! ratio of bytes that hit.
//!
//! Source: Cherkasova, "Improving WWW proxies performance with greedy-dual-size-frequency caching policy", HP Labs
//! 98-69, 1998, with a cost of 1 for every object.
//!
//! Reference: libCacheSim 0.3.5 `GDSF`; equal counts. As there, an incoming object competes with the resident ones: if
//! its own priority is the lowest it is not stored.

use super::heap::{Heap, Rank};
use super::{Access, KeyId, Policy, Setup};

/// Priority of one use of an object of one byte.
const UNIT: f64 = 1e6;

#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
struct Priority {
    value: f64,
    /// Number of the last use.
    last: u32,
}

impl Rank for Priority {
    #[inline(always)]
    fn outranks(self, other: Self) -> bool {
        let (a, b) = (self.value, other.value);
        a < b || (a <= b && self.last < other.last)
    }
}

#[derive(Clone, Copy, Debug)]
struct Item {
    size: u32,
    uses: u32,
}

/// Uses per byte, aged.
#[derive(Clone, Debug)]
pub struct Gdsf {
    heap: Heap<Priority, Item, 4>,
    /// Priority of the last key that went.
    age: f64,
    /// Uses so far, or since they were last renumbered.
    uses: u32,
    /// A key that room is being made for, and its priority.
    incoming: Option<(KeyId, f64)>,
}

impl Gdsf {
    #[inline(always)]
    fn priority(&self, uses: u32, size: u32) -> f64 {
        self.age + f64::from(uses) * UNIT / f64::from(size.max(1))
    }

    /// The number of the present use.
    #[inline(always)]
    fn count(&mut self) -> u32 {
        if self.uses == u32::MAX {
            self.renumber();
        }
        self.uses += 1;
        self.uses
    }

    /// Gives the last uses of the resident keys low numbers in the same order.
    #[cold]
    fn renumber(&mut self) {
        let mut ranks: Vec<&mut Priority> = self.heap.ranks_mut().collect();
        ranks.sort_unstable_by_key(|rank| rank.last);
        self.uses = 0;
        for rank in ranks {
            self.uses += 1;
            rank.last = self.uses;
        }
    }

    /// The priority of a key to be stored: that of when the first key was asked to go for its sake.
    #[inline(always)]
    fn announce(&mut self, access: Access) -> f64 {
        if let Some((key, priority)) = self.incoming
            && key == access.key
        {
            return priority;
        }
        let priority = self.priority(1, access.size);
        self.incoming = Some((access.key, priority));
        priority
    }
}

impl Policy for Gdsf {
    fn new(setup: Setup) -> Self {
        Self {
            heap: Heap::new(setup),
            age: 0.0,
            uses: 0,
            incoming: None,
        }
    }

    #[inline(always)]
    fn touch(&mut self, access: Access) -> bool {
        let Some(place) = self.heap.get(access.key) else {
            return false;
        };
        let item = self.heap.data_mut(place);
        item.uses = item.uses.saturating_add(1);
        let Item { size, uses } = *item;
        let value = self.priority(uses, size);
        let last = self.count();
        self.heap.replace(place, Priority { value, last });
        true
    }

    #[inline(always)]
    fn insert(&mut self, access: Access) {
        let value = self.announce(access);
        self.incoming = None;
        let last = self.count();
        let item = Item {
            size: access.size,
            uses: 1,
        };
        self.heap.push(access.key, Priority { value, last }, item);
    }

    #[inline(always)]
    fn evict(&mut self, incoming: Access) -> Option<KeyId> {
        let value = self.announce(incoming);
        let lowest = self.heap.top()?.value;
        if value < lowest {
            self.age = value;
            self.incoming = None;
            return None;
        }
        self.age = lowest;
        self.heap.pop_lazily()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::NEVER;
    use crate::units::Micros;

    #[test]
    fn uses_are_renumbered_before_their_number_overflows() {
        let access = |key| Access {
            key,
            size: 1,
            now: Micros(0),
            next: NEVER,
        };
        let setup = Setup {
            capacity: 8,
            keys: 8,
            seed: 0,
        };
        let order = |first: u32| {
            let mut policy = Gdsf::new(setup);
            policy.uses = first;
            (0..8).for_each(|key| policy.insert(access(key)));
            for key in [3, 1, 4, 1, 5, 2, 6] {
                assert!(policy.touch(access(key)));
            }
            let incoming = Access { size: 1, ..access(9) };
            let mut left = Vec::new();
            while !policy.is_empty() {
                left.extend(policy.evict(incoming));
            }
            left
        };
        assert_eq!(order(0), [0, 7, 3, 4, 5, 2, 6, 1]);
        for before in 0..16 {
            assert_eq!(
                order(u32::MAX - before),
                order(0),
                "{before} uses before the overflow"
            );
        }
    }
}
