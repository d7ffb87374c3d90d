//! The LRU crawler: finds expired items that nobody asks for (`crawler.c`; `items.c`, `lru_maintainer_crawler_check`).
//!
//! The server walks queue by queue, ten million items a second. It comes back to a queue after 5 s when more than 1 %
//! of the items with TTL expire within a minute of being looked at, later when that takes longer, and at least once
//! an hour; its first crawl, of an empty server, finds nothing and puts the next off to 65 s after the start.
//!
//! Here the items lie in a wheel of slots by when they expire, so that a crawl looks at those alone that have. All
//! queues are crawled together, at no cost in time, by the same rule. An item that is stored anew stays where its
//! first expiry put it, and is put where it belongs when it is found there: one that is given a shorter life than it
//! had is found late by the difference.

use super::Memcached;
use super::queues::{Listed, NEVER};

/// Seconds between two slots, and between two crawls at least.
const SLOT_S: u32 = 5;
/// Slots: 85 minutes. What expires later is put off.
const SLOTS: u32 = 1_024;
/// Slots of the minute that a crawl looks ahead.
const MINUTE: u32 = 60 / SLOT_S;
/// Longest wait between two crawls, in seconds (`MAX_MAINTCRAWL_WAIT`).
const LONGEST_WAIT_S: u32 = 3_600;
/// Wait after the first crawl, in seconds.
const FIRST_WAIT_S: u32 = 65;

/// What expires when.
pub(super) struct Crawler {
    /// By number of the slot modulo [`SLOTS`].
    slots: Vec<Slot>,
    /// Items in all slots, those included that are gone by now.
    listed: u32,
    /// The first slot that has not been emptied.
    first: u32,
    /// The first slot whose time has not come.
    passed: u32,
    /// Items in the slots between the two.
    overdue: u32,
    /// Second of the last crawl.
    last: u32,
}

#[derive(Clone, Copy)]
struct Slot {
    items: u32,
    first: Listed,
}

impl Crawler {
    pub(super) fn new() -> Self {
        let empty = Slot {
            items: 0,
            first: Listed::Last,
        };
        Self {
            slots: vec![empty; SLOTS as usize],
            listed: 0,
            first: 0,
            passed: 0,
            overdue: 0,
            last: 0,
        }
    }

    fn slot(&mut self, number: u32) -> Option<&mut Slot> {
        self.slots.get_mut((number % SLOTS) as usize)
    }
}

impl Memcached {
    /// Puts an item with TTL into its slot, unless the key is in one already.
    pub(super) fn list_expiry(&mut self, key: u32) {
        let item = self.items.item(key);
        if item.listed != Listed::No || item.expires == NEVER {
            return;
        }
        let crawler = &mut self.crawler;
        // A slot's time has come when all its items have expired, the last second included.
        let number = item.expires / SLOT_S + 1;
        let number = number.max(crawler.passed).min(crawler.first + SLOTS - 1);
        let Some(slot) = crawler.slot(number) else {
            return;
        };
        self.items.set_listed(key, slot.first);
        slot.first = Listed::Before(key);
        slot.items += 1;
        crawler.listed += 1;
    }

    /// Crawls when enough has expired or soon will, or the last crawl is long ago.
    pub(super) fn crawl(&mut self, now: u32) {
        let crawler = &mut self.crawler;
        if now / SLOT_S < crawler.passed {
            return;
        }
        while crawler.passed <= now / SLOT_S {
            crawler.overdue += crawler.slot(crawler.passed).map_or(0, |slot| slot.items);
            crawler.passed += 1;
        }
        if crawler.overdue == 0 {
            crawler.first = crawler.passed;
            return;
        }
        let ahead = crawler.passed..crawler.passed + MINUTE;
        let soon: u32 = ahead
            .filter_map(|number| crawler.slot(number).map(|slot| slot.items))
            .sum();
        let enough = crawler.overdue + soon > crawler.listed / 100 + 1;
        let waited = now - crawler.last;
        if now < FIRST_WAIT_S || !(enough || waited >= LONGEST_WAIT_S) {
            return;
        }
        crawler.last = now;
        while self.crawler.first < self.crawler.passed {
            self.empty_slot(self.crawler.first, now);
            self.crawler.first += 1;
        }
        self.crawler.overdue = 0;
    }

    fn empty_slot(&mut self, number: u32, now: u32) {
        let Some(slot) = self.crawler.slot(number) else {
            return;
        };
        let mut next = slot.first;
        *slot = Slot {
            items: 0,
            first: Listed::Last,
        };
        while let Listed::Before(key) = next {
            let item = self.items.item(key);
            next = item.listed;
            self.items.set_listed(key, Listed::No);
            self.crawler.listed -= 1;
            if item.expires < now {
                self.expire(key);
            } else {
                self.list_expiry(key);
            }
        }
    }
}
