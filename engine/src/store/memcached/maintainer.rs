//! The LRU maintainer thread: keeps the queues of segmented LRU in proportion (`items.c`, `lru_maintainer_thread`).

use super::queues::{ACTIVE, Queue};
use super::slabs::CLASSES;
use super::{Memcached, Pull, SECOND, seconds};
use crate::units::Micros;

/// Moves of one class in one pass (`lru_maintainer_juggle`).
const MOVES_PER_PASS: u32 = 500;
/// Shortest and longest rest of a class, in microseconds (`MIN_LRU_MAINTAINER_SLEEP`, `MAX_LRU_MAINTAINER_SLEEP`).
const SHORTEST_REST: u64 = 1_000;
const LONGEST_REST: u64 = 999_999;
/// Time that a pass takes when the thread does not sleep, in microseconds: an assumption, near what the recorded
/// servers' counts of passes say.
const PASS: u64 = 100;
/// Hits on COLD that wait for the thread (`LRU_BUMP_BUF_SIZE`): the ring of one worker, on which all connections are
/// taken to be.
const RING: usize = 8_192;

/// Its schedule, and what waits for it.
pub(super) struct Maintainer {
    /// When each class is looked at again, in microseconds.
    due: [u64; CLASSES],
    /// How long each class rests between looks: 0 while there is much to move.
    rest: [u64; CLASSES],
    /// Keys that became active in COLD.
    bumps: Vec<u32>,
    /// Second for which crawler and automover were looked after.
    second: Option<u32>,
}

impl Maintainer {
    pub(super) fn new() -> Self {
        Self {
            due: [0; CLASSES],
            rest: [0; CLASSES],
            bumps: Vec::with_capacity(RING),
            second: None,
        }
    }

    /// Asks for a move to WARM; false when the ring is full.
    pub(super) fn request_bump(&mut self, key: u32, keys_per_item: u32) -> bool {
        let fits = self.bumps.len() * (keys_per_item as usize) < RING;
        if fits {
            self.bumps.push(key);
        }
        fits
    }
}

impl Memcached {
    /// One pass of the maintainer, which under flat LRU looks after page moves alone; returns when the next one is.
    pub(super) fn pass(&mut self, at: u64) -> u64 {
        let now = seconds(Micros(at));
        let mut next = at + LONGEST_REST;
        if self.segmented() {
            for class in 1..=self.slabs.largest() {
                if self.slabs.class(class).pages > 0 {
                    next = next.min(self.look_at(class, at, now));
                }
            }
            if self.bump(now) {
                next = next.min(at + SHORTEST_REST);
            }
        }
        if self.maintainer.second != Some(now) {
            self.maintainer.second = Some(now);
            if self.segmented() && self.options.crawler {
                self.crawl(now);
            }
            if self.automoves() {
                self.automove(now);
            }
        }
        next.max(at + PASS).min((u64::from(now) + 1) * SECOND)
    }

    /// Looks at a class when it is due, and returns when it is due next.
    fn look_at(&mut self, class: usize, at: u64, now: u32) -> u64 {
        let due = self.maintainer.due.get(class).copied().unwrap_or(u64::MAX);
        if due > at {
            return due;
        }
        let moved = self.juggle(class, now);
        let rest = self.maintainer.rest.get(class).copied().unwrap_or(LONGEST_REST);
        let rest = match (moved, rest) {
            (false, 0) => SHORTEST_REST,
            (false, rest) => (rest + rest / 8).min(LONGEST_REST),
            (true, rest) if rest / 2 < SHORTEST_REST => 0,
            (true, rest) => rest / 2,
        };
        if let Some(slot) = self.maintainer.rest.get_mut(class) {
            *slot = rest;
        }
        if let Some(slot) = self.maintainer.due.get_mut(class) {
            *slot = at + rest;
        }
        at + rest
    }

    /// Moves items of a class between its queues; whether any moved (`lru_maintainer_juggle`).
    fn juggle(&mut self, class: usize, now: u32) -> bool {
        let bytes: u64 = Queue::ALL
            .iter()
            .map(|queue| self.items.list(class, *queue).bytes)
            .sum();
        let cold_age = f64::from(self.items.tail_age(class, Queue::Cold, now));
        let settle = |share: f64, factor: f64| Pull::Settle {
            limit: (bytes as f64 * share) as u64,
            max_age: (cold_age * factor) as u32,
        };
        let hot = settle(self.options.hot_share.0, self.options.hot_age_factor);
        let warm = settle(self.options.warm_share.0, self.options.warm_age_factor);
        let cold = Pull::Settle {
            limit: bytes,
            max_age: 0,
        };
        let mut any = false;
        for _ in 0..(MOVES_PER_PASS / self.keys_per_item).max(1) {
            let mut moved = self.pull_tail(class, Queue::Hot, hot, now);
            if moved == 0 {
                moved = self.pull_tail(class, Queue::Warm, warm, now);
            }
            moved += self.pull_tail(class, Queue::Cold, cold, now);
            if moved == 0 {
                break;
            }
            any = true;
        }
        any
    }

    /// Moves what became active in COLD to WARM; whether there was any (`lru_maintainer_bumps`).
    fn bump(&mut self, now: u32) -> bool {
        let mut bumps = core::mem::take(&mut self.maintainer.bumps);
        let any = !bumps.is_empty();
        for key in bumps.drain(..) {
            let Some(item) = self.items.resident(key) else {
                continue;
            };
            item.time = now;
            if item.queue() == Queue::Cold && item.has(ACTIVE) {
                item.unmark(ACTIVE);
                self.items.promote(key, Queue::Warm);
            }
        }
        self.maintainer.bumps = bumps;
        any
    }
}
