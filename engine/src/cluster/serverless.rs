//! ElastiCache Serverless: what a command costs, and what the cache can take at a time
//! (`reference/aws/limits_and_metrics.md` sections 1 and 5).

use crate::catalog::Engine;
use crate::units::{Bytes, Micros};

/// ECPUs a second that an empty cache takes.
const FIRST_ECPU_PER_S: f64 = 30_000.0;

/// ECPUs a second of the keys of one hash slot.
const SLOT_ECPU_PER_S: f64 = 30_000.0;

/// How many times as much either is where reads may go to copies (`READONLY`): 90,000 against 30,000.
const WITH_COPIES: f64 = 3.0;

/// ECPUs a second of a cache at most: from memory, as the reference says.
pub const MOST_ECPU_PER_S: f64 = 15e6;

/// Data of a cache at most, 5,000 GB: likewise.
pub const MOST_BYTES: Bytes = Bytes(5_000_000_000_000);

/// The cache grows while it is asked for more than its capacity over this: an assumption, as only the pace is published.
const HEADROOM: f64 = 2.0;

/// Mean time that the service adds to a command: a GET of Serverless takes 0.5 to 1.2 ms at the median, the round trip
/// within a zone 0.3 ms (`reference/aws/throughput.md` section 4, from memory).
pub const SERVICE_US: f64 = 600.0;

/// Time on a processor that an ECPU stands for: AWS's assessment tool counts 3 µs.
pub const ECPU_US: f64 = 3.0;

/// Bytes that an ECPU pays for.
const ECPU_BYTES: f64 = 1_000.0;

/// ECPUs of a command that transfers a value of so many bytes and takes `cost` times the processor of a simple one: one
/// per KB or per share of processor, whichever is more, and at least one.
pub fn ecpu(bytes: f64, cost: f64) -> f64 {
    (bytes / ECPU_BYTES).max(cost).max(1.0)
}

/// Seconds in which the capacity doubles at most: 2 to 3 min from Valkey 8.0 on, 10 to 12 min before and with Memcached,
/// whose pace is not published. The shorter ones are taken: with two minutes a cache that reads from copies gets from
/// empty to 5 million requests a second in 12 min, and "under 13" was announced.
fn doubling_s(engine: Engine) -> f64 {
    match engine {
        Engine::RedisOss7 | Engine::Valkey72 | Engine::Memcached16 => 600.0,
        Engine::Valkey80 | Engine::Valkey81 | Engine::Valkey90 | Engine::Valkey91 => 120.0,
    }
}

/// What a cache takes now, ECPUs a second.
#[derive(Clone, Debug)]
pub struct Capacity {
    now: f64,
    most: f64,
    doubling_s: f64,
}

impl Capacity {
    /// That of an empty cache between the least and the most that are set, whose copies are read or not.
    pub fn new(engine: Engine, copies: bool, least: f64, most: f64) -> Self {
        let first = FIRST_ECPU_PER_S * if copies { WITH_COPIES } else { 1.0 };
        Self {
            now: first.max(least).min(most),
            most,
            doubling_s: doubling_s(engine),
        }
    }

    /// ECPUs a second.
    pub fn ecpu_per_s(&self) -> f64 {
        self.now
    }

    /// Whether it can grow no more.
    pub fn is_at_most(&self) -> bool {
        self.now >= self.most
    }

    /// As it is where this demand has gone on for long.
    pub fn settle(&mut self, demand: f64) {
        self.now = self.now.max(HEADROOM * demand).min(self.most);
    }

    /// Lets some seconds with this demand pass. It is taken never to shrink again within a run: how fast it does is not
    /// published.
    pub fn advance(&mut self, seconds: f64, demand: f64) {
        let grown = self.now * libm::exp2(seconds / self.doubling_s);
        self.settle(demand.min(grown / HEADROOM));
    }
}

/// ECPUs a second that the keys of one slot get; Memcached has no slots.
pub fn slot_ecpu_per_s(engine: Engine, copies: bool) -> f64 {
    if engine.is_memcached() {
        f64::INFINITY
    } else {
        SLOT_ECPU_PER_S * if copies { WITH_COPIES } else { 1.0 }
    }
}

/// ECPUs that may be used: they come at a steady rate, and those of some time can be saved up.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    left: f64,
    at: Micros,
}

impl Bucket {
    /// A full one: of so many ECPUs.
    pub fn full(ecpu: f64) -> Self {
        Self {
            left: ecpu,
            at: Micros(0),
        }
    }

    /// Whether any are left, so many coming each second and those of so many seconds being saved up. The last command
    /// may use more than there are; those after it wait for that.
    pub fn allows(&mut self, now: Micros, ecpu_per_s: f64, seconds: f64) -> bool {
        let came = now.0.saturating_sub(self.at.0) as f64 * 1e-6 * ecpu_per_s;
        self.left = (self.left + came).min(ecpu_per_s * seconds);
        self.at = now;
        self.left > 0.0
    }

    /// Uses some.
    pub fn take(&mut self, ecpu: f64) {
        self.left -= ecpu;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64) {
        assert!(
            (found / expected - 1.0).abs() < 1e-9,
            "{found} and not {expected}"
        );
    }

    #[test]
    fn a_command_costs_its_kilobytes_or_its_processor() {
        // The examples of the service's documentation.
        for (bytes, cost, expected) in [
            (500.0, 1.0, 1.0),
            (1_000.0, 1.0, 1.0),
            (3_200.0, 1.0, 3.2),
            (3_200.0, 3.0, 3.2),
            (2_000.0, 3.0, 3.0),
        ] {
            near(ecpu(bytes, cost), expected);
        }
    }

    #[test]
    fn capacity_doubles_in_its_time_and_no_further_than_is_asked_for() {
        let mut capacity = Capacity::new(Engine::Valkey81, false, 0.0, MOST_ECPU_PER_S);
        near(capacity.ecpu_per_s(), 30_000.0);
        // Half of it leaves the headroom that it keeps.
        capacity.advance(600.0, 15_000.0);
        near(capacity.ecpu_per_s(), 30_000.0);
        for seconds in [60.0, 30.0, 30.0] {
            capacity.advance(seconds, 1e6);
        }
        near(capacity.ecpu_per_s(), 60_000.0);
        capacity.advance(240.0, 1e6);
        near(capacity.ecpu_per_s(), 240_000.0);
        capacity.advance(3_600.0, 200_000.0);
        near(capacity.ecpu_per_s(), 400_000.0);
        capacity.advance(3_600.0, 10.0);
        near(capacity.ecpu_per_s(), 400_000.0);
        let mut old = Capacity::new(Engine::RedisOss7, false, 0.0, MOST_ECPU_PER_S);
        old.advance(600.0, 1e6);
        near(old.ecpu_per_s(), 60_000.0);
    }

    #[test]
    fn five_million_a_second_are_reached_in_under_13_minutes() {
        let mut capacity = Capacity::new(Engine::Valkey80, true, 0.0, MOST_ECPU_PER_S);
        near(capacity.ecpu_per_s(), 90_000.0);
        capacity.advance(13.0 * 60.0, 5e6);
        assert!(capacity.ecpu_per_s() >= 5e6);
    }

    #[test]
    fn bounds_that_are_set_hold() {
        let mut capacity = Capacity::new(Engine::Valkey81, false, 100_000.0, 150_000.0);
        near(capacity.ecpu_per_s(), 100_000.0);
        capacity.advance(3_600.0, 1e6);
        near(capacity.ecpu_per_s(), 150_000.0);
        assert!(capacity.is_at_most());
        assert!(Capacity::new(Engine::Valkey81, false, 0.0, 1_000.0).is_at_most());
    }

    #[test]
    fn no_more_gets_through_than_comes() {
        let mut bucket = Bucket::full(100.0);
        let mut through = 0;
        // 1,000 commands a second for ten seconds, where 100 ECPUs come each second and a second's are saved up.
        for number in 0..10_000_u64 {
            if bucket.allows(Micros(number * 1_000), 100.0, 1.0) {
                bucket.take(1.0);
                through += 1;
            }
        }
        assert!((1_098..=1_101).contains(&through), "{through}");
    }
}
