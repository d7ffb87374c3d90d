//! W-TinyLFU, windowed tiny LFU.
//!
//! A new key enters a small LRU queue, the window, for a hundredth of the capacity. The rest is an LRU in two segments:
//! keys that leave the window enter probation; one used there is protected, in up to four fifths of that rest, and what
//! overflows goes back to probation. When room is needed, the key at the back of the window and the one at the back of
//! probation are compared: the one that was asked for less often lately goes, and if that was not the window's, the
//! window's moves to probation. Every request counts, hit or miss, and old ones fade. So a key that is wanted once only
//! does not displace one that is wanted often.
//!
//! Source: Einziger, Friedman and Manes, "TinyLFU: a highly efficient cache admission policy", ACM TOS 13(4), 2017;
//! the sizes are those of Caffeine before its window adapts itself.
//!
//! Reference: libCacheSim 0.3.5 `WTinyLFU`, within 1 point. As there, an object larger than the window is not stored.
//! Chosen differences: the window has room for one object at least, where there a cache of less than a hundred has none
//! and stores nothing; requests that hit in the window count too; a key does not count as asked for because it leaves
//! the window; one that wins does not take further keys out of the window until one loses; counts are exact instead of
//! estimated by a sketch, and in a cache of bytes too they fade after 32 requests a key, not a byte.

use super::counts::Counts;
use super::index::Index;
use super::queue::Queues;
use super::room::Room;
use super::{Access, KeyId, Policy, Setup};

const WINDOW: usize = 0;
const PROBATION: usize = 1;
const PROTECTED: usize = 2;

const WINDOW_SHARE: f64 = 0.01;
/// Of what is not the window.
const PROTECTED_SHARE: f64 = 0.8;

#[derive(Clone, Copy, Debug, Default)]
struct Item {
    size: u32,
    queue: u32,
}

/// LRU in three segments, with a contest at the door.
#[derive(Clone, Debug)]
pub struct WTinyLfu {
    index: Index,
    queues: Queues<Item, 3>,
    bytes: [u64; 3],
    window_limit: u64,
    main_limit: u64,
    protected_limit: u64,
    room: Room,
    requests: Counts,
    /// A key to be stored whose request was counted.
    counted: Option<KeyId>,
    len: usize,
}

impl WTinyLfu {
    fn divide(&mut self) {
        self.window_limit = self.room.share(WINDOW_SHARE);
        self.main_limit = self.room.capacity().saturating_sub(self.window_limit);
        self.protected_limit = (self.main_limit as f64 * PROTECTED_SHARE) as u64;
    }

    #[inline(always)]
    fn announce(&mut self, key: KeyId) {
        if self.counted != Some(key) {
            self.counted = Some(key);
            self.requests.count(key);
        }
    }

    #[inline(always)]
    fn move_to(&mut self, queue: usize, place: u32) {
        let item = self.queues.data_mut(place);
        let size = u64::from(item.size);
        self.bytes[item.queue as usize] -= size;
        self.bytes[queue] += size;
        item.queue = queue as u32;
        self.queues.move_front(queue, place);
    }

    #[inline(always)]
    fn drop_place(&mut self, place: u32) -> KeyId {
        let Item { size, queue } = self.queues.data(place);
        let key = self.queues.key(place);
        self.bytes[queue as usize] -= u64::from(size);
        self.index.take(key);
        self.queues.remove(place);
        self.len -= 1;
        key
    }

    /// The key that the main segments would give up next.
    #[inline(always)]
    fn main_victim(&self) -> Option<u32> {
        self.queues
            .back(PROBATION)
            .or_else(|| self.queues.back(PROTECTED))
    }

    #[inline(always)]
    fn main_bytes(&self) -> u64 {
        self.bytes[PROBATION] + self.bytes[PROTECTED]
    }
}

impl Policy for WTinyLfu {
    fn new(setup: Setup) -> Self {
        let mut new = Self {
            index: Index::new(setup.keys),
            queues: Queues::new(setup.capacity),
            bytes: [0; 3],
            window_limit: 0,
            main_limit: 0,
            protected_limit: 0,
            room: Room::new(setup.capacity),
            requests: Counts::new(setup.keys),
            counted: None,
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
        self.requests.count(access.key);
        let queue = self.queues.data(place).queue as usize;
        if queue == PROBATION {
            self.move_to(PROTECTED, place);
            while let Some(oldest) = self.queues.back(PROTECTED)
                && self.bytes[PROTECTED] > self.protected_limit
            {
                self.move_to(PROBATION, oldest);
            }
        } else {
            self.queues.move_front(queue, place);
        }
        true
    }

    fn admits(&self, access: Access) -> bool {
        u64::from(access.size) <= self.window_limit
    }

    #[inline(always)]
    fn insert(&mut self, access: Access) {
        self.announce(access.key);
        self.counted = None;
        let item = Item {
            size: access.size,
            queue: WINDOW as u32,
        };
        let place = self.queues.push_front(WINDOW, access.key, item);
        self.index.set(access.key, place);
        self.bytes[WINDOW] += u64::from(access.size);
        self.len += 1;
        self.requests.hold(self.len);
        if self.room.holds(self.bytes.iter().sum()) {
            self.divide();
        }
        while let Some(oldest) = self.queues.back(WINDOW)
            && self.bytes[WINDOW] > self.window_limit
        {
            self.move_to(PROBATION, oldest);
        }
    }

    #[inline(always)]
    fn evict(&mut self, incoming: Access) -> Option<KeyId> {
        self.announce(incoming.key);
        let size = u64::from(incoming.size);
        if self.room.lacks(self.bytes.iter().sum::<u64>() + size) {
            self.divide();
        }
        while self.bytes[WINDOW] + size > self.window_limit
            && let Some(candidate) = self.queues.back(WINDOW)
        {
            let candidate_bytes = u64::from(self.queues.data(candidate).size);
            if self.main_bytes() + candidate_bytes <= self.main_limit {
                self.move_to(PROBATION, candidate);
                continue;
            }
            let uses = self.requests.of(self.queues.key(candidate));
            let victim = self.main_victim();
            let loses = |&victim: &u32| uses > self.requests.of(self.queues.key(victim));
            return Some(self.drop_place(victim.filter(loses).unwrap_or(candidate)));
        }
        let victim = self.main_victim().or_else(|| self.queues.back(WINDOW))?;
        Some(self.drop_place(victim))
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
        self.index.peek(key) ^ u32::from(self.requests.of(key))
    }

    #[inline(always)]
    fn len(&self) -> usize {
        self.len
    }
}
