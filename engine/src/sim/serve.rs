//! What becomes of a request: the cache, the database, those who wait for each other.

use super::Sim;
use super::agenda::{Due, Errand, Fill, Poll, Retry};
use super::history::Event;
use super::shard::{Command, Health, Shard};
use crate::client::Flight;
use crate::database::Answer;
use crate::scenario::{Guard, Invalidation, OnCacheError, Reads, Ttl, Writes};
use crate::store::{Cause, Lookup, NEVER, Stored, Value};
use crate::units::{Micros, Seconds};
use crate::workload::{Key, Operation, Request};

/// Chance that a caller who missed just before a locked rebuild came in takes the freed lock and rebuilds again,
/// given that there is such a caller: one who reads, then asks for the lock, and does not read again. It was measured
/// on Valkey 8.1 with 200 clients of one event loop: 1.1 to 1.2 queries for each expiry at any rate
/// (`../shared/truth/README.md`, stampedes).
const LOCK_RACE: f64 = 0.25;

/// Microseconds that a near cache takes to answer: a look-up in the process's own memory.
const NEAR_US: f64 = 1.0;

/// Microseconds that a new connection adds to a request: 2.82 ms against 0.21 ms with a pooled one
/// (`reference/servers.md` section 8, from ElastiCache's documentation).
const CONNECT_US: f64 = 2_610.0;

/// Work of accepting a connection on the engine's thread, in simple commands: an assumption, from about 20,000
/// connections a second without TLS where a thread runs some 180,000 commands.
const CONNECT_WORK: f64 = 8.0;

/// Kinds of latencies that are told apart.
#[derive(Clone, Copy)]
enum Kind {
    Hit,
    Miss,
    Write,
}

/// Later by so many microseconds.
fn later(at: Micros, microseconds: f64) -> Micros {
    Micros(at.0.saturating_add(microseconds as u64))
}

impl Sim {
    /// Serves a request that reaches the application now.
    pub(super) fn serve(&mut self, request: Request) {
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
        match request.operation {
            Operation::Read => self.read(request, key, weight.requests, weight.misses),
            Operation::Write | Operation::Delete => self.write(request, key, weight.requests),
        }
    }

    /// Does what was noted for now.
    pub(super) fn attend(&mut self, due: Due) {
        match due {
            Due::Fill(fill) => self.fill(fill),
            Due::Drop { key: number } => {
                let key = self.keys.get(number);
                if let Some(shard) = self.shards.get_mut(usize::from(key.shard))
                    && shard.health() == Health::Up
                {
                    shard.store.delete(key.local, self.now);
                    self.values.deleted(number);
                }
            }
            Due::Retry(retry) => {
                self.user = retry.user;
                self.process = None;
                let key = self.keys.get(retry.request.key);
                self.ask(
                    retry.request,
                    key,
                    retry.errand,
                    retry.weight,
                    0.0,
                    retry.tries + 1,
                );
                self.user = None;
            }
            Due::Poll(poll) => self.poll(poll),
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
                    self.serve(*request);
                }
                self.user = None;
                self.batch = batch;
            }
            Due::Promote { shard } => self.promote(shard),
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
            Due::Snapshot => self.snapshot(),
        }
    }

    /// Notes the latency of requests made at `request.at` and answered so many microseconds from now.
    fn answered(&mut self, request: Request, kind: Kind, microseconds: f64, weight: f64) {
        let us = (self.now.0 - request.at.0) as f64 + microseconds;
        match kind {
            Kind::Hit => self.recorder.hit(us, weight),
            Kind::Miss => self.recorder.miss(us, weight),
            Kind::Write => self.recorder.write(us, weight),
        }
        self.release(microseconds);
    }

    /// Lets the user who waits, if any, think again from so many microseconds from now on.
    fn release(&mut self, microseconds: f64) {
        if let Some(user) = self.user.take()
            && let Some(users) = self.plan.scenario().client.users
        {
            let at = self.thinks(later(self.now, microseconds), users.think_ms);
            self.note(at, Due::User(user));
        }
    }

    /// Microseconds of a round trip to the cache for this request; the further keys of a multi-get ride along.
    fn round_trip(&self, request: Request) -> f64 {
        if request.continues {
            0.0
        } else {
            f64::from(self.plan.scenario().client.round_trip_us)
        }
    }

    /// Runs a command on a shard that takes so many bytes of a value there: microseconds until the application has the
    /// answer, the way there and back included.
    fn command(&mut self, request: Request, shard: u16, weight: f64, cost: f64, into: f64) -> f64 {
        let round_trip = self.round_trip(request);
        match self.shards.get_mut(usize::from(shard)) {
            Some(shard) => {
                let command = Command { cost, into, out: 0.0 };
                round_trip + shard.run(self.now, weight, command, &mut self.latency)
            }
            None => round_trip,
        }
    }

    /// Looks a key up, as [`command`](Self::command), with a connection of its own where the application opens one.
    fn look_up(&mut self, request: Request, shard: u16, weight: f64, out: f64) -> f64 {
        let round_trip = self.round_trip(request);
        let fresh = self.plan.scenario().client.new_connections.0;
        let connects = fresh > 0.0 && !request.continues && self.behaviour.unit() < fresh;
        let (extra, work) = if connects {
            (CONNECT_US, CONNECT_WORK)
        } else {
            (0.0, 0.0)
        };
        let command = Command {
            cost: f64::from(request.cost) + work,
            into: 0.0,
            out,
        };
        match self.shards.get_mut(usize::from(shard)) {
            Some(shard) => round_trip + extra + shard.run_read(self.now, weight, command, &mut self.latency),
            None => round_trip,
        }
    }

    /// Whether somebody answers for a shard.
    ///
    /// # Errors
    /// Microseconds after which the application knows that nobody does.
    fn reach(&mut self, shard: u16, weight: f64) -> Result<(), f64> {
        let refuses =
            self.conditions.auth_failures > 0.0 && self.behaviour.unit() < self.conditions.auth_failures;
        let client = &self.plan.scenario().client;
        let Some(shard) = self.shards.get_mut(usize::from(shard)) else {
            return Ok(());
        };
        let up = shard.health() == Health::Up;
        let refuses = refuses || self.now < self.refused_until;
        if let Some(breaker) = &mut shard.breaker {
            if !breaker.allows(self.now) {
                return Err(0.0);
            }
            if up && !refuses {
                breaker.succeeded();
            } else {
                breaker.failed(self.now, weight);
            }
        }
        if !up {
            Err(f64::from(client.timeout_ms) * 1e3)
        } else if refuses {
            Err(f64::from(client.round_trip_us))
        } else {
            Ok(())
        }
    }

    fn read(&mut self, request: Request, key: Key, all: f64, misses: f64) {
        self.recorder
            .count(key.shard, key.class, |tally| tally.reads += all);
        let Some((process, all)) = self.look_near(request, key, all) else {
            return;
        };
        let misses = misses.min(all);
        self.process = process;
        if let Err(us) = self.reach(key.shard, all) {
            self.recorder
                .count(key.shard, key.class, |tally| tally.unreachable += all);
            match self.plan.scenario().client.on_cache_error {
                OnCacheError::Database => self.ask(request, key, Errand::Bypass, all, us, 1),
                OnCacheError::Fail => {
                    self.recorder
                        .count(key.shard, key.class, |tally| tally.failed += all);
                    self.answered(request, Kind::Miss, us, all);
                }
            }
            return;
        }
        let found = match self.shards.get_mut(usize::from(key.shard)) {
            Some(shard) => shard.store.read(key.local, self.now),
            None => return,
        };
        match found {
            Lookup::Hit => self.hit(request, key, all),
            Lookup::Miss(cause) => {
                // While a value is rebuilt, every request for it misses, those included that one stands for.
                let flight = self.flights.get(request.key);
                // So does every request after a write has deleted the value: of thinned requests, as many as of all.
                let misses = if flight.is_some() || self.values.was_deleted(request.key) {
                    all
                } else {
                    misses
                };
                let hits = all - misses;
                if hits > 0.0 {
                    self.recorder
                        .count(key.shard, key.class, |tally| tally.hits += hits);
                    let bytes = self.value_bytes(request, key);
                    let us = self.look_up(request, key.shard, hits, bytes);
                    self.recorder.hit(us, hits);
                }
                self.miss(request, key, misses, cause, flight);
            }
        }
    }

    /// Looks into the near cache of the process that asks, if there are any. Returns that process and the requests that
    /// it does not answer; `None` when it answers all.
    fn look_near(&mut self, request: Request, key: Key, all: f64) -> Option<(Option<u32>, f64)> {
        let client = &self.plan.scenario().client;
        let (Some(near), Some(settings)) = (&mut self.near, client.near) else {
            return Some((None, all));
        };
        let process = self.behaviour.below(client.instances);
        let version = near.get(process, request.key, self.now);
        let rest = if version.is_some() {
            0.0
        } else if key.thinned {
            // Asked at its real rate r, the key is missed by a process once in TTL + 1/r; thinned out, as often as it
            // is simulated.
            let rate = self.thinning.ceiling(key.class) / f64::from(client.instances);
            let ttl = f64::from(settings.ttl_ms) * 1e-3;
            ((ttl + 1.0 / rate) / (ttl + 1.0 / (rate * all))).min(all)
        } else {
            all
        };
        let near_hits = all - rest;
        if near_hits > 0.0 {
            let age = version.and_then(|version| self.values.newer(request.key, version, self.now));
            self.recorder.count(key.shard, key.class, |tally| {
                tally.near_hits += near_hits;
                if let Some(age) = age {
                    tally.stale += near_hits;
                    tally.stale_near += near_hits;
                    tally.stale_seconds += age as f64 * 1e-6 * near_hits;
                }
            });
            if rest > 0.0 {
                self.recorder.hit(NEAR_US, near_hits);
            } else {
                self.answered(request, Kind::Hit, NEAR_US, near_hits);
            }
        }
        (rest > 0.0).then_some((Some(process), rest))
    }

    /// The process that asked keeps a copy of this version.
    fn keep_near(&mut self, request: Request, key: Key, version: Micros) {
        if let (Some(process), Some(near)) = (self.process, &mut self.near) {
            near.put(process, request.key, key.keys, version, self.now);
        }
    }

    fn hit(&mut self, request: Request, key: Key, all: f64) {
        self.recorder
            .count(key.shard, key.class, |tally| tally.hits += all);
        let behind = self
            .shards
            .get(usize::from(key.shard))
            .is_some_and(Shard::reads_replicas);
        let age = self.values.stale(request.key, self.now);
        let lag = if behind { self.lag_us(key.shard) } else { 0.0 };
        if let Some(age) = age.or_else(|| self.values.changed_within(request.key, lag, self.now)) {
            let seconds = age as f64 * 1e-6 * all;
            self.recorder.count(key.shard, key.class, |tally| {
                tally.stale += all;
                tally.stale_seconds += seconds;
            });
        }
        if self.near.is_some()
            && let Some(version) = self.values.version(request.key)
        {
            self.keep_near(request, key, version);
        }
        let bytes = self.value_bytes(request, key);
        let us = self.look_up(request, key.shard, all, bytes);
        let rebuilds = self.refresh(request, key, all, us);
        self.answered(request, Kind::Hit, us, all - rebuilds);
    }

    /// Has a value rebuilt that is still served, if it is time to. Returns the readers who rebuild it themselves and
    /// wait for it.
    fn refresh(&mut self, request: Request, key: Key, all: f64, us: f64) -> f64 {
        let client = &self.plan.scenario().client;
        let (reads, guard) = (client.reads, client.guard);
        let keys = f64::from(key.keys);
        let left = || self.values.fresh_until(request.key).0 as f64 - self.now.0 as f64;
        if let Guard::StaleWhileRevalidate { .. } = guard
            && left() <= 0.0
        {
            self.recorder
                .count(key.shard, key.class, |tally| tally.past_ttl += all);
            match self.flights.get(request.key) {
                Some(_) => self.flights.met(request.key, all / keys),
                None => self.ask(request, key, Errand::Refresh, keys, us, 1),
            }
            return 0.0;
        }
        if let Reads::RefreshAhead { after } = reads
            && let Some(ttl) = self.ttl_mean_us(request, key)
            && left() < (1.0 - after.0) * ttl
            && self.flights.get(request.key).is_none()
        {
            self.ask(request, key, Errand::Refresh, keys, us, 1);
            return 0.0;
        }
        if let Guard::Early { beta } = guard {
            // The chance of one reader is that of an exponential draw to exceed what is left; of several, that of any.
            let rebuild = f64::from(self.plan.scenario().database.latency_us) + us;
            let one = libm::exp(-left().max(0.0) / (rebuild * beta));
            let readers = all / keys;
            let any = -libm::expm1(readers * libm::log1p(-one.min(1.0 - 1e-12)));
            if one > 1e-9 && self.behaviour.unit() < any {
                self.ask(request, key, Errand::Rebuild, keys.min(all), us, 1);
                return keys.min(all);
            }
        }
        0.0
    }

    fn miss(&mut self, request: Request, key: Key, misses: f64, cause: Cause, flight: Option<Flight>) {
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

    fn count_miss(&mut self, number: u32, key: Key, misses: f64, cause: Cause) {
        let version = self.values.version(number);
        let emptied = self
            .shards
            .get(usize::from(key.shard))
            .and_then(|shard| shard.emptied);
        let lost = matches!((version, emptied), (Some(version), Some(emptied)) if version < emptied);
        let deleted = self.values.was_deleted(number);
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
    }

    /// Readers who ask the database for a value and store it.
    fn lead(&mut self, request: Request, key: Key, leaders: f64, us: f64, processes: u32) {
        if leaders > 0.0 {
            self.ask_with(request, key, Errand::Rebuild, leaders, us, 1, processes);
        }
    }

    /// Readers who wait for the answer that somebody else has asked for.
    fn follow(&mut self, request: Request, key: Key, readers: f64, us: f64) {
        if readers <= 0.0 {
            return;
        }
        self.recorder
            .count(key.shard, key.class, |tally| tally.waited += readers);
        let first = self
            .flights
            .get(request.key)
            .map_or(self.now, |flight| flight.first);
        let left = first.0.saturating_sub(self.now.0) as f64;
        self.answered(request, Kind::Miss, us.max(left), readers);
    }

    /// Readers who look again in a while whether the value is there.
    fn queue_up(&mut self, request: Request, readers: f64, key: Key) {
        let Guard::Lock { poll_ms } = self.plan.scenario().client.guard else {
            return;
        };
        if readers <= 0.0 {
            return;
        }
        self.recorder
            .count(key.shard, key.class, |tally| tally.waited += readers);
        self.flights.met(request.key, readers / f64::from(key.keys));
        let at = later(self.now, f64::from(poll_ms) * 1e3);
        let user = self.user.take();
        self.note(
            at,
            Due::Poll(Poll {
                request,
                weight: readers,
                user,
            }),
        );
    }

    fn poll(&mut self, poll: Poll) {
        let Poll {
            request,
            weight,
            user,
        } = poll;
        let key = self.keys.get(request.key);
        let Guard::Lock { poll_ms } = self.plan.scenario().client.guard else {
            return;
        };
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
        } else if self.flights.get(request.key).is_some() {
            let at = later(self.now, f64::from(poll_ms) * 1e3);
            self.user = None;
            self.note(at, Due::Poll(poll));
        } else {
            // Whoever held the lock has failed.
            let leaders = f64::from(key.keys).min(weight);
            self.lead(request, key, leaders, us, 1);
            let others = weight - leaders;
            if others > 0.0 {
                let at = later(self.now, f64::from(poll_ms) * 1e3);
                self.note(
                    at,
                    Due::Poll(Poll {
                        request,
                        weight: others,
                        user: None,
                    }),
                );
            }
        }
        self.user = None;
    }

    fn ask(&mut self, request: Request, key: Key, errand: Errand, weight: f64, us: f64, tries: u32) {
        self.ask_with(request, key, errand, weight, us, tries, 1);
    }

    /// Asks the database, `us` microseconds from now as far as the answer is concerned.
    #[expect(
        clippy::too_many_arguments,
        reason = "one query, and nothing of it belongs together"
    )]
    fn ask_with(
        &mut self,
        request: Request,
        key: Key,
        errand: Errand,
        weight: f64,
        us: f64,
        tries: u32,
        processes: u32,
    ) {
        self.recorder.count(key.shard, key.class, |tally| {
            tally.queries += weight;
            if tries > 1 {
                tally.retries += weight;
            }
        });
        let answer = self.database.query(self.now, weight, &mut self.latency);
        let rebuilds = matches!(errand, Errand::Rebuild | Errand::Refresh);
        let after = match answer {
            Answer::Served { sojourn, .. } => us + sojourn,
            Answer::GivenUp { after } => us + after,
            Answer::Refused => us,
        };
        if rebuilds && tries == 1 {
            let lands = later(
                self.now,
                after + f64::from(self.plan.scenario().client.round_trip_us) / 2.0,
            );
            self.flights.begin(request.key, processes, lands);
        }
        match answer {
            Answer::Served { wait, .. } => {
                let version = later(self.now, us + wait);
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
                    let waits = errand != Errand::Refresh;
                    let user = if waits { self.user.take() } else { None };
                    let retry = Retry {
                        request,
                        errand,
                        tries,
                        weight,
                        user,
                    };
                    self.note(later(self.now, after + pause), Due::Retry(retry));
                    return;
                }
                if rebuilds {
                    self.flights.end(request.key);
                }
                if errand == Errand::Refresh {
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
        request: Request,
        key: Key,
        errand: Errand,
        weight: f64,
        after: f64,
        version: Micros,
    ) {
        match errand {
            Errand::Bypass => self.answered(request, Kind::Miss, after, weight),
            Errand::Write => self.written(request, key, weight, after),
            Errand::Rebuild | Errand::Refresh => {
                self.recorder
                    .count(key.shard, key.class, |tally| tally.extra_commands += weight);
                let bytes = self.value_bytes(request, key);
                let us = self.command(request, key.shard, weight, 1.0, bytes);
                let there = later(self.now, after + self.round_trip(request) / 2.0);
                self.note(
                    there,
                    Due::Fill(Fill {
                        request,
                        weight,
                        version,
                        rebuild: true,
                    }),
                );
                if errand == Errand::Rebuild {
                    self.keep_near(request, key, version);
                    self.answered(request, Kind::Miss, after + us, weight);
                }
            }
        }
    }

    fn write(&mut self, request: Request, key: Key, all: f64) {
        self.recorder
            .count(key.shard, key.class, |tally| tally.writes += all);
        match self.plan.scenario().client.writes {
            Writes::Behind { flush_ms } if request.operation == Operation::Write => {
                self.write_behind(request, key, all, flush_ms);
            }
            _ => self.ask(request, key, Errand::Write, all, 0.0, 1),
        }
    }

    /// The cache now, the database later.
    fn write_behind(&mut self, request: Request, key: Key, all: f64, flush_ms: u32) {
        if let Err(us) = self.reach(key.shard, all) {
            self.ask(request, key, Errand::Write, all, us, 1);
            return;
        }
        self.recorder
            .count(key.shard, key.class, |tally| tally.extra_commands += all);
        let bytes = self.value_bytes(request, key);
        let us = self.command(request, key.shard, all, f64::from(request.cost), bytes);
        self.values.changes(request.key, self.now);
        self.near_changes(request.key, self.now);
        self.fill(Fill {
            request,
            weight: all,
            version: self.now,
            rebuild: false,
        });
        if !self.values.set_dirty(request.key, true) {
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
    fn flush(&mut self, number: u32, since: Micros) {
        self.values.set_dirty(number, false);
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
        self.database.query(self.now, keys, &mut self.latency);
    }

    /// The database has taken a write, `after` microseconds from now; the cache follows.
    fn written(&mut self, request: Request, key: Key, weight: f64, after: f64) {
        let done = later(self.now, after);
        self.values.changes(request.key, done);
        self.near_changes(request.key, done);
        let writes = self.plan.scenario().client.writes;
        if writes == Writes::Around && request.operation == Operation::Write {
            self.answered(request, Kind::Write, after, weight);
            return;
        }
        let us = match self.reach(key.shard, weight) {
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
                            request,
                            weight,
                            version: done,
                            rebuild: false,
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
    fn fill(&mut self, fill: Fill) {
        let Fill {
            request,
            weight,
            version,
            rebuild,
        } = fill;
        let number = request.key;
        let key = self.keys.get(number);
        let ttl = self.ttl_us(number, request.ttl).map(|us| Micros(us as u64));
        let stored = self.store(number, request.key_bytes, request.value_bytes, ttl, version);
        self.recorder.count(key.shard, key.class, |tally| match stored {
            Some(Stored::Refused) => tally.refused += weight,
            Some(Stored::OutOfMemory) => tally.out_of_memory += weight,
            Some(Stored::Kept | Stored::Declined) | None => {}
        });
        if !rebuild {
            return;
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
        let between = -libm::expm1(-asking * f64::from(client.round_trip_us) * 1e-6);
        if self.flights.get(number).is_none() && self.behaviour.unit() < LOCK_RACE * between {
            let again = Request {
                at: self.now,
                ..request
            };
            self.ask(again, key, Errand::Refresh, f64::from(key.keys), 0.0, 1);
        }
    }

    /// Stores a value of this version now with so much TTL; `None` when its node does not answer.
    pub(super) fn store(
        &mut self,
        number: u32,
        key_bytes: Option<u32>,
        value_bytes: Option<u32>,
        ttl: Option<Micros>,
        version: Micros,
    ) -> Option<Stored> {
        let key = self.keys.get(number);
        let rules = self.classes.get(usize::from(key.class))?;
        let shard = self.shards.get_mut(usize::from(key.shard))?;
        if shard.health() != Health::Up {
            return None;
        }
        let fresh_until = ttl.map_or(NEVER, |ttl| Micros(self.now.0.saturating_add(ttl.0)));
        let grace = match self.plan.scenario().client.guard {
            Guard::StaleWhileRevalidate { grace_s } => grace_s.micros().0,
            _ => 0,
        };
        let size = value_bytes.unwrap_or(key.value_bytes);
        let factor = self
            .conditions
            .classes
            .get(usize::from(key.class))
            .map_or(1.0, |class| class.value);
        let value = Value {
            key_bytes: key_bytes.unwrap_or(rules.key_bytes),
            value_bytes: scaled(size, factor),
            expires: Micros(fresh_until.0.saturating_add(grace)),
            keys: key.keys,
        };
        let stored = shard.store.write(key.local, value, self.now);
        shard.written += f64::from(key.keys);
        if stored == Stored::Kept {
            self.values.stored(number, version, fresh_until);
        }
        Some(stored)
    }

    /// Bytes of a value on its way.
    fn value_bytes(&self, request: Request, key: Key) -> f64 {
        let size = request.value_bytes.unwrap_or(key.value_bytes);
        let factor = self
            .conditions
            .classes
            .get(usize::from(key.class))
            .map_or(1.0, |class| class.value);
        f64::from(scaled(size, factor))
    }

    /// The TTL of a class before it is drawn, microseconds; `None` without one.
    fn ttl_mean_us(&self, request: Request, key: Key) -> Option<f64> {
        let class = usize::from(key.class);
        let deployed = self.conditions.classes.get(class).and_then(|class| class.ttl);
        let of_class = match self.classes.get(class)?.ttl {
            Ttl::None => None,
            Ttl::Fixed { seconds, .. } => Some(seconds),
        };
        let Seconds(seconds) = request.ttl.or(deployed).or(of_class)?;
        Some(seconds as f64 * 1e6)
    }

    /// Draws the TTL of a new value, microseconds; `None` without one.
    pub(super) fn ttl_us(&mut self, number: u32, of_request: Option<Seconds>) -> Option<f64> {
        let class = usize::from(self.keys.get(number).class);
        if let Some(Seconds(seconds)) = of_request {
            return Some(seconds as f64 * 1e6);
        }
        let deployed = self.conditions.classes.get(class).and_then(|class| class.ttl);
        let (seconds, jitter) = match (self.classes.get(class)?.ttl, deployed) {
            (Ttl::None, None) => return None,
            (Ttl::None, Some(seconds)) => (seconds, 0.0),
            (Ttl::Fixed { seconds, jitter }, deployed) => (deployed.unwrap_or(seconds), jitter.0),
        };
        let factor = if jitter > 0.0 {
            1.0 + jitter * (2.0 * self.ttl.unit() - 1.0)
        } else {
            1.0
        };
        Some(seconds.0 as f64 * 1e6 * factor)
    }
}

/// A size so many times as large; at least a byte if there was one.
fn scaled(bytes: u32, factor: f64) -> u32 {
    let scaled = f64::from(bytes) * factor;
    if bytes == 0 { 0 } else { scaled.max(1.0) as u32 }
}
