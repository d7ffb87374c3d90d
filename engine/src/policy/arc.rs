//! ARC, adaptive replacement cache.
//!
//! Two LRU queues hold the resident keys: T1 those used once since they were stored, T2 those used more often. Two
//! lists remember keys that left them, B1 and B2. A key that is stored while it is remembered in B1 shows that T1 is
//! too small, so T1's share p grows; one remembered in B2 shrinks it; either enters T2. When room is needed, the least
//! recently used key of T1 goes if T1 holds more than p, else that of T2, and is remembered. T1 and B1 together
//! remember no more than the capacity, all four no more than twice that.
//!
//! Source: Megiddo and Modha, "ARC: a self-tuning, low overhead replacement cache", FAST 2003.
//!
//! Reference: libCacheSim 0.3.5 `ARC`; equal counts. As there, p is not rounded, is counted in bytes where capacity is
//! and moves by one at least, and an eviction drops at most one remembered key.

use super::index::MarkedIndex;
use super::queue::Queues;
use super::room::Room;
use super::{Access, KeyId, Policy, Setup};

const T1: usize = 0;
const T2: usize = 1;
const B1: usize = 2;
const B2: usize = 3;

/// Recency against frequency, balanced by what was evicted too early.
#[derive(Clone, Debug)]
pub struct Arc {
    /// Marks tell the queue.
    index: MarkedIndex<2>,
    /// The size of each key.
    queues: Queues<u32, 4>,
    bytes: [u64; 4],
    /// What T1 should hold, "p" in the paper.
    target: f64,
    room: Room,
    /// A remembered key that is about to be stored again, and the list that it was in.
    returning: Option<(KeyId, usize)>,
    len: usize,
}

impl Arc {
    #[inline(always)]
    fn resident_bytes(&self) -> u64 {
        self.bytes[T1] + self.bytes[T2]
    }

    #[inline(always)]
    fn push(&mut self, queue: usize, key: KeyId, size: u32) {
        let place = self.queues.push_front(queue, key, size);
        self.index.set(key, place, queue as u32);
        self.bytes[queue] += u64::from(size);
    }

    #[inline(always)]
    fn drop_place(&mut self, queue: usize, place: u32) -> KeyId {
        let key = self.queues.key(place);
        self.bytes[queue] -= u64::from(self.queues.data(place));
        self.index.take(key);
        self.queues.remove(place);
        self.len -= usize::from(queue < B1);
        key
    }

    #[inline(always)]
    fn move_to(&mut self, from: usize, to: usize, place: u32) {
        let size = u64::from(self.queues.data(place));
        self.bytes[from] -= size;
        self.bytes[to] += size;
        self.queues.move_front(to, place);
    }

    /// Learns, before anything leaves for its sake, from a key to be stored that is remembered.
    #[inline(always)]
    fn announce(&mut self, key: KeyId) {
        let Some((place, mark)) = self.index.get(key) else {
            return;
        };
        let list = mark as usize;
        if list < B1 {
            return;
        }
        let (b1, b2) = (self.bytes[B1] as f64, self.bytes[B2] as f64);
        self.target = if list == B1 {
            (self.target + (b2 / b1).max(1.0)).min(self.room.capacity() as f64)
        } else {
            (self.target - (b1 / b2).max(1.0)).max(0.0)
        };
        self.drop_place(list, place);
        self.returning = Some((key, list));
    }

    /// "REPLACE" of the paper.
    #[inline(always)]
    fn replace(&mut self, from_b2: bool) -> Option<KeyId> {
        let t1 = self.bytes[T1] as f64;
        let too_much = t1 > self.target || (from_b2 && t1 >= self.target);
        let (queue, place) = match (self.queues.back(T1), self.queues.back(T2)) {
            (Some(place), None) => (T1, place),
            (Some(place), Some(_)) if too_much => (T1, place),
            (_, place) => (T2, place?),
        };
        let key = self.queues.key(place);
        self.move_to(queue, queue + B1, place);
        self.index.set(key, place, (queue + B1) as u32);
        self.len -= 1;
        Some(key)
    }
}

impl Policy for Arc {
    fn new(setup: Setup) -> Self {
        Self {
            index: MarkedIndex::new(setup.keys),
            queues: Queues::new(setup.capacity.saturating_mul(2)),
            bytes: [0; 4],
            target: 0.0,
            room: Room::new(setup.capacity),
            returning: None,
            len: 0,
        }
    }

    #[inline(always)]
    fn touch(&mut self, access: Access) -> bool {
        let Some((place, mark)) = self.index.get(access.key) else {
            return false;
        };
        let queue = mark as usize;
        if queue >= B1 {
            return false;
        }
        if queue == T1 {
            self.move_to(T1, T2, place);
            self.index.set(access.key, place, T2 as u32);
        } else {
            self.queues.move_front(T2, place);
        }
        true
    }

    #[inline(always)]
    fn insert(&mut self, access: Access) {
        self.announce(access.key);
        let returns = self.returning.take().is_some_and(|(key, _)| key == access.key);
        let queue = if returns { T2 } else { T1 };
        self.push(queue, access.key, access.size);
        self.len += 1;
        self.room.holds(self.resident_bytes());
    }

    #[inline(always)]
    fn evict(&mut self, incoming: Access) -> Option<KeyId> {
        self.announce(incoming.key);
        let size = u64::from(incoming.size);
        self.room.lacks(self.resident_bytes() + size);
        if let Some((key, list)) = self.returning
            && key == incoming.key
        {
            return self.replace(list == B2);
        }
        let capacity = self.room.capacity();
        let once = self.bytes[T1] + self.bytes[B1];
        if once + size > capacity {
            match (self.queues.back(B1), self.queues.back(T1)) {
                (Some(oldest), _) => {
                    self.drop_place(B1, oldest);
                }
                (None, Some(oldest)) => return Some(self.drop_place(T1, oldest)),
                (None, None) => {}
            }
        } else if once + self.bytes[T2] + self.bytes[B2] >= 2 * capacity
            && let Some(oldest) = self.queues.back(B2)
        {
            self.drop_place(B2, oldest);
        }
        self.replace(false)
    }

    fn remove(&mut self, key: KeyId) -> bool {
        let Some((place, mark)) = self.index.get(key) else {
            return false;
        };
        let resident = (mark as usize) < B1;
        if resident {
            self.drop_place(mark as usize, place);
        }
        resident
    }

    #[inline(always)]
    fn contains(&self, key: KeyId) -> bool {
        self.index.get(key).is_some_and(|(_, mark)| (mark as usize) < B1)
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
