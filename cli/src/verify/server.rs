//! What a recording calls the servers.

use cacheplan_engine::cluster::slots::{SLOTS, slot};
use cacheplan_engine::scenario::parameters::redis::Allocator;
use cacheplan_engine::store::Version;
use std::sync::Arc;

/// A Redis or Valkey server as a recording names it: `valkey-8.1.1`, `redis-7.0.15-deb`, `valkey-8.0.1+cluster`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) version: Version,
    /// Distribution packages are built with the system's allocator.
    pub(crate) allocator: Allocator,
    /// Whether it runs in cluster mode, owning every slot.
    pub(crate) cluster: bool,
}

impl Server {
    /// Reads a name; nothing when it is no Redis or Valkey. A version that is not known counts as the last one
    /// before it that is.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (name, mode) = name.split_once('+').unwrap_or((name, ""));
        let mut parts = name.split('-');
        let product = parts.next()?;
        let mut numbers = parts.next()?.split('.').map(str::parse::<u32>);
        let version = match (product, numbers.next()?.ok()?, numbers.next()?.ok()?) {
            ("redis", ..=6, _) | ("redis", 7, ..=3) | ("valkey", ..=7, _) => Version::Redis7,
            ("redis", ..) => Version::Redis8,
            ("valkey", 8, 0) => Version::Valkey80,
            ("valkey", 8, _) | ("valkey", 9, 0) => Version::Valkey81,
            ("valkey", ..) => Version::Valkey91,
            _ => return None,
        };
        let allocator = match parts.next() {
            Some("deb") => Allocator::SystemJemalloc,
            _ => Allocator::BundledJemalloc,
        };
        Some(Self {
            version,
            allocator,
            cluster: mode == "cluster",
        })
    }

    /// What a connection that was just made takes (`servers.md` section 3.5): reply buffer, query buffer, the client.
    pub(crate) fn fresh_client_bytes(self) -> u64 {
        match self.version {
            Version::Redis7 => 38 << 10,
            _ => 17 << 10,
        }
    }

    /// What a connection takes beside its reply buffer: `mem_clients_normal` of the recorded servers, which differ by
    /// as much as their reply buffers do, less the buffer. From Redis 7.4 and Valkey 9.1 on query buffers are shared.
    pub(crate) fn client_bytes(self) -> u64 {
        match self.version {
            Version::Redis7 | Version::Valkey80 | Version::Valkey81 => 21_120,
            Version::Redis8 | Version::Valkey91 => 640,
        }
    }
}

/// The name of a key, as the recorded sequences have it.
pub(crate) fn key_name(key: u32, length: u32) -> String {
    match length {
        16 => format!("key:{key:012}"),
        ..16 => format!("{key:0width$}", width = length as usize),
        _ => format!("{}{key:012}", "k".repeat(length as usize - 12)),
    }
}

/// The hash slots of the keys below a number.
pub(crate) fn slots(keys: u32, length: u32) -> Arc<[u16]> {
    (0..keys)
        .map(|key| slot(key_name(key, length).as_bytes()))
        .collect()
}

/// How many keys below a number fall into each slot.
pub(crate) fn slot_counts(keys: u32, length: u32) -> Vec<u32> {
    let mut counts = vec![0; usize::from(SLOTS)];
    for slot in slots(keys, length).iter() {
        if let Some(count) = counts.get_mut(usize::from(*slot)) {
            *count += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_version_allocator_and_mode() {
        let of = |name| Server::parse(name).map(|s| (s.version, s.allocator, s.cluster));
        let bundled = Allocator::BundledJemalloc;
        assert_eq!(
            of("redis-7.0.15-deb"),
            Some((Version::Redis7, Allocator::SystemJemalloc, false))
        );
        assert_eq!(of("redis-8.0.6+cluster"), Some((Version::Redis8, bundled, true)));
        assert_eq!(of("redis-7.4.1"), Some((Version::Redis8, bundled, false)));
        assert_eq!(of("valkey-7.2.7"), Some((Version::Redis7, bundled, false)));
        assert_eq!(of("valkey-9.0.0"), Some((Version::Valkey81, bundled, false)));
        assert_eq!(of("valkey-9.1.2"), Some((Version::Valkey91, bundled, false)));
        assert_eq!(of("memcached-1.6.45"), None);
        assert_eq!(of("valkey"), None);
    }

    #[test]
    fn keys_are_named_as_the_generator_does() {
        assert_eq!(key_name(5, 8), "00000005");
        assert_eq!(key_name(5, 16), "key:000000000005");
        assert_eq!(key_name(5, 32), format!("{}000000000005", "k".repeat(20)));
        assert_eq!(slot_counts(1_000, 16).iter().sum::<u32>(), 1_000);
    }
}
