//! How the application reaches the cache.

use serde::{Deserialize, Serialize};

/// How the application reaches the cache. Access is cache-aside: read the cache, on a miss read the database
/// and store; write the database and store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Client {
    /// Round trip between application and cache: 1 µs to 10 s.
    pub round_trip_us: u32,
    /// Connections that the application keeps open to each node: 0 to 65,000. Their buffers count against `maxmemory`
    /// of Redis and Valkey.
    pub connections: u32,
}

impl Default for Client {
    fn default() -> Self {
        // Same-zone round trip: reference throughput.md section 4, 0.15 to 0.5 ms.
        Self {
            round_trip_us: 300,
            connections: 50,
        }
    }
}
