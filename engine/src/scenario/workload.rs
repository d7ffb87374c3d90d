//! Who asks for what: key classes, or a recorded trace.

use super::Rate;
use crate::units::{Bytes, PerSecond, Seconds, Share};
use serde::{Deserialize, Serialize};

/// Where the requests come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Workload {
    /// Drawn at random from key classes; 1 to 16 of them.
    Synthetic {
        /// Groups of keys that share size, TTL and popularity.
        classes: Vec<KeyClass>,
    },
    /// Replayed from a recorded trace, which travels beside the scenario and not inside it.
    Trace(TraceWorkload),
}

/// A group of keys that share size, TTL and popularity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeyClass {
    /// What the class holds; up to 60 characters.
    pub name: String,
    /// Number of distinct keys at any one time: 1 to 1,000,000,000.
    pub keys: u64,
    /// Length of a key's name: 1 to 1,024 bytes.
    pub key_bytes: u32,
    /// How unevenly requests fall on the keys.
    pub popularity: Popularity,
    /// Keys replaced by new ones each day, as a part of all keys: 0 to 100. A key that was replaced is never asked
    /// for again; the new one starts cold, at the rank of the old one or, of [`Popularity::Latest`], as the hottest.
    /// Real keyspaces turn over: Twitter's caches ask each day for many keys not seen before (Yang et al., OSDI 2020,
    /// section 4.3).
    pub churn_per_day: f64,
    /// Keys that change places in popularity with others each day, as a part of all keys: 0 to 100. Without effect
    /// where no key is more popular than another or where age decides ([`Popularity::Latest`]).
    pub drift_per_day: f64,
    /// Sizes of the values; a key keeps its size.
    pub value_size: ValueSize,
    /// Requests over time. A read of several keys is one request.
    pub rate: Rate,
    /// Part of the requests that write; what neither writes nor deletes reads.
    pub writes: Share,
    /// Part of the requests that delete; with the writes at most all.
    pub deletes: Share,
    /// Keys that one read asks for, each drawn by itself (`MGET`, a pipeline, Memcached's multi-get): 1 to 100.
    pub multi_get: u32,
    /// Reads that cost the server more than a simple one.
    pub heavy: Heavy,
    /// Hash tags that the keys are spread over, so that those of a tag share a slot: 1 to 16,384; every key has a
    /// slot of its own when empty.
    pub hash_tags: Option<u32>,
    /// Reads that come after those of another class, on top of this class's own requests.
    pub follows: Option<Follow>,
    /// How long a stored value stays valid.
    pub ttl: Ttl,
    /// Part of the keys that the database does not have: 0 to 1. They are spread evenly over the ranks from the hottest
    /// to the coldest, so that about this part of the requests asks for nothing; all of these read. What the cache
    /// keeps of them says [`Client::negative_ttl_s`](super::Client::negative_ttl_s).
    pub absent: Share,
}

/// How unevenly requests fall on the keys of a class.
// Links hold this type: variants and fields keep their order, new variants come last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Popularity {
    /// The key of rank r is asked for in proportion to r to the power of minus `exponent`, 0 to 2.
    Zipf {
        /// 0 is uniform; web and key-value workloads lie between 0.6 and 1.2 (Yang et al., OSDI 2020).
        exponent: f64,
    },
    /// Every key alike.
    Uniform,
    /// A few keys take most requests: "hotspot" of YCSB (Cooper et al., SoCC 2010). Within both groups all are alike.
    HotSet {
        /// Part of the keys that are hot: 0 to 1, and at least one key.
        keys: Share,
        /// Part of the requests that go to them: 0 to 1.
        traffic: Share,
    },
    /// The newest key is the hottest: Zipf's law over the keys from the newest to the oldest, "latest" of YCSB.
    /// [`KeyClass::churn_per_day`] says how fast new keys come, each in place of the oldest.
    Latest {
        /// As of [`Popularity::Zipf`].
        exponent: f64,
    },
    /// One key after the other in the same order, round and round.
    Scan,
}

/// Sizes of the values of a class.
// Links hold this type: variants and fields keep their order, new variants come last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ValueSize {
    /// All alike: 1 byte to 64 MiB.
    Fixed {
        /// Size of every value.
        bytes: Bytes,
    },
    /// Lognormal, cut to 1 byte .. 64 MiB.
    Lognormal {
        /// Half of the values are smaller: 1 byte to 16 MiB.
        median_bytes: Bytes,
        /// Standard deviation of the logarithm of the size: 0 to 3.
        sigma: f64,
    },
    /// One of a list, as a histogram tells it.
    Choice {
        /// 1 to 32 sizes.
        sizes: Vec<SizeShare>,
    },
}

/// A size and how many values have it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SizeShare {
    /// 1 byte to 64 MiB.
    pub bytes: Bytes,
    /// Part of the keys, in proportion to the sum over the list: 0 to 1.
    pub share: Share,
}

impl ValueSize {
    /// Mean size in bytes, the cut of a lognormal left aside.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Fixed { bytes } => bytes.0 as f64,
            Self::Lognormal { median_bytes, sigma } => median_bytes.0 as f64 * libm::exp(sigma * sigma / 2.0),
            Self::Choice { sizes } => {
                let all: f64 = sizes.iter().map(|size| size.share.0).sum();
                let bytes: f64 = sizes.iter().map(|size| size.share.0 * size.bytes.0 as f64).sum();
                if all > 0.0 { bytes / all } else { 0.0 }
            }
        }
    }
}

/// Commands such as `HGETALL`, `ZRANGE` or `SMEMBERS`, whose cost grows with what they touch, among a class's reads.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Heavy {
    /// Part of the reads: 0 to 1.
    pub share: Share,
    /// Time on the thread that runs the commands, as a multiple of a simple command's: 1 to 100,000.
    pub cost: f64,
}

/// Reads that come after those of another class: "who reads A soon reads B".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Follow {
    /// Name of the class that is followed. Classes must not follow each other in a circle.
    pub class: String,
    /// Part of the reads of its keys that are followed: 0 to 1. The key that is then read has the same rank, modulo
    /// the number of keys.
    pub probability: Share,
    /// Mean of the exponential time in between: 0 to 3,600,000 ms.
    pub delay_ms: u32,
}

/// How long a stored value stays valid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Ttl {
    /// Until evicted or deleted.
    #[default]
    None,
    /// Expires so long after it was stored.
    Fixed {
        /// 1 s to 365 days.
        seconds: Seconds,
        /// Each TTL is drawn uniformly within this share above and below: 0 to 0.9.
        jitter: Share,
    },
    /// Expires so long after it was stored or last read: each read that a node answers renews it (`GETEX`, Memcached's
    /// `gat`). A value that is asked for often enough never expires, however old it is.
    Sliding {
        /// 1 s to 365 days.
        seconds: Seconds,
    },
}

impl Ttl {
    /// Seconds from storing a value to its expiry if nobody reads it, before jitter; `None` when it never expires.
    pub fn seconds(self) -> Option<Seconds> {
        match self {
            Self::None => None,
            Self::Fixed { seconds, .. } | Self::Sliding { seconds } => Some(seconds),
        }
    }
}

/// A recorded trace as the workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TraceWorkload {
    /// File name, to ask for when the trace is not at hand; up to 255 characters.
    pub name: String,
    /// [`Trace::fingerprint`](crate::workload::trace::Trace::fingerprint) of its content; 0 when unknown.
    pub fingerprint: u64,
    /// Requests in it.
    pub requests: u64,
    /// Distinct keys in it.
    pub objects: u64,
    /// Length of a key's name where the trace does not tell: 1 to 1,024 bytes.
    pub key_bytes: u32,
    /// Simulated seconds per recorded second are 1 / this: 0.001 to 1,000,000.
    pub speed: f64,
    /// TTL of values whose request carries none.
    pub ttl: Ttl,
}

impl Default for KeyClass {
    fn default() -> Self {
        Self {
            name: "objects".into(),
            keys: 1_000_000,
            key_bytes: 32,
            popularity: Popularity::Zipf { exponent: 0.9 },
            churn_per_day: 0.0,
            drift_per_day: 0.0,
            value_size: ValueSize::Fixed { bytes: Bytes(1_024) },
            rate: Rate::Constant {
                per_s: PerSecond(10_000.0),
            },
            writes: Share(0.05),
            deletes: Share(0.0),
            multi_get: 1,
            heavy: Heavy::default(),
            hash_tags: None,
            follows: None,
            ttl: Ttl::None,
            absent: Share(0.0),
        }
    }
}

impl Default for Heavy {
    fn default() -> Self {
        Self {
            share: Share(0.0),
            cost: 1.0,
        }
    }
}

impl Default for Follow {
    fn default() -> Self {
        Self {
            class: String::new(),
            probability: Share(0.5),
            delay_ms: 1_000,
        }
    }
}

impl KeyClass {
    /// Part of the requests that read.
    pub fn reads(&self) -> Share {
        Share((1.0 - self.writes.0 - self.deletes.0).max(0.0))
    }

    /// Mean number of keys that a request of the class's own rate asks for.
    pub fn keys_per_request(&self) -> f64 {
        1.0 + self.reads().0 * (f64::from(self.multi_get) - 1.0)
    }

    /// Keys that take the place of others in so many seconds.
    pub fn born(&self, seconds: f64) -> f64 {
        self.keys as f64 * self.churn_per_day * seconds / 86_400.0
    }

    /// The number of the class that this one follows.
    pub fn leader(&self, classes: &[Self]) -> Option<usize> {
        let follow = self.follows.as_ref()?;
        classes.iter().position(|class| class.name == follow.class)
    }
}

/// Mean accesses to keys per second of each class over the first so many seconds: each key of a read of several
/// counts, and so do the reads that follow another class's.
pub fn accesses_per_s(classes: &[KeyClass], seconds: f64) -> Vec<f64> {
    /// All accesses and those that read. A circle, which validation refuses, ends after as many steps as classes.
    fn of(classes: &[KeyClass], at: usize, seconds: f64, steps: usize) -> (f64, f64) {
        let Some(class) = classes.get(at) else {
            return (0.0, 0.0);
        };
        let rate = class.rate.expected(seconds) / seconds;
        let followed = match (&class.follows, class.leader(classes)) {
            (Some(follow), Some(leader)) if steps > 0 => {
                follow.probability.0 * of(classes, leader, seconds, steps - 1).1
            }
            _ => 0.0,
        };
        (
            rate * class.keys_per_request() + followed,
            rate * class.reads().0 * f64::from(class.multi_get) + followed,
        )
    }
    (0..classes.len())
        .map(|at| of(classes, at, seconds, classes.len()).0)
        .collect()
}

impl Default for TraceWorkload {
    fn default() -> Self {
        Self {
            name: String::new(),
            fingerprint: 0,
            requests: 0,
            objects: 0,
            key_bytes: 32,
            speed: 1.0,
            ttl: Ttl::None,
        }
    }
}

impl Default for Workload {
    fn default() -> Self {
        Self::Synthetic {
            classes: vec![KeyClass::default()],
        }
    }
}
