//! Recency and frequency as the server keeps them, in 24 bits per key: `reference/servers.md` sections 1.6 and 1.7.

use crate::random::Stream;
use crate::units::Micros;

const SECOND: u64 = 1_000_000;
const MINUTE: u64 = 60 * SECOND;

/// Bits of the LRU clock.
const CLOCK_MASK: u32 = (1 << 24) - 1;

/// Counter of a new key, so that it is not evicted before it could be used.
const INITIAL: u32 = 5;

/// What the server stamps keys with.
#[derive(Clone, Debug)]
pub(super) enum Clock {
    /// The time of the last use in seconds.
    Lru {
        /// How far into a second the server's clock was when the simulation began, microseconds.
        phase: u64,
    },
    /// The minute of the last use and a logarithmic counter.
    Lfu {
        /// How far into a minute the server's clock was when the simulation began, microseconds.
        phase: u64,
        /// `lfu-log-factor`.
        log_factor: u32,
        /// `lfu-decay-time`, minutes; 0 for never.
        decay_min: u32,
        /// Whether a counter that is looked at is written back decayed, with the present minute (Valkey 9.1).
        writes_back: bool,
    },
}

impl Clock {
    /// The stamp of a key that is stored for the first time.
    pub(super) fn fresh(&self, now: Micros) -> u32 {
        match self {
            Self::Lru { phase } => seconds(now, *phase),
            Self::Lfu { phase, .. } => minutes(now, *phase) << 8 | INITIAL,
        }
    }

    /// The stamp of a key that is used.
    pub(super) fn touch(&self, stamp: u32, now: Micros, random: &mut Stream) -> u32 {
        match self {
            Self::Lru { phase } => seconds(now, *phase),
            Self::Lfu {
                phase, log_factor, ..
            } => {
                let counter = increment(self.decayed(stamp, now), *log_factor, random);
                minutes(now, *phase) << 8 | counter
            }
        }
    }

    /// How good a candidate for eviction the key is, and its stamp after having been looked at.
    pub(super) fn score(&self, stamp: u32, now: Micros) -> (u64, u32) {
        match self {
            Self::Lru { phase } => {
                let idle = seconds(now, *phase).wrapping_sub(stamp) & CLOCK_MASK;
                (u64::from(idle), stamp)
            }
            Self::Lfu {
                phase, writes_back, ..
            } => {
                let counter = self.decayed(stamp, now);
                let seen = if *writes_back {
                    minutes(now, *phase) << 8 | counter
                } else {
                    stamp
                };
                (u64::from(255 - counter), seen)
            }
        }
    }

    /// The counter of a stamp, less what it has lost since.
    fn decayed(&self, stamp: u32, now: Micros) -> u32 {
        let counter = stamp & 255;
        match self {
            Self::Lfu { phase, decay_min, .. } => {
                let elapsed = minutes(now, *phase).wrapping_sub(stamp >> 8) & 0xFFFF;
                counter.saturating_sub(elapsed.checked_div(*decay_min).unwrap_or(0))
            }
            Self::Lru { .. } => counter,
        }
    }
}

fn seconds(now: Micros, phase: u64) -> u32 {
    ((now.0 + phase) / SECOND) as u32 & CLOCK_MASK
}

fn minutes(now: Micros, phase: u64) -> u32 {
    ((now.0 + phase) / MINUTE) as u32 & 0xFFFF
}

/// One more use, counted with a probability that falls with the count.
#[inline(never)]
fn increment(counter: u32, log_factor: u32, random: &mut Stream) -> u32 {
    if counter >= 255 {
        return 255;
    }
    let above = f64::from(counter.saturating_sub(INITIAL));
    let odds = 1.0 / (above * f64::from(log_factor) + 1.0);
    counter + u32::from(random.unit() < odds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Micros {
        Micros(seconds * SECOND)
    }

    #[test]
    fn idle_time_is_in_whole_seconds_and_survives_the_wrap() {
        let lru = Clock::Lru { phase: 600_000 };
        let stamp = lru.fresh(Micros(300_000));
        assert_eq!(lru.score(stamp, Micros(399_999)).0, 0);
        assert_eq!(
            lru.score(stamp, Micros(400_000)).0,
            1,
            "the clock ticks at its own phase"
        );
        let mut random = Stream::new(1, 0);
        let before = lru.touch(stamp, at((1 << 24) - 2), &mut random);
        assert_eq!(lru.score(before, at((1 << 24) + 8)).0, 10);
    }

    fn counter_after(hits: u32, log_factor: u32) -> f64 {
        let mut random = Stream::new(7, 0);
        let runs = 200;
        let sum: u32 = (0..runs)
            .map(|_| (0..hits).fold(INITIAL, |counter, _| increment(counter, log_factor, &mut random)))
            .sum();
        f64::from(sum) / f64::from(runs)
    }

    #[test]
    fn counters_climb_as_documented() {
        // Section 1.7, the table of the documentation with factor 10: 100 hits to 10, 1,000 to 18, 100,000 to 142.
        assert!((counter_after(100, 10) - 10.0).abs() < 1.0);
        assert!((counter_after(1_000, 10) - 18.0).abs() < 2.0);
        assert!((counter_after(100_000, 10) - 142.0).abs() < 5.0);
        assert_eq!(counter_after(1_000, 0) as u32, 255);
    }

    #[test]
    fn counters_decay_by_the_minute() {
        let lfu = |decay_min, writes_back| Clock::Lfu {
            phase: 0,
            log_factor: 10,
            decay_min,
            writes_back,
        };
        let stamp = 3 << 8 | 100;
        assert_eq!(lfu(1, false).score(stamp, at(3 * 60)), (155, stamp));
        assert_eq!(lfu(1, false).score(stamp, at(13 * 60)), (165, stamp));
        assert_eq!(lfu(4, false).score(stamp, at(14 * 60)), (157, stamp));
        assert_eq!(lfu(0, false).score(stamp, at(500 * 60)), (155, stamp));
        assert_eq!(lfu(1, false).score(stamp, at(500 * 60)), (255, stamp));
        assert_eq!(lfu(4, true).score(stamp, at(14 * 60)), (157, 14 << 8 | 98));
        let wrapped = lfu(1, false).score(65_530 << 8 | 100, at(65_540 * 60));
        assert_eq!(wrapped.0, 165, "minutes wrap at 16 bits");
    }
}
