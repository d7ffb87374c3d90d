//! SLRU, segmented LRU, with four segments.
//!
//! Four LRU queues, each for at most a quarter of the capacity. A new key enters the lowest segment that has room for
//! it, or the lowest when none has. A used key goes to the front of the next higher segment, in the highest to its
//! front. A segment that overflows passes the key at its back down to the front of the one below; from the lowest,
//! keys leave the cache. The key at the back of the lowest segment that is not empty is the next to go.
//!
//! Source: Karedla, Love and Wherry, "Caching strategies to improve disk system performance", IEEE Computer 27(3),
//! 1994, with two segments; Huang et al., "An analysis of Facebook photo caching", SOSP 2013, with four (S4LRU).
//!
//! Reference: libCacheSim 0.3.5 `SLRU`; equal counts. As there, an object larger than a segment is not stored, and a
//! use may push keys out when objects differ in size. Chosen difference: a cache of less than four objects has
//! segments of one object, where the reference has none and stores nothing.

use super::index::Index;
use super::queue::Queues;
use super::room::Room;
use super::{Access, KeyId, Policy, Setup};

const SEGMENTS: usize = 4;
const TOP: usize = SEGMENTS - 1;

#[derive(Clone, Copy, Debug, Default)]
struct Item {
    size: u32,
    segment: u32,
}

/// LRU in four segments.
#[derive(Clone, Debug)]
pub struct Slru {
    index: Index,
    segments: Queues<Item, SEGMENTS>,
    bytes: [u64; SEGMENTS],
    /// What each segment may hold.
    limit: u64,
    room: Room,
    /// A key came down into the lowest segment, which may hold too much now.
    spilled: bool,
    len: usize,
}

impl Slru {
    fn divide(&mut self) {
        self.limit = (self.room.capacity() / SEGMENTS as u64).max(1);
    }

    /// Passes keys down from segments that hold too much.
    #[inline(always)]
    fn settle(&mut self, highest: usize) {
        for segment in (1..=highest).rev() {
            if self.bytes[segment] <= self.limit {
                return;
            }
            while let Some(place) = self.segments.back(segment)
                && self.bytes[segment] > self.limit
            {
                self.move_to(segment - 1, place);
            }
            self.spilled |= segment == 1;
        }
    }

    #[inline(always)]
    fn move_to(&mut self, segment: usize, place: u32) {
        let item = self.segments.data_mut(place);
        let size = u64::from(item.size);
        self.bytes[item.segment as usize] -= size;
        self.bytes[segment] += size;
        item.segment = segment as u32;
        self.segments.move_front(segment, place);
    }

    #[inline(always)]
    fn drop_place(&mut self, place: u32) -> KeyId {
        let Item { size, segment } = self.segments.data(place);
        let key = self.segments.key(place);
        self.bytes[segment as usize] -= u64::from(size);
        self.index.take(key);
        self.segments.remove(place);
        self.len -= 1;
        key
    }
}

impl Policy for Slru {
    fn new(setup: Setup) -> Self {
        let mut new = Self {
            index: Index::new(setup.keys),
            segments: Queues::new(setup.capacity),
            bytes: [0; SEGMENTS],
            limit: 0,
            room: Room::new(setup.capacity),
            spilled: false,
            len: 0,
        };
        new.divide();
        new
    }

    #[inline(always)]
    fn touch(&mut self, access: Access) -> bool {
        let Some(place) = self.index.get(access.key) else {
            return false;
        };
        let segment = self.segments.data(place).segment as usize;
        if segment == TOP {
            self.segments.move_front(TOP, place);
        } else {
            self.move_to(segment + 1, place);
            self.settle(segment + 1);
        }
        true
    }

    fn admits(&self, access: Access) -> bool {
        u64::from(access.size) <= self.limit
    }

    #[inline(always)]
    fn insert(&mut self, access: Access) {
        let size = u64::from(access.size);
        let roomy = self.bytes.iter().position(|bytes| bytes + size <= self.limit);
        let segment = roomy.unwrap_or(0);
        let item = Item {
            size: access.size,
            segment: segment as u32,
        };
        let place = self.segments.push_front(segment, access.key, item);
        self.index.set(access.key, place);
        self.bytes[segment] += size;
        self.len += 1;
        if self.room.holds(self.bytes.iter().sum()) {
            self.divide();
        }
    }

    #[inline(always)]
    fn evict(&mut self, incoming: Access) -> Option<KeyId> {
        if self
            .room
            .lacks(self.bytes.iter().sum::<u64>() + u64::from(incoming.size))
        {
            self.divide();
        }
        let place = (0..SEGMENTS).find_map(|segment| self.segments.back(segment))?;
        Some(self.drop_place(place))
    }

    #[inline(always)]
    fn overflow(&mut self) -> Option<KeyId> {
        if !self.spilled {
            return None;
        }
        match self.segments.back(0) {
            Some(place) if self.bytes[0] > self.limit => Some(self.drop_place(place)),
            _ => {
                self.spilled = false;
                None
            }
        }
    }

    fn remove(&mut self, key: KeyId) -> bool {
        let Some(place) = self.index.get(key) else {
            return false;
        };
        self.drop_place(place);
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
