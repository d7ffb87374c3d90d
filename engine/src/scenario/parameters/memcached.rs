//! Memcached's start options: `reference/servers.md` section 6 and the server's `memcached.c`.
//!
//! The memory limit (`-m`) is no parameter: it comes from the node.

use crate::units::{Bytes, Seconds, Share};
use serde::{Deserialize, Serialize};

/// Versions whose page mover and automover behave alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Version {
    /// 1.6.0 to 1.6.33: the automover looks back over 30 s and takes any page that stays free; items of a page that
    /// moves are lost when their class has no free chunk for them.
    V160,
    /// 1.6.34 and later: it looks back over 10 s; the coldest items of the class go to save those of the page. That
    /// free pages stay in place until the memory limit is reached holds since 1.6.41.
    #[default]
    V1634,
}

impl Version {
    /// Default of `-o slab_automove_window` (`memcached.c`, `settings_init`).
    pub const fn automove_window_s(self) -> Seconds {
        match self {
            Self::V160 => Seconds(30),
            Self::V1634 => Seconds(10),
        }
    }
}

/// Order in which items of a class are evicted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lru {
    /// Queues HOT, WARM and COLD with a maintainer thread (section 6.3).
    #[default]
    Segmented,
    /// One queue, in which an item moves to the front at most every 60 s (`-o no_lru_maintainer`, `no_modern`).
    Flat,
}

impl Lru {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Segmented, Self::Flat];

    /// Its name.
    pub fn label(self) -> &'static str {
        match self {
            Self::Segmented => "segmented LRU",
            Self::Flat => "flat LRU",
        }
    }
}

/// `-o slab_automove`: whether pages move between classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Automove {
    /// 0: never.
    Off,
    /// 1: from the class with the oldest items to the one that evicts the youngest (section 6.5).
    #[default]
    ByAge,
    /// 2: to any class that evicts.
    EveryEviction,
}

/// Start options of a node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Memcached {
    /// Version family.
    pub version: Version,
    /// Whether a full class evicts; `-M` refuses to store instead.
    pub evictions: bool,
    /// Whether items carry a compare-and-swap number of 8 bytes; `-C` turns it off.
    pub cas: bool,
    /// `-n`: room for key and value in a chunk of the first class; [`FIRST_CHUNK_BYTES`].
    pub first_chunk_bytes: u32,
    /// `-f`: size of each class relative to the one before; [`GROWTH_FACTOR`].
    pub growth_factor: f64,
    /// `-o slab_chunk_max`: the largest chunk. A larger item is a chain of chunks. Divides 1 MiB; 512 B to 1 MiB.
    pub max_chunk_bytes: Bytes,
    /// `-I`: the largest item, header included; [`MAX_ITEM_BYTES`].
    pub max_item_bytes: Bytes,
    /// Order of eviction.
    pub lru: Lru,
    /// `-o hot_lru_pct`: part of a class's bytes in HOT beyond which it drains; [`QUEUE_SHARE`].
    pub hot_share: Share,
    /// `-o warm_lru_pct`: likewise of WARM. With [`hot_share`](Self::hot_share) at most 0.8.
    pub warm_share: Share,
    /// `-o hot_max_factor`: age, relative to that of COLD's oldest item, beyond which HOT drains; [`AGE_FACTOR`].
    pub hot_age_factor: f64,
    /// `-o warm_max_factor`: likewise of WARM.
    pub warm_age_factor: f64,
    /// `-o slab_reassign`: whether pages are all 1 MiB long, so that they can move. Without it a page is as long as
    /// the chunks that fit, unless [`max_chunk_bytes`](Self::max_chunk_bytes) differs from 1 MiB.
    pub reassign: bool,
    /// `-o slab_automove`. Needs [`reassign`](Self::reassign).
    pub automove: Automove,
    /// `-o slab_automove_ratio`: a page moves when the youngest class's age is below this part of the oldest's; above
    /// 0, at most 1.
    pub automove_ratio: Share,
    /// `-o slab_automove_window`: observations, one a second, that a decision rests on; [`AUTOMOVE_WINDOW_S`].
    pub automove_window_s: Seconds,
    /// `-o lru_crawler`: whether expired items are looked for. The maintainer starts the crawler, so that flat LRU
    /// goes without.
    pub crawler: bool,
    /// `-o hashpower`: the hash table starts with two to this power of buckets; [`HASH_POWER`].
    pub hash_power: u8,
}

/// Bounds of [`Memcached::first_chunk_bytes`]: the server takes any number above 0.
pub const FIRST_CHUNK_BYTES: (u32, u32) = (1, 65_536);
/// Bounds of [`Memcached::growth_factor`]: the server takes any number above 1.
pub const GROWTH_FACTOR: (f64, f64) = (1.01, 16.0);
/// Bounds of [`Memcached::max_item_bytes`] (`memcached.c`: 1 KiB to 1 GiB, and at most half of the memory limit).
pub const MAX_ITEM_BYTES: (Bytes, Bytes) = (Bytes::kib(1), Bytes::gib(1));
/// Bounds of [`Memcached::hot_share`] and [`Memcached::warm_share`] (`memcached.c`).
pub const QUEUE_SHARE: (Share, Share) = (Share(0.01), Share(0.79));
/// Bounds of [`Memcached::hot_age_factor`] and [`Memcached::warm_age_factor`]: the server takes any positive number.
pub const AGE_FACTOR: (f64, f64) = (0.01, 100.0);
/// Bounds of [`Memcached::automove_window_s`] (`memcached.c`).
pub const AUTOMOVE_WINDOW_S: (Seconds, Seconds) = (Seconds(3), Seconds(1_800));
/// Bounds of [`Memcached::hash_power`] (`memcached.c`, `assoc.h`).
pub const HASH_POWER: (u8, u8) = (12, 32);

impl Memcached {
    /// Defaults of the newest open-source release (`memcached.c`, `settings_init`).
    pub const fn open_source() -> Self {
        Self::modern(Version::V1634)
    }

    /// Defaults of the open-source releases of a version family.
    pub const fn modern(version: Version) -> Self {
        Self {
            version,
            evictions: true,
            cas: true,
            first_chunk_bytes: 48,
            growth_factor: 1.25,
            max_chunk_bytes: Bytes::kib(512),
            max_item_bytes: Bytes::mib(1),
            lru: Lru::Segmented,
            hot_share: Share(0.2),
            warm_share: Share(0.4),
            hot_age_factor: 0.2,
            warm_age_factor: 2.0,
            reassign: true,
            automove: Automove::ByAge,
            automove_ratio: Share(0.8),
            automove_window_s: version.automove_window_s(),
            crawler: true,
            hash_power: 16,
        }
    }

    /// What `-o no_modern` makes of the defaults: those of the 1.4 series.
    pub const fn no_modern(version: Version) -> Self {
        Self {
            max_chunk_bytes: Bytes::mib(1),
            lru: Lru::Flat,
            reassign: false,
            automove: Automove::Off,
            crawler: false,
            ..Self::modern(version)
        }
    }

    /// ElastiCache's default parameter group: `modern` is off, and with it the maintainer, the crawler and page moves
    /// (`reference/aws/limits_and_metrics.md` section 2). `slab_chunk_max` keeps the server's default.
    pub const fn managed() -> Self {
        Self {
            max_chunk_bytes: Bytes::kib(512),
            ..Self::no_modern(Version::V160)
        }
    }
}

impl Default for Memcached {
    /// [`Memcached::managed`], as the catalogue's nodes are ElastiCache's.
    fn default() -> Self {
        Self::managed()
    }
}
