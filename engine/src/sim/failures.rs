//! Nodes die or are cut off, are replaced, and come back.

use super::Sim;
use super::agenda::Due;
use super::history::Event;
use super::members::Member;
use super::serve::later;
use crate::cluster::failover::Incident;
use crate::cluster::persistence::{EVERYSEC_LOSS, UNSYNCED_LOSS};
use crate::cluster::zone_of;
use crate::scenario::{Aof, What};
use crate::units::{Micros, Seconds};

/// A node that a happening has taken.
#[derive(Clone, Copy)]
pub(super) struct Felled {
    happening: u16,
    pub(super) shard: u16,
    node: u32,
    at: Micros,
}

impl Sim {
    /// The nodes that a happening takes, those of them that are alive.
    fn taken(&self, what: &What) -> Vec<(u16, u32)> {
        let zones = self.plan.scenario().cluster.zones;
        let mut taken = Vec::new();
        for (number, of_shard) in (0..).zip(&self.shards).take(self.active()) {
            let primary = of_shard.members.primary();
            for (node, member) in of_shard.members.iter() {
                let wanted = match *what {
                    What::NodeFailure { shard } => shard == u32::from(number) && node == primary,
                    What::ZoneLoss { zone } => zone_of(number, node, zones) == zone,
                    What::Restart { shard: Some(shard) } => shard == u32::from(number) && node == primary,
                    What::Restart { shard: None } => true,
                    What::ReplicaFailure { shard } | What::ReplicaPartition { shard } => {
                        shard == u32::from(number) && of_shard.members.in_step().last() == Some(node)
                    }
                    _ => false,
                };
                if wanted && member != Member::Dead {
                    taken.push((number, node));
                }
            }
        }
        taken
    }

    /// A happening takes its nodes until it ends. Of those that die together, all are gone before a replica takes over.
    pub(super) fn take_nodes(&mut self, what: &What, happening: u16) {
        let cut_off = matches!(what, What::ReplicaPartition { .. });
        // Nobody replaces a node that reboots, unless the cluster itself does.
        let rebooted = matches!(what, What::Restart { .. });
        let failed_before = self.shards.iter().filter(|shard| shard.dead).count() as u32;
        let mut primaries = Vec::new();
        for (shard, node) in self.taken(what) {
            let now = self.now;
            let Some(of_shard) = self.shards.get_mut(usize::from(shard)) else {
                continue;
            };
            let member = if cut_off { Member::CutOff } else { Member::Dead };
            of_shard.members.set(node, member);
            if node == of_shard.members.primary() {
                of_shard.dead = true;
                of_shard.died = now;
                primaries.push(shard);
                self.put_down(Event::Failed { shard });
            } else {
                self.put_down(Event::ReplicaLost { shard });
            }
            self.count_replicas(shard);
            self.felled.push(Felled {
                happening,
                shard,
                node,
                at: now,
            });
        }
        let failed = failed_before + primaries.len() as u32;
        for (rank, shard) in (failed_before..).zip(primaries) {
            self.primary_fails(shard, failed, rank, !rebooted);
        }
    }

    /// The primary of a shard has died, as one of so many that are dead, and what follows from it is noted.
    fn primary_fails(&mut self, shard: u16, failed: u32, failed_rank: u32, service: bool) {
        let Some(of_shard) = self.shards.get(usize::from(shard)) else {
            return;
        };
        let (replicas, write_rate) = (of_shard.replicas, of_shard.write_rate);
        let cluster = &self.plan.scenario().cluster;
        let incident = Incident {
            election: cluster.engine.into(),
            node_timeout: Micros(u64::from(cluster.node_timeout_ms) * 1_000),
            primaries: self.active() as u32,
            failed,
            failed_rank,
            replicas,
            rank: 0,
            round_trip: Micros(2 * u64::from(cluster.replication.cross_zone_one_way_us)),
        };
        let lag = self.lag_us(shard);
        let by_service = cluster
            .service_failover_s
            .filter(|_| service)
            .map(Seconds::micros);
        let mut promoted = None;
        if cluster.has_bus() {
            let course = incident.draw(&mut self.behaviour);
            promoted = course.promoted;
            if let Some(refusal) = course.refusal(cluster.require_full_coverage) {
                let until = refusal
                    .until
                    .or(by_service)
                    .map_or(Micros(u64::MAX), |us| Micros(self.now.0 + us.0));
                self.note(Micros(self.now.0 + refusal.from.0), Due::Refuse { until });
            }
        }
        if replicas > 0
            && let Some(after) = promoted.or(by_service)
        {
            // What was acknowledged but had not reached the replica is gone.
            let lost = write_rate * lag * 1e-6;
            self.recorder
                .count(shard, u8::MAX, |tally| tally.lost_writes += lost);
            self.note(Micros(self.now.0 + after.0), Due::Promote { shard });
        }
    }

    /// The nodes that a happening took come back.
    pub(super) fn return_nodes(&mut self, what: &What, happening: u16) {
        let (back, away) = self
            .felled
            .iter()
            .partition(|felled| felled.happening == happening);
        self.felled = away;
        let back: Vec<Felled> = back;
        for felled in back {
            let Felled { shard, node, at, .. } = felled;
            let Some(of_shard) = self.shards.get(usize::from(shard)) else {
                continue;
            };
            if of_shard.lost {
                // It is back when its region is.
                continue;
            }
            let (dead, leads) = (of_shard.dead, of_shard.members.primary() == node);
            if !matches!(of_shard.members.get(node), Member::Dead | Member::CutOff) {
                // It was replaced meanwhile.
                continue;
            }
            match what {
                What::ReplicaPartition { .. } => {
                    let seconds = (self.now.0 - at.0) as f64 * 1e-6;
                    self.reconnect(shard, node, seconds);
                }
                What::Restart { .. } if leads && dead && self.keeps_data() => {
                    let at = later(self.now, self.load_us(shard));
                    self.note(at, Due::Loaded { shard, node });
                }
                _ if leads && dead => self.primary_returns(shard, node, None),
                _ => self.join(shard, node),
            }
        }
    }

    /// Whether nodes have anything on their disks.
    fn keeps_data(&self) -> bool {
        let cluster = &self.plan.scenario().cluster;
        cluster.persistence.aof != Aof::Off || self.snapshot_at.is_some()
    }

    /// A node that rebooted has loaded what was on its disk, unless another took its place meanwhile.
    #[cold]
    pub(super) fn loaded(&mut self, shard: u16, node: u32) {
        let Some(of_shard) = self.shards.get(usize::from(shard)) else {
            return;
        };
        if of_shard.lost {
            return;
        }
        if !of_shard.dead || of_shard.members.primary() != node {
            self.join(shard, node);
            return;
        }
        let before = |us: Micros| Micros(of_shard.died.0.saturating_sub(us.0));
        let kept = match self.plan.scenario().cluster.persistence.aof {
            Aof::Off => self.snapshot_at.unwrap_or_default(),
            Aof::No => before(UNSYNCED_LOSS),
            Aof::Everysec => before(EVERYSEC_LOSS),
            Aof::Always => of_shard.died,
        };
        self.primary_returns(shard, node, Some(kept));
    }

    /// A dead primary that nobody replaced is back, with the values that were stored up to a time, if any.
    fn primary_returns(&mut self, shard: u16, node: u32, kept: Option<Micros>) {
        let Some(of_shard) = self.shards.get_mut(usize::from(shard)) else {
            return;
        };
        of_shard.dead = false;
        of_shard.members.promote(node);
        match kept {
            Some(until) => self.restore(shard, until),
            None => self.empty(shard),
        }
        // Whether a majority was missing or only this shard: it is back.
        if self.refused_until == Micros(u64::MAX) {
            self.refused_until = self.now;
        }
        self.rejoin(shard, true);
    }

    /// A shard loses the values that were stored after a time.
    fn restore(&mut self, shard: u16, until: Micros) {
        for number in 0..self.keys.len() as u32 {
            let key = self.keys.get(number);
            if key.shard == shard
                && self.keys.version(number).is_some_and(|version| version > until)
                && let Some(of_shard) = self.shards.get_mut(usize::from(shard))
            {
                of_shard.store.delete(key.local, self.now);
            }
        }
        if let Some(of_shard) = self.shards.get_mut(usize::from(shard)) {
            of_shard.emptied = Some(self.now);
            self.put_down(Event::Restored { shard });
        }
    }

    /// A replica takes over from a dead primary; the others follow it.
    #[cold]
    pub(super) fn promote(&mut self, shard: u16) {
        let Some(of_shard) = self.shards.get_mut(usize::from(shard)) else {
            return;
        };
        if of_shard.switching {
            self.switched(shard);
            return;
        }
        let next = of_shard.members.in_step().next();
        if let Some(node) = next
            && of_shard.dead
            && !of_shard.lost
        {
            of_shard.dead = false;
            of_shard.members.promote(node);
            self.count_replicas(shard);
            self.put_down(Event::Promoted { shard });
            self.rejoin(shard, false);
        }
    }

    /// Counts the replicas of a shard that are in step, who are read and can take over.
    pub(super) fn count_replicas(&mut self, shard: u16) {
        let sampled = !self.thinning.is_none();
        if let Some(of_shard) = self.shards.get_mut(usize::from(shard)) {
            of_shard.count_replicas(&self.plan.scenario().client, sampled);
        }
    }
}
