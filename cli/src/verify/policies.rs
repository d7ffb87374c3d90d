//! Runs of eviction policies: hit ratio, evictions and resident keys.
//!
//! A run is given the memory limit and what is told about its environment: what the empty server and its client take
//! and when the requests were sent. How many keys fit is for the engine to find out.

use super::cache_aside::{self, Clock, Target, Window};
use super::check::{Check, ErrorKind};
use super::parallel;
use super::recordings::Recordings;
use super::sequence::{Sequence, Ttl, ValueSize, Zipf};
use super::server::{Server, slots};
use crate::error::Error;
use cacheplan_engine::catalog::Engine;
use cacheplan_engine::cluster::slots::SLOTS;
use cacheplan_engine::scenario::parameters::redis::{MaxmemoryPolicy, Redis};
use cacheplan_engine::store::{Costs, Lookup, NEVER, RedisSetup, RedisStore, Slots, Value};
use cacheplan_engine::units::{Bytes, Micros};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

/// Runs at full speed.
pub(crate) const UNTHROTTLED: &str = "a_policies.jsonl";
/// Runs at a set rate.
pub(crate) const THROTTLED: &str = "a_throttled.jsonl";
/// Runs of values that expire.
pub(crate) const TTL: &str = "a_ttl.jsonl";

const KEY_BYTES: u32 = 16;

/// Histogram of latencies that the server keeps for every command it has seen (`latency-tracking`, on by default):
/// HdrHistogram with two digits up to a second in nanoseconds, 3,072 counters of 8 bytes, and its head.
const HISTOGRAM_BYTES: u64 = 3_072 * 8 + 112;

#[derive(Deserialize)]
struct Row {
    exp: String,
    server: String,
    policy: MaxmemoryPolicy,
    cache_pct: f64,
    maxmemory_samples: u32,
    #[serde(default)]
    server_extra_args: Vec<serde_json::Value>,
    base_used_memory: u64,
    mem_clients_normal: u64,
    maxmemory: u64,
    #[serde(default)]
    rep: u32,
    #[serde(flatten)]
    sequence: Sequence,
    #[serde(default)]
    rate_target: f64,
    req_per_s: f64,
    hit_ratio_last_half: f64,
    server_hit_ratio: f64,
    oom_errors: u64,
    dbsize: u64,
    evicted_keys: u64,
    windows: Vec<Part>,
}

/// State at the end of one of the equal parts of a run.
#[derive(Clone, Copy, Deserialize)]
struct Part {
    #[serde(flatten)]
    window: Window,
    dbsize: u64,
}

impl Row {
    fn label(&self) -> String {
        let mut label = format!(
            "{} {} {} %, alpha {}, {}",
            self.exp,
            self.policy.label(),
            self.cache_pct,
            self.sequence.alpha,
            self.sequence.value_size
        );
        if self.sequence.ttl != "none" {
            label += &format!(", TTL {}", self.sequence.ttl);
        }
        if self.maxmemory_samples != 5 {
            label += &format!(", {} samples", self.maxmemory_samples);
        }
        if self.rate_target > 0.0 {
            label += &format!(", {} requests/s", self.rate_target);
        }
        if self.sequence.seed != 1 || self.rep > 0 {
            label += &format!(", seed {} rep {}", self.sequence.seed, self.rep);
        }
        label
    }

    /// Whether the clock of the LRU policies is too coarse for the rate, so that chance has the larger part.
    fn is_unthrottled_lru(&self) -> bool {
        let lru = matches!(
            self.policy,
            MaxmemoryPolicy::AllkeysLru | MaxmemoryPolicy::VolatileLru
        );
        lru && self.rate_target <= 0.0
    }

    /// Resident keys on average over all parts but the first two, in which the cache fills, from what is told at their
    /// ends; those at the end where no parts are told. Where sizes are mixed or keys expire, the number at one time is
    /// chance by 1 % to 2 %.
    fn resident(&self) -> f64 {
        let settled = self.windows.get(1..).unwrap_or(&[]);
        let means = settled.windows(2).map(|ends| {
            let sum: u64 = ends.iter().map(|part| part.dbsize).sum();
            sum as f64 / 2.0
        });
        match settled.len() {
            0 | 1 => self.dbsize as f64,
            ends => means.sum::<f64>() / (ends - 1) as f64,
        }
    }

    /// Requests up to the end of a part.
    fn end_of(&self, part: usize) -> u64 {
        self.windows.get(part).map_or(0, |part| part.window.req)
    }

    /// The directives that the row tells, and the server's defaults for others.
    fn parameters(&self, server: Server) -> Redis {
        let mut redis = Redis::open_source(Engine::Valkey81);
        redis.allocator = server.allocator;
        redis.maxmemory_policy = self.policy;
        redis.maxmemory_samples = self.maxmemory_samples;
        for pair in self.server_extra_args.windows(2) {
            let [name, value] = pair else { continue };
            let number = match value {
                serde_json::Value::String(text) => text.parse().ok(),
                other => other.as_u64().and_then(|number| u32::try_from(number).ok()),
            };
            let field = match name.as_str() {
                Some("--lfu-log-factor") => &mut redis.lfu_log_factor,
                Some("--lfu-decay-time") => &mut redis.lfu_decay_time_min,
                Some("--maxmemory-eviction-tenacity") => &mut redis.maxmemory_eviction_tenacity,
                Some("--active-expire-effort") => &mut redis.active_expire_effort,
                Some("--hz") => &mut redis.hz,
                _ => continue,
            };
            if let Some(number) = number {
                *field = number;
            }
        }
        redis
    }
}

/// A row ready to run.
struct Run {
    row: Row,
    server: Server,
    zipf: Arc<Zipf>,
    slots: Slots,
    size: ValueSize,
    ttl: Ttl,
}

/// What a run gave.
struct Outcome {
    hit_ratio_last_half: f64,
    server_hit_ratio: f64,
    resident: f64,
    evicted: u64,
}

/// Hit ratio over the last half within 0.15 points on average and 0.6 at worst, 1.0 for LRU at full speed; evictions
/// within 1 %, resident keys within 1.5 %.
///
/// LRU at full speed goes through a few ticks of its clock, whose phase is not told: its evictions may differ by what
/// the hit ratio may.
///
/// Where the server refused writes, a hot key is missed again and again within a batch, which the client counts as
/// hits. The server's own count is compared there, which is told for the whole run only. Evictions and resident keys
/// are bounded less tightly there: once the last key with a TTL is gone, it is chance whether the background task
/// finds the few bytes that it takes to replace the large empty table of expiry times by a small one, and the memory
/// that this frees lets further keys in.
pub(crate) fn checks(recordings: &Recordings) -> Result<Vec<Check>, Error> {
    let runs = read(recordings)?;
    let outcomes = parallel::map(&runs, replay);
    let mut hits = Check::new("hit ratio, last half", ErrorKind::Points, "share").mean_within(0.15);
    let mut evicted = Check::new("evictions", ErrorKind::Percent, "keys");
    let mut resident = Check::new("resident keys", ErrorKind::Percent, "keys");
    let mut refused_evicted = Check::new("evictions, writes refused", ErrorKind::Percent, "keys");
    let mut refused_resident = Check::new("resident keys, writes refused", ErrorKind::Percent, "keys");
    for (Run { row, .. }, outcome) in runs.iter().zip(outcomes) {
        let pair = if row.oom_errors > 0 {
            (row.server_hit_ratio, outcome.server_hit_ratio)
        } else {
            (row.hit_ratio_last_half, outcome.hit_ratio_last_half)
        };
        let unthrottled_lru = row.is_unthrottled_lru();
        let bound = if unthrottled_lru { 1.0 } else { 0.6 };
        hits.push(&row.server, row.label(), pair, Some(bound));
        let evictions = (row.evicted_keys as f64, outcome.evicted as f64);
        let keys = (row.resident(), outcome.resident);
        if row.oom_errors > 0 {
            refused_evicted.push(&row.server, row.label(), evictions, Some(20.0));
            refused_resident.push(&row.server, row.label(), keys, Some(6.0));
            continue;
        }
        // A point of the hit ratio is a hundredth of the requests, most of which evict a key.
        let points = row.sequence.nreqs as f64 / row.evicted_keys.max(1) as f64;
        let bound = if unthrottled_lru { points.max(1.0) } else { 1.0 };
        evicted.push(&row.server, row.label(), evictions, Some(bound));
        resident.push(&row.server, row.label(), keys, Some(1.5));
    }
    Ok(vec![hits, evicted, resident, refused_evicted, refused_resident])
}

fn read(recordings: &Recordings) -> Result<Vec<Run>, Error> {
    let mut laws: BTreeMap<(u32, u64), Arc<Zipf>> = BTreeMap::new();
    let mut known_slots: BTreeMap<u32, Arc<[u16]>> = BTreeMap::new();
    let mut runs = Vec::new();
    for file in [UNTHROTTLED, THROTTLED, TTL] {
        for row in recordings.rows::<Row>(file)? {
            let bad = |what: &str| Error::Input(format!("{file}: {}: {what} is not known", row.label()));
            let server = Server::parse(&row.server).ok_or_else(|| bad(&row.server))?;
            let zipf = laws
                .entry((row.sequence.nkeys, row.sequence.alpha.to_bits()))
                .or_insert_with(|| Arc::new(Zipf::new(row.sequence.nkeys, row.sequence.alpha)));
            let slots = if server.cluster {
                let slots = known_slots
                    .entry(row.sequence.nkeys)
                    .or_insert_with(|| slots(row.sequence.nkeys, KEY_BYTES));
                Slots::Known(u32::from(SLOTS), Arc::clone(slots))
            } else {
                Slots::Standalone
            };
            runs.push(Run {
                server,
                zipf: Arc::clone(zipf),
                slots,
                size: ValueSize::parse(&row.sequence.value_size)
                    .ok_or_else(|| bad(&row.sequence.value_size))?,
                ttl: Ttl::parse(&row.sequence.ttl).ok_or_else(|| bad(&row.sequence.ttl))?,
                row,
            });
        }
    }
    Ok(runs)
}

/// A simulated server with its environment.
struct Simulated<'a> {
    run: &'a Run,
    store: RedisStore,
    clock: Clock,
    /// GETs that found their key, as the server counts them.
    hits: u64,
    reads: u64,
    /// Whether it was asked for its state.
    asked: bool,
    /// Batches since the first two parts of the run, and the sum of the keys resident after each.
    batches: u64,
    resident: u64,
}

impl Simulated<'_> {
    /// Sets what the server takes besides its keys: as measured empty with one fresh client, then the client that
    /// carries the load, and a histogram for each of the commands seen so far.
    fn set_environment(&mut self, commands: u64) {
        let row = &self.run.row;
        let server = row
            .base_used_memory
            .saturating_sub(self.run.server.fresh_client_bytes());
        let environment = server + row.mem_clients_normal + commands * HISTOGRAM_BYTES;
        self.store.set_empty_bytes(Bytes(environment));
    }
}

impl Target for Simulated<'_> {
    type Error = Infallible;

    fn batch(
        &mut self,
        number: u64,
        sets: &[u32],
        gets: &[u32],
        hits: &mut Vec<bool>,
    ) -> Result<(), Infallible> {
        let now = self.clock.at(number);
        for key in sets {
            let expires = match self.run.ttl.of(*key) {
                Some(ms) => Micros(now.0 + ms * 1_000),
                None => NEVER,
            };
            let value = Value {
                key_bytes: KEY_BYTES,
                value_bytes: self.run.size.of(*key),
                expires,
                keys: 1,
            };
            self.store.write(*key, value, now);
        }
        for key in gets {
            let hit = self.store.read(*key, now) == Lookup::Hit;
            self.reads += 1;
            self.hits += u64::from(hit);
            hits.push(hit);
        }
        Ok(())
    }
}

fn replay(run: &Run) -> Outcome {
    let row = &run.row;
    let parameters = row.parameters(run.server);
    let store = RedisStore::new(&RedisSetup {
        version: run.server.version,
        parameters: &parameters,
        // 0 means that there is no limit.
        maxmemory: Bytes(if row.maxmemory == 0 {
            1 << 48
        } else {
            row.maxmemory
        }),
        keys: row.sequence.nkeys,
        slots: run.slots.clone(),
        clients: 1,
        costs: Costs::default(),
        seed: row.sequence.seed ^ u64::from(row.rep) << 32,
    });
    let windows: Vec<Window> = row.windows.iter().map(|part| part.window).collect();
    let mut target = Simulated {
        run,
        store,
        clock: Clock::new(&windows, row.req_per_s),
        hits: 0,
        reads: 0,
        asked: false,
        batches: 0,
        resident: 0,
    };
    // GET and SET.
    target.set_environment(2);
    let sequence = &row.sequence;
    let requests = sequence.requests(&run.zipf);
    let Ok(tally) = cache_aside::replay(
        requests,
        sequence.nreqs,
        sequence.batch,
        &mut target,
        |target, tally| {
            if !target.asked && tally.requests >= row.end_of(0) {
                // From now on the server was also asked for its state: DBSIZE and INFO.
                target.asked = true;
                target.set_environment(4);
            }
            if tally.requests >= row.end_of(1) {
                target.batches += 1;
                target.resident += target.store.keys();
            }
            Ok(())
        },
    );
    Outcome {
        hit_ratio_last_half: tally.hit_ratio_last_half(),
        server_hit_ratio: target.hits as f64 / target.reads.max(1) as f64,
        resident: target.resident as f64 / target.batches.max(1) as f64,
        evicted: target.store.evicted(),
    }
}
