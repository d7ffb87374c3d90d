//! The loop that ties the parts together; resumable.

mod agenda;
mod ahead;
mod auto_scaling;
mod command;
mod failures;
mod happen;
mod history;
mod members;
mod node;
mod rebuild;
mod recorder;
mod regions;
mod resync;
mod scaling;
mod serve;
mod serverless;
mod shard;
mod snapshots;
#[cfg(test)]
mod tests;
mod write;

pub use history::{Event, Logged};
pub(crate) use recorder::{Interval, Recorder, ShardLoad, Tally, sum};
pub(crate) use scaling::Ran;

use crate::catalog::NodeType;
use crate::client::{Flights, NearCaches};
use crate::cluster::Topology;
use crate::cluster::capacity::Usage;
use crate::cluster::slots::SLOTS;
use crate::database::Database;
use crate::random::Stream;
use crate::scenario::{
    Guard, Plan, ReadFrom, Reads, Scenario, Ttl, Warming as Settings, Workload, accesses_per_s,
};
use crate::timeline::{Conditions, Timeline};
use crate::units::{Bytes, Micros, Share};
use crate::workload::trace::Trace;
use crate::workload::{Key, KeyTable, Request, Synthetic, Thinning, Told, TraceSource};
use agenda::{Agenda, Due};
use ahead::Warming;
use auto_scaling::Tracking;
use failures::Felled;
use regions::Regions;
use resync::MeanItem;
use scaling::Reshard;
use serverless::Serverless;
use shard::{Make, Shard};
use std::fmt;
use std::sync::Arc;

/// Requests drawn at a time.
const BATCH: usize = 256;

/// Requests that are [looked ahead](Sim::look_ahead) at a time: enough to keep the memory busy, and so few that what they
/// need is still in the processor's innermost cache when they are served.
const AHEAD: usize = u32::BITS as usize;

/// Most entries of the log; what comes later is left out.
const MOST_LOGGED: usize = 2_000;

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Part of the simulated time that is done.
    pub done: Share,
    /// Whether nothing is left to do.
    pub complete: bool,
}

/// Why a plan cannot be simulated as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SimError {
    /// The workload is a trace, and none was given.
    TraceMissing {
        /// File name of the trace.
        name: String,
    },
    /// Another trace than the scenario's was given.
    TraceMismatch {
        /// File name of the scenario's trace.
        name: String,
        /// Fingerprint of the scenario's trace.
        expected: u64,
        /// Fingerprint of the trace given.
        given: u64,
    },
}

impl fmt::Display for SimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TraceMissing { name } => {
                write!(
                    f,
                    "the workload is the trace \"{name}\", which is not at hand: give the file too"
                )
            }
            Self::TraceMismatch {
                name,
                expected,
                given,
            } => write!(
                f,
                "the trace given is not \"{name}\": its content has fingerprint {given:016x}, the scenario \
                 expects {expected:016x}"
            ),
        }
    }
}

impl std::error::Error for SimError {}

enum Source {
    Synthetic(Box<Synthetic>),
    Trace(TraceSource),
}

/// What the loop needs to know of a key class.
struct ClassRules {
    key_bytes: u32,
    ttl: Ttl,
    /// Part of its keys that the database does not have.
    absent: f64,
    /// Its first key.
    first: u32,
}

/// What only some scenarios use, and others need not look at with each request.
#[derive(Clone, Copy)]
struct Features {
    /// Keys that the database does not have.
    absent: bool,
    /// TTLs that reads renew.
    sliding: bool,
    /// Values loaded because something else was read.
    prefetch: bool,
    /// Values rebuilt while they are still served.
    refreshes: bool,
    /// Bounded pools of connections.
    pools: bool,
    /// Anything that a command can meet on its way to a node and back besides the node.
    detours: bool,
    /// Values read from copies that can be behind: of replicas, or in secondary regions.
    copies: bool,
    /// New values of other sizes than usual.
    resized: bool,
}

/// One run in progress.
///
/// A pure function of the plan, the trace and the engine's version: how the work is divided into calls of
/// [`advance`](Sim::advance) changes nothing.
pub struct Sim {
    plan: Plan,
    source: Source,
    keys: KeyTable,
    classes: Vec<ClassRules>,
    shards: Vec<Shard>,
    topology: Topology,
    database: Database,
    recorder: Recorder,
    thinning: Thinning,
    timeline: Timeline,
    conditions: Conditions,
    agenda: Agenda,
    flights: Flights,
    end: Micros,
    now: Micros,
    window: Micros,
    window_end: Micros,
    /// When the agenda or the timeline has something next.
    next_due: Micros,
    /// Until when all shards refuse keys.
    refused_until: Micros,
    near: Option<NearCaches>,
    serverless: Option<Serverless>,
    /// The regions, where there are several.
    regions: Option<Regions>,
    /// Whether the request that is served was made in a secondary region, or where no cluster is.
    remote: bool,
    far: bool,
    features: Features,
    warming: Warming,
    happened: Vec<Logged>,
    /// Nodes that happenings took, which come back when those end.
    felled: Vec<Felled>,
    /// When the last snapshot was taken.
    snapshot_at: Option<Micros>,
    /// Type of new nodes, and replicas of each shard.
    kind: &'static NodeType,
    wanted_replicas: u32,
    /// Nodes that ran, up to a time; empty while they are those of the plan.
    ran: Vec<Ran>,
    counted_until: Micros,
    resharding: Option<Reshard>,
    tracking: Tracking,
    /// When clients of Memcached last divided the keys anew.
    remapped: Option<Micros>,
    /// The mean item, once it was asked for.
    mean_item: Option<MeanItem>,
    /// Who makes the request that is served, if users are simulated.
    user: Option<u32>,
    /// Whose near cache gets a copy of what is read.
    process: Option<u32>,
    /// Whose connections are used, where these are bounded.
    caller: u32,
    latency: Stream,
    ttl: Stream,
    behaviour: Stream,
    requests: u64,
    batch: Vec<Request>,
    complete: bool,
}

impl Sim {
    /// A run at its start. `trace` is needed when the workload is one and ignored otherwise.
    ///
    /// # Errors
    /// When the workload's trace is not given, or is another.
    pub fn new(plan: Plan, trace: Option<Arc<Trace>>) -> Result<Self, SimError> {
        let scenario = plan.scenario();
        let seed = scenario.seed;
        let topology = scenario.cluster.topology();
        // Serverless limits each slot by itself.
        let owners = match scenario.cluster.serverless {
            Some(_) if topology.has_slots() => &Topology::even(SLOTS.into()),
            _ => &topology,
        };
        let table = KeyTable::new(owners.shards(), scenario.changes_shards());
        let (source, mut keys, classes, thinning, end) = match &scenario.workload {
            Workload::Synthetic { classes } => {
                let seconds = scenario.run.duration_s.0 as f64;
                let thinning = if scenario.client.users.is_some() {
                    // Users wait for each other's requests: none of them may stand for others.
                    Thinning::none(classes.len())
                } else {
                    let capacity = node::capacity_keys(&plan, &topology, classes);
                    Thinning::choose(classes, seconds, capacity, scenario.run.request_budget)
                };
                let (mut stream, keys) = Synthetic::new(classes, seconds, &thinning, owners, seed, table);
                if scenario.client.prefetch.is_some() || scenario.client.warming != Settings::None {
                    stream.know_the_present();
                }
                let rules = classes
                    .iter()
                    .enumerate()
                    .map(|(number, class)| ClassRules {
                        key_bytes: class.key_bytes,
                        ttl: class.ttl,
                        absent: class.absent.0,
                        first: stream.first(number),
                    })
                    .collect();
                (
                    Source::Synthetic(Box::new(stream)),
                    keys,
                    rules,
                    thinning,
                    scenario.run.duration_s.micros(),
                )
            }
            Workload::Trace(workload) => {
                let trace = trace.ok_or_else(|| SimError::TraceMissing {
                    name: workload.name.clone(),
                })?;
                let given = trace.fingerprint();
                if workload.fingerprint != 0 && workload.fingerprint != given {
                    return Err(SimError::TraceMismatch {
                        name: workload.name.clone(),
                        expected: workload.fingerprint,
                        given,
                    });
                }
                let limit = scenario.run.duration_s.micros();
                let (source, keys) = TraceSource::new(trace, workload, owners, limit, table);
                let rules = vec![ClassRules {
                    key_bytes: workload.key_bytes,
                    ttl: workload.ttl,
                    absent: 0.0,
                    first: 0,
                }];
                let end = source.end();
                (Source::Trace(source), keys, rules, Thinning::none(1), end)
            }
        };
        keys.set_end(end);
        let serverless = Serverless::new(scenario, &mut keys);
        let sampled = !thinning.is_none();
        let make = Make {
            kind: plan.node(),
            replicas: scenario.cluster.replicas,
            sampled,
        };
        let shards: Vec<Shard> = (0..)
            .zip(keys.shards())
            .map(|(number, keys)| Shard::new(&plan, &topology, number, keys.simulated, &make))
            .collect();
        let near =
            (scenario.client.near).map(|near| NearCaches::new(near, scenario.client.instances, keys.len()));
        let timeline = Timeline::new(&scenario.timeline, end);
        let mut sim = Self {
            database: Database::new(&scenario.database, sampled),
            recorder: Recorder::new(
                end,
                scenario.run.warm_up_s.micros(),
                slow_beyond(scenario),
                shards.len(),
                classes.len(),
            ),
            conditions: Conditions::of(scenario, &timeline, f64::INFINITY, shards.len()),
            agenda: Agenda::default(),
            flights: Flights::new(keys.len()),
            latency: Stream::new(seed, 4),
            ttl: Stream::new(seed, 5),
            behaviour: Stream::new(seed, 6),
            next_due: timeline.next(),
            timeline,
            source,
            keys,
            shards,
            topology,
            thinning,
            end,
            now: Micros(0),
            window: Micros(0),
            window_end: Micros(0),
            refused_until: Micros(0),
            near,
            serverless,
            regions: scenario.cluster.global.as_ref().map(Regions::new),
            remote: false,
            far: false,
            features: Features {
                absent: classes.iter().any(|class| class.absent > 0.0),
                sliding: (classes.iter()).any(|class| matches!(class.ttl, Ttl::Sliding { .. })),
                prefetch: scenario.client.prefetch.is_some(),
                refreshes: matches!(scenario.client.reads, Reads::RefreshAhead { .. })
                    || matches!(
                        scenario.client.guard,
                        Guard::StaleWhileRevalidate { .. } | Guard::Early { .. }
                    ),
                pools: scenario.client.pool.is_some(),
                detours: false,
                copies: scenario.client.read_from == ReadFrom::Replicas || scenario.cluster.global.is_some(),
                resized: false,
            },
            warming: Warming::default(),
            classes,
            happened: Vec::new(),
            felled: Vec::new(),
            snapshot_at: None,
            kind: make.kind,
            wanted_replicas: make.replicas,
            ran: Vec::new(),
            counted_until: Micros(0),
            resharding: None,
            tracking: Tracking::default(),
            remapped: None,
            mean_item: None,
            user: None,
            process: None,
            caller: 0,
            requests: 0,
            batch: Vec::with_capacity(BATCH),
            complete: false,
            plan,
        };
        sim.note_conditions();
        sim.window = sim.load_window();
        sim.window_end = sim.window;
        if let Some(serverless) = &mut sim.serverless {
            serverless.save_up(sim.window);
        }
        sim.warm_start();
        if !sim.plan.scenario().run.warm_start {
            sim.begin_warming(None);
        }
        sim.plan_snapshots();
        sim.plan_auto_scaling();
        sim.seat_users();
        Ok(sim)
    }

    /// Puts every key into the cache, as far as it fits, as if the run had gone on for long: what is left of each TTL
    /// is uniform.
    #[inline(never)]
    fn warm_start(&mut self) {
        if !self.plan.scenario().run.warm_start || !matches!(self.source, Source::Synthetic(_)) {
            return;
        }
        for key in 0..self.keys.len() as u32 {
            let known = self.keys.get(key);
            let ttl = self.ttl_us(key, &known, None);
            let left = ttl.map(|us| Micros((us * self.ttl.unit()) as u64));
            self.store(key, &known, Told::NOTHING, left, Micros(0));
        }
    }

    /// Lets every user think before the first request.
    fn seat_users(&mut self) {
        let Some(users) = self.plan.scenario().client.users else {
            return;
        };
        for user in 0..users.count {
            let at = self.thinks(Micros(0), users.think_ms);
            self.note(at, Due::User(user));
        }
    }

    /// When a user asks again who has got an answer at this time.
    fn thinks(&mut self, answered: Micros, mean_ms: u32) -> Micros {
        let us = f64::from(mean_ms) * 1e3 * self.behaviour.exponential();
        Micros(answered.0.saturating_add(us as u64))
    }

    /// Time over which loads are measured: long enough for some 20,000 simulated requests, so that chance alone
    /// does not look like overload, and at most an interval.
    fn load_window(&self) -> Micros {
        let expected = match (&self.source, &self.plan.scenario().workload) {
            (Source::Trace(source), _) => source.requests() as f64,
            (_, Workload::Synthetic { classes }) => {
                let seconds = self.end.as_secs();
                let all = accesses_per_s(classes, seconds).iter().sum::<f64>() * seconds;
                all.min(self.plan.scenario().run.request_budget as f64)
            }
            _ => 0.0,
        };
        let interval = self.recorder.interval().0;
        let length = self.end.0 as f64 * 20_000.0 / expected.max(1.0);
        Micros((length as u64).clamp(100_000.min(interval), interval))
    }

    /// Simulates up to `budget` further requests.
    pub fn advance(&mut self, budget: u64) -> Progress {
        if self.plan.scenario().client.users.is_some() && matches!(self.source, Source::Synthetic(_)) {
            self.serve_users(budget);
        } else {
            self.serve_stream(budget);
        }
        self.progress()
    }

    /// Requests that come by themselves.
    fn serve_stream(&mut self, budget: u64) {
        let mut left = budget;
        let mut batch = core::mem::take(&mut self.batch);
        while left > 0 && !self.complete {
            batch.clear();
            let count = left.min(BATCH as u64) as usize;
            // What happens may change the rates of what comes after it.
            let until = self.timeline.next().min(self.end);
            let last = match &mut self.source {
                Source::Synthetic(source) => {
                    source.fill(&mut batch, count, until);
                    until
                }
                Source::Trace(source) => {
                    source.fill(&mut batch, count);
                    self.end
                }
            };
            left -= count as u64;
            for requests in batch.chunks(AHEAD) {
                self.look_ahead(requests);
                if let Some(near) = &mut self.near {
                    near.sweep(self.now);
                }
                for request in requests {
                    self.catch_up(request.at);
                    self.serve(request);
                }
            }
            if batch.len() >= count {
                continue;
            }
            if last < self.end {
                self.catch_up(last);
            } else {
                self.finish();
            }
        }
        self.batch = batch;
    }

    /// Requests of users who wait for the answers.
    #[inline(never)]
    fn serve_users(&mut self, budget: u64) {
        let most = self.requests + budget;
        while self.requests < most && !self.complete {
            if self.next_due < self.end {
                self.catch_up(self.next_due);
            } else {
                self.finish();
            }
        }
    }

    /// Does what is due by now.
    fn catch_up(&mut self, now: Micros) {
        if self.next_due <= now {
            self.attend_all(now);
        }
        self.pass_time(now);
    }

    #[inline(never)]
    fn attend_all(&mut self, now: Micros) {
        while self.next_due <= now {
            let at = self.next_due;
            self.pass_time(at);
            if self.timeline.next() <= at {
                if let Some(change) = self.timeline.step() {
                    self.change(change);
                }
            } else if let Some(due) = self.agenda.take() {
                self.attend(due);
            }
            self.next_due = self.agenda.next().min(self.timeline.next());
        }
    }

    /// Notes something for later.
    fn note(&mut self, at: Micros, due: Due) {
        if at < self.end {
            self.agenda.add(at, due);
            self.next_due = self.next_due.min(at);
        }
    }

    /// Reads what serving the batch will need. Served one by one, each request would wait for its own places in
    /// memory; read ahead, they arrive side by side.
    #[inline(never)]
    fn look_ahead(&self, requests: &[Request]) {
        let store = |key: Key| self.shards.get(usize::from(key.shard)).map(|shard| &shard.store);
        // In passes, none of which waits for what the one before has asked for.
        let mut known = false;
        for request in requests {
            let key = self.keys.get(request.key);
            known ^= key.thinned && self.keys.weight(request.key, key).requests > 1.0;
            known ^= self.near.as_ref().is_some_and(|near| near.glance(request.key));
        }
        // What is not there will be missed and stored: a bit each, so that no jump waits for the answer.
        let mut absent = 0u32;
        for (number, request) in requests.iter().enumerate() {
            let key = self.keys.get(request.key);
            let there = store(key).is_some_and(|store| store.glance(key.local));
            absent |= u32::from(!there) << number;
        }
        while let Some(request) = requests.get(absent.trailing_zeros() as usize) {
            let key = self.keys.get(request.key);
            known ^= store(key).is_some_and(|store| store.glance_at_place(key.local));
            known ^= self.flights.glance(request.key);
            absent &= absent - 1;
        }
        core::hint::black_box(known);
    }

    /// How far the run is.
    pub fn progress(&self) -> Progress {
        let done = if self.complete {
            1.0
        } else {
            self.now.0 as f64 / self.end.0.max(1) as f64
        };
        Progress {
            done: Share(done),
            complete: self.complete,
        }
    }

    fn finish(&mut self) {
        self.look_for_unread();
        self.catch_up(self.end);
        self.complete = true;
        let loads = self.loads();
        self.recorder.finish(loads);
    }

    /// Closes the windows and intervals that end by `now`.
    fn pass_time(&mut self, now: Micros) {
        if self.window_end <= now || self.recorder.interval_end() <= now {
            self.end_windows(now);
        }
        self.now = now;
    }

    #[inline(never)]
    fn end_windows(&mut self, now: Micros) {
        while self.window_end <= now || self.recorder.interval_end() <= now {
            if self.window_end <= self.recorder.interval_end() {
                let seconds = self.window.as_secs();
                let connections = f64::from(self.plan.scenario().client.connections_per_node())
                    + f64::from(self.conditions.connections);
                self.database.end_window(seconds);
                for shard in &mut self.shards {
                    shard.end_window(seconds, connections);
                }
                if let Some(serverless) = &mut self.serverless {
                    serverless.end_window(seconds, &mut self.shards);
                }
                self.window_end.0 += self.window.0;
            } else {
                let loads = self.loads();
                self.recorder.end_interval(loads);
            }
        }
    }

    #[inline(never)]
    fn loads(&self) -> recorder::Loads {
        let connections = f64::from(self.plan.scenario().client.connections_per_node());
        let unless_gone = |shard: &Shard, bytes| if shard.retired { Bytes(0) } else { bytes };
        recorder::Loads {
            database_wait: self.database.wait(self.now),
            shards: self
                .shards
                .iter()
                .enumerate()
                .map(|(number, shard)| recorder::ShardLoad {
                    used: unless_gone(shard, shard.store.used()),
                    maxmemory: unless_gone(shard, shard.store.maxmemory()),
                    peak: 1.0 / shard.node.service_s(connections),
                    on_ssd: shard.store.on_ssd(),
                    keys: shard.store.keys(),
                    evicted: shard.evicted(),
                    expired: shard.expired(),
                    usage: shard.usage.map(|usage| Usage {
                        cpu: usage.cpu + shard.occupied,
                        ..usage
                    }),
                    copied: shard.copied,
                    serverless: self.serverless.as_ref().map(Serverless::load),
                    lag: (shard.replicas > 0 && !shard.is_down())
                        .then(|| Micros(self.lag_us(number as u16) as u64)),
                })
                .collect(),
        }
    }
}

/// What [`Report`](crate::report::Report) is made from.
impl Sim {
    /// The plan that is simulated.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(crate) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    pub(crate) fn keys(&self) -> &KeyTable {
        &self.keys
    }

    /// How far simulated time is.
    pub(crate) fn now(&self) -> Micros {
        self.now
    }

    pub(crate) fn topology(&self) -> &Topology {
        &self.topology
    }

    /// Simple commands per second that a primary can run; of Serverless, ECPUs a second at the present capacity.
    pub(crate) fn peak_ops(&self) -> f64 {
        if let Some(serverless) = &self.serverless {
            return serverless.load().capacity;
        }
        let connections = f64::from(self.plan.scenario().client.connections_per_node());
        self.shards
            .first()
            .map_or(1.0, |shard| 1.0 / shard.node.service_s(connections))
    }

    pub(crate) fn logged(&self) -> &[Logged] {
        &self.happened
    }

    /// Whether some keys or requests stand for others.
    pub(crate) fn is_sampled(&self) -> bool {
        !self.thinning.is_none()
    }

    pub(crate) fn one_in(&self) -> u32 {
        self.thinning.one_in
    }

    /// Requests simulated so far.
    pub fn requests(&self) -> u64 {
        self.requests
    }
}

/// Latency from which on a request is slower than the objective; never, where there is none.
fn slow_beyond(scenario: &Scenario) -> Micros {
    let target = scenario.objectives.p99_ms;
    target.map_or(Micros(u64::MAX), |ms| Micros((ms * 1e3) as u64))
}
