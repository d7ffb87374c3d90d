//! What keys cost in memory, by server version: `reference/servers.md` section 3.

mod table;

use super::Version;
use crate::catalog::Engine;
use crate::scenario::parameters::redis::Allocator;
use table::Table;

/// The next multiple of a power of two, which needs no division.
fn round_up(bytes: u64, step: u64) -> u64 {
    (bytes + step - 1) & !(step - 1)
}

/// Bytes that an allocation of this size takes (section 3.1).
fn size_class(allocator: Allocator, bytes: u64) -> u64 {
    match allocator {
        // Usable size of a chunk: steps of 16 less a header of 8, at least 24.
        Allocator::Glibc => (round_up(bytes + 8, 16) - 8).max(24),
        _ if bytes <= 8 => 8,
        Allocator::SystemJemalloc if bytes <= 128 => round_up(bytes, 16),
        Allocator::BundledJemalloc if bytes <= 64 => round_up(bytes, 8),
        // Four classes per doubling.
        _ => round_up(bytes, (1 << (bytes - 1).ilog2()) / 4),
    }
}

/// Header of a simple dynamic string of this length (section 3.2).
fn header(version: Version, length: u64) -> u64 {
    let (of_byte, of_two) = if version.has_buckets() {
        (252, 65_530)
    } else {
        (255, 65_535)
    };
    match length {
        1..=31 => 1,
        _ if length <= of_byte => 3,
        _ if length <= of_two => 5,
        _ => 9,
    }
}

/// Fixed bytes of a slot's tables of keys and of expiry times in cluster mode (section 3.4). Redis 7.4 and 8.0 keep
/// with each table of keys a histogram of their sizes: five types of 60 classes of 8 bytes.
fn slot_bytes(version: Version) -> (u64, u64) {
    match version {
        Version::Redis7 => (0, 0),
        Version::Redis8 => (2_560, 80),
        Version::Valkey80 => (80, 80),
        Version::Valkey81 | Version::Valkey91 => (96, 96),
    }
}

/// Bytes of a server that holds nothing and has no client: `used_memory_startup` of the recorded servers.
fn empty_bytes(version: Version, cluster_mode: bool) -> u64 {
    match (version, cluster_mode) {
        (Version::Redis7, false) => 876_000,
        (Version::Redis7, true) => 1_583_000,
        (Version::Redis8, false) => 653_000,
        (Version::Redis8, true) => 1_943_000,
        (Version::Valkey80, false) => 912_000,
        (Version::Valkey80, true) => 2_708_000,
        (Version::Valkey81, false) => 880_000,
        (Version::Valkey81, true) => 2_676_000,
        (Version::Valkey91, false) => 927_000,
        (Version::Valkey91, true) => 2_723_000,
    }
}

/// What a node's keys and tables cost.
#[derive(Clone, Debug)]
pub struct MemoryModel {
    version: Version,
    allocator: Allocator,
    cluster_mode: bool,
    main: Table,
    expires: Table,
    /// The server itself, its clients and its backlog.
    fixed: u64,
}

impl MemoryModel {
    /// The model of an engine with the allocator that it comes with. `slots` is how many hash slots the node owns in
    /// cluster mode, 0 without; keys are taken to be spread evenly over them.
    pub fn new(engine: Engine, slots: u32) -> Self {
        Self::with(engine.into(), Allocator::BundledJemalloc, slots)
    }

    /// The same for any version and allocator.
    pub fn with(version: Version, allocator: Allocator, slots: u32) -> Self {
        let per_slot = |fixed| (slots > 0 && version.has_slot_tables()).then_some((slots, fixed));
        let (main, expires) = slot_bytes(version);
        Self {
            version,
            allocator,
            cluster_mode: slots > 0,
            main: Table::new(version, allocator, per_slot(main)),
            expires: Table::new(version, allocator, per_slot(expires)),
            fixed: empty_bytes(version, slots > 0),
        }
    }

    /// The model of a node in cluster mode that is told the slot of every key.
    pub fn with_slots(version: Version, allocator: Allocator, slots: u32) -> Self {
        let mut model = Self::with(version, allocator, slots);
        if version.has_slot_tables() {
            let (main, expires) = slot_bytes(version);
            model.main = Table::with_slots(version, allocator, slots, main);
            model.expires = Table::with_slots(version, allocator, slots, expires);
        }
        model
    }

    /// Bytes of one string item without its share of the tables; lengths in bytes (section 3.3).
    pub fn item_bytes(&self, key: u32, value: u32, ttl: bool) -> u32 {
        let (k, v) = (u64::from(key), u64::from(value));
        let (version, allocator) = (self.version, self.allocator);
        let class = move |bytes| size_class(allocator, bytes);
        let string = move |length: u64| class(header(version, length) + length + 1);
        let boxed = move || match v {
            0..=44 => class(20 + v),
            _ => class(16) + string(v),
        };
        let key_string = header(version, k) + k + 1;
        let entry = match version {
            Version::Redis7 if self.cluster_mode => 40,
            _ => 24,
        };
        let expiry = if ttl { 8 } else { 0 };
        let bytes = match version {
            Version::Redis7 | Version::Redis8 => {
                class(entry) + class(key_string) + boxed() + if ttl { class(24) } else { 0 }
            }
            Version::Valkey80 => {
                class(17 + header(version, k).max(3) + k + 1) + boxed() + if ttl { class(24) } else { 0 }
            }
            Version::Valkey81 if v <= 44 && 16 + k + 3 + expiry + 4 + v <= 64 => {
                class(17 + key_string + expiry + 4 + v)
            }
            Version::Valkey91 if v <= 116 && 9 + key_string + expiry + 4 + v <= 128 => {
                class(9 + key_string + expiry + (v + 4).max(8))
            }
            Version::Valkey81 | Version::Valkey91 => {
                let expiry = if ttl || k >= 128 { 8 } else { 0 };
                class(17 + key_string + expiry) + string(v)
            }
        };
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }

    /// Bytes of tables and the server itself.
    pub fn overhead_bytes(&self) -> u64 {
        self.fixed + self.main.bytes() + self.expires.bytes()
    }

    /// Bytes of a server that holds nothing, with its clients and backlog.
    pub fn empty_bytes(&self) -> u64 {
        self.fixed
    }

    /// Sets the bytes of the server itself, its clients and its backlog, where they are known better.
    pub fn set_empty_bytes(&mut self, bytes: u64) {
        self.fixed = bytes;
    }

    /// Bytes that this many keys would take on the node, tables included, if all were `item_bytes` on average.
    pub fn projected_bytes(&self, keys: u64, ttl_keys: u64, items: u64) -> u64 {
        let mut model = Self::with(self.version, self.allocator, self.slots());
        model.fixed = self.fixed;
        model.load(0, keys, ttl_keys);
        items + model.overhead_bytes()
    }

    /// Sets the number of keys of a slot, of which some have a TTL, as after a load with memory to spare: tables have
    /// grown key by key, and every resize is completed.
    pub fn load(&mut self, slot: u32, keys: u64, ttl_keys: u64) {
        self.main.load(slot, keys);
        self.expires.load(slot, ttl_keys);
    }

    fn slots(&self) -> u32 {
        self.main.slots()
    }

    /// Keys in the main table.
    pub fn keys(&self) -> u64 {
        self.main.keys()
    }

    /// Keys with a TTL.
    pub(crate) fn ttl_keys(&self) -> u64 {
        self.expires.keys()
    }

    /// Top-level buckets of the tables of keys and of expiry times; 0 where there are tables per slot.
    pub(crate) fn buckets(&self) -> [u64; 2] {
        [self.main.buckets(), self.expires.buckets()]
    }

    /// Tells how many child buckets there are, and for how many top-level buckets, in the tables of keys and of expiry
    /// times, where it is known; it is estimated otherwise.
    pub(crate) fn set_children(&mut self, main: Option<(u64, u64)>, expires: Option<(u64, u64)>) {
        for (table, counted) in [(&mut self.main, main), (&mut self.expires, expires)] {
            if let Some((children, tops)) = counted {
                table.set_children(children, tops);
            }
        }
    }

    /// Commands looked into the tables: a resize under way moves on by as many buckets.
    pub(crate) fn look(&mut self, commands: u64) {
        self.main.step(commands);
        self.expires.step(commands);
    }

    /// Whether the background task has something to do about the tables.
    pub(crate) fn is_untidy(&self) -> bool {
        self.main.is_untidy() || self.expires.is_untidy()
    }

    /// One run of the background task, with memory for another table as in [`add_keys`](Self::add_keys).
    pub(crate) fn tick(&mut self, headroom: u64) {
        let headroom = headroom.saturating_sub(self.overhead_bytes());
        self.main.tick(headroom);
        self.expires.tick(headroom);
    }

    /// Counts keys of a slot in. `headroom` is how much memory there is for the server itself and its tables before a
    /// resize is vetoed.
    pub fn add_keys(&mut self, slot: u32, keys: u32, ttl: bool, headroom: u64) {
        let headroom = headroom.saturating_sub(self.overhead_bytes());
        self.main.change(slot, i64::from(keys), headroom);
        if ttl {
            self.expires.change(slot, i64::from(keys), headroom);
        }
    }

    /// Counts keys of a slot out, with memory for a smaller table as in [`add_keys`](Self::add_keys).
    pub fn remove_keys(&mut self, slot: u32, keys: u32, ttl: bool, headroom: u64) {
        let headroom = headroom.saturating_sub(self.overhead_bytes());
        self.main.change(slot, -i64::from(keys), headroom);
        if ttl {
            self.expires.change(slot, -i64::from(keys), headroom);
        }
    }

    /// Counts resident keys that had no TTL as having one, or the reverse, with memory for another table as in
    /// [`add_keys`](Self::add_keys).
    pub fn change_ttl_keys(&mut self, slot: u32, ttl: bool, keys: u32, headroom: u64) {
        let keys = i64::from(keys);
        let headroom = headroom.saturating_sub(self.overhead_bytes());
        self.expires
            .change(slot, if ttl { keys } else { -keys }, headroom);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_cost_what_real_servers_measured() {
        // reference/servers.md section 3.3, table "Item bytes": R7, R7 in cluster mode, V80, V81, V91.
        let engines = [
            (Engine::RedisOss7, 0),
            (Engine::Valkey72, 5_461),
            (Engine::Valkey80, 0),
            (Engine::Valkey81, 0),
            (Engine::Valkey91, 0),
        ];
        for (key, value, ttl, expected) in [
            (16, 16, false, [88, 104, 80, 56, 48]),
            (16, 16, true, [112, 128, 104, 64, 56]),
            (16, 100, false, [176, 192, 168, 152, 152]),
            (32, 32, false, [120, 136, 112, 96, 96]),
            (32, 100, true, [216, 232, 208, 176, 176]),
            (32, 512, false, [720, 736, 712, 696, 696]),
            (32, 1_024, true, [1_384, 1_400, 1_376, 1_344, 1_344]),
            (32, 4_096, false, [5_200, 5_216, 5_192, 5_176, 5_176]),
        ] {
            for ((engine, slots), bytes) in engines.into_iter().zip(expected) {
                let model = MemoryModel::new(engine, slots);
                assert_eq!(
                    model.item_bytes(key, value, ttl),
                    bytes,
                    "{engine:?} {key}/{value} {ttl}"
                );
            }
        }
    }

    #[test]
    fn tables_grow_as_documented() {
        // Section 3.4: bytes per key of a single table, N = 1 M and 100 M.
        for (engine, keys, expected) in [
            (Engine::Valkey81, 1_000_000u64, 17.5),
            (Engine::Valkey81, 10_000_000, 14.9),
            (Engine::Valkey81, 100_000_000, 13.5),
            (Engine::RedisOss7, 1_000_000, 8.4),
            (Engine::RedisOss7, 5_000_000, 13.4),
            (Engine::RedisOss7, 100_000_000, 10.7),
        ] {
            let model = MemoryModel::new(engine, 0);
            let bytes = (model.projected_bytes(keys, 0, 0) - model.empty_bytes()) as f64 / keys as f64;
            assert!((bytes - expected).abs() < 0.06, "{engine:?} {keys}: {bytes}");
        }
    }

    #[test]
    fn slot_tables_cost_what_was_derived() {
        // Section 3.4: mean table bytes per key at so many keys per slot in cluster mode, 3 % measured.
        for (engine, per_slot, expected) in [
            (Engine::Valkey80, 100, 11.1),
            (Engine::Valkey80, 385, 10.9),
            (Engine::Valkey80, 1_000, 10.1),
            (Engine::Valkey81, 100, 14.9),
            (Engine::Valkey81, 385, 13.7),
            (Engine::Valkey81, 1_000, 17.2),
        ] {
            let model = MemoryModel::new(engine, 16_384);
            let keys = per_slot * 16_384;
            let bytes = (model.projected_bytes(keys, 0, 0) - model.empty_bytes()) as f64 / keys as f64;
            assert!(
                (bytes / expected - 1.0).abs() < 0.06,
                "{engine:?} {per_slot}: {bytes}"
            );
        }
    }

    #[test]
    fn growth_is_vetoed_at_the_limit() {
        let mut model = MemoryModel::new(Engine::RedisOss7, 0);
        model.add_keys(0, 1_024, false, u64::MAX);
        model.look(4);
        let before = model.overhead_bytes();
        model.add_keys(0, 1, false, 0);
        assert_eq!(model.overhead_bytes(), before, "no room: the table stays");
        model.add_keys(0, 1_024, false, 0);
        assert!(
            model.overhead_bytes() > before,
            "far too full: it grows all the same"
        );
    }
}
