//! CLOCK, also called second chance or FIFO with reinsertion.
//!
//! Resident keys stand in one queue in the order in which they were stored. A use only sets the key's mark. When
//! room is needed the key at the back goes, unless it is marked: then it loses the mark, moves to the front, and the
//! next one at the back is looked at.
//!
//! Source: Corbato, "A paging experiment with the Multics system", MIT Project MAC, 1968. Drawn there as a hand that
//! goes round a ring; queue and ring make the same choices.
//!
//! Reference: libCacheSim 0.3.5 `Clock` with its one-bit counter; equal counts.

use super::index::MarkedIndex;
use super::queue::Queues;
use super::{Access, KeyId, Policy, Setup};

const USED: u32 = 1;

/// FIFO with a second chance for keys that were used.
#[derive(Clone, Debug)]
pub struct Clock {
    index: MarkedIndex<1>,
    queue: Queues<(), 1>,
    len: usize,
}

impl Policy for Clock {
    fn new(setup: Setup) -> Self {
        Self {
            index: MarkedIndex::new(setup.keys),
            queue: Queues::new(setup.capacity),
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
            let place = self.queue.back(0)?;
            let key = self.queue.key(place);
            if let Some((_, USED)) = self.index.get(key) {
                self.index.set(key, place, 0);
                self.queue.move_front(0, place);
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
