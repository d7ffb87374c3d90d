//! Replaying a trace through one policy at full speed: no cluster, no TTL, every request a read.
//!
//! As libCacheSim does it: look the object up; on a miss, unless the object alone is larger than the cache, evict
//! until it fits, then store it. Every request counts, there is no warm-up, and an object keeps one size.

use super::{Access, KeyId, Policy, Setup};
use crate::units::Micros;

/// What a replayed cache's capacity counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// So many objects, whatever their size.
    Objects(u64),
    /// So many bytes; an object larger than that is never stored.
    Bytes(u64),
}

/// A cache of one policy that a trace is replayed through.
pub trait Replay {
    /// Replays requests in order and returns how many missed.
    ///
    /// `sizes[k]` is the size of the object with key number k, the same in every call. It is not looked at, and
    /// may be empty, where capacity counts objects; an object without a size takes no bytes.
    fn advance(&mut self, keys: &[KeyId], sizes: &[u32]) -> u64;

    /// What is stored, in the unit of the capacity. Never more than the capacity.
    fn used(&self) -> u64;
}

/// A replay compiled for the policy `P`: the calls of a request are inlined into one loop.
struct Cache<P> {
    policy: P,
    limit: Limit,
    /// Bytes stored; not kept where capacity counts objects.
    bytes: u64,
    /// Requests so far. Policies that go by time see it as the time.
    requests: u64,
}

pub(super) fn boxed<P: Policy + Send + 'static>(limit: Limit, setup: Setup) -> Box<dyn Replay + Send> {
    Box::new(Cache {
        policy: P::new(setup),
        limit,
        bytes: 0,
        requests: 0,
    })
}

impl<P: Policy> Cache<P> {
    fn by_objects(&mut self, keys: &[KeyId], capacity: u64) -> u64 {
        let mut misses = 0;
        for &key in keys {
            let access = self.next(key, 1);
            if self.policy.touch(access) {
                continue;
            }
            misses += 1;
            if self.policy.len() as u64 >= capacity && self.policy.evict(access).is_none() {
                continue;
            }
            self.policy.insert(access);
        }
        misses
    }

    fn by_bytes(&mut self, keys: &[KeyId], sizes: &[u32], capacity: u64) -> u64 {
        let size_of = |key: KeyId| sizes.get(key as usize).copied().unwrap_or(0);
        let mut misses = 0;
        'requests: for &key in keys {
            let access = self.next(key, size_of(key));
            if self.policy.touch(access) {
                continue;
            }
            misses += 1;
            let size = u64::from(access.size);
            if size > capacity {
                continue;
            }
            while self.bytes + size > capacity {
                let Some(victim) = self.policy.evict(access) else {
                    continue 'requests;
                };
                self.bytes -= u64::from(size_of(victim));
            }
            self.policy.insert(access);
            self.bytes += size;
        }
        misses
    }

    #[inline]
    fn next(&mut self, key: KeyId, size: u32) -> Access {
        self.requests += 1;
        Access {
            key,
            size,
            now: Micros(self.requests),
        }
    }
}

impl<P: Policy> Replay for Cache<P> {
    fn advance(&mut self, keys: &[KeyId], sizes: &[u32]) -> u64 {
        match self.limit {
            Limit::Objects(capacity) => self.by_objects(keys, capacity),
            Limit::Bytes(capacity) => self.by_bytes(keys, sizes, capacity),
        }
    }

    fn used(&self) -> u64 {
        match self.limit {
            Limit::Objects(_) => self.policy.len() as u64,
            Limit::Bytes(_) => self.bytes,
        }
    }
}
