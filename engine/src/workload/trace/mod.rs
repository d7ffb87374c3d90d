//! Recorded traces: read once, interned to dense key numbers, kept as arrays.
//!
//! A [`Reader`] turns a file into a [`Trace`] piece by piece, so that a caller can stay responsive. What formats do
//! not tell is absent from the trace and takes no memory: a trace of reads keeps no operations.
//!
//! ```
//! use cacheplan_engine::workload::trace::{Options, Reader};
//!
//! let csv = "time,key,size\n0,user:1,100\n0,user:2,50\n7,user:1,100\n";
//! let mut reader = Reader::new(csv.as_bytes(), &Options::default())?;
//! while reader.read_some(1_000)?.more() {}
//! let trace = reader.finish()?;
//! assert_eq!(trace.keys(), [0, 1, 0]);
//! assert_eq!(trace.sizes(), [100, 50]);
//! # Ok::<(), cacheplan_engine::workload::trace::TraceError>(())
//! ```

mod builder;
mod csv;
mod detect;
mod error;
mod input;
mod intern;
mod oracle;
mod packed;
mod read;
mod twitter;
mod zstd;

pub use error::{BadLine, Problems, Reason, TraceError};
pub use packed::PackedError;
pub use read::{BadLines, Format, Options, Reader, Status};

use super::Operation;
use crate::policy::KeyId;
use crate::units::{Bytes, Micros, Seconds};
use std::borrow::Cow;

/// What a request asked for, in the words of the Memcached protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Command {
    /// Reads a value. Also a read of any other protocol, and what a trace without operations consists of.
    #[default]
    Get,
    /// Reads a value together with its version for a later `Cas`.
    Gets,
    /// Stores a value. Also a write of any other protocol.
    Set,
    /// Stores a value if the key has none.
    Add,
    /// Stores a value if the key has one.
    Replace,
    /// Stores a value if it has not changed since `Gets`.
    Cas,
    /// Adds to the end of a value.
    Append,
    /// Adds to the front of a value.
    Prepend,
    /// Removes a value.
    Delete,
    /// Adds to a number.
    Incr,
    /// Subtracts from a number.
    Decr,
}

impl Command {
    /// What it does to its key.
    pub fn operation(self) -> Operation {
        match self {
            Self::Get | Self::Gets => Operation::Read,
            Self::Delete => Operation::Delete,
            Self::Set
            | Self::Add
            | Self::Replace
            | Self::Cas
            | Self::Append
            | Self::Prepend
            | Self::Incr
            | Self::Decr => Operation::Write,
        }
    }
}

/// The requests of one second, from `first` to the next run's first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    second: u64,
    first: usize,
}

/// A recorded trace in memory.
///
/// Requests are numbered from 0 in the order of the file, keys from 0 in the order of their first request. Times
/// are counted from the first second of the trace.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    keys: Vec<KeyId>,
    /// By key.
    sizes: Vec<u32>,
    /// By key.
    key_bytes: Option<Vec<u32>>,
    /// By request, where it is not always the key's.
    request_sizes: Option<Vec<u32>>,
    commands: Option<Vec<Command>>,
    /// By request, in seconds; 0 for none.
    ttls: Option<Vec<u32>>,
    runs: Vec<Run>,
    clamped_times: u64,
    fingerprint: u64,
    problems: Problems,
}

impl Trace {
    /// Number of requests.
    pub fn requests(&self) -> usize {
        self.keys.len()
    }

    /// Number of distinct keys.
    pub fn objects(&self) -> usize {
        self.sizes.len()
    }

    /// The key of each request.
    pub fn keys(&self) -> &[KeyId] {
        &self.keys
    }

    /// The size of each key's value in bytes, as first seen. Formats that do not tell keys and values apart count
    /// both. A recorded 0, which logs write for a read that missed, gives way to the first size above it.
    pub fn sizes(&self) -> &[u32] {
        &self.sizes
    }

    /// The length of each key's name in bytes, where the format tells.
    pub fn key_bytes(&self) -> Option<&[u32]> {
        self.key_bytes.as_deref()
    }

    /// The size of each object in bytes: its value and, where the format tells, its key.
    pub fn object_bytes(&self) -> Cow<'_, [u32]> {
        match &self.key_bytes {
            None => Cow::Borrowed(&self.sizes),
            Some(lengths) => {
                let both = self.sizes.iter().zip(lengths);
                Cow::Owned(both.map(|(size, length)| size.saturating_add(*length)).collect())
            }
        }
    }

    /// The bytes that all distinct objects take together; see [`object_bytes`](Self::object_bytes).
    pub fn bytes(&self) -> Bytes {
        let keys = self.key_bytes.iter().flatten();
        Bytes(self.sizes.iter().chain(keys).map(|&size| u64::from(size)).sum())
    }

    /// The size of the value that request `i` reads or writes, where the trace tells other sizes than the keys'.
    pub fn request_size(&self, i: usize) -> Option<u32> {
        self.request_sizes.as_ref()?.get(i).copied()
    }

    /// The command of request `i`; `Get` past the end.
    pub fn command(&self, i: usize) -> Command {
        let commands = self.commands.as_ref();
        commands
            .and_then(|commands| commands.get(i).copied())
            .unwrap_or_default()
    }

    /// What request `i` does to its key.
    pub fn operation(&self, i: usize) -> Operation {
        self.command(i).operation()
    }

    /// The TTL that request `i` set, if any.
    pub fn ttl(&self, i: usize) -> Option<Seconds> {
        let ttl = self.ttls.as_ref()?.get(i).copied()?;
        (ttl > 0).then(|| Seconds(ttl.into()))
    }

    /// When request `i` arrived. Traces are recorded by the second; the requests of one are spread evenly over it.
    /// Past the end, that of the last request.
    ///
    /// Searches; to go through requests in order use a [`Clock`].
    pub fn time(&self, i: usize) -> Micros {
        let after = self.runs.partition_point(|run| run.first <= i);
        self.time_in_run(after.saturating_sub(1), i)
    }

    /// From the start of the first second to the end of the last.
    pub fn duration(&self) -> Micros {
        match (self.runs.first(), self.runs.last()) {
            (Some(first), Some(last)) => Seconds((last.second - first.second).saturating_add(1)).micros(),
            _ => Micros(0),
        }
    }

    /// The recorded time of the first request in seconds, on the clock of whoever recorded it.
    pub fn start(&self) -> Seconds {
        Seconds(self.runs.first().map_or(0, |run| run.second))
    }

    /// Requests whose recorded time was earlier than their predecessor's; they were moved up to it.
    pub fn clamped_times(&self) -> u64 {
        self.clamped_times
    }

    /// Lines or records that were left out.
    pub fn problems(&self) -> &Problems {
        &self.problems
    }

    /// Hash of keys, sizes, times, commands and TTLs: the same for the same content whatever the file's format,
    /// on every target. Never 0.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    fn time_in_run(&self, run: usize, i: usize) -> Micros {
        let (Some(current), Some(start)) = (self.runs.get(run), self.runs.first()) else {
            return Micros(0);
        };
        let end = self.runs.get(run + 1).map_or(self.keys.len(), |next| next.first);
        let count = (end - current.first) as u64;
        let place = (i.min(end.saturating_sub(1)) - current.first) as u64;
        let second = Seconds(current.second - start.second).micros();
        Micros(second.0.saturating_add(place * 1_000_000 / count.max(1)))
    }
}

/// Tells the times of a trace's requests in order, without searching.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    run: usize,
}

impl Clock {
    /// [`Trace::time`] of request `i`, which is not before the one asked for last.
    pub fn time(&mut self, trace: &Trace, i: usize) -> Micros {
        while trace.runs.get(self.run + 1).is_some_and(|next| next.first <= i) {
            self.run += 1;
        }
        trace.time_in_run(self.run, i)
    }
}
