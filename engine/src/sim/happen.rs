//! What happens to the cluster: happenings begin and end, nodes die and are replaced.

use super::agenda::Due;
use super::history::{Event, Logged};
use super::{MOST_LOGGED, Sim, Source, node};
use crate::cluster::failover::Incident;
use crate::cluster::replication::base_lag;
use crate::scenario::What;
use crate::timeline::{Change, Conditions};
use crate::units::{Micros, Seconds};

impl Sim {
    /// A happening begins or ends.
    pub(super) fn change(&mut self, change: Change) {
        let number = change.happening;
        let event = if change.begins {
            Event::Begins { happening: number }
        } else {
            Event::Ends { happening: number }
        };
        self.put_down(event);
        let scenario = self.plan.scenario();
        self.conditions = Conditions::of(scenario, &self.timeline);
        self.database.slow_down(self.conditions.database_slowness);
        self.database.set_down(self.conditions.database_down);
        for (shard, conditions) in self.shards.iter_mut().zip(&self.conditions.nodes) {
            shard.slow_down(conditions.slowness);
            shard.cut_off = conditions.cut_off;
        }
        if let Source::Synthetic(source) = &mut self.source {
            for (class, conditions) in self.conditions.classes.iter().enumerate() {
                source.set_rate_factor(Some(class), conditions.rate);
            }
        }
        let Some(happening) = self.plan.scenario().timeline.get(usize::from(number)) else {
            return;
        };
        match (&happening.what, change.begins) {
            (&What::NodeFailure { shard }, true) => self.node_fails(shard as u16, number),
            (&What::NodeFailure { shard }, false) => {
                if let Some(at) = self.felled.iter().position(|felled| *felled == number) {
                    self.felled.swap_remove(at);
                    self.node_returns(shard as u16);
                }
            }
            (&What::Flush { shard }, true) => {
                for number in 0..self.shards.len() {
                    if shard.is_none_or(|shard| shard as usize == number) {
                        self.flush_node(number as u16);
                    }
                }
            }
            (What::SlowCommand { .. }, true) => self.attend(Due::Stall { happening: number }),
            _ => {}
        }
    }

    /// A slow command holds the threads of its shards; the next one is noted.
    pub(super) fn stall(&mut self, happening: u16) {
        let scenario = self.plan.scenario();
        let what = scenario.timeline.get(usize::from(happening)).map(|it| &it.what);
        let Some(&What::SlowCommand {
            shard,
            milliseconds,
            every_s,
        }) = what
        else {
            return;
        };
        if !self.timeline.is_active(happening) {
            return;
        }
        for (number, of_shard) in self.shards.iter_mut().enumerate() {
            if shard.is_none_or(|shard| shard as usize == number) {
                of_shard.thread.stall(self.now, f64::from(milliseconds) * 1e3);
            }
        }
        let again = Micros(self.now.0 + every_s.micros().0);
        self.note(again, Due::Stall { happening });
    }

    /// Operators empty a node; one that is dead hears nothing of it.
    fn flush_node(&mut self, shard: u16) {
        if (self.shards.get(usize::from(shard))).is_some_and(|shard| !shard.dead) {
            self.empty(shard);
        }
    }

    /// The primary of a shard dies, if one is alive, until the happening ends.
    fn node_fails(&mut self, shard: u16, happening: u16) {
        let failed_before = self.shards.iter().filter(|shard| shard.dead).count() as u32;
        let Some(of_shard) = self.shards.get_mut(usize::from(shard)) else {
            return;
        };
        if of_shard.dead {
            return;
        }
        of_shard.dead = true;
        self.felled.push(happening);
        let (replicas, write_rate) = (of_shard.replicas, of_shard.write_rate);
        let cluster = &self.plan.scenario().cluster;
        let incident = Incident {
            election: cluster.engine.into(),
            node_timeout: Micros(u64::from(cluster.node_timeout_ms) * 1_000),
            primaries: cluster.shards,
            failed: failed_before + 1,
            failed_rank: failed_before,
            replicas,
            rank: 0,
            round_trip: Micros(2 * u64::from(cluster.replication.cross_zone_one_way_us)),
        };
        let lag = self.lag_us(shard);
        let by_service = cluster.service_failover_s.map(Seconds::micros);
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

    /// How far the replicas of a shard are behind while their streams keep up, microseconds.
    pub(super) fn lag_us(&self, shard: u16) -> f64 {
        let scenario = self.plan.scenario();
        let Some(of_shard) = self.shards.get(usize::from(shard)) else {
            return 0.0;
        };
        let service = of_shard.node.service_s(f64::from(scenario.client.connections));
        let busy = of_shard.usage.map_or(0.0, |usage| usage.cpu);
        let replica = if of_shard.reads_replicas() { busy } else { 0.0 };
        base_lag(scenario.cluster.one_way(shard, 0, 1), service, busy, replica).0 as f64
    }

    /// A failed node comes back: as a replica where one was promoted, else empty.
    fn node_returns(&mut self, shard: u16) {
        let Some(of_shard) = self.shards.get_mut(usize::from(shard)) else {
            return;
        };
        if of_shard.dead {
            of_shard.dead = false;
            self.empty(shard);
            // Whether a majority was missing or only this shard: it is back.
            if self.refused_until == Micros(u64::MAX) {
                self.refused_until = self.now;
            }
        } else {
            of_shard.replicas += 1;
        }
    }

    /// A replica takes over from a dead primary.
    pub(super) fn promote(&mut self, shard: u16) {
        if let Some(of_shard) = self.shards.get_mut(usize::from(shard))
            && of_shard.dead
            && of_shard.replicas > 0
        {
            of_shard.dead = false;
            of_shard.replicas -= 1;
            self.put_down(Event::Promoted { shard });
        }
    }

    /// Writes something into the log of the run.
    pub(super) fn put_down(&mut self, event: Event) {
        if self.happened.len() < MOST_LOGGED {
            self.happened.push(Logged { at: self.now, event });
        }
    }

    /// A shard loses all values.
    fn empty(&mut self, shard: u16) {
        let number = usize::from(shard);
        let keys = self.keys.shards().get(number).map_or(0, |keys| keys.simulated);
        let store = node::store(&self.plan, &self.topology, number, keys);
        if let Some(of_shard) = self.shards.get_mut(number) {
            of_shard.empty(store, self.now);
            self.put_down(Event::Emptied { shard });
        }
    }
}
