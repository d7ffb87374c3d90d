//! The yardstick for this machine: a plain LRU behind a hash table with open addressing, over hashed ids. What anyone
//! would write first, and fast; it knows no sizes, no expiry, no simulation.
//!
//! Speeds are stated as ratios to it, measured in turn with it: machines differ, and so do their moments.

use cacheplan_engine::random::mix64;

const NONE: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Node {
    key: u64,
    newer: u32,
    older: u32,
}

/// A cache of the least recently used keys.
pub(super) struct Lru {
    /// Indices into `nodes`, each at the home of its key or in one of the slots that follow.
    table: Vec<u32>,
    mask: usize,
    nodes: Vec<Node>,
    newest: u32,
    oldest: u32,
    capacity: usize,
}

impl Lru {
    /// An empty cache for so many keys, at least one.
    pub(super) fn new(capacity: usize) -> Self {
        let slots = (capacity * 2).next_power_of_two();
        Lru {
            table: vec![NONE; slots],
            mask: slots - 1,
            nodes: Vec::with_capacity(capacity),
            newest: NONE,
            oldest: NONE,
            capacity,
        }
    }

    /// Requests a key: whether it was there. It is afterwards.
    pub(super) fn access(&mut self, key: u64) -> bool {
        let mut slot = self.home(key);
        while self.table[slot] != NONE {
            let node = self.table[slot];
            if self.nodes[node as usize].key == key {
                self.touch(node);
                return true;
            }
            slot = self.after(slot);
        }
        let node = if self.nodes.len() < self.capacity {
            self.nodes.push(Node {
                key,
                newer: NONE,
                older: NONE,
            });
            self.nodes.len() as u32 - 1
        } else {
            let node = self.evict();
            self.nodes[node as usize].key = key;
            // The eviction may have moved what the search ran into.
            slot = self.home(key);
            while self.table[slot] != NONE {
                slot = self.after(slot);
            }
            node
        };
        self.table[slot] = node;
        self.push(node);
        false
    }

    /// The slot where the search for a key begins.
    fn home(&self, key: u64) -> usize {
        mix64(key) as usize & self.mask
    }

    fn after(&self, slot: usize) -> usize {
        (slot + 1) & self.mask
    }

    /// Makes a node, which is in no list, the newest.
    fn push(&mut self, node: u32) {
        let second = self.newest;
        self.nodes[node as usize].newer = NONE;
        self.nodes[node as usize].older = second;
        if second == NONE {
            self.oldest = node;
        } else {
            self.nodes[second as usize].newer = node;
        }
        self.newest = node;
    }

    /// Makes a node of the list the newest.
    fn touch(&mut self, node: u32) {
        if self.newest == node {
            return;
        }
        let Node { newer, older, .. } = self.nodes[node as usize];
        self.nodes[newer as usize].older = older;
        if older == NONE {
            self.oldest = newer;
        } else {
            self.nodes[older as usize].newer = newer;
        }
        self.push(node);
    }

    /// Takes the oldest node out of list and table.
    fn evict(&mut self) -> u32 {
        let node = self.oldest;
        let Node { key, newer, .. } = self.nodes[node as usize];
        self.oldest = newer;
        if newer == NONE {
            self.newest = NONE;
        } else {
            self.nodes[newer as usize].older = NONE;
        }
        self.clear_slot(key, node);
        node
    }

    /// Empties the slot of a node, and moves back those behind it that would no longer be found.
    fn clear_slot(&mut self, key: u64, node: u32) {
        let mut hole = self.home(key);
        while self.table[hole] != node {
            hole = self.after(hole);
        }
        let mut slot = hole;
        loop {
            slot = self.after(slot);
            let neighbour = self.table[slot];
            if neighbour == NONE {
                break;
            }
            let home = self.home(self.nodes[neighbour as usize].key);
            let is_between = if hole <= slot {
                hole < home && home <= slot
            } else {
                hole < home || home <= slot
            };
            if !is_between {
                self.table[hole] = neighbour;
                hole = slot;
            }
        }
        self.table[hole] = NONE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    #[test]
    fn the_probe_is_an_lru() {
        let mut lru = Lru::new(50);
        let mut model = VecDeque::new();
        let mut state = 1_u64;
        for _ in 0..20_000 {
            // Park and Miller's generator; the product of two draws makes low keys popular.
            state = state * 48_271 % 2_147_483_647;
            let key = (state % 13) * (state / 13 % 17);
            let position = model.iter().position(|&held| held == key);
            if let Some(position) = position {
                model.remove(position);
            }
            model.push_front(key);
            model.truncate(50);
            assert_eq!(lru.access(key), position.is_some());
        }
    }
}
