//! Writes, and values on their way into the cache.

use super::Sim;
use super::agenda::{Due, Errand, Fill, Query};
use super::recorder::Kind;
use super::serve::later;
use super::shard::Health;
use crate::scenario::{Guard, Invalidation, Ttl, Writes};
use crate::store::{NEVER, Stored, Value};
use crate::units::{Micros, Seconds};
use crate::workload::{Key, Operation, Request, Told};

/// Chance that a caller who missed just before a locked rebuild came in takes the freed lock and rebuilds again,
/// given that there is such a caller: one who reads, then asks for the lock, and does not read again. It was measured
/// on Valkey 8.1 with 200 clients of one event loop: 1.1 to 1.2 queries for each expiry at any rate
/// (`../shared/truth/README.md`, stampedes).
const LOCK_RACE: f64 = 0.25;

/// Bytes of the value that says that the database does not have a key: a byte to be told from a value.
pub(super) const MARKER_BYTES: u32 = 1;

impl Sim {
    pub(super) fn write(&mut self, request: &Request, key: &Key, all: f64) {
        self.recorder
            .count(key.shard, key.class, |tally| tally.writes += all);
        match self.plan.scenario().client.writes {
            Writes::Behind { flush_ms } if request.operation == Operation::Write => {
                self.write_behind(request, key, all, flush_ms);
            }
            _ => self.ask(key, &Query::first(request, Errand::Write, all, 0.0)),
        }
    }

    /// The cache now, the database later.
    fn write_behind(&mut self, request: &Request, key: &Key, all: f64, flush_ms: u32) {
        if let Err(us) = self.reach(request, key, all) {
            self.ask(key, &Query::first(request, Errand::Write, all, us));
            return;
        }
        self.recorder
            .count(key.shard, key.class, |tally| tally.extra_commands += all);
        let bytes = self.value_bytes(request, key);
        let us = self.command(request, key.shard, all, f64::from(request.cost), bytes);
        self.keys.changes(request.key, self.now);
        self.near_changes(request.key, self.now);
        self.fill(&Fill {
            request: *request,
            weight: all,
            version: self.now,
            rebuild: None,
        });
        if !self.keys.set_dirty(request.key, true) {
            let at = later(self.now, f64::from(flush_ms) * 1e3);
            let since = self.now;
            self.note(
                at,
                Due::Flush {
                    key: request.key,
                    since,
                },
            );
        }
        self.answered(request, Kind::Write, us, all);
    }

    /// Gathered writes of a key go to the database, if the node that held them still does.
    #[inline(never)]
    pub(super) fn flush(&mut self, number: u32, since: Micros) {
        self.keys.set_dirty(number, false);
        let key = self.keys.get(number);
        let keys = f64::from(key.keys);
        let shard = self.shards.get(usize::from(key.shard));
        if shard.is_some_and(|shard| shard.emptied.is_some_and(|emptied| emptied >= since)) {
            self.recorder
                .count(key.shard, key.class, |tally| tally.lost_writes += keys);
            return;
        }
        self.recorder
            .count(key.shard, key.class, |tally| tally.queries += keys);
        // Nobody waits for the answer.
        self.database.query(self.now, keys, false, &mut self.latency);
    }

    /// The database has taken a write, `after` microseconds from now; the cache follows.
    pub(super) fn written(&mut self, request: &Request, key: &Key, weight: f64, after: f64) {
        let done = later(self.now, after);
        self.keys.changes(request.key, done);
        self.near_changes(request.key, done);
        let writes = self.plan.scenario().client.writes;
        if writes == Writes::Around && request.operation == Operation::Write {
            self.answered(request, Kind::Write, after, weight);
            return;
        }
        let us = match self.reach(request, key, weight) {
            Err(us) => us,
            Ok(()) => {
                self.recorder
                    .count(key.shard, key.class, |tally| tally.extra_commands += weight);
                let deletes = writes == Writes::Invalidate || request.operation == Operation::Delete;
                let bytes = if deletes {
                    0.0
                } else {
                    self.value_bytes(request, key)
                };
                let us = self.command(request, key.shard, weight, f64::from(request.cost), bytes);
                let lost = self.conditions.lost_invalidations;
                if lost <= 0.0 || self.behaviour.unit() >= lost {
                    let there = later(done, self.round_trip(request) / 2.0);
                    let due = if deletes {
                        Due::Drop { key: request.key }
                    } else {
                        Due::Fill(Fill {
                            request: *request,
                            weight,
                            version: done,
                            rebuild: None,
                        })
                    };
                    self.note(there, due);
                }
                us
            }
        };
        self.answered(request, Kind::Write, after + us, weight);
    }

    /// Near caches learn that a key changed at this time, if they do.
    fn near_changes(&mut self, key: u32, done: Micros) {
        let client = &self.plan.scenario().client;
        let Some(settings) = client.near else { return };
        match settings.invalidation {
            Invalidation::None => {}
            Invalidation::OwnWrites => {
                let process = self.behaviour.below(client.instances);
                if let Some(near) = &mut self.near {
                    near.forget(process, key);
                }
            }
            Invalidation::Tracking => {
                let told = later(done, f64::from(client.round_trip_us));
                self.note(told, Due::Forget { key });
            }
        }
    }

    /// A value reaches the cache.
    pub(super) fn fill(&mut self, fill: &Fill) {
        let Fill {
            ref request,
            weight,
            version,
            rebuild,
        } = *fill;
        let number = request.key;
        let key = self.keys.get(number);
        let ttl = self.ttl_us(number, &key, request.told.ttl()).map(Micros::whole);
        let stored = self.store(number, &key, request.told, ttl, version);
        let kept = stored == Some(Stored::Kept);
        let stale = kept && self.keys.stale(number, self.now).is_some();
        if stale || !kept || rebuild.is_some_and(Errand::is_ahead) {
            self.recorder.count(key.shard, key.class, |tally| {
                match (stored, rebuild) {
                    (Some(Stored::Refused), _) => tally.refused += weight,
                    (Some(Stored::OutOfMemory), _) => tally.out_of_memory += weight,
                    (Some(Stored::Kept), Some(Errand::Warm)) => tally.warmed += weight,
                    (Some(Stored::Kept), Some(Errand::Prefetch)) => tally.prefetched += weight,
                    _ => {}
                }
                if stale {
                    tally.stale_fills += weight;
                }
            });
        }
        if rebuild.is_none() {
            return;
        }
        if kept && rebuild == Some(Errand::Prefetch) {
            self.keys.set_unread(number, true);
        }
        let met = self.flights.end(number);
        let client = &self.plan.scenario().client;
        let asking = match client.guard {
            Guard::Lock { poll_ms } => met * 1e3 / f64::from(poll_ms),
            Guard::StaleWhileRevalidate { .. } => {
                let flown = self.now.0.saturating_sub(request.at.0).max(1) as f64;
                met * 1e6 / flown
            }
            Guard::None | Guard::Coalesce | Guard::Early { .. } => return,
        };
        // Callers between their read and their try for the lock, a round trip apart.
        let between = if asking > 0.0 {
            -libm::expm1(-asking * f64::from(client.round_trip_us) * 1e-6)
        } else {
            0.0
        };
        if self.flights.get(number).is_none() && self.behaviour.unit() < LOCK_RACE * between {
            let again = Request {
                at: self.now,
                ..*request
            };
            self.ask(
                &key,
                &Query::first(&again, Errand::Refresh, f64::from(key.keys), 0.0),
            );
        }
    }

    /// Stores a value of this version now with so much TTL; `None` when its node does not answer.
    pub(super) fn store(
        &mut self,
        number: u32,
        key: &Key,
        told: Told,
        ttl: Option<Micros>,
        version: Micros,
    ) -> Option<Stored> {
        let absent = self.is_absent(number, key);
        if absent && self.plan.scenario().client.negative_ttl_s.is_none() {
            return None;
        }
        self.gone_unread(number, key);
        let grace = self.grace_us();
        let value_bytes = if absent {
            MARKER_BYTES
        } else {
            self.size(told, key)
        };
        let rules = self.classes.get(usize::from(key.class))?;
        let shard = self.shards.get_mut(usize::from(key.shard))?;
        if shard.health() != Health::Up {
            return None;
        }
        let fresh_until = ttl.map_or(NEVER, |ttl| Micros(self.now.0.saturating_add(ttl.0)));
        let value = Value {
            key_bytes: told.key_bytes().unwrap_or(rules.key_bytes),
            value_bytes,
            expires: Micros(fresh_until.0.saturating_add(grace)),
            keys: key.keys,
        };
        let stored = shard.store.write(key.local, value, self.now);
        shard.written += f64::from(key.keys);
        if stored == Stored::Kept {
            self.keys.stored(number, version, fresh_until);
        }
        Some(stored)
    }

    /// Bytes of a value on its way.
    pub(super) fn value_bytes(&self, request: &Request, key: &Key) -> f64 {
        if self.is_absent(request.key, key) {
            return f64::from(MARKER_BYTES);
        }
        f64::from(self.size(request.told, key))
    }

    /// Bytes of a new value.
    fn size(&self, told: Told, key: &Key) -> u32 {
        let size = told.value_bytes().unwrap_or(key.value_bytes);
        if !self.features.resized {
            return size;
        }
        let class = self.conditions.classes.get(usize::from(key.class));
        scaled(size, class.map_or(1.0, |class| class.value))
    }

    /// The TTL of a class before it is drawn, microseconds; `None` without one.
    pub(super) fn ttl_mean_us(&self, request: &Request, key: &Key) -> Option<f64> {
        let class = usize::from(key.class);
        if self.is_absent(request.key, key) {
            let negative = self.plan.scenario().client.negative_ttl_s;
            return negative.map(|seconds| seconds.0 as f64 * 1e6);
        }
        let deployed = self.conditions.classes.get(class).and_then(|class| class.ttl);
        let of_class = self.classes.get(class)?.ttl.seconds();
        let Seconds(seconds) = request.told.ttl().or(deployed).or(of_class)?;
        Some(seconds as f64 * 1e6)
    }

    /// Draws the TTL of a new value, microseconds; `None` without one.
    pub(super) fn ttl_us(&mut self, number: u32, key: &Key, of_request: Option<Seconds>) -> Option<f64> {
        let class = usize::from(key.class);
        if self.is_absent(number, key) {
            let negative = self.plan.scenario().client.negative_ttl_s;
            return negative.map(|seconds| seconds.0 as f64 * 1e6);
        }
        if let Some(Seconds(seconds)) = of_request {
            return Some(seconds as f64 * 1e6);
        }
        let deployed = self.conditions.classes.get(class).and_then(|class| class.ttl);
        let (seconds, jitter) = match (self.classes.get(class)?.ttl, deployed) {
            (Ttl::None, None) => return None,
            (Ttl::None, Some(seconds)) => (seconds, 0.0),
            (Ttl::Fixed { seconds, jitter }, deployed) => (deployed.unwrap_or(seconds), jitter.0),
            (Ttl::Sliding { seconds }, deployed) => (deployed.unwrap_or(seconds), 0.0),
        };
        let factor = if jitter > 0.0 {
            1.0 + jitter * (2.0 * self.ttl.unit() - 1.0)
        } else {
            1.0
        };
        Some(seconds.0 as f64 * 1e6 * factor)
    }
}

impl Sim {
    /// Whether the database does not have a key: of the places of its class from the hottest to the coldest, every so
    /// many-th.
    #[inline]
    pub(super) fn is_absent(&self, number: u32, key: &Key) -> bool {
        if !self.features.absent {
            return false;
        }
        let Some(rules) = self.classes.get(usize::from(key.class)) else {
            return false;
        };
        let place = f64::from(self.keys.first_of_place(number).saturating_sub(rules.first));
        let before = |place: f64| libm::floor(place * rules.absent + 0.5);
        before(place + 1.0) > before(place)
    }

    /// A read has found a value whose TTL it renews, if its class has such a TTL.
    pub(super) fn renew(&mut self, request: &Request, key: &Key, readers: f64) {
        let number = request.key;
        let sliding = (self.classes.get(usize::from(key.class)))
            .is_some_and(|rules| matches!(rules.ttl, Ttl::Sliding { .. }));
        // A value past its TTL that is still served is rebuilt, not renewed.
        if !sliding || self.keys.fresh_until(number) <= self.now || self.is_absent(number, key) {
            return;
        }
        let Some(ttl) = self.ttl_us(number, key, request.told.ttl()) else {
            return;
        };
        let fresh_until = later(self.now, ttl);
        self.keys.renewed(number, fresh_until);
        let grace = self.grace_us();
        let Some(shard) = self.shards.get_mut(usize::from(key.shard)) else {
            return;
        };
        shard
            .store
            .renew(key.local, Micros(fresh_until.0.saturating_add(grace)));
        // A replica does not take a command that writes: the primary gets an EXPIRE, for which nobody waits.
        if shard.reads_replicas() {
            self.recorder
                .count(key.shard, key.class, |tally| tally.extra_commands += readers);
            self.command(request, key.shard, readers, 1.0, 0.0);
        }
    }

    /// How long past its TTL a value is kept, microseconds.
    fn grace_us(&self) -> u64 {
        match self.plan.scenario().client.guard {
            Guard::StaleWhileRevalidate { grace_s } => grace_s.micros().0,
            _ => 0,
        }
    }
}

/// A size so many times as large; at least a byte if there was one.
fn scaled(bytes: u32, factor: f64) -> u32 {
    let scaled = f64::from(bytes) * factor;
    if bytes == 0 { 0 } else { scaled.max(1.0) as u32 }
}
