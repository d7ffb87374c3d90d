//! LRU, least recently used.
//!
//! All resident keys stand in one queue. A key that is stored or used goes to the front; the key at the back,
//! unused for the longest time, is the next to go.
//!
//! Source: folklore; Mattson et al., "Evaluation techniques for storage hierarchies", IBM Systems Journal 9(2),
//! 1970, show that it is a stack algorithm: a larger cache of equal-sized objects holds all that a smaller one does.
//! This is the exact policy. Redis and Valkey approximate it from samples and a clock of limited resolution;
//! Memcached runs it per slab class in segments.
//!
//! The queue is a doubly linked ring of 12-byte nodes, resident keys only, so that it stays in the processor's
//! cache when the keys of a trace do not.

use super::index::Index;
use super::{Access, KeyId, Policy, Setup};

/// Node 0 stands between back and front of the queue and holds no key. It also ends the list of free nodes.
const RING: u32 = 0;

#[derive(Clone, Copy, Debug)]
struct Node {
    /// The node used next more recently.
    newer: u32,
    /// The node used next less recently; of a free node, the next free one.
    older: u32,
    key: KeyId,
}

/// Exact LRU.
#[derive(Clone, Debug)]
pub struct Lru {
    index: Index,
    nodes: Vec<Node>,
    free: u32,
    len: usize,
}

impl Lru {
    #[inline(always)]
    fn unlink(&mut self, place: u32) {
        let Node { newer, older, .. } = self.nodes[place as usize];
        self.nodes[newer as usize].older = older;
        self.nodes[older as usize].newer = newer;
    }

    #[inline(always)]
    fn link_front(&mut self, place: u32, key: KeyId) {
        let older = self.nodes[RING as usize].older;
        self.nodes[place as usize] = Node {
            newer: RING,
            older,
            key,
        };
        self.nodes[older as usize].newer = place;
        self.nodes[RING as usize].older = place;
    }

    /// Adds a node to the free ones.
    #[cold]
    fn add_node(&mut self) {
        // Place 0 is the ring's, so that there are as many others as key numbers below u32::MAX.
        let place = self.nodes.len() as u32;
        self.nodes.push(Node {
            newer: RING,
            older: self.free,
            key: 0,
        });
        self.free = place;
    }

    /// Takes an unlinked node out of use.
    #[inline(always)]
    fn release(&mut self, place: u32) {
        self.nodes[place as usize].older = self.free;
        self.free = place;
        self.len -= 1;
    }
}

impl Policy for Lru {
    fn new(setup: Setup) -> Self {
        Self {
            index: Index::new(setup.keys),
            nodes: vec![Node {
                newer: RING,
                older: RING,
                key: 0,
            }],
            free: RING,
            len: 0,
        }
    }

    #[inline(always)]
    fn touch(&mut self, access: Access) -> bool {
        let Some(place) = self.index.get(access.key) else {
            return false;
        };
        self.unlink(place);
        self.link_front(place, access.key);
        true
    }

    #[inline(always)]
    fn insert(&mut self, access: Access) {
        if self.free == RING {
            self.add_node();
        }
        let place = self.free;
        self.free = self.nodes[place as usize].older;
        self.len += 1;
        self.index.set(access.key, place);
        self.link_front(place, access.key);
    }

    #[inline(always)]
    fn evict(&mut self, _incoming: Access) -> Option<KeyId> {
        let place = self.nodes[RING as usize].newer;
        if place == RING {
            return None;
        }
        let key = self.nodes[place as usize].key;
        self.index.take(key);
        self.unlink(place);
        self.release(place);
        Some(key)
    }

    fn remove(&mut self, key: KeyId) -> bool {
        let Some(place) = self.index.take(key) else {
            return false;
        };
        self.unlink(place);
        self.release(place);
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
