//! The store of record behind the cache.

use crate::queue::Queue;
use crate::scenario::Database;

/// An idle database: as many parallel servers as complete its capacity when each takes the mean latency.
pub fn queue(database: &Database) -> Queue {
    Queue::new(database.capacity_per_s.0, f64::from(database.latency_us) * 1e-6)
}
