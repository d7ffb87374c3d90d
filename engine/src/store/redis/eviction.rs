//! Which keys go when memory is full: `reference/servers.md` sections 1.3 to 1.5.

use super::entry::ABSENT;
use super::pool::Pool;
use super::table::Start;
use super::{Costs, RedisStore};
use crate::scenario::parameters::redis::{MaxmemoryPolicy, Redis};
use crate::store::Cause;
use crate::units::Micros;
use std::collections::VecDeque;

/// Evictions that are looked ahead at a time.
const AHEAD: usize = 4;

/// How a victim is chosen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    /// The best of a pool of samples by recency or frequency.
    Stamp,
    /// The best of a pool of samples by expiry time.
    Ttl,
    /// At random.
    Random,
    /// There is none.
    Nothing,
}

impl From<MaxmemoryPolicy> for Choice {
    fn from(policy: MaxmemoryPolicy) -> Self {
        match policy {
            MaxmemoryPolicy::AllkeysLru
            | MaxmemoryPolicy::VolatileLru
            | MaxmemoryPolicy::AllkeysLfu
            | MaxmemoryPolicy::VolatileLfu => Self::Stamp,
            MaxmemoryPolicy::VolatileTtl => Self::Ttl,
            MaxmemoryPolicy::AllkeysRandom | MaxmemoryPolicy::VolatileRandom => Self::Random,
            MaxmemoryPolicy::Noeviction => Self::Nothing,
        }
    }
}

/// How victims are chosen, and the candidates so far.
pub(super) struct Eviction {
    choice: Choice,
    /// Whether victims come from the keys with a TTL.
    volatile: bool,
    /// `maxmemory-samples`.
    wanted: usize,
    /// Where the next samplings begin, drawn ahead, so that what they will meet can be looked at before.
    starts: VecDeque<Start>,
    /// The keys sampled last.
    sampled: Vec<u32>,
    /// Most evictions of one command, in keys.
    per_command: u64,
    pool: Pool,
}

impl Eviction {
    pub(super) fn new(parameters: &Redis, costs: Costs) -> Self {
        let policy = parameters.maxmemory_policy;
        Self {
            choice: policy.into(),
            volatile: policy.is_volatile(),
            wanted: parameters.maxmemory_samples as usize,
            starts: VecDeque::with_capacity(2 * AHEAD),
            sampled: Vec::new(),
            per_command: per_command(parameters.maxmemory_eviction_tenacity, costs.evict_us),
            pool: Pool::default(),
        }
    }
}

impl RedisStore {
    /// Frees memory down to the limit, as far as one command may. False when nothing may go.
    #[inline(never)]
    pub(super) fn evict(&mut self, now: Micros) -> bool {
        let mut done = 0;
        while !self.fits() {
            let victim = match self.eviction.choice {
                Choice::Stamp | Choice::Ttl => self.best_sampled(now),
                Choice::Random => self.any(),
                Choice::Nothing => None,
            };
            let Some(victim) = victim else {
                return false;
            };
            let keys = u64::from(self.remove(victim, Cause::Evicted));
            self.evicted += keys;
            done += keys;
            if done >= self.eviction.per_command {
                break;
            }
        }
        true
    }

    /// One at random of the keys that may go.
    fn any(&mut self) -> Option<u32> {
        let table = self.tables.victims(self.eviction.volatile)?;
        table.random(&mut self.random, &mut self.eviction.sampled)
    }

    /// Draws where further samplings begin, and brings what the next evictions will need into the processor's cache: the keys
    /// that will be sampled, from the buckets that were looked at the last time, the best candidates so far, some of which
    /// will be victims, and the buckets for the next time. One by one, each eviction would wait for all of them in turn.
    #[inline(never)]
    fn look_ahead(&mut self) {
        let Eviction {
            volatile,
            wanted,
            starts,
            sampled,
            pool,
            ..
        } = &mut self.eviction;
        let Some(table) = self.tables.victims(*volatile) else {
            return;
        };
        while starts.len() < 2 * AHEAD {
            starts.push_back(table.draw(&mut self.random));
        }
        sampled.clear();
        for start in starts.iter().take(AHEAD) {
            table.foresee(*start, *wanted, &self.random, sampled);
        }
        sampled.extend(pool.best().take(AHEAD));
        let entry = |key: &u32| self.entries.get(*key as usize).copied().unwrap_or(ABSENT);
        let mut known = (sampled.iter()).fold(false, |all, key| all ^ entry(key).is_resident());
        for start in starts.iter().skip(AHEAD) {
            known ^= table.glance_at_start(*start);
        }
        for best in pool.best().take(AHEAD) {
            known ^= self.tables.glance(best);
        }
        core::hint::black_box(known);
    }

    /// The best candidate after sampling once more, or as often as it takes.
    fn best_sampled(&mut self, now: Micros) -> Option<u32> {
        if self.eviction.starts.len() <= AHEAD {
            self.look_ahead();
        }
        let Self {
            tables,
            entries,
            eviction,
            clock,
            random,
            memory,
            ..
        } = self;
        let table = tables.victims(eviction.volatile)?;
        let by_ttl = eviction.choice == Choice::Ttl;
        while table.len() > 0 {
            memory.look(eviction.wanted as u64);
            let Eviction {
                pool,
                starts,
                sampled,
                ..
            } = eviction;
            let start = starts.pop_front().unwrap_or_else(|| table.draw(random));
            table.sample(start, eviction.wanted, random, sampled);
            for key in sampled {
                if let Some(entry) = entries.get_mut(*key as usize) {
                    if by_ttl {
                        pool.offer(*key, u64::MAX - entry.expires_ms());
                        continue;
                    }
                    let (score, seen) = clock.score(entry.stamp(), now);
                    entry.set_stamp(seen);
                    pool.offer(*key, score);
                }
            }
            while let Some(key) = pool.take() {
                let entry = entries.get(key as usize).copied().unwrap_or(ABSENT);
                if entry.is_resident() && (entry.has_ttl() || !eviction.volatile) {
                    return Some(key);
                }
            }
        }
        None
    }
}

/// Evictions that a command may do before its time is up, which the server checks after every sixteenth (section
/// 1.3): 50 µs per step of tenacity up to 10, then 15 % more with each.
fn per_command(tenacity: u32, evict_us: f64) -> u64 {
    let limit_us = match tenacity {
        0..=10 => 50.0 * f64::from(tenacity),
        11..=99 => 500.0 * libm::pow(1.15, f64::from(tenacity - 10)),
        _ => return u64::MAX,
    };
    let checks = libm::floor(limit_us / (16.0 * evict_us)) + 1.0;
    checks as u64 * 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_evicts_more_the_higher_the_tenacity() {
        assert_eq!(per_command(0, 2.0), 16);
        assert_eq!(per_command(10, 2.0), 256);
        assert_eq!(per_command(100, 2.0), u64::MAX);
        assert!(per_command(99, 2.0) > 50_000_000);
    }
}
