//! One shard as the application meets it: a store, the thread before it, and whether anybody answers.

use super::members::Members;
use super::node;
use crate::catalog::NodeType;
use crate::client::{Breaker, Pools};
use crate::cluster::Topology;
use crate::cluster::capacity::{Load, Node, Usage};
use crate::cluster::persistence::synced;
use crate::queue::{Queue, Service};
use crate::random::Stream;
use crate::scenario::{Aof, Client, Plan, ReadFrom};
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
    /// What they were asked for in this window so far, and their utilisation in the last one.
    read_work: f64,
    pub(super) readers_cpu: f64,
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
    /// Whether the region is lost that it is in.
    pub(super) lost: bool,
    /// Whether the application is cut off from it.
    pub(super) cut_off: bool,
    /// Whether it is not part of the cluster any more.
    pub(super) retired: bool,
    /// Type of its nodes.
    pub(super) kind: &'static NodeType,
    /// The node that is to take the primary's place, as one of another type.
    pub(super) successor: Option<u32>,
    /// Whether it does so just now.
    pub(super) switching: bool,
    /// Part of the thread that moving keys takes, and what commands wait for it, microseconds.
    pub(super) occupied: f64,
    interference_us: f64,
    /// When the primary died last.
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

/// What the nodes of a cluster are.
pub(super) struct Make {
    pub(super) kind: &'static NodeType,
    pub(super) replicas: u32,
    pub(super) sampled: bool,
}

/// Most of a thread that moving keys takes.
const MOST_OCCUPIED: f64 = 0.95;

fn limits(plan: &Plan, make: &Make) -> Node {
    let cluster = &plan.scenario().cluster;
    Node::new(
        make.kind,
        cluster.engine,
        cluster.tls,
        plan.capacity_of(make.kind),
    )
}

/// Idle threads of so many nodes that take so many seconds for a simple command.
fn threads(nodes: u32, service: f64, sampled: bool) -> Queue {
    let thread = if sampled { Queue::sampled } else { Queue::exact };
    thread(f64::from(nodes) / service, service, Service::Exponential)
}

/// Those of a shard's copies in secondary regions.
fn secondary(plan: &Plan, service: f64, sampled: bool) -> Option<Queue> {
    let global = plan.scenario().cluster.global?;
    Some(threads(global.secondaries, service, sampled))
}

fn us_per_byte(kind: &NodeType) -> f64 {
    8e-3 / kind.network_baseline_gbps
}

impl Shard {
    /// A shard without values whose keys are numbered below `keys`.
    pub(super) fn new(plan: &Plan, topology: &Topology, number: u16, keys: u32, make: &Make) -> Self {
        let (client, cluster) = (&plan.scenario().client, &plan.scenario().cluster);
        let node = limits(plan, make);
        let service = node.service_s(f64::from(client.connections_per_node()));
        let replicas = make.replicas;
        Self {
            store: node::store(plan, topology, number.into(), keys, make.kind),
            thread: threads(1, service, make.sampled),
            readers: (client.read_from == ReadFrom::Replicas && replicas > 0)
                .then(|| threads(replicas, service, make.sampled)),
            secondary: secondary(plan, service, make.sampled),
            read_work: 0.0,
            readers_cpu: 0.0,
            us_per_byte: us_per_byte(make.kind),
            node,
            load: Load::default(),
            slowness: 1.0,
            usage: None,
            synced: (cluster.persistence.aof == Aof::Always && !cluster.engine.is_memcached()).then(|| {
                Synced {
                    fsync_s: f64::from(cluster.persistence.fsync_us) * 1e-6,
                    wait_us: f64::from(cluster.persistence.fsync_us) * 1.5,
                }
            }),
            copied: Bytes(0),
            dead: false,
            lost: false,
            cut_off: false,
            retired: false,
            kind: make.kind,
            successor: None,
            switching: false,
            occupied: 0.0,
            interference_us: 0.0,
            died: Micros(0),
            members: Members::new(replicas),
            replicas,
            forked: None,
            outflow: 0.0,
            failing: false,
            written: 0.0,
            write_rate: 0.0,
            breaker: client.breaker.map(Breaker::new),
            pools: client.pool.map(|pool| {
                let usual_us = f64::from(client.round_trip_us) + service * 1e6;
                Pools::new(pool, client.instances, usual_us, make.sampled)
            }),
            emptied: None,
            before: (0, 0),
        }
    }

    pub(super) fn health(&self) -> Health {
        if self.is_down() || self.cut_off {
            Health::Silent
        } else {
            Health::Up
        }
    }

    /// Whether its primary answers, and the application has no reason to doubt it.
    pub(super) fn is_well(&self) -> bool {
        self.health() == Health::Up && self.breaker.as_ref().is_none_or(Breaker::is_calm)
    }

    /// Whether it has no primary that is alive.
    pub(super) fn is_down(&self) -> bool {
        self.dead || self.lost
    }

    /// Puts an empty store in the place of the one there is.
    pub(super) fn empty(&mut self, store: Store, now: Micros) {
        self.before = (self.evicted(), self.expired());
        self.store = store;
        self.emptied = Some(now);
    }

    /// Runs a command; microseconds until the server has answered.
    #[inline(never)]
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
        self.thread.query(now, weight, work, random)
            + (command.into + command.out) * self.us_per_byte
            + disk
            + self.interference_us
    }

    /// Makes commands take so many times as long as usual from now on.
    pub(super) fn slow_down(&mut self, slowness: f64) {
        self.slowness = slowness;
        self.thread.slow_down(slowness / (1.0 - self.occupied));
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
        self.thread
            .slow_down(self.slowness / (1.0 - self.occupied) * slower.max(1.0));
        self.thread.end_window(seconds);
        if let Some(pools) = &mut self.pools {
            pools.end_window(seconds);
        }
        if let Some(readers) = &mut self.readers {
            readers.slow_down(self.slowness);
            readers.end_window(seconds);
            let work = core::mem::take(&mut self.read_work) / seconds;
            self.readers_cpu = work * service / f64::from(self.replicas.max(1));
        }
        if let Some(secondary) = &mut self.secondary {
            secondary.end_window(seconds);
        }
        self.usage = Some(usage);
        self.write_rate = core::mem::take(&mut self.written) / seconds;
    }

    /// Has moving keys take a part of the thread, up to [`MOST_OCCUPIED`], in calls of so many seconds.
    pub(super) fn occupy(&mut self, part: f64, call_s: f64) {
        self.occupied = part.clamp(0.0, MOST_OCCUPIED);
        // Who comes during a call waits for the rest of it.
        self.interference_us = self.occupied * call_s * 1e6 / 2.0;
        self.slow_down(self.slowness);
    }

    /// Counts the replicas that are in step, and has as many threads for reads where replicas are read.
    pub(super) fn count_replicas(&mut self, client: &Client, sampled: bool) {
        let before = core::mem::replace(&mut self.replicas, self.members.in_step().count() as u32);
        if self.replicas != before && self.replicas > 0 && client.read_from == ReadFrom::Replicas {
            let service = self.node.service_s(f64::from(client.connections_per_node()));
            let mut readers = threads(self.replicas, service, sampled);
            readers.slow_down(self.slowness);
            self.readers = Some(readers);
        }
    }

    /// Its nodes are others from now on.
    pub(super) fn set_kind(&mut self, plan: &Plan, make: &Make) {
        let client = &plan.scenario().client;
        self.kind = make.kind;
        self.node = limits(plan, make);
        self.us_per_byte = us_per_byte(make.kind);
        let service = self.node.service_s(f64::from(client.connections_per_node()));
        self.thread = threads(1, service, make.sampled);
        self.secondary = secondary(plan, service, make.sampled);
        // Counted anew, replicas have new threads.
        self.replicas = 0;
        self.count_replicas(client, make.sampled);
        self.slow_down(self.slowness);
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
        if self.reads_replicas() {
            self.run_on_replica(now, weight, command, random)
        } else {
            self.run(now, weight, command, random)
        }
    }

    #[inline(never)]
    fn run_on_replica(&mut self, now: Micros, weight: f64, command: Command, random: &mut Stream) -> f64 {
        let work = self.node.cost(false, command.out, command.cost);
        self.read_work += weight * work;
        let queued = match &mut self.readers {
            Some(readers) => readers.query(now, weight, work, random),
            None => 0.0,
        };
        queued + command.out * self.us_per_byte
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
