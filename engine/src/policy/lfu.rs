//! LFU, least frequently used.
//!
//! Each resident key's uses are counted from when it was stored, which is the first. The key with the fewest goes; of
//! several, the one that has had so few for the longest time. A key that leaves loses its count.
//!
//! The keys stand in one queue by their counts. All with the same count are a group, which knows its last key, so that
//! a used key moves behind the next group without a search.
//!
//! Source: folklore; the groups are those of Shah, Mitra and Matani, "An O(1) algorithm for implementing the LFU
//! cache eviction scheme", 2010. This is the exact policy ("perfect" within the cache); Redis and Valkey approximate
//! it from samples and a logarithmic counter that decays.
//!
//! Reference: libCacheSim 0.3.5 `LFU`; equal counts.

use super::index::Index;
use super::queue::Queues;
use super::{Access, KeyId, Policy, Setup};

/// Ends the lists of groups.
const NONE: u32 = u32::MAX;

/// The keys with the same count.
#[derive(Clone, Copy, Debug)]
struct Group {
    uses: u32,
    /// Place of the key that joined last, the nearest to the front.
    last: u32,
    /// The group with the next higher count; of a free group, the next free one.
    above: u32,
    /// The group with the next lower count.
    below: u32,
}

/// Exact LFU.
#[derive(Clone, Debug)]
pub struct Lfu {
    index: Index,
    /// The group of each key. Counts rise from back to front.
    queue: Queues<u32, 1>,
    groups: Vec<Group>,
    free: u32,
    lowest: u32,
    len: usize,
}

impl Lfu {
    #[inline(always)]
    fn group(&self, group: u32) -> Group {
        self.groups[group as usize]
    }

    /// Adds a group between two neighbours.
    #[inline(always)]
    fn add_group(&mut self, below: u32, above: u32, uses: u32, last: u32) -> u32 {
        let new = Group {
            uses,
            last,
            above,
            below,
        };
        let group = if self.free == NONE {
            self.groups.push(new);
            self.groups.len() as u32 - 1
        } else {
            let group = self.free;
            self.free = self.group(group).above;
            self.groups[group as usize] = new;
            group
        };
        self.join(below, group);
        self.join(group, above);
        group
    }

    /// Makes two groups, of which one may be none, neighbours.
    #[inline(always)]
    fn join(&mut self, below: u32, above: u32) {
        match self.groups.get_mut(below as usize) {
            Some(group) => group.above = above,
            None => self.lowest = above,
        }
        if let Some(group) = self.groups.get_mut(above as usize) {
            group.below = below;
        }
    }

    /// Prepares a key's group for the key to leave it.
    #[inline(always)]
    fn leave(&mut self, place: u32) {
        let id = self.queue.data(place);
        let Group {
            last, above, below, ..
        } = self.group(id);
        if last != place {
            return;
        }
        let older = self.queue.older(place);
        match older.filter(|&older| self.queue.data(older) == id) {
            Some(older) => self.groups[id as usize].last = older,
            None => {
                self.join(below, above);
                self.groups[id as usize].above = self.free;
                self.free = id;
            }
        }
    }

    #[inline(always)]
    fn drop_place(&mut self, place: u32) -> KeyId {
        let key = self.queue.key(place);
        self.leave(place);
        self.queue.remove(place);
        self.index.take(key);
        self.len -= 1;
        key
    }
}

impl Policy for Lfu {
    fn new(setup: Setup) -> Self {
        Self {
            index: Index::new(setup.keys),
            queue: Queues::new(setup.capacity),
            groups: Vec::new(),
            free: NONE,
            lowest: NONE,
            len: 0,
        }
    }

    #[inline(always)]
    fn touch(&mut self, access: Access) -> bool {
        let Some(place) = self.index.get(access.key) else {
            return false;
        };
        let id = self.queue.data(place);
        let Group {
            uses, last, above, ..
        } = self.group(id);
        let more = uses.saturating_add(1);
        let next = self.groups.get(above as usize).copied();
        match next.filter(|next| next.uses == more) {
            Some(next) => {
                self.leave(place);
                self.queue.move_before(next.last, place);
                self.groups[above as usize].last = place;
                *self.queue.data_mut(place) = above;
            }
            None => {
                let alone = last == place
                    && self
                        .queue
                        .older(place)
                        .is_none_or(|older| self.queue.data(older) != id);
                if alone {
                    self.groups[id as usize].uses = more;
                } else {
                    if last == place {
                        self.leave(place);
                    } else {
                        self.queue.move_before(last, place);
                    }
                    let group = self.add_group(id, above, more, place);
                    *self.queue.data_mut(place) = group;
                }
            }
        }
        true
    }

    #[inline(always)]
    fn insert(&mut self, access: Access) {
        let lowest = self.groups.get(self.lowest as usize).copied();
        let place = match lowest.filter(|lowest| lowest.uses == 1) {
            Some(ones) => {
                let place = self.queue.push_before(ones.last, access.key, self.lowest);
                self.groups[self.lowest as usize].last = place;
                place
            }
            None => {
                let place = self.queue.push_before(0, access.key, 0);
                let group = self.add_group(NONE, self.lowest, 1, place);
                *self.queue.data_mut(place) = group;
                place
            }
        };
        self.index.set(access.key, place);
        self.len += 1;
    }

    #[inline(always)]
    fn evict(&mut self, _incoming: Access) -> Option<KeyId> {
        let place = self.queue.back(0)?;
        Some(self.drop_place(place))
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
