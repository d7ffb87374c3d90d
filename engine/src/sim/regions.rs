//! The regions of a global datastore: which one is the primary, and what follows when that is lost.

use super::Sim;
use super::agenda::Due;
use super::history::Event;
use super::members::Member;
use super::serve::later;
use crate::scenario::GlobalDatastore;
use crate::units::Micros;

/// How the cluster of a region is.
#[derive(Clone, Copy, PartialEq)]
enum State {
    /// The primary one, or a secondary one that follows it.
    InStep,
    /// Lost to the happening of this number.
    Lost(u16),
    /// A secondary one that was lost to that happening, and copies what the primary one holds.
    Joining(u16),
}

/// The regions of a run.
pub(super) struct Regions {
    /// Part of the requests that is made in each, and how its cluster is.
    all: Vec<(f64, State)>,
    primary: usize,
    /// What was written until then had reached the others when the primary one was lost last.
    sent_until: Micros,
    /// Writes of each shard since.
    unsent: Vec<f64>,
    /// Part of the requests made in secondary regions that are read there, and of those made where no cluster answers,
    /// which go to the primary region.
    pub(super) nearby: f64,
    pub(super) far: f64,
    /// Secondary regions that follow the primary one.
    pub(super) followers: u32,
}

impl Regions {
    pub(super) fn new(global: &GlobalDatastore) -> Self {
        let each = global.share.0 / f64::from(global.secondaries);
        let mut all = vec![(each, State::InStep); global.secondaries as usize + 1];
        if let Some((share, _)) = all.first_mut() {
            *share = 1.0 - global.share.0;
        }
        Self {
            all,
            primary: 0,
            sent_until: Micros(0),
            unsent: Vec::new(),
            nearby: global.share.0,
            far: 0.0,
            followers: global.secondaries,
        }
    }

    fn state(&self, region: usize) -> Option<State> {
        self.all.get(region).map(|(_, state)| *state)
    }

    fn set(&mut self, region: usize, state: State) {
        if let Some(region) = self.all.get_mut(region) {
            region.1 = state;
        }
        let primary = self.primary;
        let secondary = |state: fn(State) -> bool| {
            let regions = self.all.iter().enumerate();
            regions
                .filter(move |(number, region)| *number != primary && state(region.1))
                .map(|(_, region)| region.0)
        };
        self.nearby = secondary(|state| state == State::InStep).sum();
        self.far = secondary(|state| state != State::InStep).sum();
        self.followers = match self.state(primary) {
            Some(State::InStep) => secondary(|state| state == State::InStep).count() as u32,
            _ => 0,
        };
    }

    /// The region that is in this state.
    fn in_state(&self, state: State) -> Option<usize> {
        self.all.iter().position(|region| region.1 == state)
    }
}

impl Sim {
    /// The primary region is lost, unless it is already. A secondary one is to take its place after so long.
    pub(super) fn lose_region(&mut self, happening: u16, promotion: Micros) {
        let Some(global) = self.plan.scenario().cluster.global else {
            return;
        };
        let lag_s = f64::from(global.lag_ms) * 1e-3;
        let lag_us = u64::from(global.lag_ms) * 1_000;
        let active = self.active();
        let Some(regions) = &mut self.regions else { return };
        if regions.state(regions.primary) != Some(State::InStep) {
            return;
        }
        regions.set(regions.primary, State::Lost(happening));
        regions.sent_until = Micros(self.now.0.saturating_sub(lag_us));
        regions.unsent.clear();
        let mut failed = Vec::new();
        for (number, shard) in (0..).zip(&mut self.shards).take(active) {
            shard.lost = true;
            regions.unsent.push(shard.write_rate * lag_s);
            if !shard.dead {
                failed.push(number);
            }
        }
        for shard in failed {
            self.put_down(Event::Failed { shard });
        }
        let at = Micros(self.now.0.saturating_add(promotion.0));
        self.note(at, Due::PromoteRegion { happening });
    }

    /// A secondary region takes the place of the primary one, if that is still lost to this happening. What had not
    /// reached it is gone.
    pub(super) fn promote_region(&mut self, happening: u16) {
        let Some(regions) = &mut self.regions else { return };
        if regions.state(regions.primary) != Some(State::Lost(happening)) {
            return;
        }
        let Some(next) = regions.in_state(State::InStep) else {
            return;
        };
        regions.primary = next;
        regions.set(next, State::InStep);
        let (had, unsent) = (regions.sent_until, core::mem::take(&mut regions.unsent));
        for number in 0..self.keys.len() as u32 {
            if !self.keys.fall_back(number, had) {
                let key = self.keys.get(number);
                if let Some(shard) = self.shards.get_mut(usize::from(key.shard)) {
                    shard.store.delete(key.local, self.now);
                }
            }
        }
        for (shard, lost) in (0..).zip(unsent) {
            self.recorder
                .count(shard, u8::MAX, |tally| tally.lost_writes += lost);
        }
        for shard in 0..self.active() as u16 {
            self.revive(shard);
            self.put_down(Event::Promoted { shard });
        }
        self.join_regions();
    }

    /// The region that a happening took is back: empty as the primary one, else as a secondary one.
    pub(super) fn return_region(&mut self, happening: u16) {
        let Some(regions) = &mut self.regions else { return };
        let Some(region) = regions.in_state(State::Lost(happening)) else {
            return;
        };
        if region != regions.primary {
            regions.set(region, State::Joining(happening));
            self.join_regions();
            return;
        }
        regions.set(region, State::InStep);
        for shard in 0..self.active() as u16 {
            self.revive(shard);
            self.empty(shard);
            self.rejoin(shard, true);
        }
        self.join_regions();
    }

    /// Regions that are back copy what the primary one holds, all shards at the same time.
    fn join_regions(&mut self) {
        let shards = 0..self.active() as u16;
        let us = shards
            .filter_map(|shard| self.full_sync(shard))
            .map(|sync| sync.phases().total().0)
            .max();
        let at = later(self.now, us.unwrap_or(0) as f64);
        let states = self.regions.iter().flat_map(|regions| &regions.all);
        let joining: Vec<u16> = states
            .filter_map(|(_, state)| match state {
                State::Joining(happening) => Some(*happening),
                _ => None,
            })
            .collect();
        for happening in joining {
            self.note(at, Due::RegionJoined { happening });
        }
    }

    /// A region holds what the primary one does, unless that was lost meanwhile.
    pub(super) fn region_joined(&mut self, happening: u16) {
        if let Some(regions) = &mut self.regions
            && regions.state(regions.primary) == Some(State::InStep)
            && let Some(region) = regions.in_state(State::Joining(happening))
        {
            regions.set(region, State::InStep);
        }
    }

    /// The nodes of a shard are those of another region, or new ones, and all of them are alive.
    fn revive(&mut self, shard: u16) {
        let Some(of_shard) = self.shards.get_mut(usize::from(shard)) else {
            return;
        };
        of_shard.lost = false;
        if !of_shard.switching {
            of_shard.dead = false;
            let members = of_shard.members.iter();
            let dead = members.filter(|(_, member)| *member == Member::Dead);
            let dead: Vec<u32> = dead.map(|(node, _)| node).collect();
            for node in dead {
                of_shard.members.set(node, Member::InStep);
            }
        }
        self.count_replicas(shard);
        self.rejoin(shard, false);
    }
}
