//! Shards and replicas come and go, nodes are replaced by others of another type.

use super::agenda::Due;
use super::history::Event;
use super::members::{Member, Members};
use super::serve::later;
use super::shard::{Make, Shard};
use super::{Sim, node};
use crate::catalog::{NodeType, node_type};
use crate::cluster::persistence::fork_pause;
use crate::cluster::resharding::{ATOMIC_IDLE, ATOMIC_LOADED, BATCH, Migrate};
use crate::cluster::{Move, Topology};
use crate::order::sort_by;
use crate::scenario::Engine;
use crate::store::Stored;
use crate::units::Micros;

/// How long a shard answers nobody while a node of another type takes over from its primary: an assumption. AWS says
/// that writes are interrupted for a few seconds (`reference/aws/limits_and_metrics.md` section 10); a manual failover
/// pauses for 5 s at most (`reference/servers.md` section 4.5).
const SWITCH_US: f64 = 2e6;

/// Memory that is free on the shards that stay, over that of the shards that go, for ElastiCache to remove these
/// (`reference/aws/limits_and_metrics.md` section 6).
const FREE_TO_REMOVE: f64 = 1.5;

/// Part of the cost of moving a key that falls on the shard that takes it: an assumption, half of the work that is not
/// the way between the two.
const TAKERS_PART: f64 = 0.5;

/// Least part of a thread that moving keys finds free.
const LEAST_FREE: f64 = 0.05;

/// Pause before something is tried again that a dead node is in the way of, microseconds.
const AGAIN_US: f64 = 1e6;

/// A resharding under way.
pub(super) struct Reshard {
    to: Topology,
    /// The slots still to be moved, with the keys of each, those of one pair of shards in a row.
    moves: Vec<(Move, Vec<u32>)>,
    /// The pair whose slots move.
    pair: Option<(u16, u16)>,
    /// Keys and bytes of each of its slots in a sampled run, whose keys would fill single slots and leave others empty.
    mean: Option<(f64, f64)>,
}

/// Nodes of one type that ran: for how many seconds all together, or how many on average.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ran {
    pub(crate) node: &'static NodeType,
    pub(crate) primaries: f64,
    pub(crate) replicas: f64,
}

impl Sim {
    /// How many nodes of each type ran on average so far; empty while they are those of the plan.
    pub(crate) fn mean_nodes(&self) -> Vec<Ran> {
        let seconds = self.now.as_secs().max(1e-6);
        let mean = |ran: Ran| Ran {
            primaries: ran.primaries / seconds,
            replicas: ran.replicas / seconds,
            ..ran
        };
        self.ran().into_iter().map(mean).collect()
    }

    /// For how many seconds nodes of each type ran so far.
    fn ran(&self) -> Vec<Ran> {
        if self.ran.is_empty() {
            return Vec::new();
        }
        let mut all = self.ran.clone();
        let seconds = (self.now.0 - self.counted_until.0) as f64 * 1e-6;
        for shard in self.shards.iter().filter(|shard| !shard.retired) {
            let replicas = seconds * shard.members.iter().count().saturating_sub(1) as f64;
            match all.iter_mut().find(|ran| ran.node.name == shard.kind.name) {
                Some(ran) => {
                    ran.primaries += seconds;
                    ran.replicas += replicas;
                }
                None => all.push(Ran {
                    node: shard.kind,
                    primaries: seconds,
                    replicas,
                }),
            }
        }
        all
    }

    /// Counts the time that the nodes have run since it was counted last, before they become others.
    fn count_nodes(&mut self) {
        if self.ran.is_empty() {
            self.ran.push(Ran {
                node: self.kind,
                primaries: 0.0,
                replicas: 0.0,
            });
        }
        self.ran = self.ran();
        self.counted_until = self.now;
    }

    /// What a new node of the cluster is.
    fn make(&self) -> Make {
        Make {
            kind: self.kind,
            replicas: self.wanted_replicas,
            sampled: !self.thinning.is_none(),
        }
    }

    /// Shards that hold keys, which are the first ones.
    pub(super) fn active(&self) -> usize {
        self.shards.iter().filter(|shard| !shard.retired).count()
    }

    /// Changes the number of shards.
    pub(super) fn reshard(&mut self, shards: u32) {
        let before = self.active() as u32;
        if shards == before {
            return;
        }
        if self.resharding.is_some() || !self.fits_into(shards) {
            self.put_down(Event::ScaleRefused);
            return;
        }
        self.count_nodes();
        let to = self.topology.resized(shards);
        for number in before..shards {
            self.add_shard(number as u16, &to);
        }
        self.put_down(Event::Reshards {
            shards: shards as u16,
        });
        if to.has_slots() {
            // Shards that go keep their numbers until they hold no slot.
            self.topology.widen(shards);
            let moves = self.moves(&to);
            self.resharding = Some(Reshard {
                to,
                moves,
                pair: None,
                mean: None,
            });
            self.next_slot();
        } else {
            self.remap(to);
            self.end_resharding(shards);
        }
    }

    /// Whether what the shards hold that would go fits into the others.
    fn fits_into(&self, shards: u32) -> bool {
        let (stay, go) = self
            .shards
            .split_at_checked(shards as usize)
            .unwrap_or((&self.shards, &[]));
        let free: u64 = stay
            .iter()
            .map(|shard| shard.store.maxmemory().0.saturating_sub(shard.store.used().0))
            .sum();
        let moved: u64 = go
            .iter()
            .filter(|shard| !shard.retired)
            .map(|shard| shard.store.used().0)
            .sum();
        // Memcached moves nothing.
        !self.topology.has_slots() || free as f64 >= FREE_TO_REMOVE * moved as f64
    }

    /// Adds a shard without keys, or takes one back that had gone.
    fn add_shard(&mut self, number: u16, topology: &Topology) {
        // One that is back may give keys the numbers that they had.
        let keys = self.keys.shards().get(usize::from(number));
        let keys = keys.map_or(0, |keys| keys.simulated);
        let shard = Shard::new(&self.plan, topology, number, keys, &self.make());
        match self.shards.get_mut(usize::from(number)) {
            Some(place) => {
                let before = (place.evicted(), place.expired());
                *place = shard;
                place.before = before;
            }
            None => self.shards.push(shard),
        }
        self.recorder.grow(self.shards.len());
        self.renew_conditions();
    }

    /// The slots to move, each with its keys.
    fn moves(&self, to: &Topology) -> Vec<(Move, Vec<u32>)> {
        let mut moves: Vec<(Move, Vec<u32>)> =
            self.topology.moves(to).map(|step| (step, Vec::new())).collect();
        for key in 0..self.keys.len() as u32 {
            let slot = self.keys.place(key).unwrap_or_default();
            if let Ok(at) = moves.binary_search_by_key(&slot, |(step, _)| step.slot.into())
                && let Some((_, keys)) = moves.get_mut(at)
            {
                keys.push(key);
            }
        }
        // Taken from the end: pair by pair, in the order of the slots.
        sort_by(&mut moves, |(step, _)| {
            !(u64::from(step.from) << 32 | u64::from(step.to) << 16 | u64::from(step.slot))
        });
        moves
    }

    /// Begins to move the next slot, or ends the resharding.
    fn next_slot(&mut self) {
        let Some(reshard) = &self.resharding else { return };
        let Some((step, keys)) = reshard.moves.last() else {
            let shards = reshard.to.shards() as u32;
            self.end_resharding(shards);
            return;
        };
        let (step, pair) = (*step, Some((step.from, step.to)));
        let first = reshard.pair != pair;
        let mean = if first && !self.thinning.is_none() {
            let of_pair = |(other, _): &&(Move, Vec<u32>)| pair == Some((other.from, other.to));
            let slots = || reshard.moves.iter().rev().take_while(of_pair);
            let (keys, bytes) = self.held_by(step.from, slots().flat_map(|(_, keys)| keys));
            let count = slots().count() as f64;
            Some((keys / count, bytes / count))
        } else {
            reshard.mean
        };
        let (moved, bytes) = mean.unwrap_or_else(|| self.held_by(step.from, keys.iter()));
        if first {
            self.free_threads();
        }
        if let Some(reshard) = &mut self.resharding {
            reshard.pair = pair;
            reshard.mean = mean;
        }
        let us = self.pace(step, moved, bytes, first);
        self.note(later(self.now, us), Due::SlotMoved);
    }

    /// How many keys stand behind those of these that a shard holds, and their bytes.
    fn held_by<'a>(&self, shard: u16, keys: impl Iterator<Item = &'a u32>) -> (f64, f64) {
        let Some(of_shard) = self.shards.get(usize::from(shard)) else {
            return (0.0, 0.0);
        };
        keys.fold((0.0, 0.0), |(count, bytes), key| {
            let held = of_shard.store.held(self.keys.get(*key).local);
            let own = f64::from(held.keys);
            (count + own, bytes + own * f64::from(held.item_bytes))
        })
    }

    /// Microseconds that a slot takes to move, which holds so many keys of so many bytes together; the threads of both
    /// shards are slowed by what it takes of them.
    fn pace(&mut self, step: Move, keys: f64, bytes: f64, first: bool) -> f64 {
        let cluster = &self.plan.scenario().cluster;
        let atomic = matches!(cluster.engine, Engine::Valkey90 | Engine::Valkey91);
        let fork = cluster.persistence.fork_ms_per_gb;
        let connections = f64::from(self.plan.scenario().client.connections_per_node());
        let (from, to) = (
            self.shards.get(usize::from(step.from)),
            self.shards.get(usize::from(step.to)),
        );
        let (Some(from), Some(to)) = (from, to) else {
            return AGAIN_US;
        };
        let primary = |number: u16, shard: &Shard| (number, shard.members.primary());
        let one_way = cluster.one_way_between(primary(step.from, from), primary(step.to, to));
        let round_trip = Micros(2 * one_way.0);
        let free = |shard: &Shard| (1.0 - shard.usage.map_or(0.0, |usage| usage.cpu)).max(LEAST_FREE);
        let (giver, taker) = (free(from), free(to));
        if atomic {
            let rate = ATOMIC_LOADED + (ATOMIC_IDLE - ATOMIC_LOADED) * giver.min(taker);
            let work = keys * to.node.service_s(connections);
            let seconds = (bytes / rate).max(work / taker);
            let part = if seconds > 0.0 { work / seconds } else { 0.0 };
            let memory = from.store.used();
            if let Some(from) = self.shards.get_mut(usize::from(step.from)) {
                if first {
                    from.thread.stall(self.now, fork_pause(memory, fork).0 as f64);
                }
                from.occupy(part, 0.0);
            }
            if let Some(to) = self.shards.get_mut(usize::from(step.to)) {
                to.occupy(part, 0.0);
            }
            return seconds * 1e6;
        }
        let mean = if keys > 0.0 { bytes / keys } else { 0.0 };
        let migrate = Migrate::typical(round_trip, mean);
        let calls = libm::ceil(keys / f64::from(BATCH));
        let blocked = calls * migrate.call_s + keys * migrate.key_s;
        // A slot's calls come one after the other, each when the thread has a turn for it.
        let seconds = migrate.slots_s(1.0, keys, BATCH, round_trip) - blocked + blocked / giver;
        let work = TAKERS_PART * keys * migrate.key_s;
        let batch = if calls > 0.0 { blocked / calls } else { 0.0 };
        if let Some(from) = self.shards.get_mut(usize::from(step.from)) {
            from.occupy(blocked / seconds, batch);
        }
        if let Some(to) = self.shards.get_mut(usize::from(step.to)) {
            to.occupy(work / seconds, batch * TAKERS_PART);
        }
        seconds * 1e6
    }

    /// No thread is slowed by moving keys any more.
    fn free_threads(&mut self) {
        for shard in &mut self.shards {
            shard.occupy(0.0, 0.0);
        }
    }

    /// The keys of the slot that moves have arrived; the next one follows.
    #[cold]
    pub(super) fn slot_moved(&mut self) {
        let Some(reshard) = &mut self.resharding else {
            return;
        };
        let Some((step, keys)) = reshard.moves.pop() else {
            return;
        };
        let dead = |number: u16| self.shards.get(usize::from(number)).is_none_or(Shard::is_down);
        if dead(step.from) || dead(step.to) {
            reshard.moves.push((step, keys));
            self.note(later(self.now, AGAIN_US), Due::SlotMoved);
            return;
        }
        for key in keys {
            self.move_key(key, step.to);
        }
        self.topology.assign(step.slot, step.to);
        self.next_slot();
    }

    /// Moves a key with its value to another shard.
    fn move_key(&mut self, number: u32, to: u16) {
        let before = self.keys.get(number);
        self.keys.relocate(number, to);
        let after = self.keys.get(number);
        let Some(from) = self.shards.get_mut(usize::from(before.shard)) else {
            return;
        };
        let held = from.store.release(before.local).restored();
        let Some(of_shard) = self.shards.get_mut(usize::from(to)) else {
            return;
        };
        if of_shard.store.accept(after.local, held, self.now) == Stored::OutOfMemory {
            let keys = f64::from(held.keys);
            self.recorder
                .count(to, before.class, |tally| tally.out_of_memory += keys);
        }
    }

    /// Clients of Memcached divide keys anew: what they look for elsewhere is not there.
    fn remap(&mut self, to: Topology) {
        for key in 0..self.keys.len() as u32 {
            let place = self.keys.place(key).unwrap_or_default();
            let shard = to.shard_of_place(place);
            if shard != self.keys.get(key).shard {
                self.move_key(key, shard);
            }
        }
        self.remapped = Some(self.now);
        self.topology = to;
    }

    /// Only so many shards have keys from now on.
    fn end_resharding(&mut self, shards: u32) {
        self.free_threads();
        self.count_nodes();
        if let Some(reshard) = self.resharding.take() {
            self.topology = reshard.to;
        }
        for shard in self.shards.iter_mut().skip(shards as usize) {
            shard.retired = true;
            shard.dead = false;
            shard.members = Members::new(0);
            shard.replicas = 0;
        }
        self.felled.retain(|felled| u32::from(felled.shard) < shards);
        self.put_down(Event::Resharded {
            shards: shards as u16,
        });
    }

    /// Every shard has so many replicas from now on; new ones come into step first.
    pub(super) fn set_replicas(&mut self, replicas: u32) {
        self.count_nodes();
        self.wanted_replicas = replicas;
        self.put_down(Event::Replicas { replicas });
        for number in 0..self.active() as u16 {
            let Some(of_shard) = self.shards.get_mut(usize::from(number)) else {
                continue;
            };
            for node in of_shard.members.resize(replicas, of_shard.successor) {
                self.join(number, node);
            }
            self.count_replicas(number);
        }
    }

    /// Nodes of another type take the place of all nodes: at once, and empty, with Memcached; else one for each primary
    /// comes into step first. Replicas are taken to be replaced at the same time.
    pub(super) fn replace_nodes(&mut self, name: &str) {
        let Some(kind) = node_type(name) else { return };
        self.count_nodes();
        self.kind = kind;
        let memcached = self.plan.scenario().cluster.engine.is_memcached();
        for number in 0..self.active() as u16 {
            let Some(of_shard) = self.shards.get_mut(usize::from(number)) else {
                continue;
            };
            if memcached {
                self.set_kind(number);
                self.empty(number);
                continue;
            }
            // One that is under way goes on, and will be of this type.
            if of_shard.successor.is_none() {
                let node = of_shard.members.add();
                of_shard.successor = Some(node);
                self.join(number, node);
            }
        }
    }

    /// The successor of a primary is in step and is about to take over.
    pub(super) fn switch(&mut self, shard: u16) {
        if let Some(of_shard) = self.shards.get_mut(usize::from(shard)) {
            of_shard.switching = true;
            of_shard.dead = true;
        }
        self.note(later(self.now, SWITCH_US), Due::Promote { shard });
    }

    /// The successor of a primary takes its place.
    pub(super) fn switched(&mut self, shard: u16) {
        self.count_nodes();
        if let Some(of_shard) = self.shards.get_mut(usize::from(shard)) {
            if let Some(node) = of_shard.successor.take() {
                of_shard.members.set(node, Member::Gone);
            }
            of_shard.switching = false;
            of_shard.dead = false;
            let primary = of_shard.members.primary();
            of_shard.members.promote(primary);
        }
        self.set_kind(shard);
        self.put_down(Event::Replaced { shard });
        self.count_replicas(shard);
        self.rejoin(shard, false);
    }

    /// The nodes of a shard are of the type that nodes have now.
    fn set_kind(&mut self, number: u16) {
        let make = self.make();
        let keys = self
            .keys
            .shards()
            .get(usize::from(number))
            .map_or(0, |keys| keys.simulated);
        let mut store = node::store(&self.plan, &self.topology, number.into(), keys, make.kind);
        let Some(of_shard) = self.shards.get_mut(usize::from(number)) else {
            return;
        };
        for key in (0..self.keys.len() as u32).map(|key| self.keys.get(key)) {
            if key.shard == number {
                store.accept(key.local, of_shard.store.held(key.local), self.now);
            }
        }
        of_shard.before = (of_shard.evicted(), of_shard.expired());
        of_shard.store = store;
        of_shard.set_kind(&self.plan, &make);
    }
}
