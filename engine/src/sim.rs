//! The loop that ties the parts together; resumable.

mod node;
mod recorder;

pub(crate) use recorder::{Interval, Recorder, Tally, sum};

use crate::cluster::Topology;
use crate::database;
use crate::queue::Queue;
use crate::random::Stream;
use crate::scenario::{KeyClass, Plan, Ttl, Workload};
use crate::store::{Cause, Lookup, NEVER, Store, Stored, Value};
use crate::units::{Bytes, Micros, Seconds, Share};
use crate::workload::trace::Trace;
use crate::workload::{Key, KeyTable, Operation, Request, Synthetic, Thinning, TraceSource};
use std::fmt;
use std::sync::Arc;

/// Requests drawn at a time.
const BATCH: usize = 256;

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
    Synthetic(Synthetic),
    Trace(TraceSource),
}

/// What the loop needs to know of a key class.
struct ClassRules {
    key_bytes: u32,
    ttl: Ttl,
}

/// One primary.
struct Shard {
    store: Store,
    /// The thread that runs the commands.
    thread: Queue,
    /// Time to send a byte at the node's baseline bandwidth, microseconds.
    us_per_byte: f64,
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
    database: Queue,
    recorder: Recorder,
    thinning: Thinning,
    end: Micros,
    now: Micros,
    window: Micros,
    window_end: Micros,
    latency: Stream,
    ttl: Stream,
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
        let topology = Topology::even(scenario.cluster.shards);
        let (source, keys, classes, thinning, end) = match &scenario.workload {
            Workload::Synthetic { classes } => {
                let seconds = scenario.run.duration_s.0 as f64;
                let thinning = Thinning::choose(
                    classes,
                    seconds,
                    capacity_keys(&plan, &topology, classes),
                    scenario.run.request_budget,
                );
                let (stream, keys) = Synthetic::new(classes, seconds, &thinning, &topology, seed);
                let rules = classes
                    .iter()
                    .map(|class| ClassRules {
                        key_bytes: class.key_bytes,
                        ttl: class.ttl,
                    })
                    .collect();
                (
                    Source::Synthetic(stream),
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
                let (source, keys) = TraceSource::new(trace, workload, &topology, limit);
                let rules = vec![ClassRules {
                    key_bytes: workload.key_bytes,
                    ttl: workload.ttl,
                }];
                let end = source.end();
                (Source::Trace(source), keys, rules, Thinning::none(1), end)
            }
        };
        let shards: Vec<Shard> = keys
            .shards()
            .iter()
            .enumerate()
            .map(|(number, of_shard)| {
                let peak = plan.peak_ops().0;
                Shard {
                    store: node::store(&plan, &topology, number, of_shard.simulated),
                    thread: Queue::new(peak, 1.0 / peak),
                    us_per_byte: 8e-3 / plan.node().network_baseline_gbps,
                }
            })
            .collect();
        let mut sim = Self {
            database: database::queue(&scenario.database),
            recorder: Recorder::new(end, scenario.run.warm_up_s.micros(), shards.len()),
            latency: Stream::new(seed, 4),
            ttl: Stream::new(seed, 5),
            source,
            keys,
            classes,
            shards,
            topology,
            thinning,
            end,
            now: Micros(0),
            window: Micros(0),
            window_end: Micros(0),
            requests: 0,
            batch: Vec::with_capacity(BATCH),
            complete: false,
            plan,
        };
        sim.window = sim.load_window();
        sim.window_end = sim.window;
        Ok(sim)
    }

    /// Time over which loads are measured: long enough for some 20,000 simulated requests, so that chance alone
    /// does not look like overload, and at most an interval.
    fn load_window(&self) -> Micros {
        let expected = match (&self.source, &self.plan.scenario().workload) {
            (Source::Trace(source), _) => source.requests() as f64,
            (_, Workload::Synthetic { classes }) => {
                let seconds = self.end.as_secs();
                let all: f64 = classes.iter().map(|class| class.rate.expected(seconds)).sum();
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
        let mut left = budget;
        let mut batch = core::mem::take(&mut self.batch);
        while left > 0 && !self.complete {
            batch.clear();
            let count = left.min(BATCH as u64) as usize;
            match &mut self.source {
                Source::Synthetic(source) => source.fill(&mut batch, count, Micros(u64::MAX)),
                Source::Trace(source) => source.fill(&mut batch, count),
            }
            left -= count as u64;
            self.look_ahead(&batch);
            for request in &batch {
                self.serve(*request);
            }
            if batch.len() < count {
                self.finish();
            }
        }
        self.batch = batch;
        self.progress()
    }

    /// Reads what serving the batch will need. Served one by one, each request would wait for its own places in
    /// memory; read ahead, they arrive side by side.
    fn look_ahead(&self, batch: &[Request]) {
        let resident = batch.iter().filter(|request| {
            let key = self.keys.get(request.key);
            let shard = self.shards.get(usize::from(key.shard));
            shard.is_some_and(|shard| shard.store.glance(key.local))
        });
        core::hint::black_box(resident.count());
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
        self.pass_time(self.end);
        self.complete = true;
        let loads = self.loads();
        self.recorder.finish(loads);
    }

    /// Closes the windows and intervals that end by `now`.
    fn pass_time(&mut self, now: Micros) {
        while self.window_end <= now || self.recorder.interval_end() <= now {
            if self.window_end <= self.recorder.interval_end() {
                let seconds = self.window.as_secs();
                self.database.end_window(seconds);
                for shard in &mut self.shards {
                    shard.thread.end_window(seconds);
                }
                self.window_end.0 += self.window.0;
            } else {
                let loads = self.loads();
                self.recorder.end_interval(loads);
            }
        }
        self.now = now;
    }

    fn loads(&self) -> recorder::Loads {
        recorder::Loads {
            database_wait: self.database.backlog_wait(),
            shards: self
                .shards
                .iter()
                .map(|shard| recorder::ShardLoad {
                    used: shard.store.used(),
                    maxmemory: shard.store.maxmemory(),
                    keys: shard.store.keys(),
                    evicted: shard.store.evicted(),
                    expired: shard.store.expired(),
                })
                .collect(),
        }
    }

    fn serve(&mut self, request: Request) {
        if request.at >= self.window_end || request.at >= self.recorder.interval_end() {
            self.pass_time(request.at);
        }
        self.now = request.at;
        self.requests += 1;
        let key = self.keys.get(request.key);
        let weight = self.keys.weight(request.key, key);
        let Some(shard) = self.shards.get_mut(usize::from(key.shard)) else {
            return;
        };
        let tally = self.recorder.tally(usize::from(key.shard));
        // The further keys of a multi-get travel with the first.
        let round_trip = if request.continues {
            0.0
        } else {
            f64::from(self.plan.scenario().client.round_trip_us)
        };
        let cost = f64::from(request.cost);
        let bytes = f64::from(request.value_bytes.unwrap_or(key.value_bytes));
        let command = |shard: &mut Shard, weight: f64, random: &mut Stream, bytes: f64| {
            round_trip + shard.thread.query(weight * cost, random).0 as f64 + bytes * shard.us_per_byte
        };
        match request.operation {
            Operation::Read => {
                tally.reads += weight.requests;
                let got = shard.store.read(key.local, request.at);
                let (hits, misses) = match got {
                    Lookup::Hit => (weight.requests, 0.0),
                    Lookup::Miss(_) => (weight.requests - weight.misses, weight.misses),
                };
                if hits > 0.0 {
                    tally.hits += hits;
                    let us = command(shard, hits, &mut self.latency, bytes);
                    self.recorder.hit(us, hits);
                }
                if let Lookup::Miss(cause) = got {
                    let tally = self.recorder.tally(usize::from(key.shard));
                    match cause {
                        Cause::Cold => tally.cold += misses,
                        Cause::Evicted => tally.evicted += misses,
                        Cause::Expired => tally.expired += misses,
                    }
                    tally.stores += misses;
                    let us = command(shard, misses, &mut self.latency, 0.0)
                        + self.database.query(misses, &mut self.latency).0 as f64
                        + command(shard, misses, &mut self.latency, bytes);
                    self.recorder.miss(us, misses);
                    self.put(request, key, weight.misses);
                }
            }
            Operation::Write => {
                tally.writes += weight.requests;
                let us = self.database.query(weight.requests, &mut self.latency).0 as f64
                    + command(shard, weight.requests, &mut self.latency, bytes);
                self.recorder.write(us, weight.requests);
                self.put(request, key, weight.requests);
            }
            Operation::Delete => {
                tally.writes += weight.requests;
                let us = self.database.query(weight.requests, &mut self.latency).0 as f64
                    + command(shard, weight.requests, &mut self.latency, 0.0);
                self.recorder.write(us, weight.requests);
                shard.store.delete(key.local, request.at);
            }
        }
    }

    fn put(&mut self, request: Request, key: Key, weight: f64) {
        let Some(rules) = self.classes.get(usize::from(key.class)) else {
            return;
        };
        let Some(shard) = self.shards.get_mut(usize::from(key.shard)) else {
            return;
        };
        let expires = match (request.ttl, rules.ttl) {
            (Some(ttl), _) => expiry(request.at, ttl, 1.0),
            (None, Ttl::None) => NEVER,
            (None, Ttl::Fixed { seconds, jitter }) if jitter.0 > 0.0 => expiry(
                request.at,
                seconds,
                1.0 + jitter.0 * (2.0 * self.ttl.unit() - 1.0),
            ),
            (None, Ttl::Fixed { seconds, .. }) => expiry(request.at, seconds, 1.0),
        };
        let value = Value {
            key_bytes: request.key_bytes.unwrap_or(rules.key_bytes),
            value_bytes: request.value_bytes.unwrap_or(key.value_bytes),
            expires,
            keys: key.keys,
        };
        let stored = shard.store.write(key.local, value, request.at);
        let tally = self.recorder.tally(usize::from(key.shard));
        match stored {
            Stored::Refused => tally.refused += weight,
            Stored::OutOfMemory => tally.out_of_memory += weight,
            Stored::Kept | Stored::Declined => {}
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

    pub(crate) fn topology(&self) -> &Topology {
        &self.topology
    }

    pub(crate) fn one_in(&self) -> u32 {
        self.thinning.one_in
    }

    /// Requests simulated so far.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// Bytes that all keys of the workload would take in the cluster.
    pub(crate) fn working_set(&self) -> Bytes {
        let mut sums = vec![(0u64, 0u64, 0u64); self.shards.len()];
        for key in self.keys.iter() {
            let at = usize::from(key.shard);
            let (Some(sum), Some(shard), Some(rules)) = (
                sums.get_mut(at),
                self.shards.get(at),
                self.classes.get(usize::from(key.class)),
            ) else {
                continue;
            };
            let ttl = rules.ttl != Ttl::None;
            let count = u64::from(key.keys);
            sum.0 += count;
            sum.1 += if ttl { count } else { 0 };
            let store = &shard.store;
            sum.2 += count * store.item_bytes(rules.key_bytes, key.value_bytes, ttl);
        }
        Bytes(
            self.shards
                .iter()
                .zip(sums)
                .map(|(shard, (keys, ttl_keys, items))| shard.store.projected_bytes(keys, ttl_keys, items))
                .sum(),
        )
    }
}

fn expiry(now: Micros, ttl: Seconds, factor: f64) -> Micros {
    Micros(now.0.saturating_add((ttl.micros().0 as f64 * factor) as u64))
}

/// About how many keys of the mix fit into the cluster.
fn capacity_keys(plan: &Plan, topology: &Topology, classes: &[KeyClass]) -> f64 {
    let store = node::store(plan, topology, 0, 0);
    let (keys, bytes) = classes.iter().fold((0.0, 0.0), |(keys, bytes), class| {
        let value = class.value_size.mean();
        let item = store.item_bytes(class.key_bytes, value as u32, class.ttl != Ttl::None);
        (keys + class.keys as f64, bytes + class.keys as f64 * item as f64)
    });
    let all = plan.maxmemory().0 as f64 * f64::from(plan.scenario().cluster.shards);
    all * keys / bytes
}
