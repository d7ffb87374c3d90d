//! A Serverless cache under load: every command costs ECPUs, and what is asked for beyond the capacity of the moment is
//! throttled, that of a single hash slot as well as that of all.

use super::Sim;
use super::recorder::ServerlessLoad;
use super::shard::Shard;
use crate::cluster::capacity::{Limit, Usage};
use crate::cluster::serverless::{Bucket, Capacity, ECPU_US, SERVICE_US, ecpu, slot_ecpu_per_s};
use crate::cluster::slots::SLOTS;
use crate::scenario::{ReadFrom, Scenario, Workload};
use crate::units::Micros;
use crate::workload::{Key, KeyTable, Request};

/// A key that stands for others, whose requests go to all slots alike.
const EVERYWHERE: u16 = u16::MAX;

/// Time over which bursts even out at least: an assumption, as the service states rates a second.
const BURST_S: f64 = 1.0;

/// Microseconds to transfer a byte at 12.5 Gbit/s, the bandwidth of most nodes: an assumption, as none is published.
const US_PER_BYTE: f64 = 8e-3 / 12.5;

/// The rate limits of a Serverless cache.
pub(super) struct Serverless {
    capacity: Capacity,
    all: Bucket,
    /// Slot of each key.
    slot_of: Vec<u16>,
    slots: Vec<Slot>,
    /// What the keys of one slot get, ECPUs a second.
    slot_limit: f64,
    /// Of these, what keys that stand for others use in every slot.
    everywhere: f64,
    /// Seconds whose ECPUs can be saved up.
    burst_s: f64,
    /// Asked for in this window so far, throttled or not: ECPUs of all commands, and of those that go to all slots.
    asked: f64,
    asked_everywhere: f64,
    /// Whether the cache had the load of the first window for long before the run.
    warm: bool,
    /// How the last window went: share of the capacity, and of the busiest slot's limit.
    shares: (f64, f64),
    /// Busiest slot of the last window and the ECPUs a second that it was asked for.
    busiest: (u16, f64),
}

#[derive(Clone)]
struct Slot {
    bucket: Bucket,
    /// ECPUs asked for in this window.
    asked: f64,
}

impl Sim {
    /// Whether a Serverless cache refuses these commands because they come too fast.
    pub(super) fn is_throttled(&mut self, request: &Request, key: &Key, weight: f64) -> bool {
        let bytes = self.value_bytes(request, key);
        let Some(serverless) = &mut self.serverless else {
            return false;
        };
        let allows = serverless.allows(request.key, self.now);
        if !allows {
            // What they would cost if they hit.
            serverless.ask(request.key, weight * ecpu(bytes, request.cost.into()));
            self.recorder
                .count(key.shard, key.class, |tally| tally.throttled += weight);
        }
        !allows
    }

    /// Runs commands on a Serverless cache that transfer a value of so many bytes: microseconds until each is answered, the
    /// round trip aside.
    #[inline(never)]
    pub(super) fn run_serverless(&mut self, request: &Request, weight: f64, cost: f64, bytes: f64) -> f64 {
        let key = self.keys.get(request.key);
        let ecpus = weight * ecpu(bytes, cost);
        if let Some(serverless) = &mut self.serverless {
            serverless.run(request.key, ecpus);
        }
        self.recorder
            .count(key.shard, key.class, |tally| tally.ecpu += ecpus);
        SERVICE_US * self.latency.exponential() + cost * ECPU_US + bytes * US_PER_BYTE
    }
}

impl Serverless {
    /// That of the scenario, if its cache is one. Keys are divided by slot, as if each slot were a shard of its own, and
    /// are put together in one.
    pub(super) fn new(scenario: &Scenario, keys: &mut KeyTable) -> Option<Self> {
        let engine = scenario.cluster.engine;
        let settings = scenario.cluster.serverless?;
        let copies = scenario.client.read_from == ReadFrom::Replicas && !engine.is_memcached();
        let capacity = Capacity::new(
            engine,
            copies,
            settings.min_ecpu_per_s.0,
            settings.most_ecpu_per_s(),
        );
        let slot_limit = slot_ecpu_per_s(engine, copies);
        let has_tags: Vec<bool> = match &scenario.workload {
            Workload::Synthetic { classes } => {
                classes.iter().map(|class| class.hash_tags.is_some()).collect()
            }
            Workload::Trace(_) => Vec::new(),
        };
        let slots = if engine.is_memcached() { 0 } else { SLOTS.into() };
        let slot_of = keys
            .gather()
            .into_iter()
            .zip(0..)
            .map(|(slot, number)| {
                let key = keys.get(number);
                let tagged = has_tags.get(usize::from(key.class)).copied().unwrap_or(false);
                if slots > 0 && (key.keys == 1 || tagged) {
                    slot
                } else {
                    EVERYWHERE
                }
            })
            .collect();
        Some(Self {
            all: Bucket::full(capacity.ecpu_per_s() * BURST_S),
            capacity,
            slot_of,
            slots: vec![
                Slot {
                    bucket: Bucket::full(slot_limit * BURST_S),
                    asked: 0.0,
                };
                slots
            ],
            slot_limit,
            everywhere: 0.0,
            burst_s: BURST_S,
            asked: 0.0,
            asked_everywhere: 0.0,
            warm: scenario.run.warm_start,
            shares: (0.0, 0.0),
            busiest: (0, 0.0),
        })
    }

    /// Lets at least the ECPUs of a window be saved up: beyond that, a few simulated requests that stand for many make no
    /// burst.
    pub(super) fn save_up(&mut self, window: Micros) {
        self.burst_s = self.burst_s.max(window.as_secs());
    }

    fn slot(&mut self, key: u32) -> Option<&mut Slot> {
        let slot = *self.slot_of.get(key as usize)?;
        self.slots.get_mut(usize::from(slot))
    }

    /// Whether a command for this key gets through now.
    fn allows(&mut self, key: u32, now: Micros) -> bool {
        let (limit, burst_s) = (self.slot_limit - self.everywhere, self.burst_s);
        let of_slot = self
            .slot(key)
            .is_none_or(|slot| slot.bucket.allows(now, limit, burst_s));
        of_slot && (self.warm || self.all.allows(now, self.capacity.ecpu_per_s(), burst_s))
    }

    /// Counts ECPUs as asked for.
    fn ask(&mut self, key: u32, ecpu: f64) {
        self.asked += ecpu;
        match self.slot(key) {
            Some(slot) => slot.asked += ecpu,
            None => self.asked_everywhere += ecpu,
        }
    }

    /// Uses ECPUs.
    fn run(&mut self, key: u32, ecpus: f64) {
        self.ask(key, ecpus);
        self.all.take(ecpus);
        if let Some(slot) = self.slot(key) {
            slot.bucket.take(ecpus);
        }
    }

    /// Ends a window of so many seconds, which the one shard is told of.
    #[inline(never)]
    pub(super) fn end_window(&mut self, seconds: f64, shards: &mut [Shard]) {
        let demand = core::mem::take(&mut self.asked) / seconds;
        self.shares.0 = demand / self.capacity.ecpu_per_s();
        if core::mem::take(&mut self.warm) {
            self.capacity.settle(demand);
            self.all = Bucket::full(self.capacity.ecpu_per_s() * self.burst_s);
        } else {
            self.capacity.advance(seconds, demand);
        }
        let everywhere = core::mem::take(&mut self.asked_everywhere) / seconds;
        self.everywhere = everywhere / f64::from(SLOTS);
        let mut busiest = (0, 0.0);
        for (number, slot) in (0..).zip(&mut self.slots) {
            let asked = core::mem::take(&mut slot.asked) / seconds;
            if asked > busiest.1 {
                busiest = (number, asked);
            }
        }
        if !self.slots.is_empty() {
            self.busiest = (busiest.0, busiest.1 + self.everywhere);
        }
        self.shares.1 = self.busiest.1 / self.slot_limit;
        for shard in shards {
            let memory = shard.store.used().0 as f64 / shard.store.maxmemory().0 as f64;
            shard.usage = Some(self.usage(memory));
        }
    }

    pub(super) fn load(&self) -> ServerlessLoad {
        ServerlessLoad {
            capacity: self.capacity.ecpu_per_s(),
            busiest: self.busiest,
        }
    }

    /// How the last window went, with so large a part of the data that may be there.
    fn usage(&self, memory: f64) -> Usage {
        let (rate, slot) = self.shares;
        let binding = if slot >= rate.max(memory.min(1.0)) && slot > 0.0 {
            Limit::SlotRate
        } else if memory.min(1.0) > rate {
            Limit::Memory
        } else if self.capacity.is_at_most() {
            Limit::MaximumRate
        } else {
            Limit::ScaledRate
        };
        Usage {
            cpu: rate.max(slot),
            network_in: 0.0,
            network_out: 0.0,
            connections: 0.0,
            memory,
            credits: None,
            binding,
        }
    }
}
