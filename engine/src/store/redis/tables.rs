//! The two hash tables of a node.

use super::super::{MemoryModel, Version};
use super::table::{Hashing, Place, Table, Walk};

/// The tables of all keys and of those with a TTL.
///
/// While all keys have a TTL they lie in the second table as in the first, with which they came and go: it is then only
/// there once, as far as keys are stored, and only one place is waited for.
pub(super) struct Tables {
    hashing: Hashing,
    /// All keys, where it matters how they lie.
    main: Option<Table>,
    /// Keys with a TTL; none while it is the same as the other.
    expires: Option<Table>,
}

impl Tables {
    /// Empty tables of a version for keys below `keys`. Without `main` only keys with a TTL are kept.
    pub(super) fn new(version: Version, hashing: Hashing, keys: u32, main: bool) -> Self {
        let walk = Walk::of(version);
        Self {
            main: main.then(|| Table::new(walk, keys, &hashing)),
            expires: (!main).then(|| Table::new(walk, 0, &hashing)),
            hashing,
        }
    }

    /// The place of a key in every table.
    pub(super) fn place(&self, key: u32) -> Place {
        self.hashing.place(key)
    }

    /// Keys with a TTL.
    pub(super) fn expires(&self) -> Option<&Table> {
        self.expires.as_ref().or(self.main.as_ref())
    }

    /// How many keys have a TTL.
    pub(super) fn ttl_keys(&self) -> u32 {
        self.expires().map_or(0, Table::len)
    }

    /// The keys that may be evicted.
    pub(super) fn victims(&self, volatile: bool) -> Option<&Table> {
        if volatile {
            self.expires()
        } else {
            self.main.as_ref()
        }
    }

    /// Whether anything lies where a key belongs; brings that place into the processor's cache.
    pub(super) fn glance(&self, key: u32) -> bool {
        let place = self.place(key);
        let glance = |table: &Option<Table>| table.as_ref().is_some_and(|table| table.glance(place));
        glance(&self.main) | glance(&self.expires)
    }

    /// Adds a key that is not there.
    pub(super) fn insert(&mut self, key: u32, place: Place, ttl: bool) {
        if !ttl {
            self.part();
        }
        if let Some(main) = &mut self.main {
            main.insert(key, place);
        }
        if ttl {
            self.gain_ttl(key, place);
        }
    }

    /// Removes a key.
    pub(super) fn remove(&mut self, key: u32, place: Place, ttl: bool) {
        if let Some(main) = &mut self.main {
            main.remove(key, place);
        }
        if ttl && let Some(expires) = &mut self.expires {
            expires.remove(key, place);
        }
    }

    /// Has an old key have a TTL, or none.
    pub(super) fn change_ttl(&mut self, key: u32, place: Place, ttl: bool) {
        if ttl {
            self.gain_ttl(key, place);
            return;
        }
        self.part();
        if let Some(expires) = &mut self.expires {
            expires.remove(key, place);
        }
    }

    /// Adds a key to those with a TTL.
    fn gain_ttl(&mut self, key: u32, place: Place) {
        if let Some(expires) = &mut self.expires {
            expires.insert(key, place);
        }
    }

    /// Makes two tables of one, before the first key without TTL is there.
    fn part(&mut self) {
        if self.expires.is_none() {
            self.expires.clone_from(&self.main);
        }
    }

    /// Lets the tables follow the sizes of the server's. Where a key stands for several, they are smaller in
    /// proportion.
    pub(super) fn follow(&mut self, memory: &mut MemoryModel) {
        let [main_buckets, expires_buckets] = memory.buckets();
        if let Some(main) = &mut self.main {
            main.follow(main_buckets, memory.keys(), &self.hashing);
        }
        if let Some(expires) = &mut self.expires {
            expires.follow(expires_buckets, memory.ttl_keys(), &self.hashing);
        }
        let main = self.main.as_ref().and_then(Table::children);
        memory.set_children(main, self.expires().and_then(Table::children));
    }
}
