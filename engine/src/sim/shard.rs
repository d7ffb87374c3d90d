//! One shard as the application meets it: a store, the thread before it, and whether anybody answers.

use super::members::Members;
use crate::client::{Breaker, Pools};
use crate::cluster::capacity::{Load, Node, Usage};
use crate::cluster::persistence::synced;
use crate::queue::{Queue, Service};
use crate::random::Stream;
use crate::store::Store;
use crate::units::{Bytes, Micros};

/// Who answers for a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// Its primary.
    Up,
    /// Nobody: the primary is dead, or cut off.
    Silent,
}

/// A command on its way to a node, as the node's limits are concerned.
#[derive(Clone, Copy)]
pub(super) struct Command {
    /// Its work, as a multiple of that of a simple command with a small value.
    pub(super) cost: f64,
    /// Bytes of the value that goes to the node, or comes from it.
    pub(super) into: f64,
    pub(super) out: f64,
}

/// Bytes of a request besides key and value, and of a reply besides the value: RESP's framing and one TCP segment
/// (`reference/servers.md` section 5.4).
pub(super) const REQUEST_BYTES: f64 = 24.0 + 66.0;
const REPLY_BYTES: f64 = 7.0 + 66.0;

/// Every write made durable before its reply: `appendfsync always`.
#[derive(Clone, Copy)]
pub(super) struct Synced {
    /// What the disk takes, seconds.
    pub(super) fsync_s: f64,
    /// What a reply waits for it at the load of the last window, microseconds.
    pub(super) wait_us: f64,
}

/// One shard.
pub(super) struct Shard {
    pub(super) store: Store,
    /// The thread that runs the commands.
    pub(super) thread: Queue,
    /// The threads of the replicas, where these are read.
    pub(super) readers: Option<Queue>,
    /// The threads of its copies in secondary regions.
    pub(super) secondary: Option<Queue>,
    /// Time to send a byte at the node's baseline bandwidth, microseconds.
    pub(super) us_per_byte: f64,
    /// The node's limits.
    pub(super) node: Node,
    /// What the primary was asked for in this window so far: totals, not rates.
    pub(super) load: Load,
    /// How many times as long as usual commands take by the scenario's happenings.
    pub(super) slowness: f64,
    /// How the last window went.
    pub(super) usage: Option<Usage>,
    /// Set where each write waits for the disk.
    pub(super) synced: Option<Synced>,
    /// Whether its primary is dead and not replaced.
    pub(super) dead: bool,
    /// Whether the application is cut off from it.
    pub(super) cut_off: bool,
    /// When that happened last.
    pub(super) died: Micros,
    pub(super) members: Members,
    /// Replicas that are in step: they could take over, and are read where replicas are.
    pub(super) replicas: u32,
    /// When the primary last forked for replicas that come into step.
    pub(super) forked: Option<Micros>,
    /// Bytes per second of snapshots on their way to replicas.
    pub(super) outflow: f64,
    /// Whether the last synchronisation was given up.
    pub(super) failing: bool,
    /// Values written in this window, and per second in the last one.
    pub(super) written: f64,
    pub(super) write_rate: f64,
    pub(super) breaker: Option<Breaker>,
    /// The application's connections to it, where these are bounded.
    pub(super) pools: Option<Pools>,
    /// Most memory that was there twice while a snapshot was written.
    pub(super) copied: Bytes,
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

    /// Runs a command; microseconds until the server has answered.
    pub(super) fn run(&mut self, now: Micros, weight: f64, command: Command, random: &mut Stream) -> f64 {
        let write = command.into > 0.0;
        let work = self.node.cost(write, command.into + command.out, command.cost);
        let followers = if write { f64::from(self.replicas) } else { 0.0 };
        self.load.work += weight * work;
        self.load.into += weight * (REQUEST_BYTES + command.into);
        self.load.out += weight * (REPLY_BYTES + command.out + followers * (REQUEST_BYTES + command.into));
        let disk = match self.synced {
            Some(synced) if write => synced.wait_us,
            _ => 0.0,
        };
        self.thread.query(now, weight, work, random) + (command.into + command.out) * self.us_per_byte + disk
    }

    /// Makes commands take so many times as long as usual from now on.
    pub(super) fn slow_down(&mut self, slowness: f64) {
        self.slowness = slowness;
        self.thread.slow_down(slowness);
        if let Some(readers) = &mut self.readers {
            readers.slow_down(slowness);
        }
    }

    /// Ends a window of so many seconds with so many connections open: its load decides what the node can take in the
    /// next.
    pub(super) fn end_window(&mut self, seconds: f64, connections: f64) {
        let load = Load {
            work: self.load.work / seconds,
            into: self.load.into / seconds,
            out: self.load.out / seconds + self.outflow,
            connections,
            memory: self.store.used(),
        };
        self.load = Load::default();
        let usage = self.node.advance(seconds, &load);
        let service = self.node.service_s(connections);
        // Where network or credits give less than the thread could do, commands go no faster than that.
        let most = load.work * usage.served();
        let mut slower = if usage.served() < 1.0 {
            1.0 / (most * service).max(f64::MIN_POSITIVE)
        } else {
            1.0
        };
        if let Some(disk) = &mut self.synced {
            let round = synced(load.work, service, disk.fsync_s, connections);
            disk.wait_us = round.latency.0 as f64;
            slower = slower.max(1.0 / (round.most_per_s * service));
        }
        self.thread.slow_down(self.slowness * slower.max(1.0));
        self.thread.end_window(seconds);
        if let Some(pools) = &mut self.pools {
            pools.end_window(seconds);
        }
        if let Some(readers) = &mut self.readers {
            readers.slow_down(self.slowness);
            readers.end_window(seconds);
        }
        if let Some(secondary) = &mut self.secondary {
            secondary.end_window(seconds);
        }
        self.usage = Some(usage);
        self.write_rate = core::mem::take(&mut self.written) / seconds;
    }

    /// Counts the replicas that are in step, and has as many threads for reads where replicas are read.
    pub(super) fn count_replicas(&mut self, connections: f64, sampled: bool) {
        let before = core::mem::replace(&mut self.replicas, self.members.in_step().count() as u32);
        if self.replicas != before && self.replicas > 0 && self.readers.is_some() {
            self.readers = Some(self.new_readers(connections, sampled));
        }
    }

    /// Idle threads of the replicas.
    pub(super) fn new_readers(&self, connections: f64, sampled: bool) -> Queue {
        let thread = if sampled { Queue::sampled } else { Queue::exact };
        let service = self.node.service_s(connections);
        let mut readers = thread(f64::from(self.replicas) / service, service, Service::Exponential);
        readers.slow_down(self.slowness);
        readers
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
        command: Command,
        random: &mut Stream,
    ) -> f64 {
        match &mut self.readers {
            Some(readers) if self.replicas > 0 => {
                let work = self.node.cost(false, command.out, command.cost);
                readers.query(now, weight, work, random) + command.out * self.us_per_byte
            }
            _ => self.run(now, weight, command, random),
        }
    }

    /// Runs a read on a copy in a secondary region.
    pub(super) fn run_secondary(
        &mut self,
        now: Micros,
        weight: f64,
        command: Command,
        random: &mut Stream,
    ) -> f64 {
        let work = self.node.cost(false, command.out, command.cost);
        let queued = match &mut self.secondary {
            Some(secondary) => secondary.query(now, weight, work, random),
            None => 0.0,
        };
        queued + command.out * self.us_per_byte
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
