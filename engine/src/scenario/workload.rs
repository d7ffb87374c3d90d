//! Who asks for what: key classes, or a recorded trace.

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
    /// Number of distinct keys: 1 to 1,000,000,000.
    pub keys: u64,
    /// Length of a key's name: 1 to 1,024 bytes.
    pub key_bytes: u32,
    /// How unevenly requests fall on the keys.
    pub popularity: Popularity,
    /// Sizes of the values; a key keeps its size.
    pub value_size: ValueSize,
    /// Requests over time.
    pub rate: Rate,
    /// Part of the requests that write; the rest read.
    pub writes: Share,
    /// How long a stored value stays valid.
    pub ttl: Ttl,
}

/// How unevenly requests fall on the keys of a class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Popularity {
    /// The key of rank r is asked for in proportion to r to the power of minus `exponent`, 0 to 2.
    Zipf {
        /// 0 is uniform; web and key-value workloads lie between 0.6 and 1.2 (Yang et al., OSDI 2020).
        exponent: f64,
    },
    /// Every key alike.
    Uniform,
}

/// Sizes of the values of a class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
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
}

impl ValueSize {
    /// Mean size in bytes, the cut of a lognormal left aside.
    pub fn mean(&self) -> f64 {
        match *self {
            Self::Fixed { bytes } => bytes.0 as f64,
            Self::Lognormal { median_bytes, sigma } => median_bytes.0 as f64 * libm::exp(sigma * sigma / 2.0),
        }
    }
}

/// Requests over time. Arrivals are Poisson at this rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Rate {
    /// The same at all times.
    Constant {
        /// 0.001 to 100,000,000 requests/s.
        per_s: PerSecond,
    },
    /// A sine over 24 hours.
    Diurnal {
        /// Mean over a day: 0.001 to 100,000,000 requests/s.
        mean_per_s: PerSecond,
        /// Highest rate divided by the mean: 1 to 2.
        peak_to_mean: f64,
        /// Hour of the simulated day (which starts at 0) of the peak: 0 to 24.
        peak_hour: f64,
    },
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
            value_size: ValueSize::Fixed { bytes: Bytes(1_024) },
            rate: Rate::Constant {
                per_s: PerSecond(10_000.0),
            },
            writes: Share(0.05),
            ttl: Ttl::None,
        }
    }
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
