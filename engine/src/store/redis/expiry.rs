//! The expiry cycle of the background task: `reference/servers.md` section 2.2.

use super::table::Table;
use super::{Costs, RedisStore};
use crate::random::Stream;
use crate::scenario::parameters::redis::Redis;
use crate::store::Version;
use crate::units::Micros;

const SECOND: u64 = 1_000_000;

/// How late a timer goes off: the event loop waits in whole milliseconds, rounded up (`ae.c`), and wakes a little
/// later still.
const TIMER_LATENESS_US: u64 = 1_000;

/// Credit for a cycle: one, less what sums of parts may lack.
const ENOUGH: f64 = 1.0 - 1e-9;

/// Which cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The one that comes with every run of the background task, together with the moving of buckets.
    Slow,
    /// The one between two commands, after a slow one ran out of time.
    Fast,
}

/// A cycle that is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    kind: Kind,
    at: Micros,
}

/// When cycles run, and how far the last one came.
pub(super) struct Expiry {
    /// Time between two runs of the background task, microseconds.
    period: u64,
    next_slow: Micros,
    /// Earliest time of the next fast cycle.
    next_fast: Micros,
    timed_out: bool,
    /// Place of the sweep in the table of keys with a TTL.
    cursor: u32,
    /// Cycles saved up in a sampled run, in which only one in so many as a key stands for is run.
    credit: f64,
    /// Keys per loop.
    keys_per_loop: u32,
    /// Share of stale keys, in percent, above which a loop is repeated.
    acceptable_stale: u32,
    slow_limit_us: f64,
    fast_limit_us: f64,
    /// Most buckets per loop, by keys wanted.
    buckets_per_key: u32,
    /// Whether a cycle goes on past the end of the table.
    goes_round: bool,
    costs: Costs,
}

impl Expiry {
    pub(super) fn new(parameters: &Redis, version: Version, costs: Costs, random: &mut Stream) -> Self {
        let effort = parameters.active_expire_effort.saturating_sub(1);
        let hz = parameters.hz.max(1);
        let period = SECOND / u64::from(hz) + TIMER_LATENESS_US;
        Self {
            period,
            next_slow: Micros(u64::from(random.below(period as u32))),
            next_fast: Micros(0),
            timed_out: false,
            cursor: 0,
            credit: 0.0,
            keys_per_loop: 20 + 5 * effort,
            acceptable_stale: 10u32.saturating_sub(effort),
            slow_limit_us: f64::from((250_000 + 20_000 * effort) / hz),
            fast_limit_us: f64::from(1_000 + 250 * effort),
            buckets_per_key: if version.has_buckets() { 10 } else { 20 },
            goes_round: version == Version::Redis7,
            costs,
        }
    }

    /// When the background task is due.
    pub(super) fn next_slow(&self) -> Micros {
        self.next_slow
    }

    /// When the next cycle may be due.
    pub(super) fn next_at(&self) -> Micros {
        if self.timed_out {
            self.next_slow.min(self.next_fast)
        } else {
            self.next_slow
        }
    }

    /// Lets so many runs of the background task pass that are due by `now`, each adding to the credit, as come before the
    /// one that has saved up enough for a cycle.
    fn skip(&mut self, now: Micros, each: f64) {
        if now < self.next_slow || self.timed_out {
            return;
        }
        let due = (now.0 - self.next_slow.0) / self.period + 1;
        let idle = libm::ceil((ENOUGH - self.credit) / each) as u64;
        let runs = due.min(idle.saturating_sub(1));
        self.credit += runs as f64 * each;
        self.next_slow.0 += runs * self.period;
    }

    /// The next cycle that is due. Without `work` for it there is none, and the time passes.
    pub(super) fn due(&mut self, now: Micros, work: bool) -> Option<Task> {
        if now >= self.next_slow {
            if !work {
                let missed = (now.0 - self.next_slow.0) / self.period + 1;
                self.next_slow.0 += missed * self.period;
                self.timed_out = false;
                return None;
            }
            let at = self.next_slow;
            self.next_slow.0 += self.period;
            return Some(Task { kind: Kind::Slow, at });
        }
        if self.timed_out && now >= self.next_fast {
            // Not more often than every second span of its own length.
            self.next_fast.0 = now.0 + 2 * self.fast_limit_us as u64;
            return Some(Task {
                kind: Kind::Fast,
                at: now,
            });
        }
        None
    }
}

impl RedisStore {
    /// Runs a task, or in a sampled run saves it up.
    ///
    /// The background task is due again a period after it has ended, not after it has begun.
    pub(super) fn run(&mut self, task: Task) {
        if task.kind == Kind::Slow && self.memory.is_untidy() {
            let headroom = self.headroom();
            self.memory.tick(headroom);
            // Where victims come from a table of the server's size, its background task may have changed it.
            self.tables.follow(&mut self.memory);
        }
        self.expiry.credit += self.credit_of_run();
        if self.expiry.credit >= ENOUGH {
            self.expiry.credit -= 1.0;
            let mut spent_us = self.cycle(task);
            if task.kind == Kind::Slow {
                if self.expiry.timed_out && task.at >= self.expiry.next_fast {
                    // The event loop comes by right after the background task.
                    self.expiry.next_fast.0 = task.at.0 + 2 * self.expiry.fast_limit_us as u64;
                    spent_us += self.cycle(Task {
                        kind: Kind::Fast,
                        at: task.at,
                    });
                }
                self.expiry.next_slow.0 += spent_us as u64;
            }
        }
    }

    /// Passes over what [`run`](Self::run) would only save up: in a strongly sampled run nearly all.
    pub(super) fn skip_idle_runs(&mut self, now: Micros) {
        let each = self.credit_of_run();
        if each > 0.0 && each < ENOUGH && !self.memory.is_untidy() {
            self.expiry.skip(now, each);
        }
    }

    /// The part of a cycle that a run of the background task stands for.
    fn credit_of_run(&self) -> f64 {
        f64::from(self.tables.ttl_keys()) / self.memory.ttl_keys().max(1) as f64
    }

    /// Loops over some keys of the sweep until few of them are stale or the time is up. Returns the time spent,
    /// microseconds.
    fn cycle(&mut self, task: Task) -> f64 {
        let limit_us = match task.kind {
            Kind::Slow => self.expiry.slow_limit_us,
            Kind::Fast => self.expiry.fast_limit_us,
        };
        let costs = self.expiry.costs;
        let mut spent_us = 0.0;
        self.expiry.timed_out = false;
        for iteration in 1u32.. {
            let keys = self.tables.ttl_keys();
            if keys == 0 || self.is_sparse() {
                break;
            }
            let wanted = keys.min(self.expiry.keys_per_loop);
            let (mut sampled, mut stale, mut at_end) = (0, 0, false);
            let mut found = core::mem::take(&mut self.found);
            for _ in 0..wanted * self.expiry.buckets_per_key {
                found.clear();
                let goes_round = self.expiry.goes_round;
                let cursor = &mut self.expiry.cursor;
                let table = self.tables.expires();
                at_end = !table.is_some_and(|table| table.sweep(cursor, goes_round, &mut found));
                for key in found.iter().copied() {
                    sampled += 1;
                    let entry = self.entries.get(key as usize);
                    if entry.is_some_and(|entry| entry.has_expired(task.at)) {
                        stale += 1;
                        self.expire(key);
                    }
                }
                if sampled >= wanted || at_end {
                    break;
                }
            }
            self.found = found;
            spent_us += f64::from(stale) * costs.expire_us + f64::from(sampled - stale) * costs.look_us;
            let again = !at_end && (sampled == 0 || stale * 100 / sampled > self.expiry.acceptable_stale);
            if iteration % 16 == 0 && spent_us > limit_us {
                self.expiry.timed_out = true;
                self.expiry.next_fast = self.expiry.next_fast.max(task.at);
                break;
            }
            if !again {
                break;
            }
        }
        spent_us
    }

    /// Whether less than one bucket in a hundred is filled, which the server leaves until the table has shrunk.
    fn is_sparse(&self) -> bool {
        let buckets = self.tables.expires().map_or(0, Table::buckets);
        buckets > 4 && u64::from(self.tables.ttl_keys()) * 100 < u64::from(buckets)
    }
}
