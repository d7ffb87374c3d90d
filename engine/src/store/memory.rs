//! What keys cost in memory, by server version: `reference/servers.md` section 3.

use crate::scenario::Engine;

/// Versions that lay strings out alike (`reference/servers.md` section 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// Redis OSS 7.0 to 7.2, Valkey 7.2.
    R7,
    /// Valkey 8.0.
    V80,
    /// Valkey 8.1 and 9.0.
    V81,
    /// Valkey 9.1.
    V91,
}

/// Bytes of a bundled-jemalloc size class: 8-byte steps to 64, then four classes per doubling (section 3.1).
fn size_class(bytes: u64) -> u64 {
    if bytes <= 8 {
        return 8;
    }
    if bytes <= 64 {
        return bytes.next_multiple_of(8);
    }
    let group = 1 << (bytes - 1).ilog2();
    bytes.next_multiple_of(group / 4)
}

/// Header of a simple dynamic string of this length (section 3.2).
fn header(layout: Layout, length: u64) -> u64 {
    let limits = match layout {
        Layout::R7 | Layout::V80 => [31, 255, 65_535],
        Layout::V81 | Layout::V91 => [31, 252, 65_530],
    };
    match limits.iter().position(|limit| length <= *limit) {
        Some(0) if length > 0 => 1,
        Some(0 | 1) => 3,
        Some(_) => 5,
        None => 9,
    }
}

/// One hash table of a node, or all its per-slot tables together.
#[derive(Clone, Debug)]
struct Table {
    layout: Layout,
    /// Per-slot tables of cluster mode in Valkey 8.0 and later; 0 when the node has one table.
    slots: u32,
    keys: u64,
    /// Top-level buckets of a single table.
    buckets: u64,
    bytes: u64,
    /// Sizes computed lately, by number of keys.
    cells: Vec<Cell>,
}

/// Size of a table between two numbers of keys, between which it is interpolated.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    first: u64,
    /// Keys that the cell spans; 0 when the cell is empty.
    width: u64,
    buckets: u64,
    low: f64,
    high: f64,
}

/// Cells remembered. A cell is at most 1/128 of its keys wide: a full node wanders over a few of them.
const CELLS: u64 = 64;

impl Table {
    fn new(layout: Layout, slots: u32) -> Self {
        Self {
            layout,
            slots,
            keys: 0,
            buckets: 4,
            bytes: 0,
            cells: vec![Cell::default(); CELLS as usize],
        }
    }

    /// Most keys per bucket before the table grows.
    fn per_bucket(&self) -> u64 {
        match self.layout {
            Layout::R7 | Layout::V80 => 1,
            Layout::V81 | Layout::V91 => 7,
        }
    }

    fn bucket_bytes(&self) -> u64 {
        match self.layout {
            Layout::R7 | Layout::V80 => 8,
            Layout::V81 | Layout::V91 => 64,
        }
    }

    /// Sets the number of keys. A table does not grow past `headroom` bytes before it is far too full: the
    /// server vetoes a resize that would exceed `maxmemory` (section 3.4).
    fn set(&mut self, keys: u64, headroom: u64) {
        self.keys = keys;
        if self.slots == 0 {
            let full = self.buckets * self.per_bucket();
            // Load beyond which even the veto ends: 1.618 keys per bucket of a dict, 500 % of a hashtable.
            let bursting = match self.layout {
                Layout::R7 | Layout::V80 => full + full * 618 / 1_000,
                Layout::V81 | Layout::V91 => full * 5,
            };
            if keys > full && (self.buckets * 2 * self.bucket_bytes() <= headroom || keys > bursting) {
                self.buckets = keys.div_ceil(self.per_bucket()).next_power_of_two();
            } else if self.buckets > 4 && keys * 100 < full * 10 {
                self.buckets = keys.div_ceil(self.per_bucket()).next_power_of_two().max(4);
            }
        }
        self.bytes = self.size();
    }

    /// Bytes at the present number of keys: exact to the interpolation, computed rarely.
    fn size(&mut self) -> u64 {
        let shift = self.keys.max(1).ilog2().saturating_sub(7);
        let number = self.keys >> shift;
        let (first, width) = (number << shift, 1 << shift);
        let known = self
            .cells
            .get((number % CELLS) as usize)
            .copied()
            .unwrap_or_default();
        let mut cell = known;
        if known.first != first || known.width != width || known.buckets != self.buckets {
            let low = self.bytes_at(first as f64);
            let high = self.bytes_at((first + width) as f64);
            cell = Cell {
                first,
                width,
                buckets: self.buckets,
                low,
                high,
            };
            if let Some(slot) = self.cells.get_mut((number % CELLS) as usize) {
                *slot = cell;
            }
        }
        let part = (self.keys - first) as f64 / width as f64;
        (cell.low + (cell.high - cell.low) * part) as u64
    }

    fn bytes_at(&self, keys: f64) -> f64 {
        if self.slots == 0 {
            self.single(keys)
        } else {
            self.per_slot(keys)
        }
    }

    fn single(&self, keys: f64) -> f64 {
        let top = size_class(self.bucket_bytes() * self.buckets) as f64;
        match self.layout {
            Layout::R7 | Layout::V80 => top,
            Layout::V81 | Layout::V91 => {
                let children = children_per_bucket(keys / self.buckets as f64);
                top + 64.0 * self.buckets as f64 * children
            }
        }
    }

    /// One table per slot, their keys Poisson around the mean: averaged over sixteen equally likely quantiles.
    fn per_slot(&self, keys: f64) -> f64 {
        const QUANTILES: [f64; 8] = [
            0.078_4, 0.237_2, 0.402_3, 0.579_1, 0.776_4, 1.009_99, 1.318_0, 1.862_7,
        ];
        let mean = keys / f64::from(self.slots);
        let spread = libm::sqrt(mean);
        let tables: f64 = QUANTILES
            .iter()
            .flat_map(|q| [mean - q * spread, mean + q * spread])
            .map(|keys| self.slot_table(keys.max(0.0)))
            .sum::<f64>()
            / 16.0;
        // An empty slot has no table.
        let tables_owned = f64::from(self.slots) * (1.0 - libm::exp(-mean));
        let fixed = match self.layout {
            Layout::R7 | Layout::V80 => 80.0,
            Layout::V81 | Layout::V91 => 96.0,
        };
        tables_owned * fixed + f64::from(self.slots) * tables
    }

    fn slot_table(&self, keys: f64) -> f64 {
        let top = (keys / self.per_bucket() as f64).ceil().max(1.0) as u64;
        match self.layout {
            Layout::R7 | Layout::V80 => (8 * top.next_power_of_two().max(4)) as f64,
            Layout::V81 | Layout::V91 => {
                let buckets = top.next_power_of_two() as f64;
                64.0 * buckets * (1.0 + children_per_bucket(keys / buckets))
            }
        }
    }
}

/// Child buckets per top-level bucket when buckets hold a Poisson number of keys with this mean: a bucket of 7
/// overflows into chains that hold 6 more each (section 3.4).
fn children_per_bucket(mean: f64) -> f64 {
    // P(X >= 8 + 6j) summed over j, from the running sum of P(X = k).
    let mut probability = libm::exp(-mean);
    let mut at_most = probability;
    let mut children = 0.0;
    for k in 1..=120 {
        if k >= 8 && (k - 8) % 6 == 0 {
            let at_least = 1.0 - at_most;
            children += at_least.max(0.0);
            if at_least < 1e-9 {
                break;
            }
        }
        probability *= mean / f64::from(k);
        at_most += probability;
    }
    children
}

/// What a node's keys and tables cost.
#[derive(Clone, Debug)]
pub struct MemoryModel {
    layout: Layout,
    cluster_mode: bool,
    main: Table,
    expires: Table,
    empty: u64,
}

impl MemoryModel {
    /// The model of an engine. `slots` is how many hash slots the node owns in cluster mode, 0 without.
    pub fn new(engine: Engine, slots: u32) -> Self {
        let layout = match engine {
            // Memcached's memory is a matter of its own store.
            Engine::RedisOss7 | Engine::Valkey72 | Engine::Memcached16 => Layout::R7,
            Engine::Valkey80 => Layout::V80,
            Engine::Valkey81 | Engine::Valkey90 => Layout::V81,
            Engine::Valkey91 => Layout::V91,
        };
        let cluster_mode = slots > 0;
        let table_slots = if layout == Layout::R7 { 0 } else { slots };
        // An empty server, measured: section 3.5.
        let empty = match (cluster_mode, layout) {
            (false, _) => 950_000,
            (true, Layout::R7) => 1_700_000,
            (true, _) => 2_800_000,
        };
        Self {
            layout,
            cluster_mode,
            main: Table::new(layout, table_slots),
            expires: Table::new(layout, table_slots),
            empty,
        }
    }

    /// Bytes of one string item without its share of the tables; lengths in bytes (section 3.3).
    pub fn item_bytes(&self, key: u32, value: u32, ttl: bool) -> u32 {
        let (k, v) = (u64::from(key), u64::from(value));
        let layout = self.layout;
        let string = |v: u64| size_class(header(layout, v) + v + 1);
        let object = |v: u64| {
            if v <= 44 {
                size_class(20 + v)
            } else {
                16 + string(v)
            }
        };
        let expiry = if ttl { 8 } else { 0 };
        let key_string = header(layout, k) + k + 1;
        let bytes = match layout {
            Layout::R7 => {
                let entry = if self.cluster_mode { 40 } else { 24 };
                entry + size_class(key_string) + object(v) + if ttl { 24 } else { 0 }
            }
            Layout::V80 => {
                size_class(17 + header(layout, k).max(3) + k + 1) + object(v) + if ttl { 24 } else { 0 }
            }
            Layout::V81 if v <= 44 && 16 + k + 3 + expiry + 4 + v <= 64 => {
                size_class(17 + key_string + expiry + 4 + v)
            }
            Layout::V91 if v <= 116 && 9 + key_string + expiry + 4 + v <= 128 => {
                size_class(9 + key_string + expiry + (v + 4).max(8))
            }
            Layout::V81 | Layout::V91 => {
                let expiry = if ttl || k >= 128 { 8 } else { 0 };
                size_class(17 + key_string + expiry) + string(v)
            }
        };
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }

    /// Bytes of tables and the server itself.
    pub fn overhead_bytes(&self) -> u64 {
        self.empty + self.main.bytes + self.expires.bytes
    }

    /// Bytes of a server that holds nothing.
    pub fn empty_bytes(&self) -> u64 {
        self.empty
    }

    /// Bytes that this many keys would take on the node, tables included, if all were `item_bytes` on average.
    pub fn projected_bytes(&self, keys: u64, ttl_keys: u64, items: u64) -> u64 {
        let mut model = self.clone();
        model.main.set(keys, u64::MAX);
        model.expires.set(ttl_keys, u64::MAX);
        items + model.overhead_bytes()
    }

    /// Keys in the main table.
    pub fn keys(&self) -> u64 {
        self.main.keys
    }

    /// Counts keys in. `headroom` is how much memory the tables may take before a growth is vetoed.
    pub fn add_keys(&mut self, keys: u32, ttl: bool, headroom: u64) {
        let headroom = headroom.saturating_sub(self.overhead_bytes());
        self.main.set(self.main.keys + u64::from(keys), headroom);
        if ttl {
            self.expires.set(self.expires.keys + u64::from(keys), headroom);
        }
    }

    /// Counts keys out.
    pub fn remove_keys(&mut self, keys: u32, ttl: bool) {
        self.main.set(self.main.keys.saturating_sub(u64::from(keys)), 0);
        if ttl {
            self.expires
                .set(self.expires.keys.saturating_sub(u64::from(keys)), 0);
        }
    }

    /// Counts resident keys as having a TTL or not.
    pub fn change_ttl_keys(&mut self, had: bool, has: bool, keys: u32) {
        if had != has {
            let now = self.expires.keys;
            let keys = u64::from(keys);
            self.expires
                .set(if has { now + keys } else { now.saturating_sub(keys) }, 0);
        }
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
        model.add_keys(1_024, false, u64::MAX);
        let before = model.overhead_bytes();
        model.add_keys(1, false, 0);
        assert_eq!(model.overhead_bytes(), before, "no room: the table stays");
        model.add_keys(1_024, false, 0);
        assert!(
            model.overhead_bytes() > before,
            "far too full: it grows all the same"
        );
    }
}
