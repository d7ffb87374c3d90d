//! 2Q, two queues.
//!
//! A new key enters a FIFO queue for a quarter of the capacity, in which uses change nothing. When room is needed and
//! that queue holds more than its share, the key at its back goes, and is remembered in a list of departed keys worth
//! half the capacity. A key that is stored while it is remembered enters an LRU queue for the rest of the capacity
//! instead: it was wanted twice, and not only in one burst. When the FIFO queue does not hold more than its share, the
//! least recently used key of the LRU queue goes, and is not remembered.
//!
//! Source: Johnson and Shasha, "2Q: a low overhead high performance buffer management replacement algorithm",
//! VLDB 1994, the full version with Kin = 25 % and Kout = 50 %.
//!
//! Reference: libCacheSim 0.3.5 `TwoQ`; equal counts. As there, an object larger than the FIFO queue is not stored.
//! Chosen difference: the FIFO queue has room for one object at least, where the reference has none in a cache of less
//! than four and stores nothing.

use super::index::MarkedIndex;
use super::queue::Queues;
use super::room::Room;
use super::{Access, KeyId, Policy, Setup};

/// The FIFO queue of new keys, "A1in" in the paper.
const NEW: usize = 0;
/// The LRU queue of keys wanted again, "Am".
const MAIN: usize = 1;
/// The list of departed keys, "A1out".
const GONE: usize = 2;

const NEW_SHARE: f64 = 0.25;
const GONE_SHARE: f64 = 0.5;

/// FIFO for new keys, LRU for those wanted again.
#[derive(Clone, Debug)]
pub struct TwoQ {
    /// Marks tell the queue.
    index: MarkedIndex<2>,
    /// The size of each key.
    queues: Queues<u32, 3>,
    bytes: [u64; 3],
    limits: [u64; 3],
    room: Room,
    /// A departed key that was forgotten because it is about to be stored again.
    returning: Option<KeyId>,
    len: usize,
}

impl TwoQ {
    fn divide(&mut self) {
        let new = self.room.share(NEW_SHARE);
        let main = self.room.capacity().saturating_sub(new);
        self.limits = [new, main, self.room.share(GONE_SHARE)];
    }

    #[inline(always)]
    fn resident_bytes(&self) -> u64 {
        self.bytes[NEW] + self.bytes[MAIN]
    }

    #[inline(always)]
    fn push(&mut self, queue: usize, key: KeyId, size: u32) {
        let place = self.queues.push_front(queue, key, size);
        self.index.set(key, place, queue as u32);
        self.bytes[queue] += u64::from(size);
    }

    /// Takes a key out of its queue or the list; tells it and its size.
    #[inline(always)]
    fn drop_place(&mut self, queue: usize, place: u32) -> (KeyId, u32) {
        let (key, size) = (self.queues.key(place), self.queues.data(place));
        self.bytes[queue] -= u64::from(size);
        self.index.take(key);
        self.queues.remove(place);
        self.len -= usize::from(queue != GONE);
        (key, size)
    }

    /// Looks, before anything leaves for its sake, whether a key to be stored is a departed one.
    #[inline(always)]
    fn announce(&mut self, key: KeyId) {
        if let Some((place, mark)) = self.index.get(key)
            && mark == GONE as u32
        {
            self.drop_place(GONE, place);
            self.returning = Some(key);
        }
    }

    #[inline(always)]
    fn remember(&mut self, key: KeyId, size: u32) {
        let limit = self.limits[GONE];
        if u64::from(size) > limit {
            return;
        }
        while let Some(oldest) = self.queues.back(GONE)
            && self.bytes[GONE] + u64::from(size) > limit
        {
            self.drop_place(GONE, oldest);
        }
        self.push(GONE, key, size);
    }
}

impl Policy for TwoQ {
    fn new(setup: Setup) -> Self {
        let mut new = Self {
            index: MarkedIndex::new(setup.keys),
            queues: Queues::new(setup.capacity.saturating_mul(2)),
            bytes: [0; 3],
            limits: [0; 3],
            room: Room::new(setup.capacity),
            returning: None,
            len: 0,
        };
        new.divide();
        new
    }

    #[inline(always)]
    fn touch(&mut self, access: Access) -> bool {
        let Some((place, mark)) = self.index.get(access.key) else {
            return false;
        };
        let queue = mark as usize;
        if queue == GONE {
            return false;
        }
        if queue == MAIN {
            self.queues.move_front(MAIN, place);
        }
        true
    }

    fn admits(&self, access: Access) -> bool {
        u64::from(access.size) <= self.limits[NEW]
    }

    #[inline(always)]
    fn insert(&mut self, access: Access) {
        self.announce(access.key);
        let queue = if self.returning.take() == Some(access.key) {
            MAIN
        } else {
            NEW
        };
        self.push(queue, access.key, access.size);
        self.len += 1;
        if self.room.holds(self.resident_bytes()) {
            self.divide();
        }
    }

    #[inline(always)]
    fn evict(&mut self, incoming: Access) -> Option<KeyId> {
        self.announce(incoming.key);
        if self.room.lacks(self.resident_bytes() + u64::from(incoming.size)) {
            self.divide();
        }
        let oldest = self.queues.back(NEW);
        if let Some(place) = oldest.filter(|_| self.bytes[NEW] > self.limits[NEW]) {
            let (key, size) = self.drop_place(NEW, place);
            self.remember(key, size);
            return Some(key);
        }
        let (queue, place) = match self.queues.back(MAIN) {
            Some(place) => (MAIN, place),
            None => (NEW, oldest?),
        };
        Some(self.drop_place(queue, place).0)
    }

    #[inline(always)]
    fn overflow(&mut self) -> Option<KeyId> {
        if self.bytes[MAIN] <= self.limits[MAIN] {
            return None;
        }
        let place = self.queues.back(MAIN)?;
        let alone = self.queues.front(MAIN) == Some(place);
        (!alone).then(|| self.drop_place(MAIN, place).0)
    }

    fn remove(&mut self, key: KeyId) -> bool {
        let Some((place, mark)) = self.index.get(key) else {
            return false;
        };
        let resident = mark != GONE as u32;
        if resident {
            self.drop_place(mark as usize, place);
        }
        resident
    }

    #[inline(always)]
    fn contains(&self, key: KeyId) -> bool {
        self.index.get(key).is_some_and(|(_, mark)| mark != GONE as u32)
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
