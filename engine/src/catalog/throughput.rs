//! What takes from the peak throughput of a node: factors and their sources. All are estimates unless they say so.

/// Part of the peak that is left with TLS: between 0.7 and 0.9 (reference throughput_defaults.json, an estimate).
pub const TLS: f64 = 0.8;

/// Values up to this size cost nothing extra: the peak was stated for them.
const SIMPLE_VALUE_BYTES: f64 = 512.0;
/// What 1 KB costs beyond 512 bytes: 1 / 0.92 (throughput_defaults.json, `value_1KB_vs_512B`, an estimate). The network,
/// which large values fill first, is apart from this.
const KILOBYTE_COST: f64 = 1.0 / 0.92;

/// Simple commands that one with a value of this size counts as: in proportion to the bytes beyond 512.
pub fn value_cost(bytes: f64) -> f64 {
    let beyond = (bytes - SIMPLE_VALUE_BYTES).max(0.0) / (1_024.0 - SIMPLE_VALUE_BYTES);
    1.0 + (KILOBYTE_COST - 1.0) * beyond
}

/// Gets that a set of Memcached counts as: 300,000 gets/s a vCPU against 170,000 sets/s, measured up to 8 threads
/// (tidwall/cache-benchmarks, c8g.8xlarge, 2025-09). Those of Redis and Valkey differ by a few per cent.
pub const MEMCACHED_WRITE: f64 = 300.0 / 170.0;

/// Connections at which throughput has halved (servers.md section 5.3, from the servers' documentation).
const HALVING_CONNECTIONS: f64 = 30_000.0;

/// Part of the peak that is left with so many connections: 1 / (1 + n / 30,000), which also gives the third that the
/// documentation shows for 60,000.
pub fn connections_left(connections: f64) -> f64 {
    1.0 / (1.0 + connections.max(0.0) / HALVING_CONNECTIONS)
}

/// How long a full allowance lasts at burst bandwidth, in seconds: AWS says minutes, 5 to 60 by size. The least is taken.
pub const NETWORK_BURST_S: f64 = 300.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_go_through_their_sources() {
        assert!((value_cost(100.0) - 1.0).abs() < 1e-12);
        assert!((1.0 / value_cost(1_024.0) - 0.92).abs() < 1e-12);
        assert!((connections_left(0.0) - 1.0).abs() < 1e-12);
        assert!((connections_left(30_000.0) - 0.5).abs() < 1e-12);
        // About 150,000/s with few connections and 50,000/s with 60,000.
        assert!((150_000.0 * connections_left(60_000.0) - 50_000.0).abs() < 1.0);
    }
}
