//! S3-FIFO: simple and scalable caching with three static FIFO queues.
//!
//! Two FIFO queues hold the resident keys: a small one for a tenth of the capacity, the main one for the rest. A third
//! remembers departed keys worth nine tenths of the capacity. A use only counts, up to three. A new key enters the
//! small queue, a remembered one the main queue. When room is needed, the small queue gives up the key at its back,
//! which is remembered; keys used at least twice move to the main queue on the way. If the main queue holds more than
//! its share it gives up the key at its back instead; keys used since move to its front on the way, and one use is
//! forgotten. So a key that is wanted once only does not get past the small queue.
//!
//! Source: Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023.
//!
//! Reference: libCacheSim 0.3.5 `S3FIFO`; equal counts. As there, as long as nothing was ever evicted new keys enter
//! the main queue once the small one is full, and an object larger than the small queue is not stored. Chosen
//! difference: the small queue has room for one object at least and takes an object of exactly its size, where the
//! reference refuses it: a cache of less than twenty objects stores nothing there.

use super::index::MarkedIndex;
use super::queue::Queues;
use super::room::Room;
use super::{Access, KeyId, Policy, Setup};

const SMALL: usize = 0;
const MAIN: usize = 1;
const GONE: usize = 2;

const SMALL_SHARE: f64 = 0.1;
const GONE_SHARE: f64 = 0.9;

/// Uses that take a key from the small queue to the main one.
const PROMOTED: u32 = 2;
/// Uses are counted no further.
const MOST_USES: u32 = 3;

/// A key's mark: its queue and, in the lower two bits, its uses.
const fn mark(queue: usize, uses: u32) -> u32 {
    (queue as u32) << 2 | uses
}

const fn queue_of(mark: u32) -> usize {
    (mark >> 2) as usize
}

const fn uses_of(mark: u32) -> u32 {
    mark & MOST_USES
}

/// Three FIFO queues.
#[derive(Clone, Debug)]
pub struct S3Fifo {
    index: MarkedIndex<4>,
    /// The size of each key.
    queues: Queues<u32, 3>,
    bytes: [u64; 3],
    limits: [u64; 3],
    room: Room,
    /// A departed key that was forgotten because it is about to be stored again.
    returning: Option<KeyId>,
    has_evicted: bool,
    len: usize,
}

impl S3Fifo {
    fn divide(&mut self) {
        let small = self.room.share(SMALL_SHARE);
        let main = self.room.capacity().saturating_sub(small);
        self.limits = [small, main, self.room.share(GONE_SHARE)];
    }

    #[inline(always)]
    fn resident_bytes(&self) -> u64 {
        self.bytes[SMALL] + self.bytes[MAIN]
    }

    #[inline(always)]
    fn push(&mut self, queue: usize, key: KeyId, size: u32) {
        let place = self.queues.push_front(queue, key, size);
        self.index.set(key, place, mark(queue, 0));
        self.bytes[queue] += u64::from(size);
    }

    #[inline(always)]
    fn drop_place(&mut self, queue: usize, place: u32) -> KeyId {
        let key = self.queues.key(place);
        self.bytes[queue] -= u64::from(self.queues.data(place));
        self.index.take(key);
        self.queues.remove(place);
        self.len -= usize::from(queue != GONE);
        key
    }

    #[inline(always)]
    fn move_to(&mut self, from: usize, to: usize, key: KeyId, place: u32) {
        let size = u64::from(self.queues.data(place));
        self.bytes[from] -= size;
        self.bytes[to] += size;
        self.queues.move_front(to, place);
        self.index.set(key, place, mark(to, 0));
    }

    /// Looks, before anything leaves for its sake, whether a key to be stored is a departed one.
    #[inline(always)]
    fn announce(&mut self, key: KeyId) {
        if let Some((place, mark)) = self.index.get(key)
            && queue_of(mark) == GONE
        {
            self.drop_place(GONE, place);
            self.returning = Some(key);
        }
    }

    /// Remembers a key that leaves the small queue.
    #[inline(always)]
    fn remember(&mut self, key: KeyId, place: u32) {
        let (limit, size) = (self.limits[GONE], u64::from(self.queues.data(place)));
        while let Some(oldest) = self.queues.back(GONE)
            && self.bytes[GONE] + size > limit
        {
            self.drop_place(GONE, oldest);
        }
        self.move_to(SMALL, GONE, key, place);
        self.len -= 1;
    }

    #[inline(always)]
    fn uses(&self, key: KeyId) -> u32 {
        self.index.get(key).map_or(0, |(_, mark)| uses_of(mark))
    }
}

impl Policy for S3Fifo {
    fn new(setup: Setup) -> Self {
        let mut new = Self {
            index: MarkedIndex::new(setup.keys),
            queues: Queues::new(setup.capacity.saturating_mul(2)),
            bytes: [0; 3],
            limits: [0; 3],
            room: Room::new(setup.capacity),
            returning: None,
            has_evicted: false,
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
        let queue = queue_of(mark);
        if queue == GONE {
            return false;
        }
        if uses_of(mark) < MOST_USES {
            self.index.set(access.key, place, mark + 1);
        }
        true
    }

    fn admits(&self, access: Access) -> bool {
        u64::from(access.size) <= self.limits[SMALL]
    }

    #[inline(always)]
    fn insert(&mut self, access: Access) {
        self.announce(access.key);
        let returns = self.returning.take() == Some(access.key);
        let filling = !self.has_evicted && self.bytes[SMALL] >= self.limits[SMALL];
        let queue = if returns || filling { MAIN } else { SMALL };
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
        self.has_evicted = true;
        if self.bytes[MAIN] <= self.limits[MAIN] {
            while let Some(place) = self.queues.back(SMALL) {
                let key = self.queues.key(place);
                if self.uses(key) < PROMOTED {
                    self.remember(key, place);
                    return Some(key);
                }
                self.move_to(SMALL, MAIN, key, place);
            }
        }
        loop {
            let Some(place) = self.queues.back(MAIN) else {
                let place = self.queues.back(SMALL)?;
                return Some(self.drop_place(SMALL, place));
            };
            let key = self.queues.key(place);
            let uses = self.uses(key);
            if uses == 0 {
                return Some(self.drop_place(MAIN, place));
            }
            self.queues.move_front(MAIN, place);
            self.index.set(key, place, mark(MAIN, uses - 1));
        }
    }

    fn remove(&mut self, key: KeyId) -> bool {
        let Some((place, mark)) = self.index.get(key) else {
            return false;
        };
        let queue = queue_of(mark);
        if queue != GONE {
            self.drop_place(queue, place);
        }
        queue != GONE
    }

    #[inline(always)]
    fn contains(&self, key: KeyId) -> bool {
        self.index
            .get(key)
            .is_some_and(|(_, mark)| queue_of(mark) != GONE)
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
