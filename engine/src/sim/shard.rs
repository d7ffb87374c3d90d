//! One shard as the application meets it: a store, the thread before it, and whether anybody answers.

use crate::client::Breaker;
use crate::queue::Queue;
use crate::random::Stream;
use crate::store::Store;
use crate::units::Micros;

/// Who answers for a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// Its primary.
    Up,
    /// Nobody: the primary is dead, or cut off.
    Silent,
}

/// One shard.
pub(super) struct Shard {
    pub(super) store: Store,
    /// The thread that runs the commands.
    pub(super) thread: Queue,
    /// The threads of the replicas, where these are read.
    pub(super) readers: Option<Queue>,
    /// Time to send a byte at the node's baseline bandwidth, microseconds.
    pub(super) us_per_byte: f64,
    /// Whether its primary is dead and not replaced.
    pub(super) dead: bool,
    /// Whether the application is cut off from it.
    pub(super) cut_off: bool,
    /// Replicas that could take over.
    pub(super) replicas: u32,
    /// Values written in this window, and per second in the last one.
    pub(super) written: f64,
    pub(super) write_rate: f64,
    pub(super) breaker: Option<Breaker>,
    /// When it last lost all values; what was stored before is gone.
    pub(super) emptied: Option<Micros>,
    /// Evicted and expired keys of the stores before this one.
    pub(super) before: (u64, u64),
}

impl Shard {
    pub(super) fn health(&self) -> Health {
        if self.dead || self.cut_off {
            Health::Silent
        } else {
            Health::Up
        }
    }

    /// Puts an empty store in the place of the one there is.
    pub(super) fn empty(&mut self, store: Store, now: Micros) {
        self.before = (self.evicted(), self.expired());
        self.store = store;
        self.emptied = Some(now);
    }

    /// Runs a command of so many times the usual work; microseconds until the server has answered.
    pub(super) fn run(
        &mut self,
        now: Micros,
        weight: f64,
        work: f64,
        bytes: f64,
        random: &mut Stream,
    ) -> f64 {
        self.thread.query(now, weight, work, random) + bytes * self.us_per_byte
    }

    /// Whether reads go to replicas.
    pub(super) fn reads_replicas(&self) -> bool {
        self.readers.is_some() && self.replicas > 0
    }

    /// Runs a read, on a replica where these are read.
    pub(super) fn run_read(
        &mut self,
        now: Micros,
        weight: f64,
        work: f64,
        bytes: f64,
        random: &mut Stream,
    ) -> f64 {
        match &mut self.readers {
            Some(readers) if self.replicas > 0 => {
                readers.query(now, weight, work, random) + bytes * self.us_per_byte
            }
            _ => self.run(now, weight, work, bytes, random),
        }
    }

    /// Keys evicted since the start.
    pub(super) fn evicted(&self) -> u64 {
        self.before.0 + self.store.evicted()
    }

    /// Keys that expired since the start.
    pub(super) fn expired(&self) -> u64 {
        self.before.1 + self.store.expired()
    }
}
