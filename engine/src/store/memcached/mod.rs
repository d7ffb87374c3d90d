//! A Memcached node: slab classes with pages of their own, a queue or three per class, a maintainer, a crawler and a
//! page mover (`reference/servers.md` section 6; facts read in 1.6.18 and 1.6.45).
//!
//! Not modelled: TEMP queues (`temporary_ttl`, off by default), client flags (4 bytes when not 0), connection and
//! thread buffers, extstore, and the moments for which a busy item cannot be moved.
//!
//! In a sampled run an item stands for [`Value::keys`] keys: it takes as many chunks, weighs as much in the shares of
//! the queues, and a limit on a number of items (of one eviction, of one pass of the maintainer, of the ring of
//! bumps) is a limit on keys.

mod automove;
mod crawler;
mod item;
mod maintainer;
mod queues;
mod slabs;

use super::{Cause, Lookup, NEVER, Stored, Value};
use crate::random::Stream;
use crate::scenario::parameters::memcached::{Automove, Lru, Memcached as Options, Version};
use crate::units::{Bytes, Micros};
use automove::Automover;
use crawler::Crawler;
use item::Chain;
use maintainer::Maintainer;
use queues::{ACTIVE, FETCHED, FULL_LAST, Item, Items, Queue};
use slabs::{CLASSES, Slabs};

/// Under flat LRU an item moves to the front when its last move is longer ago than this (`memcached.h`,
/// `ITEM_UPDATE_INTERVAL`).
const UPDATE_INTERVAL_S: u32 = 60;
/// Attempts to make room for one item (`items.c`, `do_item_alloc_pull`).
const ALLOCATION_TRIES: u32 = 10;
/// Items looked at from a tail at a time (`items.c`, `lru_pull_tail`).
const TAIL_TRIES: u32 = 5;
const SECOND: u64 = 1_000_000;
/// Name of the stream of random numbers that chooses the items of a page.
const PAGE_STREAM: u64 = 0x6D63_7061_6765;

/// What a look at a queue's tail is for.
#[derive(Clone, Copy, Debug)]
enum Pull {
    /// Items that have outlived their stay move on: out of a queue with more bytes than `limit`, or older than
    /// `max_age` seconds. Active ones go to WARM.
    Settle { limit: u64, max_age: u32 },
    /// The oldest item goes.
    Evict,
}

/// Figures of one slab class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassFigures {
    /// Its number in `stats slabs`.
    pub number: u8,
    /// Size of a chunk.
    pub chunk: Bytes,
    /// Chunks in a page.
    pub chunks_per_page: u32,
    /// Pages that it has.
    pub pages: u32,
    /// Chunks of those pages.
    pub chunks: u64,
    /// Chunks that hold something.
    pub used_chunks: u64,
    /// Items in its queues; a large item is in those of the largest class, its chunks may lie in others.
    pub items: u64,
    /// Bytes of those items, as `mem_requested` of `stats items` tells them.
    pub bytes: Bytes,
    /// Items evicted from it.
    pub evicted: u64,
    /// Items refused because it had no room and nothing to evict.
    pub out_of_memory: u64,
}

/// What a class has lived through.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    evicted: u64,
    out_of_memory: u64,
}

/// The memory of one Memcached node.
///
/// Always: pages take at most the limit, except that every class may have one; the items of a class fit into its
/// chunks. Times must not go back between calls. A TTL counts in whole seconds, as the server's clock does.
pub struct Memcached {
    options: Options,
    slabs: Slabs,
    items: Items,
    tallies: [Tally; CLASSES],
    maintainer: Maintainer,
    crawler: Crawler,
    automover: Automover,
    random: Stream,
    /// Keys per item in this run, as of the last write.
    keys_per_item: u32,
    /// Buckets of the hash table, as a power of two.
    hash_power: u8,
    keys: u64,
    bytes: u64,
    evicted: u64,
    expired: u64,
    /// When the maintainer or the automover is to run next, in microseconds.
    wake: u64,
}

impl Memcached {
    /// An empty node with so much memory for pages (`-m`), whose keys are numbered below `keys`.
    pub fn new(options: &Options, limit: Bytes, keys: u32, seed: u64) -> Self {
        let mut store = Self {
            slabs: Slabs::new(options, limit),
            items: Items::new(keys),
            tallies: [Tally::default(); CLASSES],
            maintainer: Maintainer::new(),
            crawler: Crawler::new(),
            automover: Automover::new(options.automove_window_s),
            random: Stream::new(seed, PAGE_STREAM),
            keys_per_item: 1,
            hash_power: options.hash_power,
            keys: 0,
            bytes: 0,
            evicted: 0,
            expired: 0,
            wake: u64::MAX,
            options: options.clone(),
        };
        if store.segmented() || store.automoves() {
            store.wake = 0;
        }
        store
    }

    /// Whether the key is resident. Not a use of it; brings its entry into the processor's cache.
    pub fn glance(&self, key: u32) -> bool {
        self.items.item(key).resident()
    }

    /// Reads a key (`do_item_get`, `do_item_bump`).
    pub fn read(&mut self, key: u32, now: Micros) -> Lookup {
        self.pass_time(now);
        let second = seconds(now);
        let segmented = self.segmented();
        let Some(item) = self.items.resident(key) else {
            return Lookup::Miss(self.items.item(key).fate);
        };
        if item.expires <= second {
            self.expire(key);
            return Lookup::Miss(Cause::Expired);
        }
        if !segmented {
            item.mark(FETCHED);
            if second.saturating_sub(item.time) > UPDATE_INTERVAL_S {
                item.time = second;
                self.items.promote(key, Queue::Cold);
            }
        } else if !item.has(FETCHED) {
            item.mark(FETCHED);
        } else if !item.has(ACTIVE) {
            if item.queue() != Queue::Cold {
                item.mark(ACTIVE);
                item.time = second;
            } else if self.maintainer.request_bump(key, self.keys_per_item) {
                item.mark(ACTIVE);
            }
        }
        Lookup::Hit
    }

    /// Stores a value: takes memory for it, evicting from its own class, and only then gives up an older one.
    ///
    /// A value that the server has no room for, or whose item or key is too long, is refused; an older one is gone
    /// then, too.
    pub fn write(&mut self, key: u32, value: Value, now: Micros) -> Stored {
        self.pass_time(now);
        self.items.reach(key);
        self.keys_per_item = value.keys.max(1);
        let second = seconds(now);
        let bytes = item::bytes(value.key_bytes, value.value_bytes, self.options.cas);
        let mut item = Item::new(
            self.slabs.class_of(bytes),
            bytes,
            value.key_bytes,
            value.keys,
            if value.expires == NEVER {
                queues::NEVER
            } else {
                seconds(value.expires)
            },
            second,
        );
        let fits = value.key_bytes <= item::MAX_KEY && bytes <= self.options.max_item_bytes.0;
        if !fits || !self.allocate(&mut item, second) {
            self.forget(key, Cause::Cold);
            return Stored::Refused;
        }
        self.forget(key, Cause::Cold);
        let queue = if self.segmented() { Queue::Hot } else { Queue::Cold };
        self.items.insert(key, item, queue);
        if self.segmented() && self.options.crawler {
            self.list_expiry(key);
        }
        self.keys += u64::from(item.keys);
        self.bytes += u64::from(item.bytes) * u64::from(item.keys);
        // `assoc_start_expand`: the table doubles beyond 1.5 items per bucket.
        while self.keys > (3 << self.hash_power) / 2 {
            self.hash_power += 1;
        }
        Stored::Kept
    }

    /// Has a resident item with TTL expire at another time, as part of the command that has just read it (`gat`). The
    /// crawler finds the item where its first expiry put it, and puts it off.
    pub fn renew(&mut self, key: u32, expires: Micros) {
        if let Some(item) = self.items.resident(key)
            && item.expires != queues::NEVER
        {
            item.expires = seconds(expires);
        }
    }

    /// Deletes a key; false when it was not there.
    pub fn delete(&mut self, key: u32) -> bool {
        self.forget(key, Cause::Cold) > 0
    }

    /// Bytes of all items, headers included (`bytes` of `stats`). Chunks are larger, and pages are more than the
    /// chunks that hold something: see [`allocated`](Self::allocated).
    pub fn used(&self) -> Bytes {
        Bytes(self.bytes)
    }

    /// Bytes of all pages (`total_malloced` of `stats slabs`).
    pub fn allocated(&self) -> Bytes {
        Bytes(self.slabs.allocated())
    }

    /// Limit on the pages (`-m`).
    pub fn maxmemory(&self) -> Bytes {
        Bytes(self.slabs.limit())
    }

    /// Bytes of the hash table, which the limit does not cover (`hash_bytes` of `stats`).
    pub fn hash_table(&self) -> Bytes {
        Bytes(8 << self.hash_power)
    }

    /// Resident keys, those included that sampled keys stand for.
    pub fn keys(&self) -> u64 {
        self.keys
    }

    /// Keys pushed out so far.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Keys removed so far because their TTL had run out.
    pub fn expired(&self) -> u64 {
        self.expired
    }

    /// Pages moved between classes so far.
    pub fn pages_moved(&self) -> u64 {
        self.automover.moved()
    }

    /// The classes that have pages, by size of chunk.
    pub fn classes(&self) -> impl Iterator<Item = ClassFigures> {
        self.all_classes().filter(|class| class.pages > 0)
    }

    /// Every class, by size of chunk.
    pub fn all_classes(&self) -> impl Iterator<Item = ClassFigures> {
        (1..=self.slabs.largest())
            .zip(self.tallies.iter().skip(1))
            .map(|(number, tally)| {
                let class = self.slabs.class(number);
                let lists = Queue::ALL.map(|queue| self.items.list(number, queue));
                ClassFigures {
                    number: number as u8,
                    chunk: Bytes(class.chunk_bytes.into()),
                    chunks_per_page: class.per_page,
                    pages: class.pages,
                    chunks: class.chunks(),
                    used_chunks: class.chunks() - class.free,
                    items: lists.iter().map(|list| list.keys).sum(),
                    bytes: Bytes(lists.iter().map(|list| list.bytes).sum()),
                    evicted: tally.evicted,
                    out_of_memory: tally.out_of_memory,
                }
            })
    }

    /// Bytes of one item, and the class that it would be stored in.
    pub fn item(&self, key_bytes: u32, value_bytes: u32) -> (Bytes, u8) {
        let bytes = item::bytes(key_bytes, value_bytes, self.options.cas);
        (Bytes(bytes), self.slabs.class_of(bytes) as u8)
    }

    /// Bytes of the chunks that one item is stored in.
    pub fn chunk_bytes(&self, key_bytes: u32, value_bytes: u32) -> u64 {
        let bytes = item::bytes(key_bytes, value_bytes, self.options.cas);
        let chunk = |class| u64::from(self.slabs.class(class).chunk_bytes);
        if bytes <= self.slabs.max_chunk() {
            return chunk(self.slabs.class_of(bytes));
        }
        let chain = Chain::of(bytes, value_bytes, &self.slabs);
        chunk(chain.head) + u64::from(chain.full) * self.slabs.max_chunk() + chunk(chain.last)
    }

    fn segmented(&self) -> bool {
        self.options.lru == Lru::Segmented
    }

    /// Whether pages are looked after once a second: by the maintainer, or since 1.6.34 by the mover itself.
    fn automoves(&self) -> bool {
        let looked_after = self.segmented() || self.options.version != Version::V160;
        self.options.reassign && self.options.automove == Automove::ByAge && looked_after
    }

    /// Lets the server's threads do what they do until now. Reads and writes do so by themselves.
    pub fn pass_time(&mut self, now: Micros) {
        while self.wake <= now.0 {
            self.wake = self.pass(self.wake);
        }
        if let Some(class) = self.automover.asked(now.0) {
            self.move_any_page(class, seconds(now));
        }
    }

    /// Takes chunks for an item; none when there is no room for all of it.
    fn allocate(&mut self, item: &mut Item, now: u32) -> bool {
        if u64::from(item.bytes) <= self.slabs.max_chunk() {
            return self.allocate_chunk(usize::from(item.class), item.keys, now);
        }
        let chain = self.chain(item);
        let largest = self.slabs.largest();
        if !self.allocate_chunk(chain.head, item.keys, now) {
            return false;
        }
        let mut full = 0;
        while full < chain.full && self.allocate_chunk(largest, item.keys, now) {
            full += 1;
        }
        let mut fits = full == chain.full;
        if fits && chain.last > 0 && !self.allocate_chunk(chain.last, item.keys, now) {
            fits = self.allocate_chunk(largest, item.keys, now);
            item.mark(FULL_LAST);
        }
        if !fits {
            self.slabs.give(chain.head, item.keys);
            self.slabs.give(largest, full * item.keys);
        }
        fits
    }

    /// Takes chunks of a class, one for each key, making room where needed (`do_item_alloc_pull`).
    fn allocate_chunk(&mut self, class: usize, keys: u32, now: u32) -> bool {
        for _ in 0..ALLOCATION_TRIES.saturating_mul(keys) {
            if !self.segmented() {
                self.pull_tail(class, Queue::Cold, Pull::Settle { limit: 0, max_age: 0 }, now);
            }
            if self.slabs.take(class, keys) {
                return true;
            }
            // Where neither of the two finds anything, further tries would not, either.
            if !self.evict_tail(class, now) {
                break;
            }
        }
        if let Some(tally) = self.tallies.get_mut(class) {
            tally.out_of_memory += u64::from(keys);
        }
        false
    }

    /// Evicts the oldest item of COLD, or moves one there from HOT; whether there was one to evict or move.
    fn evict_tail(&mut self, class: usize, now: u32) -> bool {
        let demote = Pull::Settle { limit: 0, max_age: 0 };
        self.pull_tail(class, Queue::Cold, Pull::Evict, now) > 0
            || self.segmented() && self.pull_tail(class, Queue::Hot, demote, now) > 0
    }

    fn chain(&self, item: &Item) -> Chain {
        let empty = item::bytes(item.key_bytes.into(), 0, self.options.cas);
        let value = u64::from(item.bytes).saturating_sub(empty);
        Chain::of(item.bytes.into(), value as u32, &self.slabs)
    }

    /// Gives an item's chunks back.
    fn release(&mut self, item: &Item) {
        if u64::from(item.bytes) <= self.slabs.max_chunk() {
            return self.slabs.give(item.class.into(), item.keys);
        }
        let chain = self.chain(item);
        let largest = self.slabs.largest();
        self.slabs.give(chain.head, item.keys);
        self.slabs.give(largest, chain.full * item.keys);
        if chain.last > 0 {
            let last = if item.has(FULL_LAST) { largest } else { chain.last };
            self.slabs.give(last, item.keys);
        }
    }

    /// Looks at a queue's tail and returns how many items it moved or removed (`lru_pull_tail`).
    fn pull_tail(&mut self, class: usize, queue: Queue, pull: Pull, now: u32) -> u32 {
        let mut moved = 0;
        let mut next = self.items.list(class, queue).tail;
        for _ in 0..TAIL_TRIES {
            let key = next;
            let item = self.items.item(key);
            if !item.resident() {
                break;
            }
            next = self.items.newer(key);
            if item.expires < now {
                self.expire(key);
                moved += 1;
                continue;
            }
            match pull {
                Pull::Evict => {
                    if self.options.evictions {
                        self.evict(key);
                        moved += 1;
                    }
                    break;
                }
                Pull::Settle { .. } if item.has(ACTIVE) => {
                    if let Some(item) = self.items.resident(key) {
                        item.unmark(ACTIVE);
                    }
                    self.items.promote(key, Queue::Warm);
                    moved += 1;
                    if queue != Queue::Warm {
                        break;
                    }
                }
                Pull::Settle { limit, max_age } => {
                    let outlived = self.items.list(class, queue).bytes > limit
                        || now.saturating_sub(item.time) > max_age;
                    if queue != Queue::Cold && outlived {
                        self.items.promote(key, Queue::Cold);
                        moved += 1;
                    }
                    break;
                }
            }
        }
        moved
    }

    fn evict(&mut self, key: u32) {
        let class = usize::from(self.items.item(key).class);
        let keys = u64::from(self.forget(key, Cause::Evicted));
        self.evicted += keys;
        if let Some(tally) = self.tallies.get_mut(class) {
            tally.evicted += keys;
        }
        if self.options.reassign && self.options.automove == Automove::EveryEviction {
            self.automover.ask(class);
        }
    }

    fn expire(&mut self, key: u32) {
        self.expired += u64::from(self.forget(key, Cause::Expired));
    }

    /// Takes a key off the books; returns the keys that it stood for, 0 when it was not resident.
    fn forget(&mut self, key: u32, fate: Cause) -> u32 {
        let Some(item) = self.items.remove(key, fate) else {
            return 0;
        };
        self.release(&item);
        self.keys -= u64::from(item.keys);
        self.bytes -= u64::from(item.bytes) * u64::from(item.keys);
        item.keys
    }
}

/// The server's clock, which counts whole seconds.
fn seconds(at: Micros) -> u32 {
    (at.0 / SECOND).min(u64::from(u32::MAX - 1)) as u32
}

#[cfg(test)]
mod tests;
