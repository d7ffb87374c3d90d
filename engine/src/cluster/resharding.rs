//! How long moving slots takes (`reference/servers.md` section 4.3).

use crate::units::Micros;

/// `MIGRATE`: what one call costs, during which the source does nothing else.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Migrate {
    /// Seconds for each call, the way of the keys to the target and back included.
    pub call_s: f64,
    /// Seconds for each key: to dump, send and restore it.
    pub key_s: f64,
}

/// Keys in a call of `redis-cli --cluster reshard` unless it is told otherwise.
pub const BATCH: u32 = 10;

impl Migrate {
    /// Between nodes that are a round trip apart: 20 µs a key and 7 ns a byte.
    ///
    /// From what was published for values of 16 KB on c4-standard-8 (0.1 GB/s in batches of 10), and within what was
    /// recorded of Redis and Valkey for 1,000 bytes on one machine (19 to 36 µs a key).
    pub fn typical(round_trip: Micros, value_bytes: f64) -> Self {
        Self {
            call_s: 2.0 * round_trip.as_secs(),
            key_s: 20e-6 + 7e-9 * value_bytes,
        }
    }

    /// Seconds of one call with so many keys: the source is blocked for as long.
    pub fn call(&self, keys: f64) -> f64 {
        self.call_s + self.key_s * keys
    }

    /// Keys per second of calls one after the other.
    pub fn keys_per_s(&self, batch: f64) -> f64 {
        batch / self.call(batch)
    }

    /// Seconds to move slots one after the other, with `batch` keys a call. Besides the calls there are four round trips
    /// to open and close a slot, and one for each list of keys.
    pub fn slots_s(&self, slots: f64, keys: f64, batch: u32, round_trip: Micros) -> f64 {
        let calls = libm::ceil(keys / slots.max(1.0) / f64::from(batch.max(1))) * slots;
        (4.0 * slots + calls) * round_trip.as_secs() + calls * self.call_s + keys * self.key_s
    }
}

/// Bytes per second that the atomic migration of Valkey 9 sends to one target while nothing else happens
/// (c4-standard-8: 10 GB in 10.7 s).
pub const ATOMIC_IDLE: f64 = 0.9e9;
/// The same under load (31 s).
pub const ATOMIC_LOADED: f64 = 0.33e9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_migration_takes_as_long_as_published() {
        // 10 GB of values of 16 KB, a quarter of the slots: 102 s.
        let (round_trip, value) = (Micros(100), 16_384.0);
        let keys = 10e9 / value;
        let migrate = Migrate::typical(round_trip, value);
        let seconds = migrate.slots_s(4_096.0, keys, BATCH, round_trip);
        assert!((seconds / 102.0 - 1.0).abs() < 0.15, "{seconds}");
        assert!((10e9 / ATOMIC_IDLE - 10.7f64).abs() < 0.5 && (10e9 / ATOMIC_LOADED - 31.0f64).abs() < 1.0);
    }

    #[test]
    fn larger_calls_move_more_and_block_longer() {
        let migrate = Migrate {
            call_s: 3e-4,
            key_s: 2e-5,
        };
        assert!((migrate.keys_per_s(1.0) - 3_125.0).abs() < 1e-9);
        assert!((migrate.keys_per_s(10.0) - 20_000.0).abs() < 1e-9);
        assert!((migrate.call(1_000.0) - 0.0203).abs() < 1e-12);
        // 100 slots of 25 keys: three calls each.
        let round_trip = Micros(1_000);
        let expected = 700.0 * 1e-3 + 300.0 * 3e-4 + 2_500.0 * 2e-5;
        assert!((migrate.slots_s(100.0, 2_500.0, BATCH, round_trip) - expected).abs() < 1e-12);
    }
}
