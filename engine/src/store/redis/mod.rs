//! A Redis or Valkey node: `reference/servers.md` sections 1 to 3.
//!
//! What the server does, it does here in the same order: due background tasks first, then eviction on the state that
//! the previous command left, then the command. Memory may thus exceed `maxmemory` by one command or one resize.
//!
//! In a sampled run a stored key stands for [`Value::keys`] keys: evicting it frees the memory of all, and of the
//! expiry cycles of a node whose keys stand for w keys each, one in w is run, so that each meets the same share of
//! stale keys.
//!
//! Chosen differences: time limits count work at a fixed cost per key instead of a clock ([`Costs`]); the clocks tick
//! at their own phase rather than when a background task reads the time; values are strings, never integers; there is
//! one database.

mod buckets;
mod chains;
mod clock;
mod counts;
mod entry;
mod eviction;
mod expiry;
mod pool;
mod table;
mod tables;
mod tier;

use super::{Cause, Held, Lookup, MemoryModel, NEVER, Stored, Value, Version};
use crate::random::{Stream, mix64};
use crate::scenario::parameters::redis::{MaxmemoryPolicy, Redis};
use crate::units::{Bytes, Micros};
use clock::Clock;
use entry::{ABSENT, Entry};
use eviction::Eviction;
use expiry::Expiry;
use std::sync::Arc;
use table::{Hashing, SlotMap};
use tables::Tables;
use tier::Tier;

/// Name of the stream of random numbers.
const STREAM: u64 = 0x0072_6564_6973;

/// Hash slots of a node.
#[derive(Clone, Debug)]
pub enum Slots {
    /// Cluster mode is disabled.
    Standalone,
    /// Cluster mode; the node owns so many slots, over which keys are spread at random.
    Spread(u32),
    /// Cluster mode; the node owns so many slots, and the slot of every key is known.
    Known(u32, Arc<[u16]>),
}

/// Time that the server spends, from which its time limits follow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Costs {
    /// Deleting an expired key in the expiry cycle, microseconds.
    pub expire_us: f64,
    /// Looking at a key that has not expired, microseconds.
    pub look_us: f64,
    /// Choosing and deleting a key to evict, microseconds.
    pub evict_us: f64,
}

impl Default for Costs {
    /// 0.7 µs to 0.9 µs per expired key was measured on an idle machine of 2026 (Redis 7.0, Valkey 8.1 and 9.1);
    /// section 2.3 says 1 µs to 3 µs. The others are estimates of the same order.
    fn default() -> Self {
        Self {
            expire_us: 0.8,
            look_us: 0.05,
            evict_us: 2.0,
        }
    }
}

/// What a node is made of.
pub struct RedisSetup<'a> {
    /// Version family.
    pub version: Version,
    /// Its directives.
    pub parameters: &'a Redis,
    /// `maxmemory`.
    pub maxmemory: Bytes,
    /// Upper bound of the key numbers to expect. Larger ones are accepted and cost a reallocation.
    pub keys: u32,
    /// Hash slots.
    pub slots: Slots,
    /// Connected clients, each of which takes [`Redis::connection_bytes`].
    pub clients: u32,
    /// What its work costs.
    pub costs: Costs,
    /// Seed of all that is random in a server: hashes, samples, counters, the phases of its clocks.
    pub seed: u64,
}

/// What the arguments of a command take while it runs: its name, a key of usual length, their objects and the array that
/// holds them. An estimate from their size classes (`reference/servers.md` section 3.1).
const ARGUMENT_BYTES: u64 = 100;
/// The same for a SET without its value.
const SET_ARGUMENT_BYTES: u64 = 150;

/// A Redis or Valkey node.
pub struct RedisStore {
    clock: Clock,
    entries: Vec<Entry>,
    memory: MemoryModel,
    maxmemory: u64,
    /// Bytes of all items, without tables.
    items: u64,
    /// Bytes of the arguments of the command under way, which are memory in use as any other.
    arguments: u64,
    tables: Tables,
    eviction: Eviction,
    expiry: Expiry,
    random: Stream,
    evicted: u64,
    expired: u64,
    /// The keys of a bucket, while they are looked at.
    found: Vec<u32>,
    /// Which values are on an SSD, where there is one; the limit is then what both take together.
    tier: Option<Box<Tier>>,
    /// Whether the value that was read last was there.
    from_ssd: bool,
}

impl RedisStore {
    /// An empty node.
    pub fn new(setup: &RedisSetup<'_>) -> Self {
        let parameters = setup.parameters;
        let version = setup.version;
        let policy = parameters.maxmemory_policy;
        let mut random = Stream::new(setup.seed, STREAM);
        let slots = match &setup.slots {
            Slots::Standalone => SlotMap::Single,
            Slots::Spread(slots) => SlotMap::Hashed(*slots, mix64(setup.seed ^ 0x736C_6F74)),
            Slots::Known(slots, of) => SlotMap::Given(*slots, Arc::clone(of)),
        };
        let mut memory = match setup.slots {
            Slots::Standalone => MemoryModel::with(version, parameters.allocator, 0),
            Slots::Spread(slots) => MemoryModel::with(version, parameters.allocator, slots),
            Slots::Known(slots, _) => MemoryModel::with_slots(version, parameters.allocator, slots),
        };
        let clients = u64::from(parameters.connection_bytes) * u64::from(setup.clients);
        memory.set_empty_bytes(memory.empty_bytes() + clients + parameters.backlog_bytes);
        let table_slots = if version.has_slot_tables() {
            slots
        } else {
            SlotMap::Single
        };
        let hashing = Hashing::new(table_slots, random.bits());
        // Where keys share buckets, the places that are left free cost memory, too.
        let sampled = !policy.is_volatile() && policy != MaxmemoryPolicy::Noeviction;
        let main = sampled || version.has_buckets();
        Self {
            clock: match policy {
                MaxmemoryPolicy::AllkeysLfu | MaxmemoryPolicy::VolatileLfu => Clock::Lfu {
                    phase: u64::from(random.below(60_000_000)),
                    log_factor: parameters.lfu_log_factor,
                    decay_min: parameters.lfu_decay_time_min,
                    writes_back: version == Version::Valkey91,
                },
                _ => Clock::Lru {
                    phase: u64::from(random.below(1_000_000)),
                },
            },
            entries: vec![ABSENT; setup.keys as usize],
            memory,
            maxmemory: setup.maxmemory.0,
            items: 0,
            arguments: 0,
            tables: Tables::new(version, hashing, setup.keys, main),
            eviction: Eviction::new(parameters, setup.costs),
            expiry: Expiry::new(parameters, version, setup.costs, &mut random),
            random,
            evicted: 0,
            expired: 0,
            found: Vec::new(),
            tier: None,
            from_ssd: false,
        }
    }

    /// The empty node with an SSD of this size for values.
    pub fn with_ssd(mut self, ssd: Bytes, version: Version) -> Self {
        let tier = Tier::new(Bytes(self.maxmemory), ssd, version.has_buckets());
        self.tier = Some(Box::new(tier));
        self
    }

    /// Whether the value that was read last came from the SSD.
    pub(crate) fn was_on_ssd(&self) -> bool {
        self.from_ssd
    }

    /// Bytes of values on the SSD.
    pub fn on_ssd(&self) -> Bytes {
        self.tier.as_ref().map_or(Bytes(0), |tier| tier.on_ssd())
    }

    /// Lets values move until memory has room, and the limit follow what can.
    fn settle(&mut self) {
        let used = self.used().0;
        if let Some(tier) = &mut self.tier {
            tier.settle(used);
            self.maxmemory = tier.limit();
        }
    }

    /// Whether the key is resident. Not a use of it; brings its entry into the processor's cache.
    pub(crate) fn glance(&self, key: u32) -> bool {
        self.is_resident(key)
    }

    fn is_resident(&self, key: u32) -> bool {
        self.entries
            .get(key as usize)
            .is_some_and(|entry| entry.is_resident())
    }

    /// Brings the places that the key would have in the tables into the processor's cache; whether one is taken.
    pub(crate) fn glance_at_place(&self, key: u32) -> bool {
        self.tables.glance(key)
    }

    /// Reads a key.
    pub fn read(&mut self, key: u32, now: Micros) -> Lookup {
        self.begin_command(ARGUMENT_BYTES, now);
        let Some(entry) = self.entries.get_mut(key as usize) else {
            return Lookup::Miss(Cause::Cold);
        };
        if !entry.is_resident() {
            return Lookup::Miss(entry.fate());
        }
        if entry.has_expired(now) {
            self.expire(key);
            return Lookup::Miss(Cause::Expired);
        }
        entry.set_stamp(self.clock.touch(entry.stamp(), now, &mut self.random));
        if self.tier.is_some() {
            self.fetch(key);
        }
        Lookup::Hit
    }

    /// Brings a value back from the SSD if it is there.
    #[inline(never)]
    fn fetch(&mut self, key: u32) {
        if let Some(tier) = &mut self.tier {
            self.from_ssd = tier.touch(key);
            if self.from_ssd {
                self.settle();
            }
        }
    }

    /// What a read would find, which is no use of the key: as a copy of the node answers.
    pub(crate) fn peek(&self, key: u32, now: Micros) -> Lookup {
        match self.entries.get(key as usize) {
            None => Lookup::Miss(Cause::Cold),
            Some(entry) if !entry.is_resident() => Lookup::Miss(entry.fate()),
            Some(entry) if entry.has_expired(now) => Lookup::Miss(Cause::Expired),
            Some(_) => Lookup::Hit,
        }
    }

    /// Stores a value. One under an old key counts as a use of it and takes its recency and frequency over.
    pub fn write(&mut self, key: u32, value: Value, now: Micros) -> Stored {
        if !self.begin_command(SET_ARGUMENT_BYTES + u64::from(value.value_bytes), now) {
            return Stored::OutOfMemory;
        }
        self.make_place(key);
        let was = self.entries.get(key as usize).copied().unwrap_or(ABSENT);
        let stamp = if was.is_resident() && !was.has_expired(now) {
            self.clock.touch(was.stamp(), now, &mut self.random)
        } else {
            self.clock.fresh(now)
        };
        let ttl = value.expires != NEVER;
        let item_bytes = self.memory.item_bytes(value.key_bytes, value.value_bytes, ttl);
        if was.keys == 0 {
            self.add(key, value.keys, ttl);
        } else if was.keys == value.keys {
            self.items -= u64::from(was.item_bytes) * u64::from(was.keys);
            self.change_ttl(key, was, ttl);
        } else {
            self.remove(key, Cause::Cold);
            self.add(key, value.keys, ttl);
        }
        self.items += u64::from(item_bytes) * u64::from(value.keys);
        if let Some(entry) = self.entries.get_mut(key as usize) {
            *entry = Entry::new(value.expires, stamp, item_bytes, value.keys);
        }
        if let Some(tier) = &mut self.tier {
            tier.put(key, value.value_bytes, value.keys);
            self.settle();
        }
        Stored::Kept
    }

    /// Has a resident key with TTL expire at another time, as part of the command that has just read it.
    pub fn renew(&mut self, key: u32, expires: Micros) {
        if let Some(entry) = self.entries.get_mut(key as usize)
            && entry.is_resident()
            && entry.has_ttl()
        {
            entry.set_expires(expires);
        }
    }

    /// Deletes a key; false when it was not there.
    pub fn delete(&mut self, key: u32, now: Micros) -> bool {
        self.begin_command(ARGUMENT_BYTES, now);
        let resident = self.is_resident(key);
        if resident {
            self.remove(key, Cause::Cold);
        }
        resident
    }

    pub(crate) fn held(&self, key: u32) -> Held {
        let entry = self.entries.get(key as usize).copied().unwrap_or(ABSENT);
        Held {
            expires: entry.expires(),
            item_bytes: entry.item_bytes,
            keys: entry.keys,
            stamp: Some(entry.stamp()),
            fate: if entry.is_resident() {
                Cause::Cold
            } else {
                entry.fate()
            },
        }
    }

    pub(crate) fn release(&mut self, key: u32) {
        if self.is_resident(key) {
            self.remove(key, Cause::Cold);
        }
        if let Some(entry) = self.entries.get_mut(key as usize) {
            *entry = ABSENT;
        }
    }

    pub(crate) fn accept(&mut self, key: u32, held: Held, now: Micros) -> Stored {
        self.make_place(key);
        let stamp = held.stamp.unwrap_or_else(|| self.clock.fresh(now));
        let moved = Entry::new(held.expires, stamp, held.item_bytes, held.keys);
        let live = moved.is_resident() && !moved.has_expired(now);
        let fits = live && self.begin_command(SET_ARGUMENT_BYTES + u64::from(held.item_bytes), now);
        if fits {
            self.add(key, held.keys, moved.has_ttl());
            self.items += u64::from(held.item_bytes) * u64::from(held.keys);
            if let Some(tier) = &mut self.tier {
                // Of the item, nearly all is the value where it is worth moving.
                tier.put(key, held.item_bytes, held.keys);
                self.settle();
            }
        }
        if let Some(entry) = self.entries.get_mut(key as usize) {
            *entry = match (fits, live) {
                (true, _) => moved,
                (false, true) => Entry::absent(Cause::Evicted),
                (false, false) if held.keys > 0 => Entry::absent(Cause::Expired),
                (false, false) => Entry::absent(held.fate),
            };
        }
        if live && !fits {
            Stored::OutOfMemory
        } else {
            Stored::Kept
        }
    }

    /// Makes room for a key of this number.
    fn make_place(&mut self, key: u32) {
        if key as usize >= self.entries.len() {
            self.entries.resize(key as usize + 1, ABSENT);
        }
    }

    /// What its keys and tables cost.
    pub fn memory(&self) -> &MemoryModel {
        &self.memory
    }

    /// Lets the background tasks run that are due by `now`.
    #[inline(never)]
    pub fn pass_time(&mut self, now: Micros) {
        self.arguments = 0;
        loop {
            self.skip_idle_runs(now);
            let work = self.tables.ttl_keys() > 0 || self.memory.is_untidy();
            let Some(task) = self.expiry.due(now, work) else {
                return;
            };
            self.run(task);
        }
    }

    /// When the background task is due, which then comes before the next command.
    pub fn next_background_task(&self) -> Micros {
        self.expiry.next_slow()
    }

    /// `used_memory`.
    pub fn used(&self) -> Bytes {
        Bytes(self.items + self.memory.overhead_bytes())
    }

    /// `maxmemory`, and the SSD where there is one.
    pub fn maxmemory(&self) -> Bytes {
        let of_memory = Bytes(self.maxmemory);
        self.tier.as_ref().map_or(of_memory, |tier| tier.capacity())
    }

    /// Resident keys, those included that sampled keys stand for.
    pub fn keys(&self) -> u64 {
        self.memory.keys()
    }

    /// `evicted_keys`.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// `expired_keys`.
    pub fn expired(&self) -> u64 {
        self.expired
    }

    /// Sets the bytes of the server itself with its clients and its backlog, where they are known.
    pub fn set_empty_bytes(&mut self, bytes: Bytes) {
        self.memory.set_empty_bytes(bytes.0);
    }

    /// What comes before every command, with arguments of so many bytes; false when memory is full and nothing may go.
    #[inline]
    fn begin_command(&mut self, arguments: u64, now: Micros) -> bool {
        if now >= self.expiry.next_at() {
            self.pass_time(now);
        }
        self.arguments = arguments;
        self.memory.look(1);
        self.fits() || self.evict(now)
    }

    /// Whether memory in use is within the limit.
    fn fits(&self) -> bool {
        self.used().0 + self.arguments <= self.maxmemory
    }

    /// Memory that the server itself and its tables may take before the limit is reached.
    fn headroom(&self) -> u64 {
        self.maxmemory.saturating_sub(self.items + self.arguments)
    }

    /// Counts a key in.
    fn add(&mut self, key: u32, keys: u32, ttl: bool) {
        let place = self.tables.place(key);
        let headroom = self.headroom();
        self.memory.add_keys(place.slot, keys, ttl, headroom);
        self.tables.insert(key, place, ttl);
        self.tables.follow(&mut self.memory);
    }

    /// Takes a key off the books; returns the keys that it stood for.
    fn remove(&mut self, key: u32, fate: Cause) -> u32 {
        let Some(entry) = self.entries.get_mut(key as usize) else {
            return 0;
        };
        let was = core::mem::replace(entry, Entry::absent(fate));
        let ttl = was.has_ttl();
        self.memory.look(1);
        // The server takes a key out of its tables before it frees the item.
        let place = self.tables.place(key);
        let headroom = self.headroom();
        self.memory.remove_keys(place.slot, was.keys, ttl, headroom);
        self.items -= u64::from(was.item_bytes) * u64::from(was.keys);
        if let Some(tier) = &mut self.tier {
            tier.take(key);
            self.maxmemory = tier.limit();
        }
        self.tables.remove(key, place, ttl);
        self.tables.follow(&mut self.memory);
        was.keys
    }

    /// Gives an old key a TTL or takes it.
    fn change_ttl(&mut self, key: u32, was: Entry, ttl: bool) {
        if was.has_ttl() == ttl {
            return;
        }
        let place = self.tables.place(key);
        let headroom = self.headroom();
        self.memory.change_ttl_keys(place.slot, ttl, was.keys, headroom);
        self.tables.change_ttl(key, place, ttl);
        self.tables.follow(&mut self.memory);
    }

    #[inline(never)]
    fn expire(&mut self, key: u32) {
        self.expired += u64::from(self.remove(key, Cause::Expired));
    }
}

#[cfg(test)]
mod tests;
