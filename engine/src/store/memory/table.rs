//! Bytes of hash tables: `reference/servers.md` section 3.4.

use super::super::Version;
use super::size_class;
use crate::scenario::parameters::redis::Allocator;

/// Buckets that the background task moves per millisecond to which it is limited each time it runs. Measured: 16,384
/// take two or three runs, 65,536 more than three.
const BUCKETS_PER_RUN: u64 = 8_000;

/// How a version's tables are laid out, and when they grow and shrink.
#[derive(Clone, Copy, Debug)]
struct Shape {
    version: Version,
    allocator: Allocator,
    /// Whether the background task sees to the table at each run and lets it grow as soon as it is full. Those of the
    /// slots have their turn seldom.
    tended: bool,
}

impl Shape {
    /// Keys per bucket of a table that is full.
    fn per_bucket(self) -> u64 {
        if self.version.has_buckets() { 7 } else { 1 }
    }

    fn bucket_bytes(self) -> u64 {
        if self.version.has_buckets() { 64 } else { 8 }
    }

    /// Buckets of the smallest table.
    fn smallest(self) -> u64 {
        if self.version.has_buckets() { 1 } else { 4 }
    }

    fn top_bytes(self, buckets: u64) -> u64 {
        if buckets == 0 {
            return 0;
        }
        size_class(self.allocator, self.bucket_bytes() * buckets)
    }

    /// Buckets for so many keys after a resize.
    fn fitting(self, keys: u64) -> u64 {
        let least = if self.version.has_buckets() {
            // Aims at a fill of 32 / (5 * 7) at most.
            (keys * 5).div_ceil(32)
        } else {
            keys
        };
        least.next_power_of_two().max(self.smallest())
    }

    /// Places that are kept free: the background task of Redis 7.4 and Valkey 8.0 grows a table that is just full.
    fn spare(self) -> u64 {
        u64::from(self.tended && matches!(self.version, Version::Redis8 | Version::Valkey80))
    }

    /// Buckets of a table that has grown key by key to this number.
    fn grown(self, keys: u64) -> u64 {
        if keys == 0 {
            return 0;
        }
        (keys + self.spare())
            .div_ceil(self.per_bucket())
            .next_power_of_two()
            .max(self.smallest())
    }

    /// Buckets that a table goes on with after a key was added. Growth that exceeds `headroom` is vetoed until the
    /// table is far too full.
    fn after_adding(self, buckets: u64, keys: u64, headroom: u64) -> u64 {
        if buckets == 0 {
            return self.fitting(keys);
        }
        let full = buckets * self.per_bucket();
        let needed = keys + self.spare();
        if needed <= full {
            return buckets;
        }
        // The veto ends at 1.618 keys per bucket of a chain, at 500 % of a table of larger buckets.
        let bursting = if self.version.has_buckets() {
            full * 5
        } else {
            full + full * 618 / 1_000
        };
        let wanted = self.fitting(needed);
        if self.top_bytes(wanted) <= headroom || keys > bursting {
            wanted
        } else {
            buckets
        }
    }

    /// Whether a table is so empty that the server makes it smaller.
    fn is_too_large(self, buckets: u64, keys: u64) -> bool {
        let too_large = match self.version {
            Version::Redis7 => keys * 100 < buckets * 10,
            Version::Redis8 | Version::Valkey80 => keys * 8 <= buckets,
            Version::Valkey81 | Version::Valkey91 => keys * 100 <= buckets * 7 * 13,
        };
        too_large && buckets > self.smallest()
    }

    /// Whether removing a key can make a table smaller. That of Redis 7 waits for the background task
    /// (`tryResizeHashTables`).
    fn shrinks_at_once(self) -> bool {
        self.version != Version::Redis7
    }

    /// Buckets that a table goes on with after a key was removed. From Valkey 8.0 to 9.0, and in Redis from 7.4 on,
    /// the smaller table, too, must fit beside the old one.
    fn after_removing(self, buckets: u64, keys: u64, headroom: u64) -> u64 {
        if !self.is_too_large(buckets, keys) {
            return buckets;
        }
        let wanted = self.fitting(keys);
        let always = matches!(self.version, Version::Redis7 | Version::Valkey91);
        if always || self.top_bytes(wanted) <= headroom {
            wanted
        } else {
            buckets
        }
    }
}

/// Whether a node has one table, or one for each hash slot.
#[derive(Clone, Debug)]
enum Layout {
    Single,
    /// So many tables per slot, each with its fixed bytes, of which the mean number of keys is known.
    Mean(u32, u64),
    /// Tables per slot with the number of keys known for each.
    Exact(SlotTables),
}

/// One hash table of a node, or all its per-slot tables together, sized by the number of keys.
#[derive(Clone, Debug)]
pub(super) struct Table {
    shape: Shape,
    layout: Layout,
    keys: u64,
    /// Top-level buckets of a single table.
    buckets: u64,
    /// Buckets of the table that keys are still moved from, and how many of them are left.
    moving: (u64, u64),
    bytes: u64,
    /// Bytes of the top-level buckets of a single table.
    top: u64,
    /// Child buckets, where they are counted rather than estimated.
    counted: Option<u64>,
    /// What that was worked out from: so many child buckets of so many at the top, and the buckets here.
    counted_from: [u64; 3],
    /// That of the present number of keys when last computed.
    cell: Cell,
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
    /// What one more key adds.
    slope: f64,
}

impl Cell {
    fn has(&self, keys: u64, buckets: u64) -> bool {
        keys.wrapping_sub(self.first) < self.width && buckets == self.buckets
    }
}

/// Cells remembered. A cell is at most 1/128 of its keys wide: a full node wanders over a few of them.
const CELLS: u64 = 64;

impl Table {
    /// An empty table. `slots` are the per-slot tables that it stands for and the fixed bytes of each.
    pub(super) fn new(version: Version, allocator: Allocator, slots: Option<(u32, u64)>) -> Self {
        let layout = slots.map_or(Layout::Single, |(slots, fixed)| Layout::Mean(slots, fixed));
        Self::of(version, allocator, layout)
    }

    /// Empty tables per slot, of each of which the number of keys will be told.
    pub(super) fn with_slots(version: Version, allocator: Allocator, slots: u32, fixed: u64) -> Self {
        Self::of(version, allocator, Layout::Exact(SlotTables::new(slots, fixed)))
    }

    fn of(version: Version, allocator: Allocator, layout: Layout) -> Self {
        Self {
            shape: Shape {
                version,
                allocator,
                tended: matches!(layout, Layout::Single),
            },
            layout,
            keys: 0,
            buckets: 0,
            moving: (0, 0),
            bytes: 0,
            top: 0,
            counted: None,
            counted_from: [0; 3],
            cell: Cell::default(),
            cells: vec![Cell::default(); CELLS as usize],
        }
    }

    pub(super) fn keys(&self) -> u64 {
        self.keys
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Top-level buckets; 0 when there are tables per slot.
    pub(super) fn buckets(&self) -> u64 {
        self.buckets
    }

    /// Counts keys of a slot in or, when negative, out. A table does not grow past `headroom` bytes before it is far
    /// too full: the server vetoes a resize that would exceed `maxmemory`.
    pub(super) fn change(&mut self, slot: u32, by: i64, headroom: u64) {
        if let Layout::Exact(tables) = &mut self.layout {
            let more = tables.change(&self.shape, slot, by, headroom);
            return self.count(more);
        }
        self.keys = self.keys.saturating_add_signed(by);
        if self.is_single() && self.moving.1 == 0 {
            self.resize_after(by, headroom);
        }
        self.bytes = self.size();
    }

    /// Counts keys and bytes of the tables per slot in or, when negative, out.
    fn count(&mut self, (keys, bytes): (i64, i64)) {
        self.keys = self.keys.saturating_add_signed(keys);
        self.bytes = self.bytes.saturating_add_signed(bytes);
    }

    /// Lets a single table grow or shrink after keys were counted in or out.
    #[inline(never)]
    fn resize_after(&mut self, by: i64, headroom: u64) {
        if by > 0 {
            self.resize(self.shape.after_adding(self.buckets, self.keys, headroom));
        } else if self.shape.shrinks_at_once() {
            self.resize(self.shape.after_removing(self.buckets, self.keys, headroom));
        }
    }

    fn is_single(&self) -> bool {
        matches!(self.layout, Layout::Single)
    }

    fn resize(&mut self, buckets: u64) {
        if buckets != self.buckets {
            self.moving = (self.buckets, self.buckets);
            self.set_buckets(buckets);
        }
    }

    fn set_buckets(&mut self, buckets: u64) {
        self.buckets = buckets;
        self.top = self.shape.top_bytes(buckets);
    }

    /// Sets the number of child buckets in proportion to a table with so many at the top.
    pub(super) fn set_children(&mut self, children: u64, tops: u64) {
        let counted_from = [children, tops, self.buckets];
        if self.is_single() && counted_from != self.counted_from {
            self.counted_from = counted_from;
            let per_bucket = children as f64 / tops as f64;
            self.counted = Some((per_bucket * self.buckets as f64) as u64);
            self.bytes = self.size();
        }
    }

    /// Moves so many buckets of a resize under way: each command that looks into the table moves one.
    pub(super) fn step(&mut self, buckets: u64) {
        if self.moving.1 > 0 {
            self.moving.1 = self.moving.1.saturating_sub(buckets);
            if self.moving.1 == 0 {
                self.bytes = self.size();
            }
        }
    }

    /// Sets the number of keys of a slot, or of all, after growing key by key with memory to spare; no resize is under
    /// way.
    pub(super) fn load(&mut self, slot: u32, keys: u64) {
        if let Layout::Exact(tables) = &mut self.layout {
            let more = tables.load(&self.shape, slot, keys as u32);
            return self.count(more);
        }
        self.keys = keys;
        self.moving = (0, 0);
        if self.is_single() {
            self.set_buckets(self.shape.grown(keys));
        }
        self.bytes = self.size();
    }

    /// Per-slot tables; 0 for a single table.
    pub(super) fn slots(&self) -> u32 {
        match &self.layout {
            Layout::Single => 0,
            Layout::Mean(slots, _) => *slots,
            Layout::Exact(tables) => tables.slots.len() as u32,
        }
    }

    /// The background task: a millisecond of moving, or a smaller table.
    pub(super) fn tick(&mut self, headroom: u64) {
        if self.moving.1 > 0 {
            // Empty buckets are passed over in next to no time.
            let keys_per_bucket = self.keys as f64 / self.moving.0.max(1) as f64;
            self.step((BUCKETS_PER_RUN as f64 / keys_per_bucket.clamp(1e-3, 1.0)) as u64);
        } else if self.is_single() {
            self.resize(self.shape.after_removing(self.buckets, self.keys, headroom));
            self.bytes = self.size();
        }
    }

    /// Whether the background task has something to do.
    pub(super) fn is_untidy(&self) -> bool {
        self.moving.1 > 0 || (self.is_single() && self.shape.is_too_large(self.buckets, self.keys))
    }

    /// Bytes at the present number of keys: exact to the interpolation, computed rarely.
    fn size(&mut self) -> u64 {
        if let Some(children) = self.counted {
            return self.top + 64 * children + self.old_bytes();
        }
        if !self.cell.has(self.keys, self.buckets) {
            self.find_cell();
        }
        // Signed, as only such conversions are a single instruction everywhere.
        let beyond = (self.keys - self.cell.first) as i64;
        (self.cell.low + self.cell.slope * beyond as f64) as i64 as u64 + self.old_bytes()
    }

    /// Makes the cell that of the present number of keys.
    #[inline(never)]
    fn find_cell(&mut self) {
        let shift = self.keys.max(1).ilog2().saturating_sub(7);
        let number = self.keys >> shift;
        let cell_of = |number: u64| self.cells.get((number % CELLS) as usize).copied();
        if let Some(known) = cell_of(number)
            && known.has(self.keys, self.buckets)
        {
            self.cell = known;
            return;
        }
        let (first, width) = (number << shift, 1 << shift);
        // A table that grows comes from the cell before.
        let low = cell_of(number.wrapping_sub(1))
            .filter(|before| before.width > 0 && before.first + before.width == first)
            .filter(|before| before.buckets == self.buckets)
            .map_or_else(|| self.bytes_at(first as f64), |before| before.high);
        let high = self.bytes_at((first + width) as f64);
        self.cell = Cell {
            first,
            width,
            buckets: self.buckets,
            low,
            high,
            slope: (high - low) / width as f64,
        };
        if let Some(place) = self.cells.get_mut((number % CELLS) as usize) {
            *place = self.cell;
        }
    }

    /// Bytes of the table that keys are still moved from.
    fn old_bytes(&self) -> u64 {
        if self.moving.1 > 0 {
            self.shape.top_bytes(self.moving.0)
        } else {
            0
        }
    }

    fn bytes_at(&self, keys: f64) -> f64 {
        match self.layout {
            Layout::Mean(slots, fixed) => self.per_slot(keys, f64::from(slots), fixed as f64),
            _ => self.single(keys, self.buckets),
        }
    }

    fn single(&self, keys: f64, buckets: u64) -> f64 {
        let top = self.shape.top_bytes(buckets) as f64;
        if !self.shape.version.has_buckets() || buckets == 0 {
            return top;
        }
        top + 64.0 * children(keys, buckets as f64)
    }

    /// One table per slot, their keys Poisson around the mean: averaged over sixteen equally likely quantiles.
    fn per_slot(&self, keys: f64, slots: f64, fixed: f64) -> f64 {
        const QUANTILES: [f64; 8] = [
            0.078_4, 0.237_2, 0.402_3, 0.579_1, 0.776_4, 1.009_99, 1.318_0, 1.862_7,
        ];
        let mean = keys / slots;
        // An empty slot has no table.
        let owned = slots * (1.0 - libm::exp(-mean));
        let spread = libm::sqrt(mean);
        let tables: f64 = QUANTILES
            .iter()
            .flat_map(|q| [mean - q * spread, mean + q * spread])
            .map(|keys| {
                let keys = keys.max(1.0);
                self.single(keys, self.shape.grown(keys.ceil() as u64))
            })
            .sum::<f64>()
            / 16.0;
        owned * (fixed + tables)
    }
}

/// Tables per slot with the number of keys known for each. What is done to one returns how many keys and bytes more there
/// are then.
#[derive(Clone, Debug)]
struct SlotTables {
    fixed: u64,
    /// Keys and buckets of each slot.
    slots: Vec<(u32, u32)>,
}

impl SlotTables {
    /// No keys in so many slots; `fixed` bytes come with each table.
    fn new(slots: u32, fixed: u64) -> Self {
        Self {
            fixed,
            slots: vec![(0, 0); slots as usize],
        }
    }

    /// Counts keys of a slot in or, when negative, out.
    #[inline(never)]
    fn change(&mut self, shape: &Shape, slot: u32, keys: i64, headroom: u64) -> (i64, i64) {
        let Some(&(had, buckets)) = self.slots.get(slot as usize) else {
            return (0, 0);
        };
        let has = (i64::from(had) + keys).max(0) as u32;
        let resized = if has == 0 {
            0
        } else {
            let (buckets, has) = (u64::from(buckets), u64::from(has));
            let resized = if keys > 0 {
                shape.after_adding(buckets, has, headroom)
            } else {
                shape.after_removing(buckets, has, headroom)
            };
            resized as u32
        };
        self.put(shape, slot, has, resized)
    }

    /// Sets the number of keys of a slot whose table has grown key by key with memory to spare.
    fn load(&mut self, shape: &Shape, slot: u32, keys: u32) -> (i64, i64) {
        self.put(shape, slot, keys, shape.grown(u64::from(keys)) as u32)
    }

    fn put(&mut self, shape: &Shape, slot: u32, has: u32, resized: u32) -> (i64, i64) {
        let Some(known) = self.slots.get_mut(slot as usize) else {
            return (0, 0);
        };
        let (had, buckets) = core::mem::replace(known, (has, resized));
        let bytes = |keys, buckets| self.bytes_of(shape, keys, buckets) as i64;
        (
            i64::from(has) - i64::from(had),
            bytes(has, resized) - bytes(had, buckets),
        )
    }

    /// Bytes of the table of a slot.
    fn bytes_of(&self, shape: &Shape, keys: u32, buckets: u32) -> u64 {
        if keys == 0 {
            return 0;
        }
        let top = shape.top_bytes(u64::from(buckets));
        let more = if shape.version.has_buckets() {
            (64.0 * children(f64::from(keys), f64::from(buckets))) as u64
        } else {
            0
        };
        self.fixed + top + more
    }
}

/// Child buckets to expect when so many keys hash into so many top-level buckets: a bucket of 7 overflows into chains
/// that hold 6 more each.
fn children(keys: f64, buckets: f64) -> f64 {
    if buckets <= 1.0 {
        return ((keys - 7.0) / 6.0).ceil().max(0.0);
    }
    if keys <= 7.0 {
        return 0.0;
    }
    // The sum over j of P(X >= 8 + 6j) for a binomial X, from the running sum of P(X = k).
    let odds = 1.0 / (buckets - 1.0);
    let mut probability = libm::exp(keys * libm::log1p(-1.0 / buckets));
    let mut at_most = probability;
    let mut children = 0.0;
    for k in 1u32..=160 {
        if k >= 8 && k % 6 == 2 {
            let at_least = 1.0 - at_most;
            children += at_least.max(0.0);
            if at_least < 1e-9 {
                break;
            }
        }
        let k = f64::from(k);
        probability *= (keys - k + 1.0).max(0.0) / k * odds;
        at_most += probability;
    }
    children * buckets
}
