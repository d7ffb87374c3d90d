//! Streams of requests: synthetic generators, trace readers.

mod alias;
mod arrivals;
mod composition;
mod keys;
mod motion;
mod popularity;
mod replay;
mod sampling;
mod synthetic;
pub mod trace;
mod values;

pub(crate) use keys::{Key, KeyTable};
pub(crate) use replay::TraceSource;
pub(crate) use sampling::Thinning;
pub(crate) use synthetic::Synthetic;

use crate::units::{Micros, Seconds};

/// What a request does to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Asks for the value.
    Read,
    /// Stores a value.
    Write,
    /// Removes the key.
    Delete,
}

/// One request on its way to the cache: small, as it is copied many times on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) at: Micros,
    /// Index into the [`KeyTable`].
    pub(crate) key: u32,
    /// Cost of the command on the thread that runs it, as a multiple of a simple one's.
    pub(crate) cost: f32,
    pub(crate) told: Told,
    pub(crate) operation: Operation,
    /// Whether it asks for a further key of the request before it, at the same instant: a multi-get.
    pub(crate) continues: bool,
}

/// What a request tells besides, each at four bytes in place of the eight of an `Option`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    key_bytes: u32,
    value_bytes: u32,
    ttl_s: u32,
}

impl Told {
    const NOT: u32 = u32::MAX;

    /// Nothing.
    pub(crate) const NOTHING: Self = Self {
        key_bytes: Self::NOT,
        value_bytes: Self::NOT,
        ttl_s: Self::NOT,
    };

    /// As the methods of the same names return it; numbers are cut to `u32::MAX` - 1.
    pub(crate) fn new(key_bytes: Option<u32>, value_bytes: Option<u32>, ttl: Option<Seconds>) -> Self {
        let packed = |told: Option<u32>| told.map_or(Self::NOT, |number| number.min(Self::NOT - 1));
        Self {
            key_bytes: packed(key_bytes),
            value_bytes: packed(value_bytes),
            ttl_s: packed(ttl.map(|Seconds(seconds)| u32::try_from(seconds).unwrap_or(Self::NOT))),
        }
    }

    /// Length of the key's name, if it is another than its class's.
    pub(crate) fn key_bytes(self) -> Option<u32> {
        Self::unpacked(self.key_bytes)
    }

    /// Size of the value, if it is another than the key's.
    pub(crate) fn value_bytes(self) -> Option<u32> {
        Self::unpacked(self.value_bytes)
    }

    /// TTL, if it is another than its class's.
    pub(crate) fn ttl(self) -> Option<Seconds> {
        Self::unpacked(self.ttl_s).map(|seconds| Seconds(seconds.into()))
    }

    fn unpacked(told: u32) -> Option<u32> {
        (told != Self::NOT).then_some(told)
    }
}
