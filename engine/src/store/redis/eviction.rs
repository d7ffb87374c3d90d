//! Which keys go when memory is full: `reference/servers.md` sections 1.3 to 1.5.

use super::pool::Pool;
use super::{ABSENT, Costs, RedisStore};
use crate::scenario::parameters::redis::{MaxmemoryPolicy, Redis};
use crate::store::{Cause, NEVER};
use crate::units::Micros;

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
    samples: usize,
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
            samples: parameters.maxmemory_samples as usize,
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
                Choice::Random if self.eviction.volatile => self.expires.random(&mut self.random),
                Choice::Random => match &self.main {
                    Some(main) => main.random(&mut self.random),
                    None => None,
                },
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

    /// The best candidate after sampling once more, or as often as it takes.
    fn best_sampled(&mut self, now: Micros) -> Option<u32> {
        let Self {
            main,
            expires,
            entries,
            stamps,
            eviction,
            clock,
            random,
            memory,
            ..
        } = self;
        let table = match main {
            Some(main) if !eviction.volatile => main,
            _ => expires,
        };
        let by_ttl = eviction.choice == Choice::Ttl;
        while table.len() > 0 {
            memory.look(eviction.samples as u64);
            let pool = &mut eviction.pool;
            table.sample(eviction.samples, random, |keys| {
                if by_ttl {
                    for key in keys {
                        if let Some(entry) = entries.get(*key as usize) {
                            pool.offer(*key, u64::MAX - entry.expires.0 / 1_000);
                        }
                    }
                    return;
                }
                // All stamps are read before the first is used: they arrive side by side.
                let stamp = |key: &u32| stamps.get(*key as usize).copied().unwrap_or(0);
                core::hint::black_box(keys.iter().map(stamp).fold(0, |all, one| all ^ one));
                for key in keys {
                    if let Some(stamp) = stamps.get_mut(*key as usize) {
                        let (score, seen) = clock.score(*stamp, now);
                        *stamp = seen;
                        pool.offer(*key, score);
                    }
                }
            });
            while let Some(key) = pool.take() {
                let entry = entries.get(key as usize).copied().unwrap_or(ABSENT);
                if entry.keys > 0 && (entry.expires != NEVER || !eviction.volatile) {
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
