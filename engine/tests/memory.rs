//! What the policies take per key, by counting what they allocate. Alone in its program: other tests allocate too.

use cacheplan_engine::policy::{KeyId, Limit, REGISTRY, Setup, next_requests};
use cacheplan_engine::random::Stream;
use cap::Cap;
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

const KEYS: u32 = 200_000;

/// Most bytes for each resident key, beside the index of known keys. Keys that a policy remembers count as taken by the
/// resident ones.
const BOUND: f64 = 32.0;

#[test]
fn policies_take_few_bytes_per_key() {
    let mut stream = Stream::new(1, 0);
    let skewed = |u: f64| (u * u * f64::from(KEYS)) as KeyId;
    let requests: Vec<KeyId> = (0..1_000_000).map(|_| skewed(stream.unit())).collect();
    let next = next_requests(&requests, KEYS as usize);
    println!("policy       capacity  bytes/resident key  bytes/known key");
    for entry in REGISTRY {
        // Arrays grow in steps, so that how much of them lies idle depends on the capacity.
        for capacity in [10_000, 23_000, 50_000] {
            let setup = Setup {
                capacity,
                keys: KEYS,
                seed: 1,
            };
            let before = ALLOCATOR.allocated();
            let mut cache = entry.replay(Limit::Objects(capacity), setup);
            let empty = ALLOCATOR.allocated();
            cache.advance_knowing(&requests, &[], &next);
            let full = ALLOCATOR.allocated();
            assert_eq!(cache.used(), capacity, "{}: the cache is not full", entry.name);
            let resident = (full - empty) as f64 / capacity as f64;
            let known = (empty - before) as f64 / f64::from(KEYS);
            println!("{:12} {capacity:8}  {resident:18.1}  {known:15.2}", entry.name);
            assert!(resident <= BOUND, "{}: {resident}", entry.name);
            // The index, and a byte where requests are counted.
            let most = if entry.name == "w-tinylfu" { 5.01 } else { 4.01 };
            assert!(known <= most, "{}: {known}", entry.name);
        }
    }
}
