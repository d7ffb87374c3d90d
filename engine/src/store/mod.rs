//! One node's memory: which keys are resident, what they cost, when they expire, what goes when it is full.
//!
//! [`Store`] is what a simulation talks to. Behind it is a server as it is ([`RedisStore`],
//! [`Memcached`](memcached::Memcached)) or one with a policy of the library ([`PolicyStore`]).

pub mod memcached;
mod memory;
mod policy_store;
mod redis;
mod version;

pub use memory::MemoryModel;
pub use policy_store::PolicyStore;
pub use redis::{Costs, RedisSetup, RedisStore, Slots};
pub use version::Version;

use crate::policy::Entry;
use crate::scenario::parameters::memcached::Memcached as Options;
use crate::units::{Bytes, Micros};
use memcached::Memcached;

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
    /// The server answered with an error because memory is full and nothing may be evicted; nothing changed.
    OutOfMemory,
}

/// Never expires.
pub const NEVER: Micros = Micros(u64::MAX);

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

/// What a key has in a store, on its way to another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    /// When the value expires; [`NEVER`] without TTL.
    expires: Micros,
    /// Bytes of one item.
    pub(crate) item_bytes: u32,
    /// Keys that it stands for; 0 when no value is resident.
    pub(crate) keys: u32,
    /// Recency or frequency; `None` for those of a new key.
    stamp: Option<u32>,
    /// What became of the key last.
    fate: Cause,
}

impl Held {
    /// What `MIGRATE` passes on: not the recency or frequency of the key.
    pub(crate) fn restored(self) -> Self {
        Self { stamp: None, ..self }
    }
}

/// The memory of one node.
pub struct Store(Kind);

enum Kind {
    Policy(Box<PolicyStore>),
    Redis(Box<RedisStore>),
    Memcached(Box<Memcached>),
}

/// Passes a call on to the store there is.
macro_rules! of {
    ($store:expr, $name:ident => $call:expr) => {
        match $store {
            Kind::Policy($name) => $call,
            Kind::Redis($name) => $call,
            Kind::Memcached($name) => $call,
        }
    };
}

impl Store {
    /// An empty node with a policy of the library whose keys are numbered below `keys`.
    pub fn new(policy: &Entry, memory: MemoryModel, maxmemory: Bytes, keys: u32, seed: u64) -> Self {
        Self(Kind::Policy(Box::new(PolicyStore::new(
            policy, memory, maxmemory, keys, seed,
        ))))
    }

    /// An empty Redis or Valkey node.
    pub fn redis(setup: &RedisSetup<'_>) -> Self {
        Self(Kind::Redis(Box::new(RedisStore::new(setup))))
    }

    /// An empty Redis or Valkey node that moves values to an SSD of this size.
    pub fn tiered(setup: &RedisSetup<'_>, ssd: Bytes) -> Self {
        let store = RedisStore::new(setup).with_ssd(ssd, setup.version);
        Self(Kind::Redis(Box::new(store)))
    }

    /// An empty Memcached node with so much memory for pages (`-m`) whose keys are numbered below `keys`.
    pub fn memcached(options: &Options, limit: Bytes, keys: u32, seed: u64) -> Self {
        Self(Kind::Memcached(Box::new(Memcached::new(
            options, limit, keys, seed,
        ))))
    }

    /// Bytes of one item without its share of the tables; lengths in bytes.
    pub fn item_bytes(&self, key_bytes: u32, value_bytes: u32, ttl: bool) -> u64 {
        match &self.0 {
            Kind::Policy(store) => store.memory().item_bytes(key_bytes, value_bytes, ttl).into(),
            Kind::Redis(store) => store.memory().item_bytes(key_bytes, value_bytes, ttl).into(),
            Kind::Memcached(store) => store.chunk_bytes(key_bytes, value_bytes),
        }
    }

    /// Bytes that so many keys would take whose items take `items`: tables included, as far as they count against the
    /// memory limit.
    pub fn projected_bytes(&self, keys: u64, ttl_keys: u64, items: u64) -> u64 {
        match &self.0 {
            Kind::Policy(store) => store.memory().projected_bytes(keys, ttl_keys, items),
            Kind::Redis(store) => store.memory().projected_bytes(keys, ttl_keys, items),
            Kind::Memcached(_) => items,
        }
    }

    /// Whether the key is resident. Not a use of it; brings its entry into the processor's cache.
    pub(crate) fn glance(&self, key: u32) -> bool {
        of!(&self.0, store => store.glance(key))
    }

    /// Brings the place that a key would have in the server's tables into the processor's cache, where that is known;
    /// whether it is taken.
    pub(crate) fn glance_at_place(&self, key: u32) -> bool {
        match &self.0 {
            Kind::Redis(store) => store.glance_at_place(key),
            Kind::Policy(_) | Kind::Memcached(_) => false,
        }
    }

    /// Reads a key.
    pub fn read(&mut self, key: u32, now: Micros) -> Lookup {
        of!(&mut self.0, store => store.read(key, now))
    }

    /// What a copy of the node answers, reads of which are no use of the key here. Memcached, which has no copies, is
    /// read itself.
    pub(crate) fn peek(&mut self, key: u32, now: Micros) -> Lookup {
        match &mut self.0 {
            Kind::Policy(store) => store.peek(key, now),
            Kind::Redis(store) => store.peek(key, now),
            Kind::Memcached(store) => store.read(key, now),
        }
    }

    /// Stores a value, evicting what must go.
    pub fn write(&mut self, key: u32, value: Value, now: Micros) -> Stored {
        of!(&mut self.0, store => store.write(key, value, now))
    }

    /// Has a resident key with TTL expire at another time, as `GETEX` and Memcached's `gat` do with the key that they
    /// have just read.
    pub fn renew(&mut self, key: u32, expires: Micros) {
        of!(&mut self.0, store => store.renew(key, expires));
    }

    /// Deletes a key; false when it was not there.
    pub fn delete(&mut self, key: u32, now: Micros) -> bool {
        match &mut self.0 {
            Kind::Policy(store) => store.delete(key),
            Kind::Redis(store) => store.delete(key, now),
            Kind::Memcached(store) => store.delete(key),
        }
    }

    /// What the key has here.
    pub(crate) fn held(&self, key: u32) -> Held {
        match &self.0 {
            Kind::Policy(store) => store.held(key),
            Kind::Redis(store) => store.held(key),
            Kind::Memcached(_) => Held {
                expires: NEVER,
                item_bytes: 0,
                keys: 0,
                stamp: None,
                fate: Cause::Cold,
            },
        }
    }

    /// Takes a key out with all that is known of it: its number is free for another key. Nothing of a key of Memcached,
    /// which has no way to pass keys on.
    pub(crate) fn release(&mut self, key: u32) -> Held {
        let held = self.held(key);
        match &mut self.0 {
            Kind::Policy(store) => store.release(key),
            Kind::Redis(store) => store.release(key),
            Kind::Memcached(store) => {
                store.delete(key);
            }
        }
        held
    }

    /// Takes in what another store has released, as a write.
    pub(crate) fn accept(&mut self, key: u32, held: Held, now: Micros) -> Stored {
        match &mut self.0 {
            Kind::Policy(store) => store.accept(key, held, now),
            Kind::Redis(store) => store.accept(key, held, now),
            Kind::Memcached(_) => Stored::Kept,
        }
    }

    /// Lets the background tasks run that are due by `now`. Reads, writes and deletions do so by themselves.
    pub fn pass_time(&mut self, now: Micros) {
        match &mut self.0 {
            Kind::Policy(_) => {}
            Kind::Redis(store) => store.pass_time(now),
            Kind::Memcached(store) => store.pass_time(now),
        }
    }

    /// `used_memory`: items, tables, the server itself.
    pub fn used(&self) -> Bytes {
        of!(&self.0, store => store.used())
    }

    /// Whether the value that was read last came from an SSD.
    pub(crate) fn was_on_ssd(&self) -> bool {
        match &self.0 {
            Kind::Redis(store) => store.was_on_ssd(),
            Kind::Policy(_) | Kind::Memcached(_) => false,
        }
    }

    /// Bytes of values on an SSD.
    pub fn on_ssd(&self) -> Bytes {
        match &self.0 {
            Kind::Redis(store) => store.on_ssd(),
            Kind::Policy(_) | Kind::Memcached(_) => Bytes(0),
        }
    }

    /// `maxmemory`, and the SSD where there is one.
    pub fn maxmemory(&self) -> Bytes {
        of!(&self.0, store => store.maxmemory())
    }

    /// Resident keys, those included that sampled keys stand for.
    pub fn keys(&self) -> u64 {
        of!(&self.0, store => store.keys())
    }

    /// Keys pushed out so far.
    pub fn evicted(&self) -> u64 {
        of!(&self.0, store => store.evicted())
    }

    /// Keys removed so far because their TTL had run out.
    pub fn expired(&self) -> u64 {
        of!(&self.0, store => store.expired())
    }
}
