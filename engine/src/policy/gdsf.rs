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

use super::heap::{Heap, Ranked};
use super::{Access, KeyId, Policy, Setup};

/// Priority of one use of an object of one byte.
const UNIT: f64 = 1e6;

#[derive(Clone, Copy, Debug)]
struct Value {
    priority: f64,
    /// Number of the last use.
    last: u64,
    key: KeyId,
    size: u32,
    uses: u32,
}

impl Ranked for Value {
    fn key(&self) -> KeyId {
        self.key
    }

    #[inline(always)]
    fn outranks(&self, other: &Self) -> bool {
        self.priority < other.priority || (self.priority <= other.priority && self.last < other.last)
    }
}

/// Uses per byte, aged.
#[derive(Clone, Debug)]
pub struct Gdsf {
    heap: Heap<Value>,
    /// Priority of the last key that went.
    age: f64,
    uses: u64,
    /// A key that room is being made for, and its priority.
    incoming: Option<(KeyId, f64)>,
}

impl Gdsf {
    #[inline(always)]
    fn priority(&self, uses: u32, size: u32) -> f64 {
        self.age + f64::from(uses) * UNIT / f64::from(size.max(1))
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
            heap: Heap::new(setup.keys),
            age: 0.0,
            uses: 0,
            incoming: None,
        }
    }

    #[inline(always)]
    fn touch(&mut self, access: Access) -> bool {
        let Some((at, mut value)) = self.heap.get(access.key) else {
            return false;
        };
        self.uses += 1;
        value.uses = value.uses.saturating_add(1);
        value.priority = self.priority(value.uses, value.size);
        value.last = self.uses;
        self.heap.replace(at, value);
        true
    }

    #[inline(always)]
    fn insert(&mut self, access: Access) {
        let priority = self.announce(access);
        self.incoming = None;
        self.uses += 1;
        self.heap.push(Value {
            priority,
            last: self.uses,
            key: access.key,
            size: access.size,
            uses: 1,
        });
    }

    #[inline(always)]
    fn evict(&mut self, incoming: Access) -> Option<KeyId> {
        let priority = self.announce(incoming);
        let lowest = self.heap.top()?;
        if priority < lowest.priority {
            self.age = priority;
            self.incoming = None;
            return None;
        }
        self.heap.pop();
        self.age = lowest.priority;
        Some(lowest.key)
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
