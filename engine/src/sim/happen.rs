//! Happenings begin and end.

use super::agenda::Due;
use super::history::{Event, Logged};
use super::{MOST_LOGGED, Sim, Source, node};
use crate::cluster::replication::base_lag;
use crate::scenario::What;
use crate::timeline::{Change, Conditions};
use crate::units::Micros;

impl Sim {
    /// A happening begins or ends.
    #[cold]
    pub(super) fn change(&mut self, change: Change) {
        let number = change.happening;
        let event = if change.begins {
            Event::Begins { happening: number }
        } else {
            Event::Ends { happening: number }
        };
        self.put_down(event);
        self.renew_conditions();
        self.database
            .slow_down(self.now, self.conditions.database_slowness);
        self.database.set_down(self.conditions.database_down);
        if let Source::Synthetic(source) = &mut self.source {
            for (class, conditions) in self.conditions.classes.iter().enumerate() {
                source.set_rate_factor(Some(class), conditions.rate);
            }
        }
        let Some(happening) = self.plan.scenario().timeline.get(usize::from(number)) else {
            return;
        };
        match (&happening.what, change.begins) {
            (
                what @ (What::NodeFailure { .. }
                | What::ZoneLoss { .. }
                | What::Restart { .. }
                | What::ReplicaFailure { .. }
                | What::ReplicaPartition { .. }),
                begins,
            ) => {
                let what = what.clone();
                if begins {
                    self.take_nodes(&what, number);
                } else {
                    self.return_nodes(&what, number);
                }
            }
            (What::Snapshot, true) => self.snapshot(),
            (&What::Reshard { shards }, true) => self.reshard(shards),
            (&What::Replicas { replicas }, true) => self.set_replicas(replicas),
            (What::NodeType { node_type }, true) => {
                let name = node_type.clone();
                self.replace_nodes(&name);
            }
            (&What::Flush { shard }, true) => {
                for number in 0..self.active() {
                    if shard.is_none_or(|shard| shard as usize == number) {
                        self.flush_node(number as u16);
                    }
                }
            }
            (&What::RegionLoss { promotion_s }, true) => self.lose_region(number, promotion_s.micros()),
            (What::RegionLoss { .. }, false) => self.return_region(number),
            (What::SlowCommand { .. }, true) => self.attend(Due::Stall { happening: number }),
            _ => {}
        }
    }

    /// Takes up what holds at this time for the nodes and the requests.
    pub(super) fn renew_conditions(&mut self) {
        let scenario = self.plan.scenario();
        self.conditions = Conditions::of(
            scenario,
            &self.timeline,
            self.most_connections(),
            self.shards.len(),
        );
        for (shard, conditions) in self.shards.iter_mut().zip(&self.conditions.nodes) {
            shard.slow_down(conditions.slowness);
            shard.cut_off = conditions.cut_off;
        }
        self.note_conditions();
    }

    /// Notes what the conditions make requests look at.
    pub(super) fn note_conditions(&mut self) {
        let new_connections = self.plan.scenario().client.new_connections.0;
        self.features.detours = self.features.pools
            || self.serverless.is_some()
            || self.regions.is_some()
            || new_connections > 0.0
            || self.conditions.redirected > 0.0
            || self.conditions.refused > 0.0;
        let resized = |factor: f64| (factor - 1.0).abs() > 0.0;
        let mut classes = self.conditions.classes.iter();
        self.features.resized = classes.any(|class| resized(class.value));
    }

    /// Connections that every node takes.
    pub(super) fn most_connections(&self) -> f64 {
        let each = self.shards.iter().map(|shard| shard.node.most_connections());
        each.fold(f64::INFINITY, f64::min)
    }

    /// A slow command holds the threads of its shards; the next one is noted.
    #[cold]
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
        if (self.shards.get(usize::from(shard))).is_some_and(|shard| !shard.is_down()) {
            self.empty(shard);
        }
    }

    /// How far the replicas of a shard are behind while their streams keep up, microseconds.
    pub(super) fn lag_us(&self, shard: u16) -> f64 {
        let scenario = self.plan.scenario();
        let Some(of_shard) = self.shards.get(usize::from(shard)) else {
            return 0.0;
        };
        let service = of_shard
            .node
            .service_s(f64::from(scenario.client.connections_per_node()));
        let busy = of_shard.usage.map_or(0.0, |usage| usage.cpu);
        let replica = if of_shard.reads_replicas() { busy } else { 0.0 };
        let (primary, first) = (of_shard.members.primary(), of_shard.members.in_step().next());
        let way = scenario
            .cluster
            .one_way(shard, primary, first.unwrap_or(primary + 1));
        base_lag(way, service, busy, replica).0 as f64
    }

    /// Writes something into the log of the run.
    pub(super) fn put_down(&mut self, event: Event) {
        if self.happened.len() < MOST_LOGGED {
            self.happened.push(Logged { at: self.now, event });
        }
    }

    /// A shard loses all values.
    pub(super) fn empty(&mut self, shard: u16) {
        let number = usize::from(shard);
        let keys = self.keys.shards().get(number).map_or(0, |keys| keys.simulated);
        if let Some(of_shard) = self.shards.get_mut(number) {
            let store = node::store(&self.plan, &self.topology, number, keys, of_shard.kind);
            of_shard.empty(store, self.now);
            self.put_down(Event::Emptied { shard });
            self.begin_warming(Some(shard));
        }
    }
}
