//! Streams of requests: synthetic generators, trace readers.

mod alias;
mod arrivals;
mod keys;
mod motion;
mod popularity;
mod replay;
mod sampling;
mod synthetic;
pub mod trace;

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

/// One request on its way to the cache.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) at: Micros,
    /// Index into the [`KeyTable`].
    pub(crate) key: u32,
    pub(crate) operation: Operation,
    /// Length of the key's name if the request tells another than its class's.
    pub(crate) key_bytes: Option<u32>,
    /// Size of the value if the request tells another than the key's.
    pub(crate) value_bytes: Option<u32>,
    /// TTL if the request tells another than its class's.
    pub(crate) ttl: Option<Seconds>,
    /// Cost of the command on the thread that runs it, as a multiple of a simple one's.
    pub(crate) cost: f32,
    /// Whether it asks for a further key of the request before it, at the same instant: a multi-get.
    pub(crate) continues: bool,
}
