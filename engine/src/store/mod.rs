//! One node's memory: which keys are resident, what they cost, when they expire, what goes when it is full.

pub mod memcached;
mod memory;

pub use memory::MemoryModel;

use crate::policy::{self, Access, Entry, Policy, Setup};
use crate::units::{Bytes, Micros};

/// Why a read missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The key was never stored before, or was deleted.
    Cold,
    /// Memory pressure pushed it out.
    Evicted,
    /// Its TTL had run out.
    Expired,
}

/// What a read found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// The value.
    Hit,
    /// Nothing, and why.
    Miss(Cause),
}

/// What a store did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// The value is resident.
    Kept,
    /// The value is larger than the node's memory; nothing was stored, an older value is gone.
    Refused,
    /// The policy prefers what is there, or has no place for so large a value; nothing was stored, an older value is
    /// gone.
    Declined,
}

/// Never expires.
pub const NEVER: Micros = Micros(u64::MAX);

#[derive(Clone, Copy)]
struct Resident {
    expires: Micros,
    /// Bytes of one item; 0 when not resident.
    item_bytes: u32,
    /// Keys that it stands for.
    keys: u32,
    /// What became of it last.
    fate: Cause,
}

const ABSENT: Resident = Resident {
    expires: NEVER,
    item_bytes: 0,
    keys: 0,
    fate: Cause::Cold,
};

/// A value to store.
#[derive(Clone, Copy, Debug)]
pub struct Value {
    /// Length of the key's name.
    pub key_bytes: u32,
    /// Size of the value.
    pub value_bytes: u32,
    /// When it expires; [`NEVER`] without TTL.
    pub expires: Micros,
    /// Keys that this one stands for in a sampled run; 1 otherwise.
    pub keys: u32,
}

/// The memory of one node.
///
/// Always: bytes in use <= `maxmemory`, unless the tables and the empty server alone exceed it. Expired keys
/// leave when they are next looked at (lazy expiry, `reference/servers.md` section 2.1), not before.
pub struct Store {
    policy: Box<dyn Policy + Send>,
    residents: Vec<Resident>,
    memory: MemoryModel,
    maxmemory: u64,
    /// Bytes of all items, without tables.
    items: u64,
    evicted: u64,
    expired: u64,
}

impl Store {
    /// An empty node whose keys are numbered below `keys`.
    pub fn new(policy: &Entry, memory: MemoryModel, maxmemory: Bytes, keys: u32, seed: u64) -> Self {
        Self {
            policy: policy.build(Setup {
                capacity: maxmemory.0,
                keys,
                seed,
            }),
            residents: vec![ABSENT; keys as usize],
            memory,
            maxmemory: maxmemory.0,
            items: 0,
            evicted: 0,
            expired: 0,
        }
    }

    /// Whether the key is resident. Not a use of it; brings its entry into the processor's cache.
    pub(crate) fn glance(&self, key: u32) -> bool {
        let known = self
            .residents
            .get(key as usize)
            .is_some_and(|resident| resident.keys > 0);
        // Both are looked at, whatever the first says.
        known & self.policy.contains(key)
    }

    /// Reads a key.
    pub fn read(&mut self, key: u32, now: Micros) -> Lookup {
        let Some(resident) = self.residents.get(key as usize).copied() else {
            return Lookup::Miss(Cause::Cold);
        };
        if !self.policy.touch(Access {
            key,
            size: resident.item_bytes,
            now,
            next: policy::NEVER,
        }) {
            return Lookup::Miss(resident.fate);
        }
        self.drop_overflow();
        if now > resident.expires {
            self.drop_expired(key);
            return Lookup::Miss(Cause::Expired);
        }
        Lookup::Hit
    }

    /// Stores a value, evicting what must go.
    pub fn write(&mut self, key: u32, value: Value, now: Micros) -> Stored {
        if key as usize >= self.residents.len() {
            self.residents.resize(key as usize + 1, ABSENT);
        }
        let ttl = value.expires != NEVER;
        let item_bytes = self.memory.item_bytes(value.key_bytes, value.value_bytes, ttl);
        let size = item_bytes.saturating_mul(value.keys);
        let access = Access {
            key,
            size,
            now,
            next: policy::NEVER,
        };
        if u64::from(size) + self.memory.empty_bytes() > self.maxmemory {
            self.delete(key);
            return Stored::Refused;
        }
        let was = self.residents[key as usize];
        let resident = self.policy.touch(access);
        if resident && was.item_bytes == item_bytes && was.keys == value.keys {
            self.memory.change_ttl_keys(was.expires != NEVER, ttl, value.keys);
            self.residents[key as usize].expires = value.expires;
            self.drop_overflow();
            return Stored::Kept;
        }
        if resident {
            self.delete(key);
        }
        if !self.policy.admits(access) {
            return Stored::Declined;
        }
        self.memory.add_keys(
            value.keys,
            ttl,
            self.maxmemory.saturating_sub(self.items + u64::from(size)),
        );
        self.items += u64::from(size);
        while self.used().0 > self.maxmemory {
            match self.policy.evict(access) {
                Some(victim) => self.evicted += u64::from(self.forget(victim, Cause::Evicted)),
                None if self.policy.is_empty() => break,
                None => {
                    self.items -= u64::from(size);
                    self.memory.remove_keys(value.keys, ttl);
                    self.residents[key as usize].fate = Cause::Evicted;
                    return Stored::Declined;
                }
            }
        }
        self.policy.insert(access);
        self.residents[key as usize] = Resident {
            expires: value.expires,
            item_bytes,
            keys: value.keys,
            fate: Cause::Cold,
        };
        self.drop_overflow();
        Stored::Kept
    }

    /// Deletes a key; false when it was not there.
    pub fn delete(&mut self, key: u32) -> bool {
        let resident = self.policy.remove(key);
        if resident {
            self.forget(key, Cause::Cold);
        }
        resident
    }

    /// `used_memory`: items, tables, the server itself.
    pub fn used(&self) -> Bytes {
        Bytes(self.items + self.memory.overhead_bytes())
    }

    /// `maxmemory`.
    pub fn maxmemory(&self) -> Bytes {
        Bytes(self.maxmemory)
    }

    /// Resident keys, those included that sampled keys stand for.
    pub fn keys(&self) -> u64 {
        self.memory.keys()
    }

    /// Keys pushed out so far.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Keys removed so far because their TTL had run out.
    pub fn expired(&self) -> u64 {
        self.expired
    }

    /// Evicts what the policy gives up without being asked for room.
    fn drop_overflow(&mut self) {
        while let Some(victim) = self.policy.overflow() {
            self.evicted += u64::from(self.forget(victim, Cause::Evicted));
        }
    }

    fn drop_expired(&mut self, key: u32) {
        if self.policy.remove(key) {
            self.expired += u64::from(self.forget(key, Cause::Expired));
        }
    }

    /// Takes a key that has left the policy's order off the books; returns the keys that it stood for.
    fn forget(&mut self, key: u32, fate: Cause) -> u32 {
        let Some(slot) = self.residents.get_mut(key as usize) else {
            return 0;
        };
        let was = core::mem::replace(slot, Resident { fate, ..ABSENT });
        self.items -= u64::from(was.item_bytes) * u64::from(was.keys);
        self.memory.remove_keys(was.keys, was.expires != NEVER);
        was.keys
    }
}

#[cfg(test)]
mod tests;
