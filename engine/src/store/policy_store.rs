//! A node under any policy of the library.

use super::{Cause, Held, Lookup, MemoryModel, NEVER, Stored, Value};
use crate::policy::{self, Access, Entry, Policy, Setup};
use crate::units::{Bytes, Micros};

/// Keys are taken to be spread evenly over the slots, so that the slot of each does not matter.
const ANY_SLOT: u32 = 0;
/// A resize is completed at once.
const EVERY_BUCKET: u64 = u64::MAX;

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

/// A node whose keys leave in the order of a policy from the [registry](crate::policy::REGISTRY): what a server would
/// do if it had that policy.
///
/// It evicts before it stores, so that always: bytes in use <= `maxmemory`, unless the tables and the empty server alone
/// exceed it. Expired keys leave when they are next looked at (lazy expiry, `reference/servers.md` section 2.1), not
/// before.
pub struct PolicyStore {
    policy: Box<dyn Policy + Send>,
    residents: Vec<Resident>,
    memory: MemoryModel,
    maxmemory: u64,
    /// Bytes of all items, without tables.
    items: u64,
    evicted: u64,
    expired: u64,
}

impl PolicyStore {
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

    /// What a read would find, which is no use of the key.
    pub(crate) fn peek(&self, key: u32, now: Micros) -> Lookup {
        match self.residents.get(key as usize) {
            None => Lookup::Miss(Cause::Cold),
            Some(resident) if !self.glance(key) => Lookup::Miss(resident.fate),
            Some(resident) if now > resident.expires => Lookup::Miss(Cause::Expired),
            Some(_) => Lookup::Hit,
        }
    }

    /// Stores a value, evicting what must go.
    pub fn write(&mut self, key: u32, value: Value, now: Micros) -> Stored {
        if key as usize >= self.residents.len() {
            self.residents.resize(key as usize + 1, ABSENT);
        }
        let ttl = value.expires != NEVER;
        let item_bytes = self.memory.item_bytes(value.key_bytes, value.value_bytes, ttl);
        self.put(key, item_bytes, value.expires, value.keys, now)
    }

    /// Stores an item of so many bytes.
    fn put(&mut self, key: u32, item_bytes: u32, expires: Micros, keys: u32, now: Micros) -> Stored {
        let ttl = expires != NEVER;
        let size = item_bytes.saturating_mul(keys);
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
        if resident && was.item_bytes == item_bytes && was.keys == keys {
            if ttl != (was.expires != NEVER) {
                let headroom = self.maxmemory.saturating_sub(self.items);
                self.memory.change_ttl_keys(ANY_SLOT, ttl, keys, headroom);
            }
            self.memory.look(EVERY_BUCKET);
            self.residents[key as usize].expires = expires;
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
            ANY_SLOT,
            keys,
            ttl,
            self.maxmemory.saturating_sub(self.items + u64::from(size)),
        );
        self.memory.look(EVERY_BUCKET);
        self.items += u64::from(size);
        while self.used().0 > self.maxmemory {
            match self.policy.evict(access) {
                Some(victim) => self.evicted += u64::from(self.forget(victim, Cause::Evicted)),
                None if self.policy.is_empty() => break,
                None => {
                    self.items -= u64::from(size);
                    self.memory.remove_keys(ANY_SLOT, keys, ttl, u64::MAX);
                    self.residents[key as usize].fate = Cause::Evicted;
                    return Stored::Declined;
                }
            }
        }
        self.policy.insert(access);
        self.residents[key as usize] = Resident {
            expires,
            item_bytes,
            keys,
            fate: Cause::Cold,
        };
        self.drop_overflow();
        Stored::Kept
    }

    /// Has a resident key with TTL expire at another time.
    pub fn renew(&mut self, key: u32, expires: Micros) {
        if let Some(resident) = self.residents.get_mut(key as usize)
            && resident.keys > 0
            && resident.expires != NEVER
        {
            resident.expires = expires;
        }
    }

    pub(crate) fn held(&self, key: u32) -> Held {
        let resident = self.residents.get(key as usize).copied().unwrap_or(ABSENT);
        Held {
            expires: resident.expires,
            item_bytes: resident.item_bytes,
            keys: resident.keys,
            stamp: None,
            fate: resident.fate,
        }
    }

    pub(crate) fn release(&mut self, key: u32) {
        self.delete(key);
        if let Some(resident) = self.residents.get_mut(key as usize) {
            *resident = ABSENT;
        }
    }

    pub(crate) fn accept(&mut self, key: u32, held: Held, now: Micros) -> Stored {
        if key as usize >= self.residents.len() {
            self.residents.resize(key as usize + 1, ABSENT);
        }
        let live = held.keys > 0 && now <= held.expires;
        if live {
            return self.put(key, held.item_bytes, held.expires, held.keys, now);
        }
        if let Some(resident) = self.residents.get_mut(key as usize) {
            resident.fate = if held.keys > 0 { Cause::Expired } else { held.fate };
        }
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

    /// What its keys and tables cost.
    pub fn memory(&self) -> &MemoryModel {
        &self.memory
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
        self.memory
            .remove_keys(ANY_SLOT, was.keys, was.expires != NEVER, u64::MAX);
        self.memory.look(EVERY_BUCKET);
        was.keys
    }
}

#[cfg(test)]
mod tests;
