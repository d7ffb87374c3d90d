//! Reads that miss: who asks the database, who waits, and what becomes of the answer.

use super::Sim;
use super::agenda::{Due, Errand, Fill, Poll, Query, Retry};
use super::recorder::Kind;
use super::serve::later;
use crate::client::Flight;
use crate::database::Answer;
use crate::scenario::{Guard, Reads};
use crate::store::Cause;
use crate::units::Micros;
use crate::workload::{Key, Request};

/// Microseconds that a reader waits for the holder of a lock before it asks the database itself: nginx's
/// `proxy_cache_lock_timeout`, 5 s unless set. The locks of the recorded stampedes last as long
/// (`../shared/truth/README.md`).
const LOCK_PATIENCE: u64 = 5_000_000;

impl Sim {
    pub(super) fn miss(
        &mut self,
        request: &Request,
        key: &Key,
        misses: f64,
        cause: Cause,
        flight: Option<Flight>,
    ) {
        self.count_miss(request.key, key, misses, cause);
        let us = self.look_up(request, key.shard, misses, 0.0);
        let client = &self.plan.scenario().client;
        let (reads, guard, instances) = (client.reads, client.guard, f64::from(client.instances));
        // A key that stands for others is missed once for each of them.
        let keys = f64::from(key.keys).min(misses);
        if reads == Reads::Through {
            let leaders = if flight.is_some() { 0.0 } else { keys };
            self.lead(request, key, leaders, us, 1);
            self.follow(request, key, misses - leaders, us);
            return;
        }
        match guard {
            Guard::Lock { .. } => {
                let leaders = if flight.is_some() { 0.0 } else { keys };
                // Everybody asks for the lock.
                self.recorder
                    .count(key.shard, key.class, |tally| tally.extra_commands += misses);
                let us = us + self.command(request, key.shard, misses, 1.0, 0.0);
                self.lead(request, key, leaders, us, 1);
                self.queue_up(request, misses - leaders, key);
            }
            Guard::Coalesce => {
                // Of the processes that have not asked yet, so many are met by this many requests for each key.
                let asked = flight.map_or(0.0, |flight| f64::from(flight.processes));
                let each = misses / keys;
                let new = (instances - asked).max(0.0) * -libm::expm1(each * libm::log1p(-1.0 / instances));
                let whole = libm::floor(new + self.behaviour.unit());
                let leaders = (whole * keys).min(misses);
                self.lead(request, key, leaders, us, whole as u32);
                self.follow(request, key, misses - leaders, us);
            }
            Guard::None | Guard::StaleWhileRevalidate { .. } | Guard::Early { .. } => {
                self.lead(request, key, misses, us, 1);
            }
        }
    }

    fn count_miss(&mut self, number: u32, key: &Key, misses: f64, cause: Cause) {
        let version = self.keys.version(number);
        let emptied = self
            .shards
            .get(usize::from(key.shard))
            .and_then(|shard| shard.emptied)
            .max(self.remapped);
        let lost = matches!((version, emptied), (Some(version), Some(emptied)) if version < emptied);
        let deleted = self.keys.was_deleted(number);
        self.gone_unread(number, key);
        self.recorder.count(key.shard, key.class, |tally| {
            let count = match cause {
                Cause::Cold if lost => &mut tally.lost,
                Cause::Cold if deleted => &mut tally.invalidated,
                Cause::Cold => &mut tally.cold,
                Cause::Evicted => &mut tally.evicted,
                Cause::Expired => &mut tally.expired,
            };
            *count += misses;
        });
        if key.keys > 1 {
            self.recorder.sampled(number, 0.0, misses);
        }
    }

    /// Readers who ask the database for a value and store it.
    fn lead(&mut self, request: &Request, key: &Key, leaders: f64, us: f64, processes: u32) {
        if leaders > 0.0 {
            let query = Query::first(request, Errand::Rebuild, leaders, us);
            self.ask(key, &Query { processes, ..query });
        }
    }

    /// Readers who wait for the answer that somebody else has asked for.
    fn follow(&mut self, request: &Request, key: &Key, readers: f64, us: f64) {
        if readers <= 0.0 {
            return;
        }
        self.recorder
            .count(key.shard, key.class, |tally| tally.waited += readers);
        let first = self
            .flights
            .get(request.key)
            .map_or(self.now, |flight| flight.first);
        let left = first.0.saturating_sub(self.now.0) as f64 / self.stretch(request.key, key);
        self.answered(request, Kind::Miss, us.max(left), readers);
    }

    /// Readers who look again in a while whether the value is there.
    fn queue_up(&mut self, request: &Request, readers: f64, key: &Key) {
        if readers <= 0.0 {
            return;
        }
        self.recorder
            .count(key.shard, key.class, |tally| tally.waited += readers);
        self.flights.met(request.key, readers / f64::from(key.keys));
        let user = self.user.take();
        self.look_again(&Poll {
            request: *request,
            weight: readers,
            user,
        });
    }

    /// Has a reader look again after the pause of the lock.
    fn look_again(&mut self, poll: &Poll) {
        if let Guard::Lock { poll_ms } = self.plan.scenario().client.guard {
            self.note(later(self.now, f64::from(poll_ms) * 1e3), Due::Poll(*poll));
        }
    }

    pub(super) fn poll(&mut self, poll: &Poll) {
        let Poll {
            ref request,
            weight,
            user,
        } = *poll;
        let key = self.keys.get(request.key);
        self.user = user;
        self.recorder
            .count(key.shard, key.class, |tally| tally.extra_commands += weight);
        let us = self.command(request, key.shard, weight, 1.0, 0.0);
        let there = self
            .shards
            .get(usize::from(key.shard))
            .is_some_and(|shard| shard.store.glance(key.local));
        if there {
            self.answered(request, Kind::Miss, us, weight);
        } else if self.now.0 - request.at.0 >= LOCK_PATIENCE {
            // As nginx does, it leaves storing the value to whoever gets the lock.
            self.ask(&key, &Query::first(request, Errand::Bypass, weight, us));
        } else if self.flights.get(request.key).is_some() {
            self.user = None;
            self.look_again(poll);
        } else {
            // Whoever held the lock has failed.
            let leaders = f64::from(key.keys).min(weight);
            self.lead(request, &key, leaders, us, 1);
            let others = weight - leaders;
            if others > 0.0 {
                self.look_again(&Poll {
                    request: *request,
                    weight: others,
                    user: None,
                });
            }
        }
        self.user = None;
    }

    /// How many times as long as it takes a rebuild lasts for the simulated requests of a key.
    ///
    /// A simulated write of a thinned key stands for several, and so do the readers that each of them makes miss: as many
    /// as are met when the value is gone for so many times as long. Values that expire are not gone more often than they
    /// are simulated to be, and who polls for a lock counts the time itself.
    fn stretch(&self, number: u32, key: &Key) -> f64 {
        let polls = matches!(self.plan.scenario().client.guard, Guard::Lock { .. });
        if key.thinned && !polls && self.keys.was_deleted(number) {
            self.keys.weight(number, *key).requests
        } else {
            1.0
        }
    }

    /// Asks the database.
    pub(super) fn ask(&mut self, key: &Key, query: &Query<'_>) {
        let Query {
            request,
            errand,
            weight,
            after: us,
            tries,
            processes,
        } = *query;
        let reads = errand != Errand::Write;
        let replicas = reads && self.database.has_replicas();
        self.recorder.count(key.shard, key.class, |tally| {
            tally.queries += weight;
            if tries > 1 {
                tally.retries += weight;
            }
            if replicas {
                tally.queries_replicas += weight;
            }
            if errand.is_ahead() {
                tally.queries_ahead += weight;
            }
        });
        // The database is in the primary region.
        let us = us + self.to_primary();
        let answer = self.database.query(self.now, weight, reads, &mut self.latency);
        let rebuilds = errand.rebuilds();
        let after = match answer {
            Answer::Served { sojourn, .. } => us + sojourn,
            Answer::GivenUp { after } => us + after,
            Answer::Refused => us,
        };
        if rebuilds && tries == 1 {
            let way = f64::from(self.plan.scenario().client.round_trip_us) / 2.0;
            let lands = later(self.now, (after + way) * self.stretch(request.key, key));
            self.flights.begin(request.key, processes, lands);
        }
        match answer {
            Answer::Served { wait, behind, .. } => {
                let read_at = later(self.now, us + wait);
                let version = Micros(read_at.0.saturating_sub(Micros::whole(behind).0));
                self.served(request, key, errand, weight, after, version);
            }
            Answer::GivenUp { .. } | Answer::Refused => {
                let refused = answer == Answer::Refused;
                self.recorder.count(key.shard, key.class, |tally| {
                    if refused {
                        tally.queries_refused += weight;
                    } else {
                        tally.queries_given_up += weight;
                    }
                });
                if let Some(pause) = self.database.retry(tries, weight, &mut self.behaviour) {
                    // Nobody waits for a refresh: who met it has an answer already.
                    let user = if errand.waits() { self.user.take() } else { None };
                    let retry = Retry {
                        request: *request,
                        errand,
                        weight,
                        tries: tries + 1,
                        user,
                    };
                    self.note(later(self.now, after + pause), Due::Retry(retry));
                    return;
                }
                if rebuilds {
                    self.flights.end(request.key);
                }
                if !errand.waits() {
                    return;
                }
                self.recorder
                    .count(key.shard, key.class, |tally| tally.failed += weight);
                let kind = if errand == Errand::Write {
                    Kind::Write
                } else {
                    Kind::Miss
                };
                self.answered(request, kind, after, weight);
            }
        }
    }

    /// The database has answered, `after` microseconds from now; what it read is of this version.
    fn served(
        &mut self,
        request: &Request,
        key: &Key,
        errand: Errand,
        weight: f64,
        after: f64,
        version: Micros,
    ) {
        let absent = self.is_absent(request.key, key);
        if absent {
            self.recorder
                .count(key.shard, key.class, |tally| tally.queries_absent += weight);
        }
        match errand {
            Errand::Bypass => self.answered(request, Kind::Miss, after, weight),
            Errand::Write => self.written(request, key, weight, after),
            Errand::Rebuild | Errand::Refresh | Errand::Warm | Errand::Prefetch => {
                let stores = !absent || self.plan.scenario().client.negative_ttl_s.is_some();
                let us = if stores {
                    self.recorder
                        .count(key.shard, key.class, |tally| tally.extra_commands += weight);
                    let bytes = self.value_bytes(request, key);
                    self.command(request, key.shard, weight, 1.0, bytes)
                } else {
                    0.0
                };
                let way = self.round_trip(request) / 2.0;
                let there = later(self.now, (after + way) * self.stretch(request.key, key));
                self.note(
                    there,
                    Due::Fill(Fill {
                        request: *request,
                        weight,
                        version,
                        rebuild: Some(errand),
                    }),
                );
                if errand == Errand::Rebuild {
                    if stores {
                        self.keep_near(request, key, version);
                    }
                    self.answered(request, Kind::Miss, after + us, weight);
                }
            }
        }
    }
}
