//! Replicas that come into step: by what the backlog holds of what they missed, or by a full synchronisation.

use super::Sim;
use super::agenda::Due;
use super::history::Event;
use super::members::Member;
use super::serve::later;
use crate::cluster::persistence::{Dataset, Saved, child_memory, copied, snapshot_time};
use crate::cluster::replication::{Flow, FullSync, Outcome, Resync};
use crate::scenario::Ttl;
use crate::units::Bytes;

/// Bytes of a write in the replication stream besides key and value: the command in RESP's framing.
const WRITE_BYTES: f64 = 40.0;

/// Pause before a replica tries again that the primary could never bring into step, microseconds.
const RETRY_US: f64 = 1e6;

/// An item as all keys have it on average.
#[derive(Clone, Copy, Debug)]
pub(super) struct MeanItem {
    key_bytes: f64,
    pub(super) value_bytes: f64,
    ttl: bool,
}

impl Sim {
    /// The mean item of the keys that exist from the start; looked up once.
    pub(super) fn mean_item(&mut self) -> MeanItem {
        if let Some(item) = self.mean_item {
            return item;
        }
        let (mut keys, mut names, mut values, mut expiring) = (0.0, 0.0, 0.0, 0.0);
        for key in self.keys.iter() {
            let own = f64::from(key.keys);
            keys += own;
            values += own * f64::from(key.value_bytes);
            if let Some(rules) = self.classes.get(usize::from(key.class)) {
                names += own * f64::from(rules.key_bytes);
                expiring += if rules.ttl == Ttl::None { 0.0 } else { own };
            }
        }
        let per = |sum: f64| if keys > 0.0 { sum / keys } else { 0.0 };
        let item = MeanItem {
            key_bytes: per(names),
            value_bytes: per(values),
            ttl: 2.0 * expiring > keys,
        };
        self.mean_item = Some(item);
        item
    }

    /// Bytes per second that a shard's primary writes, that reach a replica, and that the replica applies.
    fn flow(&mut self, shard: u16) -> Option<Flow> {
        let item = self.mean_item();
        let write = item.key_bytes + item.value_bytes + WRITE_BYTES;
        let connections = f64::from(self.plan.scenario().client.connections_per_node());
        let of_shard = self.shards.get(usize::from(shard))?;
        let joining = of_shard.members.joining().count().max(1) as f64;
        Some(Flow {
            written: of_shard.write_rate * write,
            link: 1e6 / of_shard.us_per_byte / joining,
            apply: write / of_shard.node.service_s(connections),
        })
    }

    /// A full synchronisation of a replica of a shard as it is now.
    pub(super) fn full_sync(&mut self, shard: u16) -> Option<FullSync> {
        let flow = self.flow(shard)?;
        let (raw, sent) = self.snapshot_bytes(shard);
        let of_shard = self.shards.get(usize::from(shard))?;
        let cluster = &self.plan.scenario().cluster;
        Some(cluster.full_sync(of_shard.store.used(), raw, sent, flow))
    }

    /// Bytes of a snapshot of a shard, before and after compression.
    pub(super) fn snapshot_bytes(&mut self, shard: u16) -> (Bytes, Bytes) {
        let item = self.mean_item();
        let saved = Saved {
            key_bytes: item.key_bytes as u32,
            value_bytes: item.value_bytes as u32,
            ttl: item.ttl,
            compressed: self.plan.scenario().cluster.persistence.rdb_compressed,
        };
        let of_shard = self.shards.get(usize::from(shard));
        let keys = of_shard.map_or(0, |of_shard| of_shard.store.keys());
        (Bytes(keys * saved.raw_bytes().0), Bytes(keys * saved.bytes().0))
    }

    /// A replica asks its primary for a full synchronisation, once that is alive.
    pub(super) fn join(&mut self, shard: u16, node: u32) {
        let Some(of_shard) = self.shards.get_mut(usize::from(shard)) else {
            return;
        };
        let attempt = of_shard.members.begin_joining(node);
        let down = of_shard.is_down();
        self.count_replicas(shard);
        if !down && let Some(sync) = self.full_sync(shard) {
            let at = later(self.now, sync.phases().wait.0 as f64);
            self.note(at, Due::Fork { shard, node, attempt });
        }
    }

    /// All replicas of a shard that are alive start over: its primary is another, or has lost what it held.
    pub(super) fn rejoin(&mut self, shard: u16, in_step: bool) {
        let Some(of_shard) = self.shards.get(usize::from(shard)) else {
            return;
        };
        let members = &of_shard.members;
        let mut nodes: Vec<u32> = members.joining().collect();
        if in_step {
            nodes.extend(members.in_step());
        }
        for node in nodes {
            self.join(shard, node);
        }
    }

    /// Whether an attempt of a replica is still under way.
    fn tries(&self, shard: u16, node: u32, attempt: u32) -> bool {
        let of_shard = self.shards.get(usize::from(shard));
        of_shard.is_some_and(|of_shard| {
            !of_shard.is_down() && of_shard.members.get(node) == Member::Joining(attempt)
        })
    }

    /// The primary forks to write a replica's snapshot. Replicas that wait at the same time share it.
    #[cold]
    pub(super) fn fork(&mut self, shard: u16, node: u32, attempt: u32) {
        if !self.tries(shard, node, attempt) {
            return;
        }
        let (Some(sync), item) = (self.full_sync(shard), self.mean_item()) else {
            return;
        };
        let engine = self.plan.scenario().cluster.engine;
        let phases = sync.phases();
        let Some(of_shard) = self.shards.get_mut(usize::from(shard)) else {
            return;
        };
        let first = of_shard.forked != Some(self.now);
        if first {
            of_shard.forked = Some(self.now);
            of_shard.thread.stall(self.now, sync.fork.0 as f64);
        }
        let bytes = of_shard.store.used();
        let dataset = Dataset {
            bytes,
            value_bytes: Bytes((of_shard.store.keys() as f64 * item.value_bytes).min(bytes.0 as f64) as u64),
        };
        let writes = of_shard.write_rate * phases.transfer.as_secs();
        let waiting = if sync.dual_channel { 0 } else { phases.buffered.0 };
        let twice = copied(&dataset, writes, item.value_bytes).0 + child_memory(engine).0 + waiting;
        of_shard.copied = of_shard.copied.max(Bytes(twice));
        let us = match phases.outcome {
            Outcome::Done => (phases.total().0 - phases.wait.0) as f64,
            Outcome::Dropped { after } => after.0 as f64,
            Outcome::NeverCatchesUp => (phases.transfer.0 + phases.load.0) as f64 + RETRY_US,
        };
        let outflow = sync.sent.0 as f64 / (us * 1e-6).max(1e-6);
        of_shard.outflow += outflow;
        let done = phases.outcome == Outcome::Done;
        // The same failure again and again is told once.
        let failed_before = core::mem::replace(&mut of_shard.failing, !done);
        let due = Due::Synced {
            shard,
            node,
            attempt,
            done,
            outflow,
        };
        self.note(later(self.now, us), due);
        match (done, failed_before) {
            (true, _) if first => self.put_down(Event::SyncBegins { shard }),
            (false, false) => self.put_down(Event::SyncFails { shard }),
            _ => {}
        }
    }

    /// A synchronisation ends: the replica is in step, or was dropped and tries again.
    #[cold]
    pub(super) fn synced(&mut self, shard: u16, node: u32, attempt: u32, done: bool, outflow: f64) {
        if let Some(of_shard) = self.shards.get_mut(usize::from(shard)) {
            of_shard.outflow = (of_shard.outflow - outflow).max(0.0);
        }
        if !self.tries(shard, node, attempt) {
            return;
        }
        if !done {
            self.join(shard, node);
            return;
        }
        if let Some(of_shard) = self.shards.get_mut(usize::from(shard)) {
            if of_shard.successor == Some(node) {
                of_shard.members.set(node, Member::CutOff);
                self.switch(shard);
                return;
            }
            of_shard.members.set(node, Member::InStep);
        }
        self.count_replicas(shard);
        self.put_down(Event::Synced { shard });
    }

    /// A replica that was cut off for so many seconds is reached again.
    pub(super) fn reconnect(&mut self, shard: u16, node: u32, seconds: f64) {
        let Some(flow) = self.flow(shard) else { return };
        let backlog = Bytes(self.plan.scenario().cluster.redis.backlog_bytes);
        let missed = flow.written * seconds;
        let Some(of_shard) = self.shards.get_mut(usize::from(shard)) else {
            return;
        };
        if of_shard.members.get(node) != Member::CutOff {
            return;
        }
        let spare = flow.link.min(flow.apply) - flow.written;
        // A history that ended while it was away is known for one more failover.
        let known = !of_shard.is_down() && spare > 0.0;
        match Resync::of(Bytes(missed as u64), backlog, known) {
            Resync::Full => self.join(shard, node),
            Resync::Partial => {
                let due = Due::Synced {
                    shard,
                    node,
                    attempt: of_shard.members.begin_joining(node),
                    done: true,
                    outflow: 0.0,
                };
                self.note(later(self.now, missed / spare * 1e6), due);
            }
        }
    }

    /// Microseconds that a node takes to load its snapshot or log.
    pub(super) fn load_us(&mut self, shard: u16) -> f64 {
        let (raw, _) = self.snapshot_bytes(shard);
        let speed = self.plan.scenario().cluster.persistence.load_mb_per_s;
        snapshot_time(raw, speed).0 as f64
    }
}
