//! The LRU crawler: looks through queues for expired items (`crawler.c`; `items.c`, `lru_maintainer_crawler_check`).
//!
//! The server walks about ten million items a second: here a crawl takes no time. A crawl that would find less than
//! 1 % of the items with TTL expired is put off, by up to a minute, where the server would crawl every 5 s: the few
//! items it would free stay that much longer.

use super::Memcached;
use super::queues::{NEVER, NONE, Queue};
use super::slabs::CLASSES;

/// Longest wait of a queue, in seconds (`MAX_MAINTCRAWL_WAIT`).
const LONGEST_WAIT_S: u32 = 3_600;
/// What each wait grows or shrinks by, in seconds.
const STEP_S: u32 = 60;
/// Least time between two crawls of a queue, in seconds.
const LEAST_S: u32 = 5;
/// Minutes ahead that a crawl sorts what will expire into.
const MINUTES: usize = 60;

/// When each queue is crawled.
pub(super) struct Crawler {
    plans: [[Plan; Queue::ALL.len()]; CLASSES],
}

#[derive(Clone, Copy, Default)]
struct Plan {
    /// Second after which it is crawled next.
    next: u32,
    /// Seconds of wait, beyond the least.
    wait: u32,
}

impl Crawler {
    pub(super) fn new() -> Self {
        Self {
            plans: [[Plan::default(); Queue::ALL.len()]; CLASSES],
        }
    }
}

impl Memcached {
    /// Crawls the queues whose time has come.
    pub(super) fn crawl(&mut self, now: u32) {
        for class in 1..=self.slabs.largest() {
            for queue in Queue::ALL {
                let Some(mut plan) = self.plan(class, queue).copied() else {
                    continue;
                };
                if now <= plan.next {
                    continue;
                }
                self.crawl_queue(class, queue, now, &mut plan);
                if let Some(slot) = self.plan(class, queue) {
                    *slot = plan;
                }
            }
        }
    }

    fn plan(&mut self, class: usize, queue: Queue) -> Option<&mut Plan> {
        self.crawler.plans.get_mut(class)?.get_mut(queue as usize)
    }

    fn crawl_queue(&mut self, class: usize, queue: Queue, now: u32, plan: &mut Plan) {
        let mut due = [0u64; MINUTES];
        let mut expirable = 0u64;
        let list = self.items.list(class, queue);
        let mut next = if list.expirable > 0 { list.tail } else { NONE };
        while next != NONE {
            let key = next;
            let item = self.items.item(key);
            next = self.items.newer(key);
            if item.expires < now {
                self.expire(key);
            } else if item.expires != NEVER {
                expirable += 1;
                let minute = (item.expires - now) / 60;
                if let Some(count) = due.get_mut(minute as usize) {
                    *count += 1;
                }
            }
        }
        let enough = expirable / 100 + 1;
        let mut found = 0;
        for (minute, count) in due.iter().enumerate() {
            found += count;
            if found > enough {
                if plan.wait < minute as u32 * STEP_S {
                    plan.wait += STEP_S;
                } else {
                    plan.wait = plan.wait.saturating_sub(STEP_S);
                }
                break;
            }
        }
        if found == 0 {
            plan.wait += STEP_S;
        }
        plan.wait = plan.wait.min(LONGEST_WAIT_S);
        let first = due.first().copied().unwrap_or(0);
        let worthwhile = (60 * enough).checked_div(first).map_or(0, |s| s.min(60) as u32);
        plan.next = now + LEAST_S + plan.wait.max(worthwhile);
    }
}
