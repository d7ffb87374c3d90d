//! Replaying a trace through one policy at full speed: no cluster, no TTL, every request a read.
//!
//! As libCacheSim does it: look the object up; on a miss, unless the object alone is larger than the cache, evict
//! until it fits, then store it. Every request counts, there is no warm-up, and an object keeps one size.

use super::{Access, KeyId, NEVER, Policy, Setup};
use crate::units::Micros;
use std::hint::black_box;

/// Requests that are looked ahead.
const AHEAD: usize = 16;

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
    ///
    /// To a policy that needs the future no key seems to be asked for again; see
    /// [`advance_knowing`](Self::advance_knowing).
    fn advance(&mut self, keys: &[KeyId], sizes: &[u32]) -> u64;

    /// The same with the future: `next[i]` is the part of [`next_requests`] that belongs to `keys[i]`.
    fn advance_knowing(&mut self, keys: &[KeyId], sizes: &[u32], next: &[u64]) -> u64;

    /// What is stored, in the unit of the capacity. Never more than the capacity.
    fn used(&self) -> u64;
}

/// For each request of a trace the number of the next one for the same key, [`NEVER`] if there is none.
/// `objects` is the number of different keys.
pub fn next_requests(keys: &[KeyId], objects: usize) -> Vec<u64> {
    let mut following = vec![NEVER; objects];
    let mut next = vec![NEVER; keys.len()];
    for (number, (key, next)) in keys.iter().zip(&mut next).enumerate().rev() {
        if let Some(following) = following.get_mut(*key as usize) {
            *next = std::mem::replace(following, number as u64);
        }
    }
    next
}

/// A replay compiled for the policy `P`, so that the calls of a request become one loop.
struct Cache<P> {
    policy: P,
    limit: Limit,
    /// Bytes stored; not kept where capacity counts objects.
    bytes: u64,
    /// Requests so far. Policies that go by time see it as the time.
    requests: u64,
}

/// An empty cache of this policy alone.
pub(super) fn cache_of<P: Policy + Send + 'static>(limit: Limit, setup: Setup) -> Box<dyn Replay + Send> {
    Box::new(Cache {
        policy: P::new(setup),
        limit,
        bytes: 0,
        requests: 0,
    })
}

impl<P: Policy> Cache<P> {
    /// Sends requests to `serve`, which tells whether they hit; returns how many missed. The size of an access is
    /// left to `serve`.
    #[inline(always)]
    fn each(
        &mut self,
        keys: &[KeyId],
        next: &[u64],
        mut serve: impl FnMut(&mut Self, Access) -> bool,
    ) -> u64 {
        let mut misses = 0;
        let mut next = next.iter();
        let mut chunks = keys.chunks(AHEAD).peekable();
        while let Some(chunk) = chunks.next() {
            let ahead = chunks.peek().copied().unwrap_or_default();
            black_box(
                ahead
                    .iter()
                    .fold(0, |sum, key| sum ^ self.policy.look_ahead(*key)),
            );
            for &key in chunk {
                self.requests += 1;
                let mut access = Access {
                    key,
                    size: 1,
                    now: Micros(self.requests),
                    next: NEVER,
                };
                if P::needs_future() {
                    access.next = next.next().copied().unwrap_or(NEVER);
                }
                misses += u64::from(!serve(self, access));
            }
        }
        misses
    }

    fn by_objects(&mut self, keys: &[KeyId], next: &[u64], capacity: u64) -> u64 {
        self.each(keys, next, |cache, access| {
            let hit = cache.policy.touch(access);
            if !hit {
                let fits = (cache.policy.len() as u64) < capacity;
                if !cache.policy.admits(access) || (!fits && cache.policy.evict(access).is_none()) {
                    return false;
                }
                cache.policy.insert(access);
            }
            while cache.policy.overflow().is_some() {}
            hit
        })
    }

    fn by_bytes(&mut self, keys: &[KeyId], sizes: &[u32], next: &[u64], capacity: u64) -> u64 {
        let size_of = |key: KeyId| sizes.get(key as usize).copied().unwrap_or(0);
        self.each(keys, next, |cache, access| {
            let access = Access {
                size: size_of(access.key),
                ..access
            };
            let hit = cache.policy.touch(access);
            if !hit {
                let size = u64::from(access.size);
                if size > capacity || !cache.policy.admits(access) {
                    return false;
                }
                while cache.bytes + size > capacity {
                    let Some(victim) = cache.policy.evict(access) else {
                        return false;
                    };
                    cache.bytes -= u64::from(size_of(victim));
                }
                cache.policy.insert(access);
                cache.bytes += size;
            }
            while let Some(victim) = cache.policy.overflow() {
                cache.bytes -= u64::from(size_of(victim));
            }
            hit
        })
    }
}

impl<P: Policy> Replay for Cache<P> {
    fn advance(&mut self, keys: &[KeyId], sizes: &[u32]) -> u64 {
        self.advance_knowing(keys, sizes, &[])
    }

    fn advance_knowing(&mut self, keys: &[KeyId], sizes: &[u32], next: &[u64]) -> u64 {
        match self.limit {
            Limit::Objects(capacity) => self.by_objects(keys, next, capacity),
            Limit::Bytes(capacity) => self.by_bytes(keys, sizes, next, capacity),
        }
    }

    fn used(&self) -> u64 {
        match self.limit {
            Limit::Objects(_) => self.policy.len() as u64,
            Limit::Bytes(_) => self.bytes,
        }
    }
}
