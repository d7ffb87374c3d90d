//! What becomes of a request, and of what was noted for later.

use super::Sim;
use super::agenda::{Due, Errand, Query};
use super::history::Event;
use super::recorder::Kind;
use super::shard::Health;
use crate::scenario::{Guard, OnCacheError, Reads};
use crate::store::Lookup;
use crate::units::Micros;
use crate::workload::{Key, Operation, Request};

/// Microseconds that a near cache takes to answer: a look-up in the process's own memory.
const NEAR_US: f64 = 1.0;

/// Microseconds that a value takes from the SSD of a node: 300 on average of 500 bytes
/// (`reference/aws/limits_and_metrics.md` section 9).
const SSD_US: f64 = 300.0;

/// Later by so many microseconds.
pub(super) fn later(at: Micros, microseconds: f64) -> Micros {
    Micros(at.0.saturating_add(Micros::whole(microseconds).0))
}

impl Sim {
    /// Serves a request that reaches the application now.
    pub(super) fn serve(&mut self, request: &Request) {
        self.requests += 1;
        let key = self.keys.get(request.key);
        let weight = self.keys.weight(request.key, key);
        if self.conditions.shed > 0.0 && self.behaviour.unit() < self.conditions.shed {
            let all = weight.requests;
            self.recorder
                .count(key.shard, key.class, |tally| tally.shed += all);
            self.release(0.0);
            return;
        }
        if let Some(regions) = &self.regions {
            let mark = self.behaviour.unit();
            self.remote = mark < regions.nearby;
            self.far = !self.remote && mark < regions.nearby + regions.far;
        }
        if self.features.pools {
            self.caller = self.draw_process();
        }
        match request.operation {
            Operation::Read => self.read(request, &key, weight.requests, weight.misses),
            // What is not there is only asked for.
            _ if self.is_absent(request.key, &key) => {
                self.read(request, &key, weight.requests, weight.misses);
            }
            Operation::Write | Operation::Delete => self.write(request, &key, weight.requests),
        }
        (self.remote, self.far) = (false, false);
        if self.features.prefetch && request.operation == Operation::Read {
            self.prefetch(request, &key, weight.requests);
        }
    }

    /// Any process of the application.
    fn draw_process(&mut self) -> u32 {
        let processes = self.plan.scenario().client.instances;
        self.behaviour.below(processes)
    }

    /// Does what was noted for now.
    pub(super) fn attend(&mut self, due: Due) {
        if self.features.pools {
            self.caller = self.draw_process();
        }
        match due {
            Due::Fill(fill) => self.fill(&fill),
            Due::Drop { key: number } => {
                let key = self.keys.get(number);
                if let Some(shard) = self.shards.get_mut(usize::from(key.shard))
                    && shard.health() == Health::Up
                {
                    shard.store.delete(key.local, self.now);
                    self.keys.deleted(number);
                }
            }
            Due::Retry(retry) => {
                self.user = retry.user;
                self.process = None;
                let key = self.keys.get(retry.request.key);
                let query = Query {
                    tries: retry.tries,
                    ..Query::first(&retry.request, retry.errand, retry.weight, 0.0)
                };
                self.ask(&key, &query);
                self.user = None;
            }
            Due::Poll(poll) => self.poll(&poll),
            Due::Flush { key, since } => self.flush(key, since),
            Due::User(user) => {
                let mut batch = core::mem::take(&mut self.batch);
                batch.clear();
                if let super::Source::Synthetic(source) = &mut self.source {
                    source.ask(&mut batch, self.now);
                }
                for (number, request) in batch.iter().enumerate() {
                    // The answer to the last key of a multi-get is the answer.
                    self.user = (number + 1 == batch.len()).then_some(user);
                    self.serve(request);
                }
                self.user = None;
                self.batch = batch;
            }
            Due::Promote { shard } => self.promote(shard),
            Due::PromoteRegion { happening } => self.promote_region(happening),
            Due::RegionJoined { happening } => self.region_joined(happening),
            Due::Refuse { until } => {
                self.refused_until = self.refused_until.max(until);
                self.put_down(Event::Refuses);
                if until.0 < u64::MAX {
                    self.note(until, Due::Accept);
                }
            }
            Due::Accept => {
                if self.refused_until <= self.now {
                    self.put_down(Event::Accepts);
                }
            }
            Due::Forget { key } => {
                if let Some(near) = &mut self.near {
                    near.forget_everywhere(key);
                }
            }
            Due::Stall { happening } => self.stall(happening),
            Due::Snapshot => self.scheduled_snapshot(),
            Due::Fork { shard, node, attempt } => self.fork(shard, node, attempt),
            Due::Synced {
                shard,
                node,
                attempt,
                done,
                outflow,
            } => self.synced(shard, node, attempt, done, outflow),
            Due::Track => self.track(),
            Due::Scale { count } => self.scale(count),
            Due::SlotMoved => self.slot_moved(),
            Due::Loaded { shard, node } => self.loaded(shard, node),
            Due::Warm { warming } => self.warm(warming),
        }
    }

    /// Notes the latency of requests made at `request.at` and answered so many microseconds from now.
    pub(super) fn answered(&mut self, request: &Request, kind: Kind, microseconds: f64, weight: f64) {
        let us = Micros(self.now.0 - request.at.0).as_micros() + microseconds;
        self.recorder.latency(kind, us, weight);
        self.release(microseconds);
    }

    /// Lets the user who waits, if any, think again from so many microseconds from now on.
    #[inline]
    fn release(&mut self, microseconds: f64) {
        if let Some(user) = self.user {
            self.send_off(user, microseconds);
        }
    }

    #[inline(never)]
    fn send_off(&mut self, user: u32, microseconds: f64) {
        self.user = None;
        if let Some(users) = self.plan.scenario().client.users {
            let at = self.thinks(later(self.now, microseconds), users.think_ms);
            self.note(at, Due::User(user));
        }
    }

    fn read(&mut self, request: &Request, key: &Key, all: f64, misses: f64) {
        self.recorder
            .count(key.shard, key.class, |tally| tally.reads += all);
        let Some((process, all)) = self.look_near(request, key, all) else {
            return;
        };
        let misses = misses.min(all);
        self.process = process;
        if self.remote {
            self.recorder
                .count(key.shard, key.class, |tally| tally.secondary_reads += all);
        } else if let Err(us) = self.reach(request, key, all) {
            self.recorder
                .count(key.shard, key.class, |tally| tally.unreachable += all);
            match self.plan.scenario().client.on_cache_error {
                OnCacheError::Database => self.ask(key, &Query::first(request, Errand::Bypass, all, us)),
                OnCacheError::Fail => {
                    self.recorder
                        .count(key.shard, key.class, |tally| tally.failed += all);
                    self.answered(request, Kind::Miss, us, all);
                }
            }
            return;
        }
        let found = match self.shards.get_mut(usize::from(key.shard)) {
            Some(shard) if self.remote => shard.store.peek(key.local, self.now),
            Some(shard) => shard.store.read(key.local, self.now),
            None => return,
        };
        match found {
            Lookup::Hit => self.hit(request, key, all),
            Lookup::Miss(cause) => {
                // While a value is rebuilt, every request for it misses, those included that one stands for.
                let flight = self.flights.get(request.key);
                // So does every request after a write has deleted the value: of thinned requests, as many as of all.
                let misses = if flight.is_some() || self.keys.was_deleted(request.key) {
                    all
                } else {
                    self.absent_misses(request.key, key, all).unwrap_or(misses)
                };
                let hits = all - misses;
                if hits > 0.0 {
                    self.count_hits(request.key, key, hits);
                    let bytes = self.value_bytes(request, key);
                    let us = self.look_up(request, key.shard, hits, bytes);
                    self.recorder.latency(Kind::Hit, us, hits);
                }
                self.miss(request, key, misses, cause, flight);
            }
        }
    }

    /// How many misses one of a key that the database does not have stands for, of so many requests; `None` for other
    /// keys.
    ///
    /// Not remembered, it is missed by every request. Remembered for a time T and asked at its real rate r, it is
    /// missed once in T + 1/r; thinned out, as often as it is simulated.
    fn absent_misses(&self, number: u32, key: &Key, all: f64) -> Option<f64> {
        if !self.is_absent(number, key) {
            return None;
        }
        let ttl = match self.plan.scenario().client.negative_ttl_s {
            Some(seconds) if key.thinned => seconds.0 as f64,
            Some(_) => return None,
            None => return Some(all),
        };
        let simulated = self.thinning.ceiling(key.class);
        Some(((ttl + 1.0 / simulated) / (ttl + 1.0 / (simulated * all))).min(all))
    }

    /// Looks into the near cache of the process that asks, if there are any. Returns that process and the requests that
    /// it does not answer; `None` when it answers all.
    fn look_near(&mut self, request: &Request, key: &Key, all: f64) -> Option<(Option<u32>, f64)> {
        let client = &self.plan.scenario().client;
        let Some(near) = &mut self.near else {
            return Some((None, all));
        };
        let process = if self.features.pools {
            self.caller
        } else {
            self.behaviour.below(client.instances)
        };
        let version = near.get(process, request.key, self.now);
        let rest = match version {
            Some(_) => 0.0,
            None if key.thinned => {
                // Asked at its real rate r, the key is missed by a process once in TTL + 1/r; thinned out, as often as
                // it is simulated.
                let rate = self.thinning.ceiling(key.class) / f64::from(client.instances);
                let ttl = client.near.map_or(0.0, |near| f64::from(near.ttl_ms) * 1e-3);
                ((ttl + 1.0 / rate) / (ttl + 1.0 / (rate * all))).min(all)
            }
            None => return Some((Some(process), all)),
        };
        let near_hits = all - rest;
        if near_hits > 0.0 {
            let age = version.and_then(|version| self.keys.newer(request.key, version, self.now));
            self.recorder.count(key.shard, key.class, |tally| {
                tally.near_hits += near_hits;
                if let Some(age) = age {
                    tally.stale += near_hits;
                    tally.stale_near += near_hits;
                    tally.stale_seconds += age as f64 * 1e-6 * near_hits;
                }
            });
            if rest > 0.0 {
                self.recorder.latency(Kind::Hit, NEAR_US, near_hits);
            } else {
                self.answered(request, Kind::Hit, NEAR_US, near_hits);
            }
        }
        (rest > 0.0).then_some((Some(process), rest))
    }

    /// The process that asked keeps a copy of this version.
    pub(super) fn keep_near(&mut self, request: &Request, key: &Key, version: Micros) {
        if let (Some(process), Some(near)) = (self.process, &mut self.near) {
            near.put(process, request.key, key.keys, version, self.now);
        }
    }

    fn count_hits(&mut self, number: u32, key: &Key, hits: f64) {
        self.recorder
            .count(key.shard, key.class, |tally| tally.hits += hits);
        if self.remote || self.features.absent || key.keys > 1 {
            self.count_special_hits(number, key, hits);
        }
    }

    #[inline(never)]
    fn count_special_hits(&mut self, number: u32, key: &Key, hits: f64) {
        if self.remote {
            self.recorder
                .count(key.shard, key.class, |tally| tally.secondary_hits += hits);
        }
        if self.is_absent(number, key) {
            self.recorder
                .count(key.shard, key.class, |tally| tally.negative_hits += hits);
        }
        if key.keys > 1 {
            self.recorder.sampled(number, hits, 0.0);
        }
    }

    fn hit(&mut self, request: &Request, key: &Key, all: f64) {
        self.count_hits(request.key, key, all);
        if self.features.prefetch {
            self.found_prefetched(request.key, key);
        }
        let nearby = self.remote;
        let copied = || {
            if !self.features.copies {
                return None;
            }
            let lag = self.lag_of_answer(key.shard)?;
            self.keys.changed_within(request.key, lag, self.now)
        };
        if let Some(age) = self.keys.stale(request.key, self.now).or_else(copied) {
            let seconds = age as f64 * 1e-6 * all;
            self.recorder.count(key.shard, key.class, |tally| {
                tally.stale += all;
                if nearby {
                    tally.stale_secondary += all;
                }
                tally.stale_seconds += seconds;
            });
        }
        if self.near.is_some()
            && let Some(version) = self.keys.version(request.key)
        {
            self.keep_near(request, key, version);
        }
        let bytes = self.value_bytes(request, key);
        let mut us = self.look_up(request, key.shard, all, bytes);
        if !nearby && self.plan.ssd().is_some() {
            us += self.read_ssd(key, all);
        }
        let rebuilds = if self.features.refreshes {
            self.refresh(request, key, all, us)
        } else {
            0.0
        };
        if !nearby && self.features.sliding {
            self.renew(request, key, all);
        }
        self.answered(request, Kind::Hit, us, all - rebuilds);
    }

    /// Microseconds by which what answers a read is behind the primary: a replica, or all of a secondary region. `None`
    /// where the primary answers.
    fn lag_of_answer(&self, shard: u16) -> Option<f64> {
        if self.remote {
            let global = self.plan.scenario().cluster.global?;
            return Some(f64::from(global.lag_ms) * 1e3);
        }
        let reads_replicas = self.shards.get(usize::from(shard))?.reads_replicas();
        reads_replicas.then(|| self.lag_us(shard))
    }

    /// Microseconds that the value just read takes from the SSD, if it was there.
    fn read_ssd(&mut self, key: &Key, all: f64) -> f64 {
        let shard = self.shards.get(usize::from(key.shard));
        if !shard.is_some_and(|shard| shard.store.was_on_ssd()) {
            return 0.0;
        }
        self.recorder
            .count(key.shard, key.class, |tally| tally.from_ssd += all);
        SSD_US
    }

    /// Has a value rebuilt that is still served, if it is time to. Returns the readers who rebuild it themselves and
    /// wait for it.
    fn refresh(&mut self, request: &Request, key: &Key, all: f64, us: f64) -> f64 {
        let client = &self.plan.scenario().client;
        let (reads, guard) = (client.reads, client.guard);
        let keys = f64::from(key.keys);
        let left = || self.keys.fresh_until(request.key).0 as f64 - self.now.0 as f64;
        if let Guard::StaleWhileRevalidate { .. } = guard
            && left() <= 0.0
        {
            self.recorder
                .count(key.shard, key.class, |tally| tally.past_ttl += all);
            match self.flights.get(request.key) {
                Some(_) => self.flights.met(request.key, all / keys),
                None => self.ask(key, &Query::first(request, Errand::Refresh, keys, us)),
            }
            return 0.0;
        }
        if let Reads::RefreshAhead { after } = reads
            && let Some(ttl) = self.ttl_mean_us(request, key)
            && left() < (1.0 - after.0) * ttl
            && self.flights.get(request.key).is_none()
        {
            self.ask(key, &Query::first(request, Errand::Refresh, keys, us));
            return 0.0;
        }
        if let Guard::Early { beta } = guard {
            // The chance of one reader is that of an exponential draw to exceed what is left; of several, that of any.
            let rebuild = f64::from(self.plan.scenario().database.latency_us) + us;
            let one = libm::exp(-left().max(0.0) / (rebuild * beta));
            let readers = all / keys;
            let any = -libm::expm1(readers * libm::log1p(-one.min(1.0 - 1e-12)));
            if one > 1e-9 && self.behaviour.unit() < any {
                self.ask(key, &Query::first(request, Errand::Rebuild, keys.min(all), us));
                return keys.min(all);
            }
        }
        0.0
    }
}
