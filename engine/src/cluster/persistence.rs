//! What writing to disk costs: forks, the pages they make the server copy, snapshots and the log of writes
//! (`reference/servers.md` sections 3.6 and 7).

use crate::catalog::Engine;
use crate::units::{Bytes, Micros, Share};

/// How long a fork stops the server: the time to copy the page table, in proportion to its memory. Rates per GB (10^9
/// bytes) range from 9 ms on real hardware to 24 ms on small virtual machines and 240 ms on old ones (section 7).
pub fn fork_pause(memory: Bytes, ms_per_gb: f64) -> Micros {
    Micros((memory.0 as f64 / 1e9 * ms_per_gb * 1e3) as u64)
}

/// Memory of a server as its pages are concerned.
#[derive(Clone, Copy, Debug)]
pub struct Dataset {
    /// All that the keys take: names, values, objects, tables.
    pub bytes: Bytes,
    /// Of these, allocations that hold values alone.
    pub value_bytes: Bytes,
}

/// A page. Huge pages, which copy 512 times as much, are off on every well-kept server.
const PAGE: f64 = 4_096.0;

/// Memory that the child itself dirties while it writes a snapshot of data that nobody changes.
///
/// Measured at 200,000 keys of 1,000 bytes: 1 MiB with Redis 7.0.15, 8 MB with Valkey 8.1.1, whatever the values'
/// content and the duration. It is taken for constant, and that of Valkey 8.1 for all later than Redis 7's.
pub fn child_memory(engine: Engine) -> Bytes {
    match engine {
        Engine::RedisOss7 | Engine::Valkey72 | Engine::Memcached16 => Bytes::mib(1),
        Engine::Valkey80 | Engine::Valkey81 | Engine::Valkey90 | Engine::Valkey91 => Bytes(8_000_000),
    }
}

/// Most bytes that are there twice while a child lives that sees `writes` writes of values of `value_bytes` to keys chosen
/// evenly: by copy-on-write, without what the [child itself](child_memory) dirties.
///
/// A write dirties the pages that its value fills, at least one, and a page of everything else: objects and entries. With
/// w writes that dirty a page each, w random pages out of P: P (1 - exp(-w / P)), for either kind (section 3.6, which
/// leaves the pages per write open). The child gives back the pages of a value that it has written, but for the first
/// (`dismissObject`): what is copied of those shrinks while the snapshot grows. Where some keys are written far more
/// often than others, `writes` is the number of different ones.
pub fn copied(dataset: &Dataset, writes: f64, value_bytes: f64) -> Bytes {
    /// Times at which what is copied is looked at.
    const STEPS: u32 = 16;
    let dirtied = |bytes: f64, touches: f64| {
        let pages = bytes / PAGE;
        if pages > 0.0 {
            bytes * -libm::expm1(-touches / pages)
        } else {
            0.0
        }
    };
    let values = (dataset.value_bytes.0 as f64).min(dataset.bytes.0 as f64);
    let others = dataset.bytes.0 as f64 - values;
    let pages = (value_bytes / PAGE).max(1.0);
    let at = |time: f64| {
        let writes = writes * time;
        let kept = 1.0 / pages + (1.0 - 1.0 / pages) * (1.0 - time);
        dirtied(values, writes * pages) * kept + dirtied(others, writes)
    };
    let most = (1..=STEPS)
        .map(|step| at(f64::from(step) / f64::from(STEPS)))
        .fold(0.0, f64::max);
    Bytes(most as u64)
}

/// A string and its key in a snapshot.
#[derive(Clone, Copy, Debug)]
pub struct Saved {
    /// Length of the key.
    pub key_bytes: u32,
    /// Length of the value.
    pub value_bytes: u32,
    /// Whether it has a TTL.
    pub ttl: bool,
    /// Size of the compressed value as a part of its size; 1 when `rdbcompression` is off or values do not compress.
    pub compressed: Share,
}

/// What a snapshot has besides keys: version, a few facts about the server, end and checksum.
pub const SNAPSHOT_FRAME: Bytes = Bytes(98);
/// Shorter strings are never compressed (`rdb.c`).
const SHORTEST_COMPRESSED: u32 = 21;

impl Saved {
    /// Bytes in the snapshot (`rdb.c`): a type, two strings with their lengths, and the instant of expiry. Policies by
    /// recency or frequency add 2 to 6 bytes a key, which are left out.
    pub fn bytes(&self) -> Bytes {
        let value = u64::from(self.value_bytes);
        let plain = length_bytes(value) + value;
        let packed = libm::ceil(value as f64 * self.compressed.0) as u64;
        let compressed = 1 + length_bytes(packed) + length_bytes(value) + packed;
        let value = if self.value_bytes >= SHORTEST_COMPRESSED && self.compressed.0 < 1.0 {
            compressed.min(plain)
        } else {
            plain
        };
        let key = u64::from(self.key_bytes);
        Bytes(1 + length_bytes(key) + key + value + if self.ttl { 9 } else { 0 })
    }

    /// The same before compression, which is what takes time.
    pub fn raw_bytes(&self) -> Bytes {
        Self {
            compressed: Share(1.0),
            ..*self
        }
        .bytes()
    }
}

/// Bytes that state a length.
fn length_bytes(length: u64) -> u64 {
    match length {
        0..64 => 1,
        64..16_384 => 2,
        _ => 5,
    }
}

/// How long a snapshot of so many bytes before compression takes to write or to load at a speed in 10^6 bytes a second.
pub fn snapshot_time(raw: Bytes, mb_per_s: f64) -> Micros {
    Micros((raw.0 as f64 / mb_per_s.max(f64::MIN_POSITIVE)) as u64)
}

/// Writes that a crash may lose with `appendfsync everysec`: the log is made durable every second, and a write waits up
/// to two for a disk that is busy (section 7).
pub const EVERYSEC_LOSS: Micros = Micros(2_000_000);
/// The same with `appendfsync no`: what Linux keeps in memory.
pub const UNSYNCED_LOSS: Micros = Micros(30_000_000);

/// What `appendfsync always` leads to: one `fsync` for each round of the event loop, before its replies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Synced {
    /// Commands in a round.
    pub batch: f64,
    /// Most commands per second: as many in each round as there are connections.
    pub most_per_s: f64,
    /// Mean time to the reply: half a round until the next begins, and that one.
    pub latency: Micros,
}

/// How a server answers `per_s` commands of `service_s` seconds each when every round ends with an `fsync` of `fsync_s`.
///
/// While a round runs, the commands of the next arrive: b = per_s (fsync_s + b service_s), up to one for each
/// connection.
pub fn synced(per_s: f64, service_s: f64, fsync_s: f64, connections: f64) -> Synced {
    let connections = connections.max(1.0);
    let idle = 1.0 - per_s * service_s;
    let batch = if idle > 0.0 {
        (per_s * fsync_s / idle).max(1.0).min(connections)
    } else {
        connections
    };
    let round = |batch: f64| fsync_s + batch * service_s;
    Synced {
        batch,
        most_per_s: connections / round(connections).max(f64::MIN_POSITIVE),
        latency: Micros((1.5e6 * round(batch)) as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOADED: Dataset = Dataset {
        bytes: Bytes(216_000_000),
        value_bytes: Bytes(204_800_000),
    };

    #[test]
    fn a_fork_takes_its_time_per_gigabyte() {
        assert_eq!(fork_pause(Bytes(5_000_000_000), 12.0), Micros(60_000));
        assert_eq!(fork_pause(Bytes(0), 12.0), Micros(0));
    }

    #[test]
    fn pages_are_copied_once() {
        let copied = |writes| copied(&LOADED, writes, 1_000.0).0 as f64;
        assert!(copied(0.0) < 1.0);
        // Two pages for each of few writes, and never more than there is.
        assert!((copied(10.0) / (20.0 * PAGE) - 1.0).abs() < 0.01);
        assert!((copied(1e7) / 216e6 - 1.0).abs() < 1e-6);
        // Recorded with Redis 7.0.15: 57 MB for 11,460 writes, 160 MB for 62,140.
        assert!(
            (copied(11_460.0) / 57e6 - 1.0).abs() < 0.15,
            "{}",
            copied(11_460.0)
        );
        assert!(
            (copied(62_140.0) / 160e6 - 1.0).abs() < 0.15,
            "{}",
            copied(62_140.0)
        );
    }

    #[test]
    fn pages_of_small_and_of_large_values_are_copied_as_measured() {
        // Redis 7.0.15 with the system's jemalloc, 12,000 writes during a snapshot, less the child's 1 to 1.6 MB.
        for (keys, value, allocated, bytes, measured) in [
            (1_000_000, 100.0, 112, 200_400_000, 90.2e6),
            (200_000, 1_000.0, 1_024, 223_000_000, 60.1e6),
            (50_000, 8_000.0, 8_192, 414_100_000, 42.0e6),
        ] {
            let dataset = Dataset {
                bytes: Bytes(bytes),
                value_bytes: Bytes(keys * allocated),
            };
            let copied = copied(&dataset, 12_000.0, value).0 as f64;
            assert!((copied / measured - 1.0).abs() < 0.2, "{keys} keys: {copied}");
        }
    }

    #[test]
    fn a_snapshot_is_as_long_as_the_format_has_it() {
        let saved = Saved {
            key_bytes: 16,
            value_bytes: 1_000,
            ttl: false,
            compressed: Share(1.0),
        };
        // Recorded: 204,000,098 bytes for 200,000 keys.
        assert_eq!(200_000 * saved.bytes().0 + SNAPSHOT_FRAME.0, 204_000_098);
        assert_eq!(Saved { ttl: true, ..saved }.bytes(), Bytes(1_029));
        let halved = Saved {
            compressed: Share(0.5),
            ..saved
        };
        assert_eq!((halved.bytes(), halved.raw_bytes()), (Bytes(523), saved.bytes()));
        let short = Saved {
            value_bytes: 20,
            ..halved
        };
        assert_eq!(short.bytes(), short.raw_bytes());
        assert_eq!(snapshot_time(Bytes(204_000_000), 100.0), Micros(2_040_000));
    }

    #[test]
    fn syncing_every_round_is_bound_by_disk_and_connections() {
        let synced = |per_s, connections| synced(per_s, 5e-6, 1e-3, connections);
        assert!((synced(100.0, 50.0).batch - 1.0).abs() < 1e-12);
        let busy = synced(40_000.0, 1_000.0);
        assert!((busy.batch - 50.0).abs() < 1e-9, "{busy:?}");
        assert_eq!(busy.latency, Micros(1_875));
        assert!((synced(1.0, 50.0).most_per_s - 40_000.0).abs() < 1e-6);
        assert!((synced(1e6, 50.0).batch - 50.0).abs() < 1e-12);
    }
}
